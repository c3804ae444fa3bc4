"""Rosters: upload, columns, preview, confirm, progress, result, undo."""

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.lib import clock, csvsafe
from lms.lib.uploads import too_large
from lms.people.access import Action, allowed, roster_for_coordinator, signed_in
from lms.people.actions import roster_work
from lms.people.actions import rosters as actions
from lms.people.enums import RosterEffect, RosterRowState, RosterStage
from lms.people.forms.fields import put_errors
from lms.people.forms.roster import ColumnsForm, ConfirmForm, UploadForm
from lms.people.models import RosterImport
from lms.people.queries.roster_pages import (
    EFFECT_SIGNS,
    STATE_SIGNS,
    Story,
    all_rosters,
    csv_rows,
    last_chosen,
    rows_of,
    stories_of,
)
from lms.people.queries.rosters import needs_number, options_of
from lms.people.roster import columns
from lms.people.roster.cells import Options
from lms.people.roster.limits import TOO_LARGE
from lms.people.views.base import desk_page, page_of, sent

ways = require_http_methods(["GET", "HEAD", "POST"])
AT_ONCE = dt.timedelta(seconds=2)  # so long a request judges by itself; a longer list is the worker's
SHOWN_CELLS = 3  # filled lines of the file beside each column's name


@allowed(Action.RUN_ROSTERS)
@ways
def rosters(request: HttpRequest) -> HttpResponse:
    """A file is chosen here; what was imported before is listed below."""
    form = UploadForm(sent(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and too_large(request):
        form.errors.clear()
        form.add_error("file", TOO_LARGE)
    elif form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = actions.take_in(file, size=file.size, name=file.name, by=signed_in(request), at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            return redirect("people:roster_columns", made.public_id)
    page = page_of(request, all_rosters())
    context = {
        "form": form,
        "page": page,
        "stories": stories_of(list(page.object_list)),
        "zone": signed_in(request).zone,
    }
    return desk_page(request, "people/roster/list.html", context)


@allowed(Action.RUN_ROSTERS)
@ways
def roster_columns(request: HttpRequest, roster: uuid.UUID) -> HttpResponse:
    """Which column holds what: as chosen before for this file, else as the last time, else as the names say."""
    found = roster_for_coordinator(request.user, roster)
    if found.confirmed_at is not None:
        return redirect("people:roster", found.public_id)
    known, options, remembered = _known(found)
    form = ColumnsForm(sent(request), head=found.head, known=known, options=options)
    if form.is_valid():
        now = clock.now()
        try:
            actions.choose_columns(found, form.mapping(), form.chosen(), at=now)
        except ValidationError as error:
            put_errors(form, error)
        else:
            roster_work.work(found.pk, at=now, most=AT_ONCE)
            return redirect("people:roster", found.public_id)
    samples = [cells for _, cells in actions.unpack(found)[:SHOWN_CELLS]]
    context = {
        "roster": found,
        "form": form,
        "columns": [form[field.key] for field in columns.FIELDS],
        "meanings": [form[name] for name in form.options],
        "remembered": remembered,
        "twice": columns.twice(found.head),
        "labels": columns.labels(found.head),
        "samples": [(cells + [""] * len(found.head))[: len(found.head)] for cells in samples],
    }
    return desk_page(request, "people/roster/columns.html", context)


def _known(roster: RosterImport) -> tuple[dict[str, int], Options, bool]:
    """Column by field, how cells are meant, and whether that is remembered from another file."""
    if roster.mapping:
        return roster.mapping, options_of(roster), False
    last = last_chosen()
    if last is None:
        return columns.suggest(roster.head), Options(), False
    before = {key: last.head[n] for key, n in last.mapping.items() if n < len(last.head)}
    said = options_of(last)
    options = Options(dates=said.dates, names=said.names, rename=said.rename, new_teams=said.new_teams)
    return columns.suggest(roster.head, before), options, True


@allowed(Action.RUN_ROSTERS)
@ways
def roster(request: HttpRequest, roster: uuid.UUID) -> HttpResponse:
    """The preview, whose POST confirms it; before and after, how far the work is; in the end, what became of whom."""
    found = roster_for_coordinator(request.user, roster)
    if found.stage == RosterStage.COLUMNS:
        return redirect("people:roster_columns", found.public_id)
    (story,) = stories_of([found])
    if found.stage != RosterStage.CHECKING or story.working or story.stopped:
        return _progress(request, story)
    leaving = needs_number(found, story.effects)
    newcomers = bool(story.effects.get(RosterEffect.NEW) or story.effects.get(RosterEffect.BACK))
    newcomers = newcomers or bool(story.effects.get(RosterEffect.CHANGED) or story.effects.get(RosterEffect.MOVED))
    form = ConfirmForm(sent(request), leaving=leaving, errors=story.errors, newcomers=newcomers)
    if form.is_valid():
        try:
            actions.confirm(
                found,
                mode=form.cleaned_data["mode"],
                invite=form.cleaned_data.get("invite") == "yes",
                seen=request.POST.get("seen", ""),
                typed=form.cleaned_data.get("typed"),
                by=signed_in(request),
                at=clock.now(),
            )
        except ValidationError as error:
            put_errors(form, error)
            found.refresh_from_db()
        else:
            return redirect("people:roster", found.public_id)
    show = request.GET.get("show", "")
    tabs = [(effect.value, effect.label, story.effects.get(effect, 0)) for effect in RosterEffect]
    tabs = [tab for tab in tabs if tab[2]]
    if show not in {key for key, _, _ in tabs}:
        show = RosterEffect.ERROR if story.errors and show != "all" else "all"
    page = page_of(request, rows_of(found, effects=[show] if show != "all" else ()))
    for row in page.object_list:
        row.sign = (*EFFECT_SIGNS[RosterEffect(row.effect)], RosterEffect(row.effect).label)
    context = {
        "roster": found,
        "story": story,
        "form": form,
        "page": page,
        "show": show,
        "tabs": [("all", "Every line", sum(story.effects.values())), *tabs],
        "seen": actions.stamp(found),
        "leaving": story.effects.get(RosterEffect.LEAVES, 0),
        "kept_absent": bool(found.options.get("absent")) and bool(story.errors),
    }
    return desk_page(request, "people/roster/preview.html", context)


SHOWN: dict[str, tuple[str, tuple[RosterRowState, ...]]] = {
    "kept": (RosterRowState.KEPT.label, (RosterRowState.KEPT,)),
    "left": ("Not done", (RosterRowState.FAILED, RosterRowState.SKIPPED)),
    "done": (RosterRowState.DONE.label, (RosterRowState.DONE,)),
    "undone": (RosterRowState.UNDONE.label, (RosterRowState.UNDONE,)),
    "all": ("Every line", tuple(RosterRowState)),
}


def _progress(request: HttpRequest, story: Story) -> HttpResponse:
    """While it is worked on a script asks every two seconds, and loads the page again when it is over."""
    found = story.roster
    by_state = {key: story.of(*states) for key, (_, states) in SHOWN.items()}
    show = request.GET.get("show", "")
    if show not in SHOWN:
        first = "kept" if found.undone_at else "left"
        show = first if by_state[first] else "all"
    context: dict[str, Any] = {"roster": found, "story": story, "zone": signed_in(request).zone, "show": show}
    if found.stage != RosterStage.CHECKING:
        page = page_of(request, rows_of(found, states=SHOWN[show][1]))
        for row in page.object_list:
            row.sign = (*STATE_SIGNS[RosterRowState(row.state)], RosterRowState(row.state).label)
        tabs = [(key, word, by_state[key]) for key, (word, _) in SHOWN.items() if by_state[key]]
        context |= {"page": page, "tabs": tabs}
    response = desk_page(request, "people/roster/progress.html", context)
    if request.headers.get("HX-Request") and not story.working:
        response.headers["HX-Refresh"] = "true"
    return response


@allowed(Action.RUN_ROSTERS)
@require_safe
def roster_lines(request: HttpRequest, roster: uuid.UUID) -> HttpResponseBase:
    """The lines as they stood in the file with what they do, as CSV: all, or those of one effect (``?show=error``)."""
    found = roster_for_coordinator(request.user, roster)
    show = request.GET.get("show", "")
    effects = [show] if show in RosterEffect.values else []
    response = StreamingHttpResponse(csvsafe.lines(csv_rows(found, effects)), content_type="text/csv; charset=utf-8")
    name = "roster-errors.csv" if show == RosterEffect.ERROR else "roster.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@allowed(Action.RUN_ROSTERS)
@ways
def undo_roster(request: HttpRequest, roster: uuid.UUID) -> HttpResponse:
    """The page says what will happen; only its POST does it."""
    found = roster_for_coordinator(request.user, roster)
    if found.confirmed_at is None or found.undone_at is not None:
        messages.info(request, "There is nothing to undo here, so nothing was changed.")
        return redirect("people:roster", found.public_id)
    if request.method == "POST":
        actions.undo(found, by=signed_in(request), at=clock.now())
        return redirect("people:roster", found.public_id)
    (story,) = stories_of([found])
    done = {effect: number for (effect, state), number in story.numbers.items() if state == RosterRowState.DONE}
    return desk_page(request, "people/roster/undo.html", {"roster": found, "story": story, "done": done})


@allowed(Action.RUN_ROSTERS)
@require_POST
def resume_roster(request: HttpRequest, roster: uuid.UUID) -> HttpResponse:
    found = roster_for_coordinator(request.user, roster)
    actions.go_on(found, at=clock.now())
    return redirect("people:roster", found.public_id)


@allowed(Action.RUN_ROSTERS)
@require_POST
def discard_roster(request: HttpRequest, roster: uuid.UUID) -> HttpResponse:
    found = roster_for_coordinator(request.user, roster)
    if actions.throw_away(found):
        messages.success(request, "The uploaded list is deleted. Nothing was imported.")
        return redirect("people:rosters")
    messages.info(request, "This roster was imported, so it stays. You can undo it.")
    return redirect("people:roster", found.public_id)
