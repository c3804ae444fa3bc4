"""The rules of a quiz as they hold for one person: attempts, time, and which result counts. Pure: no ORM, no clock."""

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from quizzes.enums import Counts

GRACE = dt.timedelta(seconds=30)
"""How long after the deadline the last answer may still arrive. Learners are told; nothing else uses the time."""


@dataclasses.dataclass(frozen=True)
class Grant:
    """What a person gets beyond the quiz's own rules: an accommodation, and attempts opened for this enrollment and unit."""

    time_factor: Decimal = Decimal(1)
    extra_attempts: int = 0
    opened: int = 0


NOTHING = Grant()


@dataclasses.dataclass(frozen=True)
class Terms:
    """What one person has at one quiz. ``time`` None is no limit."""

    allowed: int
    time: dt.timedelta | None

    @property
    def minutes(self) -> int | None:
        """The time in whole minutes, as it is told before the start. Never more than there is."""
        return None if self.time is None else int(self.time.total_seconds() // 60)

    def deadline(self, started_at: dt.datetime, stored: dt.datetime | None = None) -> dt.datetime | None:
        """When the time of an attempt is over. ``stored`` is the deadline that it already has: the later of the two, so a change
        of rules only ever extends. None is no deadline; an attempt that began without one gets none."""
        if self.time is None:
            return stored
        return max(started_at + self.time, stored) if stored is not None else started_at + self.time


def terms(*, attempts: int, limit_minutes: int | None, grant: Grant = NOTHING) -> Terms:
    """The one place that computes attempts and time: the quiz's own rules and what the person gets beyond them.

    Attempts add up. The time limit is multiplied by the factor and rounded up to a whole minute.
    """
    time = None
    if limit_minutes is not None:
        time = dt.timedelta(minutes=math.ceil(limit_minutes * grant.time_factor))
    return Terms(allowed=attempts + grant.extra_attempts + grant.opened, time=time)


def time_is_over(deadline_at: dt.datetime | None, at: dt.datetime) -> bool:
    """Whether a request that arrived at ``at`` is too late: deadline and grace have passed."""
    return deadline_at is not None and at >= deadline_at + GRACE


class Sat(Protocol):
    """A handed-in attempt, or whatever stands for one."""

    @property
    def number(self) -> int: ...
    @property
    def passed(self) -> bool | None: ...
    @property
    def points(self) -> Decimal | None: ...


S = TypeVar("S", bound=Sat)


def counting(sittings: Sequence[S], counts: str) -> S | None:
    """Whose result counts, of the handed-in attempts at one quiz; None of none.

    A pass is never lost: as soon as one passed, only those that passed are compared. Then ``best`` takes the most points (of
    equals, the first) and ``last`` the latest.
    """
    rows = sorted([s for s in sittings if s.passed] or sittings, key=lambda s: s.number)
    if not rows:
        return None
    if counts == Counts.LAST:
        return rows[-1]
    return max(rows, key=lambda s: (s.points or Decimal(0), -s.number))


def minutes_in_words(minutes: int) -> str:
    """45 minutes, one hour, 1 hour 30 minutes"""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} minute{'' if rest == 1 else 's'}"
    if not rest:
        return "one hour" if hours == 1 else f"{hours} hours"
    return f"{hours} hour{'' if hours == 1 else 's'} {rest} minute{'' if rest == 1 else 's'}"


def left_in_words(left: dt.timedelta) -> str:
    """22 minutes left: rounded up to the minute, and below one minute said as that."""
    seconds = left.total_seconds()
    if seconds <= 0:
        return "the time is over"
    if seconds < 60:
        return "less than a minute left"
    return f"{minutes_in_words(math.ceil(seconds / 60))} left"


FACTORS = {
    "1": "The usual time",
    "1.25": "A quarter more time",
    "1.5": "One and a half times the usual time",
    "2": "Twice the usual time",
    "3": "Three times the usual time",
}


def factor_in_words(factor: Decimal) -> str:
    plain = f"{factor.normalize():f}"
    return FACTORS.get(plain, f"{plain} times the usual time")
