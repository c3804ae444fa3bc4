"""Other rules for one person: the coordinator's page about time and attempts, and another attempt at one quiz."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from courses.access import unit_for
from courses.forms.courses import ReasonForm
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from lms.people.models import User
from lms.people.views.base import desk_page, sent, status_of
from quizzes.access import helped_enrollment_for, helped_person_for
from quizzes.actions import granting
from quizzes.forms import QuizRulesForm
from quizzes.queries.grants import accommodation_of
from quizzes.queries.standing import standing
from quizzes.rules import factor_in_words

ways = require_http_methods(["GET", "HEAD", "POST"])


@allowed(Action.CHANGE_QUIZ_RULES)
@ways
def quiz_rules(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    """More time and more attempts for one person, in every quiz. ``usual`` in the POST goes back to the usual rules."""
    viewer = signed_in(request)
    learner = helped_person_for(viewer, person)
    now = accommodation_of(learner)
    factor, extra = (now.time_factor, now.extra_attempts) if now else granting.USUAL
    usual = request.method == "POST" and "usual" in request.POST
    form = QuizRulesForm(None if usual else sent(request), time_factor=factor, extra_attempts=extra)
    if request.method == "POST" and (usual or form.is_valid()):
        chosen = granting.USUAL if usual else (form.cleaned_data["time_factor"], form.cleaned_data["extra_attempts"])
        changed = granting.set_accommodation(
            learner, time_factor=chosen[0], extra_attempts=chosen[1], at=clock.now(), by=viewer.subject
        )
        if changed:
            messages.success(request, f"Stored. {learner.name} sees the new rules before each quiz.")
        else:
            messages.info(request, "These rules were in force before, so nothing was changed.")
        return redirect(reverse("people:person", args=[learner.public_id]) + "#quiz-rules")
    context = {
        "person": learner,
        "form": form,
        "accommodation": now,
        "factor": factor_in_words(factor),
        "zone": learner.zone,
    }
    return desk_page(request, "quizzes/quiz_rules.html", context)


@allowed(Action.OPEN_ATTEMPT)
@ways
def open_attempt(request: HttpRequest, person: uuid.UUID, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """Opens another attempt at a quiz whose attempts are used, with a reason: for the person's supervisors and the coordinator."""
    viewer = signed_in(request)
    found = helped_enrollment_for(viewer, person, enrollment)
    quiz_unit = unit_for(found, unit)
    learner = found.learner
    now = clock.now()
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            extra = granting.open_attempt(
                found, quiz_unit, reason=form.cleaned_data["reason"], at=now, by=viewer.subject
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if extra is not None:
                told = "A mail tells them." if learner.email else "They have no email address, so please tell them."
                messages.success(
                    request, f"{learner.name} has another attempt at the quiz of “{quiz_unit.title}”. {told}"
                )
            else:
                messages.info(
                    request, f"{learner.name} has an attempt at this quiz, or needs none, so none was opened now."
                )
            return redirect(_back(viewer, learner))
    state = standing(found, quiz_unit, now)
    context = {
        "person": learner,
        "enrollment": found,
        "unit": quiz_unit,
        "standing": state,
        "may_open": state.all_used and state.enrollment_open and state.assigned,
        "form": form,
        "viewer": viewer,
        "zone": learner.zone,
    }
    return render(request, "quizzes/open_attempt.html", context, status=status_of(form))


def _back(viewer: User, learner: User) -> str:
    return reverse("people:person" if viewer.is_coordinator else "person_record", args=[learner.public_id])
