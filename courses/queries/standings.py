"""How each person of a team stands with each course, as light as a whole team's can be read, and the words for one of them."""

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import QuerySet

from courses.enums import DueKind, Status
from courses.models import Assignment
from courses.queries.newest import newest
from courses.queries.status import with_status
from lms.lib import dates
from lms.people.models import User
from lms.people.queries.people import zone_of

LATE = (Status.OVERDUE, Status.EXPIRED)
DUE = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.SIGN_OFF_WAITING, Status.ATTEMPTS_USED)


class Standing(NamedTuple):
    """One assignment, as light as the whole team's can be read."""

    pk: int
    learner: int
    course: int
    title: str
    status: str
    due_on: dt.date
    due_at: dt.datetime
    completed_at: dt.datetime | None
    satisfied_at: dt.datetime | None
    certificate_expires_on: dt.date | None
    valid_until_on: dt.date | None
    renews_until_on: dt.date | None
    revoked_at: dt.datetime | None
    due_kind: str | None
    why: dict[str, object]
    zone: str

    @property
    def open(self) -> bool:
        return self.completed_at is None and self.satisfied_at is None

    @property
    def before_first_shift(self) -> bool:
        """A renewal is due by the end of what it renews, whatever the rule says of the first cycle."""
        return self.due_kind == DueKind.FIRST_SHIFT and self.renews_until_on is None and not self.why.get("renewal")

    @property
    def ends_on(self) -> dt.date | None:
        """The last day of what is held, or of what the cycle before left."""
        ends = (self.certificate_expires_on, self.valid_until_on, self.renews_until_on if self.open else None)
        return min((day for day in ends if day is not None), default=None)


def standings_of(people: QuerySet[User], at: dt.datetime) -> list[Standing]:
    rows: QuerySet[Any] = with_status(newest(people), at).order_by()
    return [
        Standing(*row)
        for row in rows.values_list(
            "pk",
            "learner",
            "course",
            "course__title",
            "status",
            "due_on",
            "due_at",
            "enrollment__completed_at",
            "satisfied_at",
            "certificate_expires_on",
            "valid_until_on",
            "renews_until_on",
            "certificate_revoked_at",
            "rule__due_kind",
            "why",
            zone_of("learner__"),
        )
    ]


def since(row: Standing) -> dt.date:
    if row.revoked_at is not None and row.status == Status.EXPIRED:
        return dates.local_date(row.revoked_at, row.zone)
    return (row.ends_on if row.status in (Status.EXPIRED, Status.EXPIRING) else None) or row.due_on


def badge(row: Standing) -> str:
    return "due" if row.status in DUE else row.status


def word(row: Standing, today: dt.date) -> str:
    if row.status == Status.EXPIRED:
        return "Expired"
    if row.status == Status.EXPIRING:
        assert row.ends_on is not None
        return f"Expires {_in_days((row.ends_on - today).days)}"
    days = (today - row.due_on).days
    if row.status == Status.OVERDUE:
        return f"Overdue {days} day{'' if days == 1 else 's'}"
    return f"Due {_in_days(-days)}"


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def sentences(row: Standing, assignment: Assignment, today: dt.date) -> str:
    """The row's sentences: what, since when or until when, how far, who."""
    parts = []
    if row.status in (Status.EXPIRED, Status.EXPIRING):
        ends = short_date(since(row), today)
        if row.revoked_at is not None and row.status == Status.EXPIRED:
            parts.append(f"{row.title}: the certificate was revoked on {ends}.")
        else:
            parts.append(f"{row.title} {'ran' if row.status == Status.EXPIRED else 'runs'} out on {ends}.")
        if row.open:
            parts.append(f"Renewal due {short_date(row.due_on, today)}, {_progress(assignment)}.")
        else:
            parts.append("No renewal is open; the training coordinator can assign it again.")
    else:
        parts.append(f"{row.title}, due {short_date(row.due_on, today)}, {_progress(assignment)}.")
    if row.before_first_shift:
        shift = assignment.learner.first_shift_on
        when = f" on {short_date(shift, today)}" if shift else ""
        parts.append(f"The rule asks for it before the first shift{when}.")
    if assignment.learner.job_role:
        parts.append(f"{assignment.learner.job_role}.")
    return " ".join(parts)


def _progress(assignment: Assignment) -> str:
    done, total = assignment.units_done, assignment.units_total  # type: ignore[attr-defined]  # annotated by _full
    if assignment.enrollment is None or assignment.enrollment.started_at is None:
        return "not started"
    return f"{done} of {total} unit{'' if total == 1 else 's'} done"


def short_date(day: dt.date, today: dt.date) -> str:
    """November 23, with the year where it is another one."""
    return f"{day:%B} {day.day}" if day.year == today.year else dates.long_date(day)
