"""People and courses: the page, its printed form, the summary by team and site, and the exports, all from one query object; today, or as of
the end of a past day (``on`` and ``known`` in the address)."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from courses.access import Scope, people_of_then, scope_of
from courses.forms.asof import AsOfForm
from courses.forms.matrix import MatrixForm
from courses.models import SavedView
from courses.queries.cells import Row
from courses.queries.matrix import LATE, Counts, Matrix
from courses.queries.matrix_rows import list_rows, table
from courses.queries.matrix_summary import by_site, by_team, statuses_in
from courses.queries.past_matrix import PastMatrix
from lms.lib import clock, csvsafe, dates, xlsx
from lms.people import desk
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.models import User
from lms.people.queries.people import zones_in_use

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
        self.as_of = AsOfForm(request, zone=self.viewer.zone, at=self.at)
        self.day, self.known = self.as_of.day, self.as_of.knowledge
        everybody = self._everybody()
        roles = everybody.people.exclude(job_role="").order_by("job_role").values_list("job_role", flat=True)
        self.form = MatrixForm(
            request.GET,
            teams=self.scope.teams,
            sites=self.scope.sites,
            job_roles=list({role.casefold(): role for role in roles.distinct()}.values()),
            courses=everybody.offered,
            whole=self.scope.whole,
            past={"on": str(self.day), "known": self.known.value} if self.day else None,
        )
        self.matrix = everybody.asking(self.form.filters())

    def _everybody(self) -> Matrix:
        """Without filters: today, or the past day of the address."""
        if self.day is None:
            return Matrix(self.scope.people, self.at)
        zones = zones_in_use()
        people = people_of_then(self.scope, self.day, self.known, zones)
        return PastMatrix(people, self.at, day=self.day, known=self.known, zones=zones)

    def linked(self, rows: Sequence[Row]) -> set[int]:
        """The keys of the people whose record the viewer can open: of a past day also people who were theirs then and are not now are shown."""
        if self.scope.whole or self.day is None:
            return {row.person.pk for row in rows}
        mine = {team.pk for team in self.scope.teams}
        return {row.person.pk for row in rows if row.person.is_active and row.person.team_id in mine}

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
            "narrowed": bool(self.form.of_today(sort="", size="", columns="")),
            "past_day": self.day,
            "past_known": self.known,
            "past_query": urlencode(self.form.past),
            "query_today": self.form.of_today(),
            "whole": self.scope.whole,
            "zone": self.viewer.zone,
            "today": dates.local_date(self.at, self.viewer.zone),
            "wide": len(self.matrix.columns) > MOST_COLUMNS,
        } | self.as_of.context

    def as_of_bar(self, address: str, **also: str) -> dict[str, Any]:
        """The bar that asks for a past day on the page of this address, with the filters that it keeps."""
        kept = [pair for pair in self.form.pairs() if pair[0] not in self.form.past] + list(also.items())
        page_url = reverse(address)
        back = f"{page_url}?{urlencode(kept)}" if kept else page_url
        return {
            "page_url": page_url,
            "as_of_keep": kept,
            "as_of_back": back,
            "as_of_label": "Show people and courses as of",
            "as_of_button": "Show that day",
        }

    def file_name(self, ending: str) -> str:
        """The day of the file stands in its name; of a past day also whether it is as it was known then or as we know it now."""
        if self.day is not None:
            return f"training-as-of-{self.day}-known-{self.known.value}.{ending}"
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
    rows = list(page.object_list)
    context = {
        "page": page,
        "rows": rows,
        "linked": asked.linked(rows),
        "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "counts": counts,
        "chips": _chips(asked, counts),
        "views": [
            (view.name, view.query, view.query == asked.query) for view in SavedView.objects.filter(owner=asked.viewer)
        ],
    } | asked.as_of_bar("team")
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
    context |= asked.as_of_bar("team_summary", **({"by": group} if group == "site" else {}))
    return _page(request, "courses/matrix/summary.html", asked, context)


# --- exports ----------------------------------------------------------------------------------------------------------
Rows = Callable[[Matrix], Iterator[tuple[object, ...]]]


def _refused(asked: Asked) -> HttpResponse:
    """A file of another day than the one asked for would be taken for it."""
    return HttpResponse(asked.as_of.problem, status=400, content_type="text/plain; charset=utf-8")


def _looked(asked: Asked) -> None:
    """Notes of everybody in a list for download that the viewer looked at them."""
    looks_at(asked.viewer, asked.matrix.found().order_by().values_list("pk", flat=True))


def _csv(request: HttpRequest, rows: Rows) -> HttpResponseBase:
    asked = Asked(request)
    if asked.as_of.problem:
        return _refused(asked)
    _looked(asked)
    lines = csvsafe.lines(rows(asked.matrix))
    response = StreamingHttpResponse(itertools.chain([BYTE_ORDER_MARK], lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{asked.file_name("csv")}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _xlsx(request: HttpRequest, rows: Rows) -> HttpResponseBase:
    asked = Asked(request)
    if asked.as_of.problem:
        return _refused(asked)
    _looked(asked)
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
