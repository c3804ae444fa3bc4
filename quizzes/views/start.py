"""The page before a quiz: its rules, and the one button that opens an attempt."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courses.access import enrollment_for, unit_for
from lms.lib.arrival import arrived
from lms.people.access import Action, allowed, signed_in
from quizzes.actions import attempts
from quizzes.models import Quiz
from quizzes.queries.standing import standing
from quizzes.rules import GRACE, minutes_in_words
from quizzes.views.clock import clock_of


@allowed(Action.LEARN)
@require_http_methods(["GET", "HEAD", "POST"])
def quiz(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """GET states the rules and where the learner stands; POST opens an attempt, or goes on with the one that is open.

    An open attempt whose time is over is closed, and its result shown."""
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    now = arrived(request)
    if request.method == "POST":
        try:
            attempt = attempts.start(mine, reading, at=now)
        except attempts.NotAllowedError as refusal:
            messages.info(request, str(refusal))
            return redirect("quiz", mine.public_id, reading.slug)
        return redirect("question", attempt.public_id, first_open(attempt))
    quiz_of_unit = Quiz.objects.get(unit=reading)
    state = standing(mine, reading, now)
    if state.open is not None and attempts.close_if_over(state.open, at=now):
        return redirect("result", state.open.public_id)
    minutes = state.terms.minutes
    context = {
        "enrollment": mine,
        "unit": reading,
        "quiz": quiz_of_unit,
        "standing": state,
        "stored": state.open.responses.filter(answered=True).count() if state.open else 0,
        "needed": -(-quiz_of_unit.serve * mine.version.pass_mark // 100),
        "critical": any(line["critical"] for line in quiz_of_unit.lines),
        "time_limit": minutes_in_words(minutes) if minutes is not None else "",
        "wait": minutes_in_words(mine.version.wait_minutes) if mine.version.wait_minutes else "",
        "grace": int(GRACE.total_seconds()),
        "clock": clock_of(state.open, now) if state.open else None,
        "zone": mine.learner.zone,
    }
    return render(request, "quizzes/start.html", context)


def first_open(attempt: attempts.Attempt) -> int:
    """The position of the first question without a complete answer, else the first."""
    return attempt.responses.filter(answered=False).values_list("position", flat=True).first() or 1
