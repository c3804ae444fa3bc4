"""The supervisor's page of people by courses, and the same as CSV."""

import itertools
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.enums import Status
from courses.models import Course
from courses.queries.replies import waiting_of
from courses.queries.team import CSV_HEAD, csv_row, team_page
from courses.views.replies import task_rows
from lms.lib import clock, csvsafe, dates
from lms.people.access import Action, allowed, looks_at, people_for, signed_in
from lms.people.roles import may


def _filters(request: HttpRequest) -> dict[str, str]:
    """What the address asks for, as it is used. An unknown status is no filter."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:80].strip() for name in ("course", "status", "search")}
    return asked if asked["status"] in Status.values else {**asked, "status": ""}


BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else


@allowed(Action.SEE_TEAM)
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    filters = _filters(request)
    people = people_for(signed_in(request), Action.SEE_TEAM)
    page = team_page(people, clock.now(), **filters)
    late = page.count(Status.OVERDUE, Status.EXPIRED, Status.ATTEMPTS_USED)
    settles = may(signed_in(request), Action.SETTLE_REPLY)  # an auditor reads the page and decides nothing
    replies = task_rows(waiting_of(people, signed_in(request))) if settles else []
    context = {
        "page": page,
        "courses": Course.objects.filter(current__isnull=False),
        "statuses": [s for s in Status if s != Status.NOT_REQUIRED],
        "replies": replies,
        "settles": settles,
        "needs": late + len(replies),
        "chosen": filters,
        "filtered": any(filters.values()),
        "expiring": page.count(Status.EXPIRING),
        "complete": page.count(Status.COMPLETE, Status.EXPIRING),
        "query": urlencode({name: value for name, value in filters.items() if value}),
        "zone": signed_in(request).zone,
        "today": dates.local_date(page.at, signed_in(request).zone),
    }
    return render(request, "courses/team.html", context)


@allowed(Action.EXPORT_TEAM)
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """CSV of exactly the rows of the page, in its order, with the same filters; then the people without a course."""
    page = team_page(people_for(signed_in(request), Action.EXPORT_TEAM), clock.now(), **_filters(request))
    looks_at(request.user, {*(row.person.pk for row in page.rows), *(person.pk for person in page.people_without)})
    rows = [CSV_HEAD, *(csv_row(row) for row in page.rows)]
    rows += [
        (
            p.name,
            p.team.name if p.team else "",
            p.site.name,
            "",
            "No course assigned",
            *[""] * 5,
            "yes" if p.email else "no",
        )
        for p in page.people_without
    ]
    response = StreamingHttpResponse(
        itertools.chain([BYTE_ORDER_MARK], csvsafe.lines(rows)), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = (
        f'attachment; filename="training-{dates.local_date(page.at, signed_in(request).zone)}.csv"'
    )
    response.headers["Cache-Control"] = "no-store"
    return response
