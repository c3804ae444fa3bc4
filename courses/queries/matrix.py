"""People by courses: the one query object behind the page, its exports, the roll-up and the digest.

Everything about a status comes from ``annotate``, so that the same matrix can be asked for another day. The database filters, orders and
cuts the page; a page of 25 people fetches 25 people and their cells, however many there are.
"""

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Least, Lower, StrIndex, Substr
from django.db.models.lookups import GreaterThan

from courses.enums import ATTENTION, ExceptionKind, Status
from courses.models import Assignment, Course, DutyException, Unit, UnitProgress
from courses.queries.cells import Cell, Row, cell_of, said_now
from courses.queries.newest import newest_of_each
from courses.queries.status import with_status
from lms.lib import dates
from lms.people.models import User

Annotate = Callable[[QuerySet[Assignment]], QuerySet[Assignment]]

#: what the filter of statuses offers beside the statuses themselves
LATE, ATTENTION_NEEDED = "late", "attention"
GROUPS: dict[str, tuple[Status, ...]] = {
    LATE: (Status.EXPIRED, Status.OVERDUE),
    ATTENTION_NEEDED: (Status.EXPIRED, Status.OVERDUE, Status.ATTEMPTS_USED, Status.EXPIRING),
}
GROUP_WORDS = {ATTENTION_NEEDED: "Needs attention", LATE: "Overdue or expired"}
SORTS = {"attention": "Needs attention", "name": "Name", "due": "Due date", "team": "Team"}
CHUNK = 500

# Statuses in the order of attention, each at a fixed place of one text: so that SQL computes a status once, finds its place, and reads
# a letter to sort by or a bit to sum there. A CASE over statuses would repeat the whole computation for each.
_WIDTH = 24
_ORDER = sorted(ATTENTION, key=lambda status: ATTENTION[status])
_NAMES = "".join(f"|{status.value}|".ljust(_WIDTH) for status in _ORDER)
_LETTERS = "".join(chr(ord("a") + place).ljust(_WIDTH) for place in range(len(_ORDER)))
_BITS = "".join(str(1 << place).ljust(_WIDTH) for place in range(len(_ORDER)))


@dataclasses.dataclass(frozen=True)
class Filters:
    """What is asked for. ``columns`` are slugs, none means every course that somebody has. ``teams`` and ``site`` are keys, no team
    means every team. The filters from ``course`` on are about cells: a person is found who has one column that fits them all."""

    search: str = ""
    teams: tuple[int, ...] = ()
    site: int | None = None
    category: str = ""
    job_role: str = ""
    course: str = ""
    status: str = ""
    due_from: dt.date | None = None
    due_to: dt.date | None = None
    ends_from: dt.date | None = None
    ends_to: dt.date | None = None
    sort: str = "attention"
    columns: tuple[str, ...] = ()

    @property
    def statuses(self) -> tuple[Status, ...]:
        return GROUPS.get(self.status) or ((Status(self.status),) if self.status else ())

    @property
    def about_cells(self) -> bool:
        return bool(self.course or self.status or self.due_from or self.due_to or self.ends_from or self.ends_to)


@dataclasses.dataclass(frozen=True)
class Counts:
    """How many people: those found, and those whom the same filters without the status would find, all, late, and expiring."""

    found: int
    everyone: int
    late: int
    expiring: int


class Matrix:
    """``people`` are those whom the viewer may see; nobody else is ever reached, whatever the filters say."""

    #: what stands before the names of columns that a past day has its own values of
    then = ""
    #: where the names of a person's site and team are
    _place_names = ("site__name", "team__name")

    def __init__(
        self,
        people: QuerySet[User],
        at: dt.datetime,
        filters: Filters | None = None,
        *,
        annotate: Annotate | None = None,
        offered: list[Course] | None = None,
    ) -> None:
        self.people = people
        self.at = at
        self.filters = filters or Filters()
        self._annotate = annotate or (lambda rows: with_status(rows, at))
        self._offered = offered

    def asking(self, filters: Filters) -> Self:
        """The same people and courses with other filters."""
        twin = copy.copy(self)
        twin.filters = filters
        return twin

    def whatever_status(self) -> Self:
        """The same without the filter of statuses."""
        return self.asking(dataclasses.replace(self.filters, status=""))

    # --- columns ------------------------------------------------------------------------------------------------------
    @property
    def offered(self) -> list[Course]:
        """Every course that somebody of these people has, by title. One query."""
        if self._offered is None:
            held = self._held(Assignment.objects.filter(learner__in=self.people.order_by().values("pk")))
            self._offered = list(Course.objects.filter(pk__in=held.order_by().values("course")).order_by("title", "pk"))
        return self._offered

    def _held(self, rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
        return rows.filter(withdrawn_at__isnull=True)

    @property
    def columns(self) -> list[Course]:
        """The courses that are shown: those chosen, or all. The course that is filtered by is always among them."""
        asked = self.filters.columns
        shown = [course for course in self.offered if course.slug in asked] or self.offered
        if asked and self.filters.course and self.filters.course not in {course.slug for course in shown}:
            return [course for course in self.offered if course in shown or course.slug == self.filters.course]
        return shown

    # --- cells --------------------------------------------------------------------------------------------------------
    def _cells(self, learners: Any) -> QuerySet[Assignment]:
        """The newest assignment of each shown course of these learners, with its status."""
        which = "learner" if isinstance(learners, OuterRef) else "learner__in"
        rows = Assignment.objects.filter(**{which: learners})
        if self.filters.columns:
            rows = rows.filter(course__in=[course.pk for course in self.columns])
        return self._newest(rows).order_by()

    def _newest(self, rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
        return self._annotate(newest_of_each(rows))

    def _fitting(self, learners: Any, *, whatever_status: bool = False) -> QuerySet[Assignment]:
        """The cells that fit the filters about cells."""
        asked = self.filters
        rows = self._cells(learners)
        if asked.course:
            rows = rows.filter(course__slug=asked.course)
        if asked.status and not whatever_status:
            rows = rows.filter(Q(status__in=[status.value for status in asked.statuses]))
        if asked.due_from or asked.due_to:
            rows = rows.filter(self._todo(), _between(f"{self.then}due_on", asked.due_from, asked.due_to))
        if asked.ends_from or asked.ends_to:
            certificate, accepted = F("certificate_expires_on"), F(f"{self.then}valid_until_on")
            rows = rows.annotate(ends=Least(Coalesce(certificate, accepted), Coalesce(accepted, certificate)))
            rows = rows.filter(Q(certificate_revoked_at__isnull=True))
            rows = rows.filter(_between("ends", asked.ends_from, asked.ends_to))
        return rows

    def _todo(self) -> Q:
        """Neither completed nor satisfied at the instant."""
        return (Q(enrollment__completed_at__isnull=True) | Q(enrollment__completed_at__gt=self.at)) & (
            Q(satisfied_at__isnull=True) | Q(satisfied_at__gt=self.at)
        )

    # --- people -------------------------------------------------------------------------------------------------------
    def _matching(self) -> QuerySet[User]:
        """The people whom the filters about people leave. Every word of the search must stand in name, job role or email."""
        asked, rows = self.filters, self.people
        for word in asked.search.split():
            rows = rows.filter(
                Q(name__icontains=word)
                | Q(latin_name__icontains=word)
                | Q(email__icontains=word)
                | Q(job_role__icontains=word)
            )
        if asked.teams:
            rows = rows.filter(**{f"{self.then}team__in": asked.teams})
        if asked.site is not None:
            rows = rows.filter(**{f"{self.then}site": asked.site})
        if asked.category:
            rows = rows.filter(category=asked.category)
        if asked.job_role:
            rows = rows.filter(job_role__iexact=asked.job_role)
        return rows

    def found(self) -> QuerySet[User]:
        """The people found, in the order asked for."""
        rows = self._matching()
        if self.filters.about_cells:
            rows = rows.filter(Exists(self._fitting(OuterRef("pk"))))
        name: list[Any] = [Lower("name"), "pk"]
        if self.filters.sort == "name":
            return rows.order_by(*name)
        if self.filters.sort == "team":
            site, team = self._place_names
            return rows.order_by(site, F(team).asc(nulls_last=True), *name)
        if self.filters.sort == "due":
            todo = self._cells(OuterRef("pk")).filter(self._todo())
            first = todo.values("learner").annotate(first=Min(f"{self.then}due_on")).values("first")
            return rows.annotate(first_due=Subquery(first)).order_by(F("first_due").asc(nulls_last=True), *name)
        worst = self._cells(OuterRef("pk")).annotate(key=Concat(_at_place(_LETTERS, 1), _since(self.then)))
        first = worst.values("learner").annotate(first=Min("key")).values("first")
        return rows.annotate(attention=Coalesce(Subquery(first), Value("~"))).order_by("attention", *name)

    def counts(self) -> Counts:
        """One query, whatever is filtered. The statuses of each person are summed as bits, once."""
        people = self._matching()
        cells = self._fitting(people.order_by().values("pk"), whatever_status=True)
        held = cells.annotate(bit=Cast(_at_place(_BITS, _WIDTH), IntegerField()))
        people_with = held.values("learner").annotate(bits=Sum("bit", distinct=True))
        number = Count("learner")
        found = people_with.aggregate(
            everyone=number,
            late=Count("learner", filter=_has(GROUPS[LATE])),
            expiring=Count("learner", filter=_has((Status.EXPIRING,))),
            found=Count("learner", filter=_has(self.filters.statuses)) if self.filters.status else number,
        )
        if not self.whatever_status().filters.about_cells:  # people without any course count too
            found["everyone"] = people.count()
            if not self.filters.status:
                found["found"] = found["everyone"]
        return Counts(**found)

    def people_by(self, group: str) -> list[tuple[int, int]]:
        """How many of the people found are in each team or site, by key."""
        return list(self.found().order_by().values_list(f"{self.then}{group}").annotate(n=Count("pk")))

    def statuses_by(self, group: str) -> list[tuple[int, str, int, int]]:
        """For each team or site and each status, how many people found have a cell in it, and how many cells that are."""
        cells = self._fitting(self.found().order_by().values("pk"))
        numbers = {"people": Count("learner", distinct=True), "cells": Count("pk")}
        return list(cells.annotate(place=self._place(group)).values_list("place", "status").annotate(**numbers))

    def _place(self, group: str) -> Any:
        return F(f"learner__{group}")

    # --- rows ---------------------------------------------------------------------------------------------------------
    def rows(self, start: int, stop: int) -> list[Row]:
        """The rows from one place to another, in the order asked for. Three queries: people, cells, exceptions."""
        return self._rows(list(self.found().select_related("site", "team")[start:stop]))

    def all_rows(self) -> Iterator[Row]:
        """Every row, in the same order. The order is asked once; people and cells are then fetched some hundred at a time."""
        keys = list(self.found().values_list("pk", flat=True))
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            people = self.people.select_related("site", "team").in_bulk(part)
            yield from self._rows([people[key] for key in part if key in people])

    def _rows(self, people: Sequence[User]) -> list[Row]:
        if not people:
            return []
        columns = self.columns
        cells = self._made(people)
        rows = []
        for person in people:
            line = tuple(cells.get((person.pk, course.pk)) for course in columns)
            fits = tuple(cell is not None and self._fits(cell) for cell in line)
            rows.append(Row(person, *self._where(person), line, fits))
        return rows

    def _where(self, person: User) -> tuple[str, str]:
        return (person.team.name if person.team else "", person.site.name)

    def _made(self, people: Sequence[User]) -> dict[tuple[int, int], Cell]:
        """The cells of these people by learner and course. Two queries: cells, exceptions."""
        keys = [person.pk for person in people]
        total = Unit.objects.filter(version=OuterRef("enrollment__version")).order_by().values("version")
        done = UnitProgress.objects.filter(
            enrollment=OuterRef("enrollment"),
            completed_at__isnull=False,
            unit__version=OuterRef("enrollment__version"),
        ).order_by()
        cells = self._cells(keys).annotate(
            units_total=Coalesce(Subquery(total.annotate(n=Count("pk")).values("n")), Value(0)),
            units_done=Coalesce(Subquery(done.values("enrollment").annotate(n=Count("pk")).values("n")), Value(0)),
        )
        pauses = self._pauses(keys)
        by_key = {person.pk: person for person in people}
        found: dict[tuple[int, int], Cell] = {}
        for row in cells.select_related("course", "enrollment"):
            person = by_key[row.learner_id]
            today = dates.local_date(self.at, person.zone)
            until = _until(pauses.get(person.pk, ()), row)
            cell = cell_of(row, said_now(row, self.at), person, today, paused_until=until)
            found[row.learner_id, row.course_id] = cell
        return found

    def _pauses(self, learners: Sequence[int]) -> dict[int, list[DutyException]]:
        """The exemptions and leaves that hold, by learner."""
        rows = DutyException.objects.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=self.at),
            learner__in=learners,
            kind__in=(ExceptionKind.EXEMPTION, ExceptionKind.LEAVE),
            starts_at__lte=self.at,
        )
        found: dict[int, list[DutyException]] = {}
        for row in rows.only("learner_id", "kind", "course_id", "ends_on").order_by("pk"):
            found.setdefault(row.learner_id, []).append(row)
        return found

    def _fits(self, cell: Cell) -> bool:
        """In memory what ``_fitting`` asks of the database."""
        asked = self.filters
        todo = cell.completed_on is None
        return (
            (not asked.course or cell.course == asked.course)
            and (not asked.status or cell.status in asked.statuses)
            and (not (asked.due_from or asked.due_to) or (todo and _inside(cell.due_on, asked.due_from, asked.due_to)))
            and (not (asked.ends_from or asked.ends_to) or _inside(cell.expires_on, asked.ends_from, asked.ends_to))
        )


def _at_place(text: str, width: int) -> Any:
    """What stands in a text of fixed places at the place of a row's status."""
    place = StrIndex(Value(_NAMES), Concat(Value("|"), F("status"), Value("|"), output_field=CharField()))
    return Substr(Value(text, output_field=CharField()), place, width)


def _since(then: str) -> Any:
    """The day since which, or on which, it matters: of a revocation, of an end, else the due date. As text, which sorts."""
    days = [
        Substr(Cast(F(name), CharField()), 1, 10)
        for name in (
            "certificate_revoked_at",
            f"{then}renews_until_on",
            "certificate_expires_on",
            f"{then}valid_until_on",
            f"{then}due_on",
        )
    ]
    return Coalesce(*days)


def _has(statuses: Sequence[Status]) -> Q:
    """People whose summed bits hold one of these."""
    bits = sum(1 << _ORDER.index(status) for status in statuses)
    return Q(GreaterThan(F("bits").bitand(bits), 0))


def _between(name: str, first: dt.date | None, last: dt.date | None) -> Q:
    found = Q(**{f"{name}__isnull": False})
    if first is not None:
        found &= Q(**{f"{name}__gte": first})
    if last is not None:
        found &= Q(**{f"{name}__lte": last})
    return found


def _inside(day: dt.date | None, first: dt.date | None, last: dt.date | None) -> bool:
    return day is not None and (first is None or day >= first) and (last is None or day <= last)


def _until(pauses: Sequence[DutyException], row: Any) -> dt.date | None:
    """The last day of the person's exception that makes the status of the row; of several the latest, None when one has no end."""
    kind = ExceptionKind.LEAVE if row.status == Status.ON_LEAVE else ExceptionKind.EXEMPTION
    ends = [pause.ends_on for pause in pauses if pause.kind == kind and pause.course_id in (None, row.course_id)]
    return None if None in ends else max((day for day in ends if day is not None), default=None)
