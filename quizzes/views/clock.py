"""What a page says about the time of an attempt. The server's clock alone counts; the script only shows it."""

import dataclasses
import datetime as dt

from lms.lib import dates
from quizzes.enums import ClosedBy
from quizzes.models import Attempt
from quizzes.rules import GRACE, left_in_words


@dataclasses.dataclass(frozen=True)
class Clock:
    """``left`` and ``closes`` are whole milliseconds from now to the deadline and to the end of its grace."""

    until: str
    words: str
    left: int
    closes: int

    @property
    def over(self) -> bool:
        return self.left <= 0


def clock_of(attempt: Attempt, at: dt.datetime) -> Clock | None:
    """The time of an open attempt at this instant; None without a time limit."""
    if attempt.deadline_at is None:
        return None
    zone = attempt.enrollment.learner.zone
    left = attempt.deadline_at - at
    until = dates.time_of_day(attempt.deadline_at, zone)
    day = dates.local_date(attempt.deadline_at, zone)
    return Clock(
        until=until if day == dates.local_date(at, zone) else f"{dates.weekday_date(day)}, {until}",
        words=left_in_words(left),
        left=int(left.total_seconds() * 1000),
        closes=int((left + GRACE).total_seconds() * 1000),
    )


def closed_sentence(attempt: Attempt) -> str:
    """How an attempt that the learner did not hand in came to be closed; empty for the others."""
    if attempt.closed_by != ClosedBy.DEADLINE or attempt.deadline_at is None:
        return ""
    at = dates.time_of_day(attempt.deadline_at, attempt.enrollment.learner.zone)
    return f"The time was over at {at}, and the answers stored until then were handed in."


def refused_sentence(attempt: Attempt) -> str:
    """Why an answer is not stored any more."""
    closed = closed_sentence(attempt)
    if closed:
        return f"{closed} What came later is not stored."
    return "This quiz was handed in before, so this answer was not stored."
