"""Assignments and people as of the end of a past day, read from the spans that follow the record (``courses.actions.spans``).

The contract, for whoever shows lists (team page, matrix, their exports):

- ``with_status_as_of(assignments, day, known)`` is the twin of ``with_status`` for a past day. It annotates the same names (``status``,
  ``certificate_expires_at``, ``certificate_expires_on``, ``certificate_revoked_at``), and beside them, as ``then_...``, what the columns
  of an assignment and its enrollment said then: ``then_due_on``, ``then_opens_on``, ``then_started_at``, ``then_completed_at``,
  ``then_satisfied_at``, ``then_valid_until_on``, ``then_renews_until_on``, ``then_withdrawn_at``, ``then_ended_at``, and ``moment``, the
  instant that is shown. It leaves out assignments that were not made, or not known, by then. **Do not filter by the columns of today**
  (``withdrawn_at``, ``due_on`` ...): give all assignments of the people, and filter the answer by ``then_...`` and ``status``.
- ``newest_as_of(people, day, known)`` is the same for each person's newest cycle of each course that was not withdrawn then (what
  the matrix shows); ``newest_of(rows, day, known)`` keeps these among any assignments. ``with_units_as_of(rows)`` adds ``units_done`` and ``units_total``; then ``past_row(row)`` is the
  ``PastRow`` of then, whose ``detail``, ``progress`` and ``csv_row`` are those of today's page.
- ``people_below_as_of(viewer, day, known)``: who was, then, active in a team that the viewer supervises now or in one below; with
  ``then_team``, ``then_site`` (keys), ``then_team_name``, ``then_site_name``. ``people_as_of(day, known)`` is everybody who was active.
- ``Known.THEN``: what had been recorded by the end of that day. ``Known.NOW``: what we know today about that day, so with corrections
  that were recorded later. For today itself both say what ``with_status`` says at today's last instant.
- A day is the day of each person's own zone (as it is today), and is shown as it was at its last instant: what is due
  on that day, or valid to it, is not over. Give ``day`` a past day or today; ``courses.queries.asof`` does not check it.

``courses.forms.asof.AsOfForm`` reads day and knowledge from the address and says in a sentence why a day cannot be shown;
``components/as_of.html`` is the bar for the page (it wants ``page_url`` and ``form.context``; ``as_of_keep``: name
and value of the other filters of the address; ``as_of_label``, ``as_of_button``: other words; ``as_of_back``: today's page with them).

A list costs one query more than today's (the zones in use, or give ``zones`` where you have them); spans come by one join on
the assignment.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Case, Count, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from courses.enums import Known, Status
from courses.models import Assignment, PlaceSpan, StatusSpan, Unit, UnitProgress
from courses.queries.cells import Worded
from lms.lib import dates
from lms.people.models import User
from lms.people.queries.people import zones_in_use
from lms.people.queries.teams import team_ids_below

INSTANT = dt.timedelta(microseconds=1)
SAME = ("status", "certificate_expires_at", "certificate_expires_on", "certificate_revoked_at")
THEN = (
    "opens_on",
    "due_on",
    "started_at",
    "completed_at",
    "satisfied_at",
    "valid_until_on",
    "renews_until_on",
    "withdrawn_at",
    "ended_at",
)


@dataclasses.dataclass(frozen=True)
class PastRow(Worded):
    """One assignment of one person, as it stood. No answers, no reflections."""

    person: User
    assignment: uuid.UUID
    course_title: str
    course_slug: str
    status: Status
    due_on: dt.date
    completed_on: dt.date | None
    expires_on: dt.date | None
    renews_until: dt.date | None
    revoked_on: dt.date | None
    units_done: int
    units_total: int
    zone: str
    reachable: bool


def moment_of(day: dt.date, zone: str) -> dt.datetime:
    """The last instant of a day in a zone."""
    return dates.end_of_day(day, zone) - INSTANT


def with_status_as_of(
    assignments: QuerySet[Assignment], day: dt.date, known: Known, zones: Sequence[str] | None = None
) -> QuerySet[Assignment]:
    """The assignments as they stood at the end of the day. The contract stands on top of this file."""
    rows = assignments.annotate(moment=_moments(day, "learner__", zones))
    rows = rows.filter(holding(known, F("moment"), "spans__"))
    return rows.annotate(
        **{name: F(f"spans__{name}") for name in SAME}, **{f"then_{name}": F(f"spans__{name}") for name in THEN}
    )


def newest_as_of(people: QuerySet[User], day: dt.date, known: Known) -> QuerySet[Assignment]:
    """Each person's newest cycle of each course then."""
    return newest_of(Assignment.objects.filter(learner__in=people), day, known)


def newest_of(
    assignments: QuerySet[Assignment], day: dt.date, known: Known, zones: Sequence[str] | None = None
) -> QuerySet[Assignment]:
    """Of these assignments, with their status then, each person's newest cycle of each course that was not withdrawn. Of those that share
    it: one that was still asked, one that nothing from elsewhere fulfilled, what counts for the shortest time, what is due first."""
    rows = with_status_as_of(assignments, day, known, zones)
    newest = (
        StatusSpan.objects.filter(
            holding(known, OuterRef("moment")),
            learner=OuterRef("learner"),
            course=OuterRef("course"),
            withdrawn_at__isnull=True,
        )
        .order_by(
            "-cycle",
            F("ended_at").asc(nulls_first=True),
            Case(When(satisfied_at__isnull=True, then=0), default=1),
            F("valid_until_on").asc(nulls_last=True),
            "due_on",
            "assignment",
        )
        .values("assignment")[:1]
    )
    return rows.filter(pk=Subquery(newest))


def with_units_as_of(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Rows of ``with_status_as_of`` with how many units of their edition were completed then, and of how many."""
    done = UnitProgress.objects.filter(
        enrollment=OuterRef("enrollment"),
        unit__version=OuterRef("enrollment__version"),
        completed_at__lte=OuterRef("moment"),
    )
    number = done.order_by().values("enrollment").annotate(n=Count("pk")).values("n")
    total = Unit.objects.filter(version=OuterRef("enrollment__version")).order_by().values("version")
    return rows.annotate(
        units_done=Coalesce(Subquery(number), Value(0)),
        units_total=Coalesce(Subquery(total.annotate(n=Count("pk")).values("n")), Value(0)),
    ).select_related("learner__site", "learner__team", "course", "enrollment")


def past_row(a: Any) -> PastRow:
    """A row of ``with_units_as_of`` as the team page knows rows. The person is as today: give the place of then beside it."""
    zone = a.learner.zone
    completed = a.then_completed_at or a.then_satisfied_at
    ends = [] if a.certificate_revoked_at is not None else [a.certificate_expires_on, a.then_valid_until_on]
    return PastRow(
        person=a.learner,
        assignment=a.public_id,
        course_title=a.course.title,
        course_slug=a.course.slug,
        status=Status(a.status),
        due_on=a.then_due_on,
        completed_on=dates.local_date(completed, zone) if completed else None,
        expires_on=min((day for day in ends if day is not None), default=None),
        renews_until=a.then_renews_until_on if completed is None else None,
        revoked_on=dates.local_date(a.certificate_revoked_at, zone) if a.certificate_revoked_at else None,
        units_done=a.units_done,
        units_total=a.units_total,
        zone=zone,
        reachable=a.learner.email is not None,
    )


def people_as_of(day: dt.date, known: Known, zones: Sequence[str] | None = None) -> QuerySet[User]:
    """Everybody whose account was active then, with the place that they had."""
    rows = User.objects.annotate(moment=_moments(day, "", zones))
    rows = rows.filter(holding(known, F("moment"), "places__"), places__active=True)
    return rows.annotate(
        then_team=F("places__team"),
        then_site=F("places__site"),
        then_team_name=F("places__team__name"),
        then_site_name=F("places__site__name"),
    ).select_related("site", "team")


def people_below_as_of(viewer: User, day: dt.date, known: Known) -> QuerySet[User]:
    """Those of them who were in a team that the viewer supervises today, or in one below."""
    return people_as_of(day, known).filter(Q(then_team__in=team_ids_below(viewer)))


def place_as_of(known: Known, what: str) -> Any:
    """The key of the site or team where the learner of a row of ``with_status_as_of`` was then."""
    return Subquery(
        PlaceSpan.objects.filter(holding(known, OuterRef("moment")), learner=OuterRef("learner")).values(what)[:1]
    )


def _moments(day: dt.date, way: str, zones: Sequence[str] | None) -> Any:
    """The last instant of the day in each person's own zone. ``way`` leads to the person."""
    field = DateTimeField()
    if zones is None:
        zones = zones_in_use()
    if not zones:
        return Value(moment_of(day, "UTC"), output_field=field)
    cases = [
        When(
            Q(**{f"{way}own_zone": name}) | Q(**{f"{way}own_zone": "", f"{way}site__zone": name}),
            then=Value(moment_of(day, name), output_field=field),
        )
        for name in zones
    ]
    return Case(*cases, output_field=field)


def holding(known: Known, moment: Any, way: str = "") -> Q:
    """The one span of an assignment, or place of a person, that holds at the moment. ``way`` leads to it."""
    begun = Q(**{f"{way}valid_from__lte": moment})
    lasting = Q(**{f"{way}valid_to__isnull": True}) | Q(**{f"{way}valid_to__gt": moment})
    if known == Known.NOW:
        return begun & lasting & Q(**{f"{way}recorded_to__isnull": True})
    told = Q(**{f"{way}recorded_from__lte": moment})
    standing = Q(**{f"{way}recorded_to__isnull": True}) | Q(**{f"{way}recorded_to__gt": moment})
    return begun & lasting & told & standing
