"""Where a learner stands with a quiz: what the rules allow now, and the rules in words."""

import dataclasses
import datetime as dt

from courses.models import Enrollment, Unit, UnitProgress
from quizzes.enums import AttemptState
from quizzes.models import Attempt
from quizzes.queries.results import counted


@dataclasses.dataclass(frozen=True)
class Standing:
    """``next_at`` is set while the wait between attempts runs, ``opens_at`` before the course opens; ``open`` is the attempt in progress."""

    passed: bool
    open: Attempt | None
    last: Attempt | None
    used: int
    allowed: int
    next_at: dt.datetime | None
    enrollment_open: bool
    assigned: bool
    opens_at: dt.datetime | None

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
    """Reads the attempts of this enrollment and unit. The limit counts within the enrollment."""
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
        used=len(attempts),
        allowed=enrollment.version.attempts,
        next_at=next_at,
        enrollment_open=enrollment.completed_at is None,
        assigned=bool(opens),
        opens_at=min(opens) if opens and min(opens) > at else None,
    )
