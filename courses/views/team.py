"""The supervisor's page of people by courses, and the same as CSV."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.enums import Status
from courses.models import Course
from courses.queries.team import CSV_HEAD, TeamPage, csv_row, team_page
from lms.lib import clock, csvsafe, dates
from lms.people.access import signed_in, supervisor_required
from lms.people.queries.teams import people_below


def _page(request: HttpRequest) -> TeamPage:
    """What the address asks for, of what the viewer may see. An unknown status is no filter."""
    status = request.GET.get("status", "")
    return team_page(
        people_below(signed_in(request)),
        clock.now(),
        course=request.GET.get("course", "")[:60],
        status=status if status in Status.values else "",
        search=request.GET.get("search", "").replace("\0", "")[:80].strip(),
    )


@supervisor_required
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    page = _page(request)
    late = page.count(Status.OVERDUE, Status.EXPIRED, Status.ATTEMPTS_USED)
    context = {
        "page": page,
        "courses": Course.objects.filter(current__isnull=False),
        "statuses": [s for s in Status if s != Status.NOT_REQUIRED],
        "chosen": {name: request.GET.get(name, "") for name in ("course", "status", "search")},
        "filtered": any(request.GET.get(name) for name in ("course", "status", "search")),
        "late": late,
        "expiring": page.count(Status.EXPIRING),
        "complete": page.count(Status.COMPLETE, Status.EXPIRING),
        "query": request.GET.urlencode(),
        "zone": signed_in(request).zone,
        "today": dates.local_date(page.at, signed_in(request).zone),
    }
    return render(request, "courses/team.html", context)


@supervisor_required
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """CSV of exactly the rows of the page, in its order, with the same filters; then the people without a course."""
    page = _page(request)
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
    response = StreamingHttpResponse(csvsafe.lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="training-{dates.local_date(page.at, signed_in(request).zone)}.csv"'
    )
    response.headers["Cache-Control"] = "no-store"
    return response
