"""The private calendar of due dates: its address, and what stands there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from courses.access import feed_for_token
from courses.actions.feeding import make_address
from courses.calendar.due import calendar_of
from courses.queries.calendar import due_dates_of, feed_address
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The open due dates of one person, for calendar programs: no session, the address is the key."""
    found = feed_for_token(token)
    content = calendar_of(due_dates_of(found.user, clock.now()), name="Training due dates", refreshed=True)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="training.ics"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@allowed(Action.USE_ACCOUNT)
@require_POST
def new_address(request: HttpRequest) -> HttpResponse:
    """Makes the person's address, or another one in its place."""
    learner = signed_in(request)
    had = bool(feed_address(learner))
    make_address(learner, at=clock.now())
    if had:
        messages.success(
            request, "This is your new address. The old one no longer works: take it out of your calendar."
        )
    else:
        messages.success(
            request, "This is your address. Put it into your calendar once, and your due dates stay right."
        )
    return redirect(reverse("my_training") + "#calendar")
