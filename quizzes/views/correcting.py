"""Correcting a question: the form, the preview of whom it touches, and applying it."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms.lib import clock, numbers
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import desk_page, sent
from quizzes.access import question_for_coordinator
from quizzes.actions.correcting import correct
from quizzes.actions.correcting import result_columns as columns
from quizzes.forms import CorrectForm
from quizzes.models import Question
from quizzes.queries.corrections import rulings
from quizzes.queries.effects import Effect, Effects, effects

MANY_RESULTS = 200
"""From here on the page says beforehand that applying takes a while."""


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct_question(request: HttpRequest, question: int) -> HttpResponse:
    """GET asks what is right. POST shows whom that would touch, and stores nothing; with ``go=apply`` it is applied, once."""
    viewer = signed_in(request)
    found = question_for_coordinator(viewer, question)
    held = rulings(found.quiz.unit.version.course_id, [found]).get(found.pk, [])
    mended = next((ruling.stored for ruling in reversed(held) if ruling.stored is not None), None)
    stored = mended or found.stored
    seen = held[-1].correction.number if held else 0
    form = CorrectForm(sent(request), question=found, stored=stored, initial={"seen": seen})
    context = {
        "form": form,
        "question": found,
        "unit": found.quiz.unit,
        "course": found.quiz.unit.version.course,
        "stored": stored,
        "held": held[-1].correction if held else None,
        "can_mend": bool(form.key_fields),
        "zone": viewer.zone,
    }
    if request.method != "POST" or not form.is_valid():
        return desk_page(request, "quizzes/desk/correct.html", context)
    at = clock.now()
    if request.POST.get("go") != "apply":
        return desk_page(
            request, "quizzes/desk/correct_preview.html", {**context, **_preview(request, form, found, at)}
        )
    try:
        done = correct(
            found, form.draft, reason=form.cleaned_data["reason"], seen=form.cleaned_data["seen"], by=viewer, at=at
        )
    except ValidationError as error:
        form.add_error(None, error)
        return desk_page(request, "quizzes/desk/correct.html", context)
    messages.success(
        request, _said(done.effects) if done.new else "This correction was made before, so nothing changed."
    )
    return redirect("question_figures", found.pk)


def _said(found: Effects | None) -> str:
    gained, passing = (len(found.gaining), len(found.passing)) if found else (0, 0)
    if not gained:
        return "The question is corrected. No result changed."
    results = "1 result was raised" if gained == 1 else f"{gained} results were raised"
    return f"The question is corrected. {results}, {passing} of them passed by it. Everyone who gained is told by mail."


def _preview(request: HttpRequest, form: CorrectForm, question: Question, at: dt.datetime) -> dict[str, object]:
    found = effects(question, form.draft, made_at=at)
    mended = form.draft.stored(question)
    return {
        "effects": found,
        "gaining": [_line(row) for row in found.gaining],
        "falling": [_line(row) for row in found.falling],
        "passing": len(found.passing),
        "slow": len(found.gaining) > MANY_RESULTS,
        "voids": form.draft.key is None,
        "key_words": [] if mended is None else _key_in_words(form, question, mended),
        "hidden": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }


def _key_in_words(form: CorrectForm, question: Question, stored: dict[str, object]) -> list[str]:
    """What would count as right, as the kind's tables say it."""
    lines = []
    for table in form.kind.tables(stored):
        right = [choice.text for choice in table.choices if choice.right]
        if right:
            lines.append(f"{table.title}: {'; '.join(right)}" if table.title else "; ".join(right))
    return lines


def _line(row: Effect) -> dict[str, object]:
    before, after = columns(row.before.paper), columns(row.after.paper)
    return {
        "person": row.attempt.enrollment.learner,
        "number": row.attempt.number,
        "at": row.attempt.submitted_at,
        "before": f"{numbers.points(before['points'])} of {before['out_of']}",
        "after": f"{numbers.points(after['points'])} of {after['out_of']}",
        "passes": row.newly_passes,
        "done": row.done,
    }
