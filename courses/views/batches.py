"""The coordinator's pages of batches: choose people, choose what, preview, confirm, progress, result, undo."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.access import batch_for_coordinator
from courses.actions import batches as actions
from courses.enums import BatchKind, RowState
from courses.forms.batches import BatchReasonForm, OrderForm
from courses.queries.batches import SIGNS, all_batches, csv_rows, lines_of, rows_of, story_of
from courses.queries.catalog import course_rows
from courses.queries.orders import preview_of, words_of
from lms.lib import clock, csvsafe, dates
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.forms.fields import put_errors
from lms.people.forms.people import PeopleFilterForm
from lms.people.queries.people import people_for_page
from lms.people.views.base import ROWS_A_PAGE, desk_page, page_of, sent

ways = require_http_methods(["GET", "HEAD", "POST"])
#: what ``?show=`` may ask for on the page of a batch, with the words of its link
SHOWN: dict[str, tuple[str, tuple[RowState, ...]]] = {
    "kept": (RowState.KEPT.label, (RowState.KEPT,)),
    "left": ("Not done", (RowState.FAILED, RowState.SKIPPED)),
    "done": (RowState.DONE.label, (RowState.DONE,)),
    "undone": (RowState.UNDONE.label, (RowState.UNDONE,)),
    "all": ("Everybody", tuple(RowState)),
}


@allowed(Action.RUN_BATCHES)
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    page = page_of(request, all_batches())
    context = {"page": page, "lines": lines_of(page.object_list), "zone": signed_in(request).zone}
    return desk_page(request, "courses/batches/list.html", context)


class _Chosen:
    """The people that an address names by the filters of the people list."""

    def __init__(self, request: HttpRequest) -> None:
        form = PeopleFilterForm(request.GET)
        self.filters = form.filters()
        self.wrong = bool(form.errors)
        self.kept = form.kept()
        self.pairs = [(name, value) for name in form.fields if (value := request.GET.get(name))]

    @property
    def back(self) -> str:
        return reverse("people:people") + (f"?{self.kept}" if self.kept else "")

    @property
    def context(self) -> dict[str, Any]:
        return {"kept": self.kept, "pairs": self.pairs, "people_url": self.back, "whom": words_of(self.filters)}


def _lost(request: HttpRequest, chosen: _Chosen) -> HttpResponse:
    """A filter that means nothing any more would mean everybody, so the people are chosen again."""
    messages.warning(request, "One of the filters is not there any more. Please choose the people again.")
    return redirect(chosen.back)


@allowed(Action.RUN_BATCHES)
@require_safe
def choose_batch(request: HttpRequest) -> HttpResponse:
    """The people are chosen; now for what."""
    chosen = _Chosen(request)
    if chosen.wrong:
        return _lost(request, chosen)
    count = people_for_page(clock.now(), **chosen.filters).count()
    return desk_page(request, "courses/batches/choose.html", {**chosen.context, "count": count})


@allowed(Action.RUN_BATCHES)
@require_safe
def write_batch(request: HttpRequest, kind: str) -> HttpResponse:
    chosen = _Chosen(request)
    if chosen.wrong:
        return _lost(request, chosen)
    return _write(request, chosen, _form(request, _kind(kind), bound=False))


def _kind(kind: str) -> BatchKind:
    if kind not in BatchKind.values or kind == BatchKind.REOPEN:  # that is asked on the page of its course
        raise Http404
    return BatchKind(kind)


def _form(request: HttpRequest, kind: BatchKind, *, bound: bool) -> OrderForm:
    """Unbound it still holds what the address says, so that going back from the preview loses nothing."""
    today = dates.local_date(clock.now(), signed_in(request).zone)
    marks = {row.course.pk: row.mark for row in course_rows()} if kind == BatchKind.ASSIGN else {}
    said = {name: request.GET[name] for name in OrderForm.base_fields if name in request.GET}
    return OrderForm(request.GET if bound else None, kind=kind, today=today, marks=marks, initial=said)


def _write(request: HttpRequest, chosen: _Chosen, form: OrderForm) -> HttpResponse:
    count = people_for_page(clock.now(), **chosen.filters).count()
    return desk_page(
        request, "courses/batches/write.html", {**chosen.context, "form": form, "kind": form.kind, "count": count}
    )


@allowed(Action.RUN_BATCHES)
@ways
def preview_batch(request: HttpRequest, kind: str) -> HttpResponse:
    """Whom it would reach and whom not, and why; its POST makes the batch. What changed meanwhile is said, and nothing is done."""
    chosen, now = _Chosen(request), clock.now()
    if chosen.wrong:
        return _lost(request, chosen)
    asked = _form(request, _kind(kind), bound=True)
    if not asked.is_valid():
        return _write(request, chosen, asked)
    order = asked.order()
    form = BatchReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.make(
                order,
                chosen.filters,
                reason=form.cleaned_data["reason"],
                by=signed_in(request),
                at=now,
                seen=request.POST.get("seen", "-") or "-",
                key=key_of(request.POST.get("key", "")),
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            return redirect("batch", made.public_id)
    preview = preview_of(order, chosen.filters, now)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **chosen.context,
        "preview": preview,
        "page": Paginator(preview.rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "kind": asked.kind,
        "key": key_of(request.POST.get("key", "")) or uuid.uuid4(),
        "back_url": f"{reverse('write_batch', args=[kind])}?{query.urlencode()}",
    }
    return desk_page(request, "courses/batches/preview.html", context)


def key_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@allowed(Action.RUN_BATCHES)
@require_safe
def batch(request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    """While it is worked on: how far it is; a script asks every two seconds and loads the page again when it is over. Then: what became
    of whom."""
    found = batch_for_coordinator(signed_in(request), batch)
    story = story_of(found)
    by_state = {key: story.progress.of(*states) for key, (_, states) in SHOWN.items()}
    show = request.GET.get("show", "")
    if show not in SHOWN:
        first = "kept" if story.progress.undoing else "left"
        show = first if by_state[first] else "all"
    page = page_of(request, rows_of(found, SHOWN[show][1]))
    for row in page.object_list:
        row.sign = (*SIGNS[RowState(row.state)], RowState(row.state).label)
    context = {
        "batch": found,
        "story": story,
        "progress": story.progress,
        "page": page,
        "show": show,
        "tabs": [(key, word, by_state[key]) for key, (word, _) in SHOWN.items() if by_state[key]],
        "zone": signed_in(request).zone,
    }
    response = desk_page(request, "courses/batches/batch.html", context)
    if request.headers.get("HX-Request") and not story.progress.working:
        response.headers["HX-Refresh"] = "true"
    return response


@allowed(Action.RUN_BATCHES)
@require_safe
def batch_list(request: HttpRequest, batch: uuid.UUID) -> HttpResponseBase:
    """Everybody of the batch with what happened, as CSV."""
    found = batch_for_coordinator(signed_in(request), batch)
    looks_at(request.user, found.rows.values_list("learner", flat=True))
    response = StreamingHttpResponse(csvsafe.lines(csv_rows(found)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="batch.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@allowed(Action.RUN_BATCHES)
@ways
def undo_batch(request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    """The page says what will happen; only its POST does it."""
    found = batch_for_coordinator(signed_in(request), batch)
    if found.undone_at is not None:
        messages.info(request, "This batch was undone before, so nothing was changed.")
        return redirect("batch", found.public_id)
    form = BatchReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            actions.undo(found, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            return redirect("batch", found.public_id)
    return desk_page(request, "courses/batches/undo.html", {"batch": found, "story": story_of(found), "form": form})


@allowed(Action.RUN_BATCHES)
@require_POST
def resume_batch(request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    found = batch_for_coordinator(signed_in(request), batch)
    actions.go_on(found, at=clock.now())
    return redirect("batch", found.public_id)
