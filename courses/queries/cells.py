"""One cell of people by courses: how a person stands in a course, in a word and a second line. No answers, no reflections."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from courses.enums import Status
from lms.lib import dates
from lms.people.models import User

#: asked of nobody, so they count neither as done nor as missing
NOT_ASKED = (Status.NOT_REQUIRED, Status.EXEMPT)


class Worded:
    """The words of one assignment as it stands, or stood. Whoever has them has these values."""

    status: Status
    due_on: dt.date
    completed_on: dt.date | None
    expires_on: dt.date | None
    renews_until: dt.date | None
    revoked_on: dt.date | None
    units_done: int
    units_total: int

    @property
    def detail(self) -> str:
        """The second line of a status with whole dates, as lists with one row for a person and course have it."""
        if self.renews_until is not None and self.status in (Status.EXPIRING, Status.EXPIRED):
            word = "runs out" if self.status == Status.EXPIRING else "ran out"
            return f"{word} {dates.long_date(self.renews_until)}, renewal due {dates.long_date(self.due_on)}"
        if self.status in (Status.COMPLETE, Status.EXPIRING):
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
        if self.status == Status.NOT_REQUIRED:
            return "asked no more"
        if self.status == Status.SIGN_OFF_WAITING:
            return f"every unit is done, due {dates.long_date(self.due_on)}"
        if self.status == Status.OVERDUE:
            return f"since {dates.long_date(self.due_on)}"
        return f"due {dates.long_date(self.due_on)}"

    @property
    def progress(self) -> str:
        return f"{self.units_done} of {self.units_total} unit{'' if self.units_total == 1 else 's'}"


@dataclasses.dataclass(frozen=True)
class Cell(Worded):
    """The newest assignment of a course that one person has. ``today`` is the day in the person's own zone, or the past day that is shown;
    ``paused_until`` the last day of the exemption or leave that holds, unless ``past``: spans do not tell it."""

    assignment: uuid.UUID
    course: str
    course_title: str
    status: Status
    today: dt.date
    opens_on: dt.date
    due_on: dt.date
    completed_on: dt.date | None
    expires_on: dt.date | None
    renews_until: dt.date | None
    revoked_on: dt.date | None
    used_on: dt.date | None
    paused_until: dt.date | None
    units_done: int
    units_total: int
    past: bool = False

    @property
    def ends_on(self) -> dt.date | None:
        """When what is held runs out or ran out: its own end, or that of the cycle before while a renewal is open."""
        return self.renews_until or self.expires_on

    @property
    def short(self) -> str:
        """The second line of the cell: to Mar 2027, since Nov 16, in 12 days, 2 of 4 units."""
        if self.status == Status.COMPLETE:
            return f"to {self.expires_on:%b %Y}" if self.expires_on else "no end date"
        if self.status == Status.EXPIRING:
            return in_days(self.ends_on, self.today) if self.ends_on else ""
        if self.status == Status.EXPIRED:
            if self.revoked_on is not None:
                return f"revoked {self._day(self.revoked_on)}"
            return f"since {self._day(self.ends_on)}" if self.ends_on else "no longer valid"
        if self.status == Status.OVERDUE:
            return f"since {self._day(self.due_on)}"
        if self.status == Status.ATTEMPTS_USED:
            return f"since {self._day(self.used_on)}" if self.used_on else ""
        if self.status == Status.OPENS_LATER:
            return f"on {self._day(self.opens_on)}"
        if self.status in (Status.ON_LEAVE, Status.EXEMPT):
            if self.paused_until is None:
                return "" if self.past else "no end date"
            word = "back" if self.status == Status.ON_LEAVE else "ends"
            return f"{word} {self._day(self.paused_until + dt.timedelta(days=1))}"
        if self.status == Status.SIGN_OFF_WAITING:
            return "practice left"
        if self.status == Status.NOT_STARTED:
            return f"due {self._day(self.due_on)}"
        return "" if self.status == Status.NOT_REQUIRED else self.progress

    def _day(self, day: dt.date) -> str:
        return f"{day:%b} {day.day}" if day.year == self.today.year else f"{day:%b} {day.day}, {day.year}"

    @property
    def text(self) -> str:
        """The whole cell as words, as the exports hold it."""
        return f"{self.status.label}, {self.short}" if self.short else self.status.label


@dataclasses.dataclass(frozen=True)
class Row:
    """One person, the names of their team and site, and a cell for each column, None where the course is not theirs. ``fits`` says for each
    whether it is what the filters look for."""

    person: User
    team: str
    site: str
    cells: tuple[Cell | None, ...]
    fits: tuple[bool, ...]

    @property
    def asked(self) -> bool:
        """Whether the person has any of the courses shown."""
        return any(self.cells)

    @property
    def total(self) -> int:
        return sum(cell is not None and cell.status not in NOT_ASKED for cell in self.cells)

    @property
    def complete(self) -> int:
        return sum(cell is not None and cell.status == Status.COMPLETE for cell in self.cells)

    @property
    def roll(self) -> str:
        """4 of 6 complete"""
        if not self.total:
            return "Nothing is asked now" if self.asked else "No course assigned"
        return (
            f"All {self.total} complete" if self.complete == self.total else f"{self.complete} of {self.total} complete"
        )

    @property
    def found(self) -> list[Cell]:
        """The cells that the filters look for."""
        return [cell for cell, fits in zip(self.cells, self.fits, strict=True) if cell is not None and fits]


def in_days(day: dt.date, today: dt.date) -> str:
    left = (day - today).days
    return "today" if left <= 0 else f"in {left} day{'' if left == 1 else 's'}"


@dataclasses.dataclass(frozen=True)
class Said:
    """What an assignment and its run say at an instant; what has not happened by then is None."""

    opens_on: dt.date
    due_on: dt.date
    completed_at: dt.datetime | None
    used_at: dt.datetime | None
    revoked_at: dt.datetime | None
    valid_until_on: dt.date | None
    renews_until_on: dt.date | None


def said_now(row: Any, at: dt.datetime) -> Said:
    """Of an assignment with its enrollment and the annotations of ``with_status``."""
    run = row.enrollment
    return Said(
        opens_on=row.opens_on,
        due_on=row.due_on,
        completed_at=_reached(run.completed_at if run else None, at) or _reached(row.satisfied_at, at),
        used_at=_reached(run.attempts_used_at if run else None, at),
        revoked_at=_reached(row.certificate_revoked_at, at),
        valid_until_on=row.valid_until_on,
        renews_until_on=row.renews_until_on,
    )


def said_then(row: Any) -> Said:
    """Of a row of ``with_status_as_of``. Since when attempts are used up the spans do not tell; a certificate that was revoked later is
    told, since it never counted."""
    return Said(
        opens_on=row.then_opens_on,
        due_on=row.then_due_on,
        completed_at=row.then_completed_at or row.then_satisfied_at,
        used_at=None,
        revoked_at=row.certificate_revoked_at,
        valid_until_on=row.then_valid_until_on,
        renews_until_on=row.then_renews_until_on,
    )


def cell_of(
    row: Any, said: Said, person: User, today: dt.date, *, paused_until: dt.date | None = None, past: bool = False
) -> Cell:
    """From an assignment with its course and the annotations of the status and of the units, and what it says."""
    zone = person.zone
    ends = [] if said.revoked_at is not None else [row.certificate_expires_on, said.valid_until_on]
    return Cell(
        assignment=row.public_id,
        course=row.course.slug,
        course_title=row.course.title,
        status=Status(row.status),
        today=today,
        opens_on=said.opens_on,
        due_on=said.due_on,
        completed_on=_day_of(said.completed_at, zone),
        expires_on=min((day for day in ends if day is not None), default=None),
        renews_until=said.renews_until_on if said.completed_at is None else None,
        revoked_on=_day_of(said.revoked_at, zone),
        used_on=_day_of(said.used_at, zone),
        paused_until=paused_until,
        units_done=row.units_done,
        units_total=row.units_total,
        past=past,
    )


def _reached(instant: dt.datetime | None, at: dt.datetime) -> dt.datetime | None:
    return instant if instant is not None and instant <= at else None


def _day_of(instant: dt.datetime | None, zone: str) -> dt.date | None:
    return dates.local_date(instant, zone) if instant is not None else None
