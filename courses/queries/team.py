"""What a supervisor sees: people by courses. One query object feeds the page and the CSV alike."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from courses.enums import ATTENTION, Status
from courses.models import Assignment, Unit
from courses.queries.status import with_status
from lms.lib import dates
from lms.people.models import User


@dataclasses.dataclass(frozen=True)
class TeamRow:
    """One assignment of one person, as a supervisor sees it. No answers, no reflections."""

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

    @property
    def detail(self) -> str:
        """The second line of the status, in words."""
        if self.renews_until is not None and self.status in (Status.EXPIRING, Status.EXPIRED):
            ends = dates.long_date(self.renews_until)
            word = "runs out" if self.status == Status.EXPIRING else "ran out"
            return f"{word} {ends}, renewal due {dates.long_date(self.due_on)}"
        if self.status == Status.COMPLETE or self.status == Status.EXPIRING:
            until = f"valid to {dates.long_date(self.expires_on)}" if self.expires_on else "does not expire"
            return f"completed {dates.long_date(self.completed_on)}, {until}" if self.completed_on else until
        if self.status == Status.EXPIRED:
            if self.revoked_on is not None:
                return f"certificate revoked on {dates.long_date(self.revoked_on)}"
            return f"since {dates.long_date(self.expires_on)}" if self.expires_on else "no longer valid"
        if self.status == Status.EXEMPT:
            return "nothing is asked while the exemption lasts"
        if self.status == Status.ON_LEAVE:
            return "due dates move when the person is back"
        if self.status == Status.SIGN_OFF_WAITING:
            return f"every unit is done, due {dates.long_date(self.due_on)}"
        if self.status == Status.OVERDUE:
            return f"since {dates.long_date(self.due_on)}"
        return f"due {dates.long_date(self.due_on)}"

    @property
    def progress(self) -> str:
        return f"{self.units_done} of {self.units_total} unit{'' if self.units_total == 1 else 's'}"


@dataclasses.dataclass(frozen=True)
class TeamPage:
    """All rows of the page in its order, and the counts that stand on top."""

    rows: tuple[TeamRow, ...]
    people_without: tuple[User, ...]
    at: dt.datetime

    @property
    def people(self) -> int:
        return len({row.person.pk for row in self.rows} | {person.pk for person in self.people_without})

    def count(self, *statuses: Status) -> int:
        return sum(row.status in statuses for row in self.rows)


def team_page(
    people: QuerySet[User], at: dt.datetime, *, course: str = "", status: str = "", search: str = ""
) -> TeamPage:
    """People by courses, what needs attention first: by status, then by how long it is due, then by name.

    ``people`` is what the viewer may see. Filters narrow by course slug, status, and a part of the name. People without any
    assignment come apart, and only when nothing is filtered by course or status. Withdrawn assignments are left out.
    """
    if search:
        people = people.filter(name__icontains=search)
    assignments = latest(people)
    if course:
        assignments = assignments.filter(course__slug=course)
    rows = with_status(assignments, at)
    if status:
        rows = rows.filter(Q(status=status))
    total = (
        Unit.objects.filter(version=OuterRef("enrollment__version"))
        .order_by()
        .values("version")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = rows.annotate(
        units_done=Count(
            "enrollment__progress",
            filter=Q(
                enrollment__progress__completed_at__isnull=False,
                enrollment__progress__unit__version=F("enrollment__version"),
            ),
        ),
        units_total=Coalesce(Subquery(total), Value(0)),
    ).select_related("learner__site", "learner__team", "course", "enrollment")
    listed = sorted((_team_row(a) for a in rows), key=_order)
    without: Iterable[User] = ()
    if not course and not status:
        without = (
            people.exclude(pk__in=Assignment.objects.filter(withdrawn_at__isnull=True).values("learner"))
            .select_related("site", "team")
            .order_by("name")
        )
    return TeamPage(tuple(listed), tuple(without), at)


def latest(people: QuerySet[User]) -> QuerySet[Assignment]:
    """Each person's newest cycle of each course. Of those that share it: one that is still asked, what counts for the shortest time, what
    is due first. The others stay in the person's record."""
    newest = (
        Assignment.objects.filter(learner=OuterRef("learner"), course=OuterRef("course"), withdrawn_at__isnull=True)
        .order_by(
            "-cycle",
            F("ended_at").asc(nulls_first=True),
            F("valid_until_at").asc(nulls_last=True),
            "due_at",
            "pk",
        )
        .values("pk")[:1]
    )
    return Assignment.objects.filter(learner__in=people, withdrawn_at__isnull=True, pk=Subquery(newest))


def _team_row(a: Assignment) -> TeamRow:
    zone = a.learner.zone
    done = a.enrollment.completed_at if a.enrollment else None
    completed = done or a.satisfied_at
    ends = [a.certificate_expires_on, a.valid_until_on]  # type: ignore[attr-defined]  # annotated by with_status
    return TeamRow(
        person=a.learner,
        assignment=a.public_id,
        course_title=a.course.title,
        course_slug=a.course.slug,
        status=Status(a.status),  # type: ignore[attr-defined]  # annotated by with_status
        due_on=a.due_on,
        completed_on=dates.local_date(completed, zone) if completed else None,
        expires_on=min((day for day in ends if day is not None), default=None),
        renews_until=a.renews_until_on if completed is None else None,
        revoked_on=dates.local_date(a.certificate_revoked_at, zone) if a.certificate_revoked_at else None,  # type: ignore[attr-defined]
        units_done=a.units_done,  # type: ignore[attr-defined]
        units_total=a.units_total,  # type: ignore[attr-defined]
        zone=zone,
        reachable=a.learner.email is not None,
    )


def _order(row: TeamRow) -> tuple[int, dt.date, str, str]:
    when = row.due_on
    if row.status in (Status.EXPIRED, Status.EXPIRING):
        when = row.revoked_on or row.renews_until or row.expires_on or row.due_on
    return (ATTENTION[row.status], when, row.person.name.casefold(), row.course_title)


CSV_HEAD = (
    "Name",
    "Team",
    "Site",
    "Course",
    "Status",
    "Detail",
    "Due",
    "Completed",
    "Valid to",
    "Progress",
    "Reachable by mail",
)


def csv_row(row: TeamRow) -> tuple[object, ...]:
    """The row of the page as cells; dates as YYYY-MM-DD."""
    return (
        row.person.name,
        row.person.team.name if row.person.team else "",
        row.person.site.name,
        row.course_title,
        row.status.label,
        row.detail,
        row.due_on,
        row.completed_on or "",
        row.expires_on or "",
        row.progress,
        "yes" if row.reachable else "no",
    )
