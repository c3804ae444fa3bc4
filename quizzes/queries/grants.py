"""What a person gets beyond a quiz's own rules, and whose attempts are used."""

import dataclasses
import datetime as dt
from collections import defaultdict

from django.db.models import QuerySet

from courses.models import Assignment, Enrollment, Unit, UnitProgress
from lms.people.models import User
from quizzes.enums import AttemptState
from quizzes.models import Accommodation, Attempt, ExtraAttempt
from quizzes.rules import Grant, terms


def accommodation_of(learner: User) -> Accommodation | None:
    """The one that holds now. For the coordinator's page and for rules; never for a supervisor's page or a record."""
    return Accommodation.objects.filter(learner=learner, ended_at__isnull=True).first()


def grant_of(accommodation: Accommodation | None, opened: int) -> Grant:
    """``opened``: how many attempts were opened for this enrollment and unit."""
    if accommodation is None:
        return Grant(opened=opened)
    return Grant(accommodation.time_factor, accommodation.extra_attempts, opened)


@dataclasses.dataclass(frozen=True)
class UsedUp:
    """A quiz whose attempts a learner has used without passing; nothing but another attempt lets them go on."""

    enrollment: Enrollment
    unit: Unit
    allowed: int
    last_at: dt.datetime


def used_up(learner: User) -> tuple[UsedUp, ...]:
    """The quizzes of a person's open and assigned enrollments whose attempts are used. Five queries, one when there is no attempt."""
    return used_up_of(Enrollment.objects.filter(learner=learner))


def used_up_of(enrollments: QuerySet[Enrollment]) -> tuple[UsedUp, ...]:
    """The same for some enrollments of any people, in as many queries; those that are complete are left out."""
    running = enrollments.filter(completed_at__isnull=True)
    rows = (
        Attempt.objects.filter(enrollment__in=running)
        .select_related("enrollment__version", "enrollment__course", "unit")
        .order_by("enrollment_id", "unit__position", "number")
    )
    sittings: dict[tuple[int, int], list[Attempt]] = defaultdict(list)
    for attempt in rows:
        sittings[attempt.enrollment_id, attempt.unit_id].append(attempt)
    if not sittings:
        return ()
    assigned = set(
        Assignment.objects.filter(enrollment__in=running, withdrawn_at=None).values_list("enrollment_id", flat=True)
    )
    done = set(
        UnitProgress.objects.filter(enrollment__in=running, completed_at__isnull=False).values_list(
            "enrollment_id", "unit_id"
        )
    )
    opened: dict[tuple[int, int], int] = defaultdict(int)
    for pair in ExtraAttempt.objects.filter(enrollment__in=running).values_list("enrollment_id", "unit_id"):
        opened[pair] += 1
    theirs = {
        row.learner_id: row
        for row in Accommodation.objects.filter(learner__in=running.values("learner"), ended_at__isnull=True)
    }
    found = []
    for pair, attempts in sittings.items():
        first, last = attempts[0], attempts[-1]
        grant = grant_of(theirs.get(first.enrollment.learner_id), opened[pair])
        allowed = terms(attempts=first.enrollment.version.attempts, limit_minutes=None, grant=grant).allowed
        closed = all(a.state == AttemptState.SUBMITTED and not a.passed for a in attempts)
        if closed and len(attempts) >= allowed and pair not in done and first.enrollment_id in assigned:
            assert last.submitted_at is not None
            found.append(UsedUp(first.enrollment, first.unit, allowed, last.submitted_at))
    return tuple(found)
