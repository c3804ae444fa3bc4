"""Where a learner stands with a quiz: what the rules allow now, and the rules in words."""

import dataclasses
import datetime as dt

from courses.models import Enrollment, Unit, UnitProgress
from quizzes.enums import AttemptState
from quizzes.models import Attempt, ExtraAttempt, Quiz
from quizzes.queries.grants import accommodation_of, grant_of
from quizzes.queries.results import counted
from quizzes.rules import Terms, counting, terms


@dataclasses.dataclass(frozen=True)
class Standing:
    """``next_at`` is set while the wait between attempts runs, ``opens_at`` before the course opens; ``open`` is the attempt in progress.

    ``terms`` are the learner's own rules, ``counts`` the handed-in attempt whose result counts, and ``opened_at`` when another
    attempt was opened last.
    """

    passed: bool
    open: Attempt | None
    last: Attempt | None
    counts: Attempt | None
    used: int
    terms: Terms
    opened_at: dt.datetime | None
    next_at: dt.datetime | None
    enrollment_open: bool
    assigned: bool
    opens_at: dt.datetime | None

    @property
    def allowed(self) -> int:
        return self.terms.allowed

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)

    @property
    def may_start(self) -> bool:
        ready = self.enrollment_open and self.assigned and self.opens_at is None
        return ready and not self.passed and self.open is None and self.left > 0 and self.next_at is None

    @property
    def all_used(self) -> bool:
        return not self.passed and self.open is None and self.left == 0


def standing(enrollment: Enrollment, unit: Unit, at: dt.datetime) -> Standing:
    """Reads the attempts of this enrollment and unit, and what the learner gets beyond the quiz's rules. The limit counts within the
    enrollment."""
    quiz = Quiz.objects.get(unit=unit)
    opened = list(ExtraAttempt.objects.filter(enrollment=enrollment, unit=unit).values_list("opened_at", flat=True))
    attempts = counted(Attempt.objects.filter(enrollment=enrollment, unit=unit).order_by("number"))
    submitted = [a for a in attempts if a.state == AttemptState.SUBMITTED]
    last = submitted[-1] if submitted else None
    passed = (
        any(a.passed for a in submitted)
        or UnitProgress.objects.filter(enrollment=enrollment, unit=unit, completed_at__isnull=False).exists()
    )
    next_at = None
    if not passed and last is not None and last.submitted_at is not None:
        wait_ends = last.submitted_at + dt.timedelta(minutes=enrollment.version.wait_minutes)
        next_at = wait_ends if wait_ends > at else None
    opens = list(enrollment.assignments.filter(withdrawn_at__isnull=True).values_list("opens_at", flat=True))
    return Standing(
        passed=passed,
        open=next((a for a in attempts if a.state == AttemptState.IN_PROGRESS), None),
        last=last,
        counts=counting(submitted, quiz.counts),
        used=len(attempts),
        terms=terms(
            attempts=enrollment.version.attempts,
            limit_minutes=quiz.time_limit_minutes,
            grant=grant_of(accommodation_of(enrollment.learner), len(opened)),
        ),
        opened_at=max(opened, default=None),
        next_at=next_at,
        enrollment_open=enrollment.completed_at is None,
        assigned=bool(opens),
        opens_at=min(opens) if opens and min(opens) > at else None,
    )


def allowed_attempts(attempt: Attempt) -> int:
    """How many attempts the learner has at this quiz, as every page of an attempt says it. Two queries."""
    enrollment = attempt.enrollment
    opened = ExtraAttempt.objects.filter(enrollment=enrollment, unit_id=attempt.unit_id).count()
    grant = grant_of(accommodation_of(enrollment.learner), opened)
    return terms(attempts=enrollment.version.attempts, limit_minutes=None, grant=grant).allowed
