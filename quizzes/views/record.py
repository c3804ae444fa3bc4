"""A person's record: for the supervisor of the person's team, for the coordinator, and for the person; today, or as of a past day."""

import itertools
import uuid
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from courses.forms.asof import AsOfForm
from courses.models import Course
from courses.queries.past import CSV_HEAD, csv_rows, past_record
from courses.queries.sign_offs import sign_offs_of
from lms.lib import clock, csvsafe
from lms.people.access import Action, allowed, person_for, signed_in
from lms.people.models import User
from lms.people.queries.looks import lines_of, looks_at
from lms.people.queries.teams import supervisors_of
from lms.people.roles import may
from quizzes.queries.grants import used_up
from quizzes.queries.record import course_lines, happenings

BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else


@allowed(Action.SEE_RECORD)
@require_safe
def person_record(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    """Somebody else's record: own teams and below for a supervisor, everybody for the coordinator, 404 for the rest. ``on`` and ``known``
    in the address ask for a past day; a day that cannot be shown gets a sentence above the record of today."""
    viewer, found = _viewer_and_person(request, person)
    form = _as_of_form(request, found)
    context: dict[str, Any] = {"viewer": viewer, "page_url": reverse("person_record", args=[found.public_id])}
    if form.day:
        export = reverse("person_record_export", args=[found.public_id])
        return render(request, "quizzes/past_record.html", context | _past(found, form, export))
    context |= {
        **_record(found),
        **form.context,
        "used_up": () if found == viewer else used_up(found),
        "can_open": may(viewer, Action.SEE_CERTIFICATE, found),
    }
    return render(request, "quizzes/person_record.html", context)


@allowed(Action.SEE_MY_RECORD)
@require_safe
def my_record(request: HttpRequest) -> HttpResponse:
    """What others see of the signed-in person, and every certificate of every cycle, and who looked at it last; or a past day, as above."""
    person = signed_in(request)
    form = _as_of_form(request, person)
    context: dict[str, Any] = {"mine": True, "page_url": reverse("my_record")}
    if form.day:
        past = _past(person, form, reverse("my_record_export"))
        return render(request, "quizzes/my_past_record.html", context | past)
    context["looks"] = lines_of(looks_at(person)[:5])
    return render(request, "quizzes/my_record.html", context | _record(person) | form.context)


@allowed(Action.SEE_RECORD)
@require_safe
def person_record_export(request: HttpRequest, person: uuid.UUID) -> HttpResponseBase:
    """The lines of the page of a past day as CSV, in its order; without a day, those of today. 400 with the sentence for a day that cannot
    be shown."""
    return _export(request, _viewer_and_person(request, person)[1])


@allowed(Action.SEE_MY_RECORD)
@require_safe
def my_record_export(request: HttpRequest) -> HttpResponseBase:
    """The same of the signed-in person."""
    return _export(request, signed_in(request))


def _viewer_and_person(request: HttpRequest, person: uuid.UUID) -> tuple[User, User]:
    viewer = signed_in(request)
    return viewer, person_for(viewer, Action.SEE_RECORD, person)


def _as_of_form(request: HttpRequest, person: User) -> AsOfForm:
    return AsOfForm(request, zone=person.zone, at=clock.now(), person=person)


def _past(person: User, form: AsOfForm, export: str) -> dict[str, object]:
    day, known = form.day or form.today, form.knowledge
    past = past_record(person, day, known)
    titles = dict(Course.objects.values_list("slug", "title"))
    return {
        **form.context,
        "person": person,
        "past": past,
        "happenings": happenings(person, titles, until=past.moment, known=known),
        "export": f"{export}?{urlencode({'on': str(day), 'known': str(known)})}",
    }


def _export(request: HttpRequest, person: User) -> HttpResponseBase:
    form = _as_of_form(request, person)
    if form.problem:
        return HttpResponse(form.problem, status=400, content_type="text/plain; charset=utf-8")
    day, known = form.day or form.today, form.knowledge
    lines = csvsafe.lines([CSV_HEAD, *csv_rows(past_record(person, day, known))])
    response = StreamingHttpResponse(itertools.chain([BYTE_ORDER_MARK], lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="record-as-of-{day}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _record(person: User) -> dict[str, object]:
    lines = course_lines(person, clock.now())
    titles = dict(Course.objects.values_list("slug", "title"))
    return {
        "person": person,
        "lines": lines,
        "certificates": [c for line in lines for c in line.certificates],
        "happenings": happenings(person, titles),
        "supervisors": supervisors_of(person),
        "sign_offs": sign_offs_of(person),
        "zone": person.zone,
    }
