"""My training: what is due, by when, how far, one next step."""

import datetime as dt
import zoneinfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.enums import Status
from courses.queries.assigner import assigner_name
from courses.queries.calendar import feed_address
from courses.queries.training import training_of
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in


@allowed(Action.LEARN)
@require_safe
def my_training(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    learner = signed_in(request)
    training = training_of(learner, now)
    context = {
        "training": training,
        "open_count": len(training.todo),
        "ran_out": any(row.status == Status.EXPIRED for row in training.done),
        "assigner": assigner_name(training.next.assignment if training.next else None),
        "zone": learner.zone,
        "calendar_url": feed_address(learner),
        "greeting": _greeting(now, learner.zone),
    }
    return render(request, "courses/my_training.html", context)


def _greeting(at: dt.datetime, zone: str) -> str:
    hour = at.astimezone(zoneinfo.ZoneInfo(zone)).hour
    if hour < 12:
        return "Good morning"
    return "Good afternoon" if hour < 18 else "Good evening"
