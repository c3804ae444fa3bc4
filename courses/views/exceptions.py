"""The coordinator's pages of exceptions for one person."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from courses.access import exception_for_coordinator
from courses.actions import excepting
from courses.enums import ExceptionKind
from courses.forms.courses import ReasonForm
from courses.forms.requirements import ExceptionForm
from lms.lib import clock, dates
from lms.people.access import Action, allowed, person_for, signed_in
from lms.people.forms.fields import put_errors
from lms.people.views.base import desk_page, sent

ways = require_http_methods(["GET", "HEAD", "POST"])
DONE = {
    ExceptionKind.LEAVE: "The leave is noted. Due dates rest until it is over, then they move.",
    ExceptionKind.EXEMPTION: "The exemption is noted. Nothing is asked while it lasts.",
    ExceptionKind.PRIOR_LEARNING: "It is accepted. The course counts as done.",
}


@allowed(Action.CHANGE_TRAINING)
@ways
def grant_exception(request: HttpRequest, person: uuid.UUID, kind: str) -> HttpResponse:
    """Grants an exception to one person; who grants it approves it."""
    learner = person_for(request.user, Action.CHANGE_TRAINING, person)
    if kind not in ExceptionKind.values:
        raise Http404
    now, chosen = clock.now(), ExceptionKind(kind)
    form = ExceptionForm(sent(request), kind=chosen, today=dates.local_date(now, learner.zone))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            excepting.grant(
                learner,
                chosen,
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                reason=data["reason"],
                evidence=data["evidence"],
                course=data.get("course"),
                by=signed_in(request),
                at=now,
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, DONE[chosen])
            return redirect("people:person", learner.public_id)
    context = {"person": learner, "form": form, "kind": chosen}
    return desk_page(request, "courses/requirements/grant.html", context)


@allowed(Action.CHANGE_TRAINING)
@ways
def end_exception(request: HttpRequest, exception: uuid.UUID) -> HttpResponse:
    found = exception_for_coordinator(signed_in(request), exception)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        if excepting.end(found, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now()):
            messages.success(request, "It is ended. Due dates that had to move have moved.")
        else:
            messages.info(request, "It was over before, so nothing was changed.")
        return redirect("people:person", found.learner.public_id)
    return desk_page(request, "courses/requirements/end_exception.html", {"exception": found, "form": form})
