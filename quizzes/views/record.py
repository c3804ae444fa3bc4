"""A person's record: for the supervisor of the person's team, for the coordinator, and for the person."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.models import Course
from lms.lib import clock
from lms.people.access import Action, allowed, person_for, signed_in
from lms.people.models import User
from lms.people.queries.looks import lines_of, looks_at
from lms.people.queries.teams import supervisors_of
from lms.people.roles import may
from quizzes.queries.grants import used_up
from quizzes.queries.record import course_lines, happenings


@allowed(Action.SEE_RECORD)
@require_safe
def person_record(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    """Somebody else's record: own teams and below for a supervisor, everybody for the coordinator, 404 for the rest."""
    viewer = signed_in(request)
    found = person_for(viewer, Action.SEE_RECORD, person)
    return render(
        request,
        "quizzes/person_record.html",
        {
            **_record(found),
            "viewer": viewer,
            "used_up": () if found == viewer else used_up(found),
            "can_open": may(viewer, Action.SEE_CERTIFICATE, found),
        },
    )


@allowed(Action.SEE_MY_RECORD)
@require_safe
def my_record(request: HttpRequest) -> HttpResponse:
    """What others see of the signed-in person, every certificate of every cycle, and who looked at it last."""
    viewer = signed_in(request)
    return render(request, "quizzes/my_record.html", {**_record(viewer), "looks": lines_of(looks_at(viewer)[:5])})


def _record(person: User) -> dict[str, object]:
    lines = course_lines(person, clock.now())
    titles = dict(Course.objects.values_list("slug", "title"))
    return {
        "person": person,
        "lines": lines,
        "certificates": [c for line in lines for c in line.certificates],
        "happenings": happenings(person, titles),
        "supervisors": supervisors_of(person),
        "zone": person.zone,
    }
