"""What a learner has to do, how far they are, and the one next step."""

import dataclasses
import datetime as dt
from collections.abc import Iterable

from django.db.models import Prefetch

from courses.enums import ExceptionKind, Status
from courses.models import Assignment, Certificate, DutyException, Enrollment, Unit, UnitProgress
from courses.queries.status import Facts, spans_of, status_of
from lms.lib import dates, numbers
from lms.people.models import User


@dataclasses.dataclass(frozen=True)
class UnitRow:
    """A unit of an enrollment with what was done on it."""

    unit: Unit
    progress: UnitProgress | None

    @property
    def done(self) -> bool:
        return self.progress is not None and self.progress.completed_at is not None

    @property
    def read(self) -> bool:
        return self.progress is not None and self.progress.read_at is not None

    @property
    def opened(self) -> bool:
        return self.progress is not None

    @property
    def section_title(self) -> str:
        """The heading that the learner last saw, or nothing."""
        place = self.progress.place if self.progress else ""
        return next((s["title"] for s in self.unit.sections if s["id"] == place), "")

    @property
    def minutes_left(self) -> int:
        """The rest of the reading, by the share of sections not yet seen; at least one minute."""
        if self.progress is None or not self.progress.place:
            return self.unit.minutes
        ids = [s["id"] for s in self.unit.sections]
        seen = ids.index(self.progress.place) if self.progress.place in ids else 0
        return max(1, round(self.unit.minutes * (len(ids) - seen) / max(1, len(ids))))

    @property
    def minutes_read(self) -> int:
        return self.unit.minutes - self.minutes_left

    @property
    def points(self) -> str:
        """Of the attempt that passed, as people read it."""
        return numbers.points(self.progress.points if self.progress else None)

    @property
    def read_words(self) -> str:
        return f"Read: {self.minutes_read} of {self.unit.minutes} minutes"


@dataclasses.dataclass(frozen=True)
class NextStep:
    """The first unit that is not completed. ``quiz`` says that its reading is done and the quiz is what comes next."""

    row: UnitRow
    number: int
    total: int
    quiz: bool


@dataclasses.dataclass(frozen=True)
class TrainingRow:
    """One assignment as a learner sees it."""

    assignment: Assignment
    enrollment: Enrollment
    units: tuple[UnitRow, ...]
    certificate: Certificate | None
    status: Status
    zone: str

    @property
    def done(self) -> int:
        return sum(row.done for row in self.units)

    @property
    def total(self) -> int:
        return len(self.units)

    @property
    def minutes(self) -> int:
        return sum(row.unit.minutes for row in self.units)

    @property
    def minutes_left(self) -> int:
        """Of the units that are not done, by the share not yet read."""
        return sum(row.minutes_left for row in self.units if not row.done)

    @property
    def open(self) -> bool:
        return self.enrollment.completed_at is None and self.assignment.satisfied_at is None

    @property
    def valid_until(self) -> dt.date | None:
        """The last day on which what fulfils it counts; None when it does not run out."""
        ends = [self.assignment.valid_until_on, self.certificate.expires_on if self.certificate else None]
        return min((day for day in ends if day is not None), default=None)

    @property
    def step(self) -> NextStep | None:
        return next_step_of(self.units)

    @property
    def waits_for_sign_off(self) -> bool:
        """Every unit is done; also when it is overdue."""
        return self.open and self.enrollment.awaits_sign_off_at is not None


@dataclasses.dataclass(frozen=True)
class Training:
    """The page My training: what is open, most urgent first; what opens later; what rests while the person is exempt or on leave; what
    is done, newest first. One row for each enrollment, however many duties share it."""

    todo: tuple[TrainingRow, ...]
    later: tuple[TrainingRow, ...]
    done: tuple[TrainingRow, ...]
    paused: tuple[TrainingRow, ...] = ()

    @property
    def next(self) -> TrainingRow | None:
        return self.todo[0] if self.todo else None

    @property
    def late(self) -> int:
        return sum(row.status == Status.OVERDUE for row in self.todo)


def facts_of(
    assignment: Assignment,
    enrollment: Enrollment | None,
    certificate: Certificate | None,
    exceptions: Iterable[DutyException] = (),
) -> Facts:
    """``exceptions`` are all of the assignment's learner; without them a status knows of no exemption and no leave."""
    rows = list(exceptions)
    return Facts(
        opens_at=assignment.opens_at,
        due_at=assignment.due_at,
        withdrawn_at=assignment.withdrawn_at,
        started_at=enrollment.started_at if enrollment else None,
        completed_at=enrollment.completed_at if enrollment else None,
        attempts_used_at=enrollment.attempts_used_at if enrollment else None,
        expires_at=certificate.expires_at if certificate else None,
        revoked_at=certificate.revoked_at if certificate else None,
        satisfied_at=assignment.satisfied_at,
        valid_until_at=assignment.valid_until_at,
        renews_until_at=assignment.renews_until_at,
        ended_at=assignment.ended_at,
        exempt=spans_of(rows, assignment.course_id, ExceptionKind.EXEMPTION),
        leave=spans_of(rows, assignment.course_id, ExceptionKind.LEAVE),
        awaits_sign_off_at=enrollment.awaits_sign_off_at if enrollment else None,
    )


def training_of(learner: User, at: dt.datetime) -> Training:
    """Everything that My training shows, in a fixed number of queries. Withdrawn assignments are left out."""
    exceptions = list(DutyException.objects.filter(learner=learner))
    rows = _foremost([_row(a, learner.zone, at, exceptions) for a in _assignments(learner)])
    open_rows = [r for r in rows if r.open]
    resting = (Status.EXEMPT, Status.ON_LEAVE)
    todo = sorted((r for r in open_rows if r.status not in (Status.OPENS_LATER, *resting)), key=_urgency)
    later = [r for r in open_rows if r.status == Status.OPENS_LATER]
    paused = [r for r in open_rows if r.status in resting]
    done = sorted((r for r in rows if not r.open), key=lambda r: (_done_at(r), r.assignment.pk), reverse=True)
    return Training(tuple(todo), tuple(later), tuple(done), tuple(paused))


def _done_at(row: TrainingRow) -> dt.datetime:
    done = row.enrollment.completed_at or row.assignment.satisfied_at
    assert done is not None
    return done


def _foremost(rows: list[TrainingRow]) -> list[TrainingRow]:
    """One row of each enrollment: an open duty before one that is done, one that is still asked before one that is not, then what counts
    for the shortest time, then what is due first."""
    best: dict[int, TrainingRow] = {}
    for row in sorted(rows, key=_weight):
        best.setdefault(row.enrollment.pk, row)
    return list(best.values())


def _weight(row: TrainingRow) -> tuple[bool, bool, dt.date, dt.date, int]:
    return (
        not row.open,
        row.assignment.ended_at is not None,
        row.valid_until or dt.date.max,
        row.assignment.due_on,
        row.assignment.pk,
    )


def _urgency(row: TrainingRow) -> tuple[bool, dt.date, bool, int]:
    """What cannot be worked on now comes last (attempts used, and where only a sign-off is missing); then by due date, started before not
    started."""
    return (
        row.status == Status.ATTEMPTS_USED or row.waits_for_sign_off,
        row.assignment.due_on,
        row.enrollment.started_at is None,
        row.assignment.pk,
    )


def _assignments(learner: User) -> list[Assignment]:
    return list(
        Assignment.objects.filter(learner=learner, withdrawn_at__isnull=True, enrollment__isnull=False)
        .select_related("course", "accepted", "enrollment__version", "enrollment__course")
        .prefetch_related(
            "enrollment__version__units",
            "enrollment__progress",
            Prefetch("enrollment__certificates", Certificate.objects.filter(superseded_at__isnull=True)),
        )
        .order_by("due_at", "pk")
    )


def _row(assignment: Assignment, zone: str, at: dt.datetime, exceptions: list[DutyException]) -> TrainingRow:
    enrollment = assignment.enrollment
    assert enrollment is not None
    certificate = next(iter(enrollment.certificates.all()), None)
    return TrainingRow(
        assignment=assignment,
        enrollment=enrollment,
        units=unit_rows(enrollment),
        certificate=certificate,
        status=status_of(facts_of(assignment, enrollment, certificate, exceptions), at),
        zone=zone,
    )


def unit_rows(enrollment: Enrollment) -> tuple[UnitRow, ...]:
    """The units of the enrollment's version, in order, with their progress."""
    progress = {p.unit_id: p for p in enrollment.progress.all()}
    return tuple(UnitRow(unit, progress.get(unit.pk)) for unit in enrollment.version.units.all())


def next_step_of(units: tuple[UnitRow, ...]) -> NextStep | None:
    for number, row in enumerate(units, start=1):
        if not row.done:
            return NextStep(row, number, len(units), quiz=row.read)
    return None


def next_step(enrollment: Enrollment) -> NextStep | None:
    """The learner's next step in this enrollment; None when everything is done."""
    return next_step_of(unit_rows(enrollment))


def due_words(assignment: Assignment, zone: str) -> str:
    """Wednesday, December 9, end of day (Denver time)"""
    return f"{dates.weekday_date(assignment.due_on)}, end of day ({dates.zone_label(zone)})"
