"""Practice: questions of the pool, ungraded, as often as one likes, with the feedback at once. Nothing is stored."""

import random
import secrets
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.access import enrollment_for, unit_for
from courses.models import Enrollment, Unit
from lms.lib.arrival import arrived
from lms.people.access import signed_in
from quizzes import kinds
from quizzes.feedback import Level, opened
from quizzes.grading.practice import next_question
from quizzes.kinds.form import AnswerForm
from quizzes.practicing import BadTokenError, Turn, turn_of
from quizzes.queries.practice import Practice, practice_of


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """GET asks a question: another one than those of the round that ``after`` (a token) stands for. POST shows what became of the
    answer, with all reasons; an empty answer, and a moved step, show the question again.

    A token that was not made here for this quiz is a 404. While practice is closed the page says why and what opens it, and a
    question that is no longer open to practice gives way to another.
    """
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    quiz_pk: int = reading.quiz.pk
    token = request.POST.get("token", "") if request.method == "POST" else request.GET.get("after", "")
    turn = None
    if token or request.method == "POST":
        try:
            turn = turn_of(token, mine.pk, quiz_pk)
        except BadTokenError as bad:
            raise Http404 from bad
    now = practice_of(mine, reading, arrived(request))
    context = {"enrollment": mine, "unit": reading, "practice": now, "total": len(now.questions)}
    if now.closed is not None:
        return render(request, "quizzes/practice_closed.html", context)
    if request.method != "POST" or turn is None:
        return _ask(request, context, _next(now, turn))
    if turn.question not in now.questions:
        messages.info(request, "That question is not open to practice any more. Here is another one.")
        return redirect("practice_quiz", mine.public_id, reading.slug)
    question, stored = now.questions[turn.question]
    kind = kinds.get(question.kind)
    order = kind.serve(stored, turn.rng())
    form = kind.form(stored, order, data=request.POST)
    if not form.is_valid():
        return _ask(request, context, turn, form, status=422)
    if form.moved is not None:
        return _ask(request, context, turn, kind.form(stored, order, answer=form.answer))
    if form.answer is None:
        return _ask(request, context, turn, form, status=422, empty=True)
    review = opened(kind.review(stored, order, form.answer), Level.ANSWERS, mine.version.misconceptions)
    context |= {
        **_about(mine, reading, turn),
        "review": review,
        "template": kind.review_template,
        "question": question,
        "section_id": next((s["id"] for s in reading.sections if s["title"] == question.section), ""),
    }
    return render(request, "quizzes/practice_answer.html", context)


def _next(now: Practice, turn: Turn | None) -> Turn:
    met = [*turn.met, turn.question] if turn else []
    rng = random.Random(secrets.randbits(128))
    question, met = next_question(list(now.questions), drawn=now.drawn, met=met, rng=rng)
    return Turn.of(question, met)


def _ask(
    request: HttpRequest,
    context: dict[str, Any],
    turn: Turn,
    form: AnswerForm | None = None,
    *,
    status: int = 200,
    empty: bool = False,
) -> HttpResponse:
    question, stored = context["practice"].questions[turn.question]
    kind = kinds.get(question.kind)
    if form is None:
        form = kind.form(stored, kind.serve(stored, turn.rng()))
    context |= {
        **_about(context["enrollment"], context["unit"], turn),
        "question": question,
        "note": stored["content_note"],
        "form": form,
        "empty": empty,
    }
    return render(request, "quizzes/practice.html", context, status=status)


def _about(enrollment: Enrollment, unit: Unit, turn: Turn) -> dict[str, Any]:
    quiz_pk: int = unit.quiz.pk
    return {"token": turn.token(enrollment.pk, quiz_pk), "number": len(turn.met) + 1}
