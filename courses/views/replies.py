"""Answers to reminders as tasks: the coordinator's list, and the page on which one is dealt with."""

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import reply_for_supervisor
from courses.actions import excepting, replying
from courses.enums import ExceptionKind, Outcome
from courses.forms.courses import MoveDueDateForm
from courses.forms.replies import GoOnForm
from courses.forms.requirements import ExceptionForm
from courses.models import Course, Reply
from courses.queries.replies import WAYS, task_of, task_rows, waiting
from lms.lib import clock, dates
from lms.people.access import Action, allowed, signed_in
from lms.people.forms.fields import put_errors
from lms.people.models import User
from lms.people.views.base import desk_page, sent, status_of

GRANTS = {
    Outcome.LEAVE: ExceptionKind.LEAVE,
    Outcome.EXEMPTION: ExceptionKind.EXEMPTION,
    Outcome.ACCEPTED: ExceptionKind.PRIOR_LEARNING,
}
DONE = {
    Outcome.LEAVE: "The leave is noted. Due dates rest until it is over, then they move.",
    Outcome.EXEMPTION: "The exemption is noted. Nothing is asked while it lasts.",
    Outcome.ACCEPTED: "It is accepted. The course counts as done.",
    Outcome.MOVED: "The due date is moved. Reminders follow it.",
    Outcome.REMIND_AGAIN: "Reminders go on.",
}


@allowed(Action.RUN_TRAINING)
@require_safe
def replies(request: HttpRequest) -> HttpResponse:
    """Every answer that waits, of whomever."""
    context = {"replies": task_rows(waiting()), "zone": signed_in(request).zone}
    return desk_page(request, "courses/replies/list.html", context)


@allowed(Action.SETTLE_REPLY)
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, reply: uuid.UUID, way: str) -> HttpResponse:
    """Deals with one answer in one way. What was dealt with before is said, and nothing is done."""
    viewer = signed_in(request)
    found = reply_for_supervisor(viewer, reply)
    if way not in WAYS:
        raise Http404
    chosen, now = Outcome(way), clock.now()
    back = _back(viewer, found)
    if found.settled_at is not None:
        messages.info(request, f"{found.learner.name}: {found.get_outcome_display()}. This was dealt with before.")
        return redirect(back)
    form = _form(request, found, chosen, dates.local_date(now, found.learner.zone))
    if request.method == "POST" and form.is_valid():
        try:
            done = _carry_out(found, chosen, form.cleaned_data, by=viewer, at=now)
        except ValidationError as error:
            put_errors(form, error)
        else:
            if done:
                messages.success(request, f"{found.learner.name}: {DONE[chosen]}")
            else:
                messages.info(request, replying.DEALT_WITH)
            return redirect(back)
    context = {
        "reply": found,
        "person": found.learner,
        "course": found.assignment.course,
        "way": chosen,
        "heading": WAYS[chosen],
        "others": task_of(found),
        "back": back,
        "viewer": viewer,
        "form": form,
        "zone": found.learner.zone,
    }
    return render(request, "courses/replies/settle.html", context, status=status_of(form))


def _form(request: HttpRequest, reply: Reply, way: Outcome, today: dt.date) -> Any:
    """The form of the way, filled in by what was said."""
    assignment, said = reply.assignment, f"The answer to a reminder was: {reply.get_answer_display()}."
    if way == Outcome.REMIND_AGAIN:
        return GoOnForm(sent(request))
    if way == Outcome.MOVED:
        return MoveDueDateForm(sent(request), today=today, initial={"due_on": assignment.due_on, "reason": said})
    initial = {"course": assignment.course_id, "reason": said}
    form = ExceptionForm(sent(request), kind=GRANTS[way], today=today, initial=initial)
    if "course" in form.fields:
        form.fields["course"].queryset = Course.objects.filter(pk=assignment.course_id)  # type: ignore[attr-defined]
    return form


def _carry_out(reply: Reply, way: Outcome, data: dict[str, Any], *, by: User, at: dt.datetime) -> bool:
    if way == Outcome.REMIND_AGAIN:
        return replying.settle(reply, way, note=data["note"], by=by.subject, at=at)
    if way == Outcome.MOVED:
        replying.settle_by_moving(reply, data["due_on"], reason=data["reason"], by=by, at=at)
        return True
    excepting.grant(
        reply.learner,
        GRANTS[way],
        starts_on=data["starts_on"],
        ends_on=data["ends_on"],
        reason=data["reason"],
        evidence=data["evidence"],
        course=data.get("course"),
        answers=reply,
        by=by,
        at=at,
    )
    return True


def _back(viewer: User, reply: Reply) -> str:
    """The coordinator's list, or the supervisor's Today."""
    return reverse("replies") if viewer.is_coordinator else reverse("today") + "#answer"
