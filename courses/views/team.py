"""People and courses: the page, its printed form, the summary by team and site, and the exports, all from one query object."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from courses.access import Scope, scope_of
from courses.forms.matrix import MatrixForm
from courses.models import SavedView
from courses.queries.cells import Row
from courses.queries.matrix import LATE, Counts, Matrix
from courses.queries.matrix_rows import list_rows, table
from courses.queries.matrix_summary import by_site, by_team, statuses_in
from courses.queries.replies import waiting_of
from courses.views.replies import task_rows
from lms.lib import clock, csvsafe, dates, xlsx
from lms.people import desk
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.models import User

BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet program takes UTF-8 for something else
MOST_PRINTED = 1_000
MOST_COLUMNS = 6  # more than this and the table is wider than a desk


class Asked:
    """What an address asks for, within what its reader may see."""

    def __init__(self, request: HttpRequest) -> None:
        self.viewer: User = signed_in(request)
        self.scope: Scope = scope_of(self.viewer)
        self.at = clock.now()
        for site in self.scope.sites:
            if site.pk == self.viewer.site_id:
                self.viewer.site = site  # already here, so it is not asked for again
        everybody = Matrix(self.scope.people, self.at)
        roles = self.scope.people.exclude(job_role="").order_by("job_role").values_list("job_role", flat=True)
        self.form = MatrixForm(
            request.GET,
            teams=self.scope.teams,
            sites=self.scope.sites,
            job_roles=list({role.casefold(): role for role in roles.distinct()}.values()),
            courses=everybody.offered,
            whole=self.scope.whole,
        )
        self.matrix = Matrix(self.scope.people, self.at, self.form.filters(), offered=everybody.offered)

    @cached_property
    def query(self) -> str:
        return self.form.kept()

    @property
    def context(self) -> dict[str, Any]:
        """What every page of it knows. A coordinator keeps the coordinator's navigation."""
        return {
            "form": self.form,
            "matrix": self.matrix,
            "filters": self.matrix.filters,
            "query": self.query,
            "narrowed": bool(self.form.kept(sort="", size="", columns="")),
            "whole": self.scope.whole,
            "zone": self.viewer.zone,
            "today": dates.local_date(self.at, self.viewer.zone),
            "wide": len(self.matrix.columns) > MOST_COLUMNS,
        }

    def file_name(self, ending: str) -> str:
        return f"training-{dates.local_date(self.at, self.viewer.zone)}.{ending}"


class _Found(Sequence[Row]):
    """The rows for a paginator, which asks for their number and for one piece."""

    def __init__(self, matrix: Matrix, counts: Counts) -> None:
        self._matrix, self._counts = matrix, counts

    def __len__(self) -> int:
        return self._counts.found

    def __getitem__(self, place: Any) -> Any:
        return self._matrix.rows(place.start, place.stop)


def _page(request: HttpRequest, template: str, asked: Asked, context: dict[str, Any]) -> HttpResponse:
    nav = {"nav": desk.nav(request)} if asked.scope.whole else {}
    return render(request, template, {**nav, **asked.context, **context})


@allowed(Action.SEE_TEAM)
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    asked = Asked(request)
    counts = asked.matrix.counts()
    page = Paginator(_Found(asked.matrix, counts), asked.form.page_size).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": list(page.object_list),
        "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "counts": counts,
        "chips": _chips(asked, counts),
        "views": [
            (view.name, view.query, view.query == asked.query) for view in SavedView.objects.filter(owner=asked.viewer)
        ],
        "replies": [] if asked.scope.whole else task_rows(waiting_of(asked.scope.people, asked.viewer)),
    }
    return _page(request, "courses/matrix/page.html", asked, context)


def _chips(asked: Asked, counts: Counts) -> list[tuple[str, str, int, str, bool]]:
    """Icon, words, number of people, query string, and whether it is what is shown."""
    rows = (
        ("", "Everyone", counts.everyone, ""),
        ("triangle-alert", "Overdue or expired", counts.late, LATE),
        ("hourglass", "Expiring", counts.expiring, "expiring"),
    )
    chosen = asked.matrix.filters.status
    return [
        (icon, words, number, asked.form.kept(status=status), chosen == status) for icon, words, number, status in rows
    ]


@allowed(Action.SEE_TEAM)
@require_safe
def printed(request: HttpRequest) -> HttpResponse:
    """Everybody found on one page without navigation, for paper; beyond some people it says how to get the rest."""
    asked = Asked(request)
    rows = asked.matrix.rows(0, MOST_PRINTED + 1)
    context = {"rows": rows[:MOST_PRINTED], "more": len(rows) > MOST_PRINTED, "most": MOST_PRINTED}
    return _page(request, "courses/matrix/print.html", asked, context)


@allowed(Action.SEE_TEAM)
@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    """The same people and courses in sums, by team or by site; each number leads to the people behind it."""
    asked = Asked(request)
    asked.matrix = asked.matrix.whatever_status()  # the sums are by status
    group = "site" if request.GET.get("by") == "site" else "team"
    lines = by_site(asked.matrix, asked.scope.sites) if group == "site" else by_team(asked.matrix, asked.scope.teams)
    statuses = statuses_in(lines)
    kept = asked.form.kept(**{group: "", "status": ""})

    def leads_to(key: str, status: str = "") -> str:
        pairs = [(group, key)] + ([("status", status)] if status else [])
        return "&".join(part for part in (kept, urlencode(pairs)) if part)

    context = {
        "group": group,
        "statuses": statuses,
        "lines": [
            (
                line,
                leads_to(line.key),
                [(status, line.people.get(status, 0), leads_to(line.key, status.value)) for status in statuses],
            )
            for line in lines
        ],
    }
    return _page(request, "courses/matrix/summary.html", asked, context)


# --- exports ----------------------------------------------------------------------------------------------------------
Rows = Callable[[Matrix], Iterator[tuple[object, ...]]]


def _looked(asked: Asked) -> Asked:
    """Notes of everybody in a list for download that the viewer looked at them."""
    looks_at(asked.viewer, asked.matrix.found().order_by().values_list("pk", flat=True))
    return asked


def _csv(request: HttpRequest, rows: Rows) -> HttpResponseBase:
    asked = _looked(Asked(request))
    lines = csvsafe.lines(rows(asked.matrix))
    response = StreamingHttpResponse(itertools.chain([BYTE_ORDER_MARK], lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{asked.file_name("csv")}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _xlsx(request: HttpRequest, rows: Rows) -> HttpResponseBase:
    asked = _looked(Asked(request))
    file = xlsx.write(rows(asked.matrix), title="People and courses")
    response = FileResponse(file, as_attachment=True, filename=asked.file_name("xlsx"), content_type=xlsx.MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


@allowed(Action.EXPORT_TEAM)
@require_safe
def table_csv(request: HttpRequest) -> HttpResponseBase:
    """The table of the page, all its pages, with the same filters, order and columns."""
    return _csv(request, table)


@allowed(Action.EXPORT_TEAM)
@require_safe
def table_xlsx(request: HttpRequest) -> HttpResponseBase:
    return _xlsx(request, table)


@allowed(Action.EXPORT_TEAM)
@require_safe
def list_csv(request: HttpRequest) -> HttpResponseBase:
    """One row for a person and course, with whole dates."""
    return _csv(request, list_rows)


@allowed(Action.EXPORT_TEAM)
@require_safe
def list_xlsx(request: HttpRequest) -> HttpResponseBase:
    return _xlsx(request, list_rows)
