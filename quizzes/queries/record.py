"""A person's training record as supervisors, the coordinator and the person may see it: results, never the options chosen."""

import dataclasses
import datetime as dt
import itertools
import json

from django.db.models import Prefetch

from courses.enums import Known, Status
from courses.models import Assignment, Certificate, DutyException, Enrollment
from courses.queries.status import status_of
from courses.queries.training import UnitRow, facts_of, unit_rows
from lms.lib import dates
from lms.outbox import kinds as mail_kinds
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from quizzes.enums import AttemptState
from quizzes.models import Attempt, Rescore
from quizzes.queries.results import counted, raised_by
from quizzes.rules import counting


@dataclasses.dataclass(frozen=True)
class ObjectiveLine:
    text: str
    right: int
    total: int
    critical_missed: bool


@dataclasses.dataclass(frozen=True)
class AttemptLine:
    """One attempt: number, date, whole minutes from start to hand-in, the score that counts now, result by objective, whether its
    result counts; ``raised`` if a correction changed it after hand-in."""

    attempt: Attempt
    unit_title: str
    minutes: int | None
    objectives: tuple[ObjectiveLine, ...]
    counts: bool
    raised: Rescore | None = None


@dataclasses.dataclass(frozen=True)
class CourseLine:
    """One assignment with its run: units, attempts, certificates. Older cycles are lines of their own."""

    assignment: Assignment
    enrollment: Enrollment | None
    status: Status
    units: tuple[UnitRow, ...]
    attempts: tuple[AttemptLine, ...]
    certificates: tuple[Certificate, ...]

    @property
    def done(self) -> int:
        return sum(row.done for row in self.units)


@dataclasses.dataclass(frozen=True)
class Happening:
    """One event of the record in words, newest first by the time it took effect."""

    kind: EventKind
    at: dt.datetime
    detail: str


def course_lines(person: User, at: dt.datetime, *, until: dt.datetime | None = None) -> tuple[CourseLine, ...]:
    """All assignments of a person, newest first, withdrawn ones too, in a fixed number of queries. With ``until``, whatever was
    assigned, handed in or issued after that instant is left out."""
    until = until or dt.datetime.max.replace(tzinfo=dt.UTC)
    attempts = (
        Attempt.objects.filter(state=AttemptState.SUBMITTED, submitted_at__lte=until)
        .select_related("unit", "quiz")
        .order_by("unit__position", "number")
    )
    rows = (
        Assignment.objects.filter(learner=person, assigned_at__lte=until)
        .select_related("course", "enrollment__version", "requirement")
        .prefetch_related(
            "enrollment__version__units",
            "enrollment__progress",
            Prefetch("enrollment__attempts", attempts.prefetch_related("rescores")),
            Prefetch(
                "enrollment__certificates",
                Certificate.objects.filter(issued_at__lte=until).order_by("-issued_at", "-pk"),
            ),
        )
        .order_by("-assigned_at", "-pk")
    )
    exceptions = list(DutyException.objects.filter(learner=person))
    return tuple(_line(a, at, exceptions) for a in rows)


def _line(assignment: Assignment, at: dt.datetime, exceptions: list[DutyException]) -> CourseLine:
    enrollment = assignment.enrollment
    certificates = tuple(enrollment.certificates.all()) if enrollment else ()
    standing = next((c for c in certificates if c.superseded_at is None), None)
    return CourseLine(
        assignment=assignment,
        enrollment=enrollment,
        status=status_of(facts_of(assignment, enrollment, standing, exceptions), at),
        units=unit_rows(enrollment) if enrollment else (),
        attempts=_attempts(counted(enrollment.attempts.all())) if enrollment else (),
        certificates=certificates,
    )


def _attempts(attempts: list[Attempt]) -> tuple[AttemptLine, ...]:
    """In their order; of several at one quiz, the one whose result counts is marked."""
    counted = set()
    for _, sittings in itertools.groupby(attempts, key=lambda a: a.unit_id):
        rows = list(sittings)
        chosen = counting(rows, rows[0].quiz.counts)
        if chosen is not None and len(rows) > 1:
            counted.add(chosen.pk)
    return tuple(_attempt(a, counts=a.pk in counted) for a in attempts)


def _attempt(attempt: Attempt, *, counts: bool) -> AttemptLine:
    texts = attempt.unit.objective_texts
    minutes = None
    if attempt.submitted_at is not None:
        minutes = max(1, round((attempt.submitted_at - attempt.started_at).total_seconds() / 60))
    lines = tuple(
        ObjectiveLine(texts.get(o, ""), right, total, missed) for o, right, total, missed in attempt.by_objective or []
    )
    return AttemptLine(attempt, attempt.unit.title, minutes, lines, counts, raised_by(attempt))


#: What a supervisor reads of the record; the rest (site words shown, units read) is detail that helps nobody here.
TOLD = (
    EventKind.PERSON_ADDED,
    EventKind.PERSON_INVITED,
    EventKind.PERSON_JOINED,
    EventKind.TEAM_JOINED,
    EventKind.TEAM_LEFT,
    EventKind.ROLE_CHANGED,
    EventKind.COURSE_ASSIGNED,
    EventKind.ASSIGNMENT_MOVED,
    EventKind.ASSIGNMENT_WITHDRAWN,
    EventKind.ASSIGNMENT_SATISFIED,
    EventKind.ASSIGNMENT_ENDED,
    EventKind.ASSIGNMENT_NUDGED,
    EventKind.EXCEPTION_GRANTED,
    EventKind.EXCEPTION_ENDED,
    EventKind.COURSE_STARTED,
    EventKind.QUIZ_SUBMITTED,
    EventKind.ATTEMPT_OPENED,
    EventKind.QUIZ_RESCORED,
    EventKind.SIGN_OFF_AWAITED,
    EventKind.SIGN_OFF_RECORDED,
    EventKind.SIGN_OFF_VOIDED,
    EventKind.ASSESSOR_NAMED,
    EventKind.ASSESSOR_ENDED,
    EventKind.COURSE_COMPLETED,
    EventKind.CERTIFICATE_ISSUED,
    EventKind.CERTIFICATE_REVOKED,
    EventKind.CERTIFICATE_REISSUED,
    EventKind.MESSAGE_SENT,
)


def happenings(
    person: User, titles: dict[str, str], *, limit: int = 30, until: dt.datetime | None = None, known: str = Known.NOW
) -> list[Happening]:
    """The last entries of a person's record in words, of those that took effect by ``until`` (and, known then, were recorded by then).
    ``titles`` gives course titles by slug.

    Mail about a new password is left out: it is nobody else's business, and strangers can ask for it.
    """
    events = TrainingEvent.objects.filter(subject=person.subject, kind__in=TOLD)
    events = events.exclude(kind=EventKind.MESSAGE_SENT, payload__contains='"kind":"password_reset"')
    if until is not None:
        events = events.filter(effective_at__lte=until)
        events = events.filter(recorded_at__lte=until) if known == Known.THEN else events
    events = events.order_by("-effective_at", "-seq")[:limit]
    return [Happening(EventKind(e.kind), e.effective_at, _detail(json.loads(e.payload), titles)) for e in events]


def _detail(payload: dict[str, object], titles: dict[str, str]) -> str:
    parts = [titles.get(str(payload.get("course", "")), "")]
    if "message" in payload:
        parts.append(mail_kinds.label(str(payload.get("kind", ""))))
    if "points" in payload and "out_of" in payload:
        parts.append(f"attempt {payload['number']}, {'passed' if payload.get('passed') else 'not yet passed'}")
    if "due_on" in payload:
        parts.append(f"due {_day(payload['due_on'])}")
    if "to" in payload and "from" in payload:
        same = payload["from"] == payload["to"]
        parts.append(f"due {_day(payload['to'])}" if same else f"from {_day(payload['from'])} to {_day(payload['to'])}")
    if payload.get("reason"):
        parts.append(str(payload["reason"]))
    if "number" in payload and "certificate" in payload:
        parts.append(str(payload["number"]))
    return " \u00b7 ".join(part for part in parts if part)


def _day(text: object) -> str:
    return dates.long_date(dt.date.fromisoformat(str(text)))
