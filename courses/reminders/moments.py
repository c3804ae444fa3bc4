"""When there is a reason to write about a duty, in local days of the person. Pure: what the planner notes, what is asked again just
before sending, and what a forecast counts are the same moments.

A moment holds from a first to a last day, so that whatever comes late (a weekend, a cap, an outage) is still said while it is true
and is dropped when it is not.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator

from courses.requirements.dating import after_leave, later

DAY = dt.timedelta(days=1)
BREATH = 14  # days that anybody has at least once an exemption is over
FOREVER = dt.date.max


@dataclasses.dataclass(frozen=True)
class Sleep:
    """Days on which nobody is written to about a duty: a leave, after which its date moves, or an exemption."""

    first: dt.date
    last: dt.date
    leave: bool


@dataclasses.dataclass(frozen=True)
class Duty:
    """One course that one person must hold, as reminders see it. ``holder`` names person and course; ``days`` are the person's working
    days; ``ends_on`` is the last day of the evidence that it renews or, once fulfilled, of what fulfils it; ``fresh`` marks one that
    does not exist yet (a forecast's); ``silent_from``: another duty speaks for it from that day on."""

    ref: str
    holder: str
    starts_on: dt.date
    due_on: dt.date
    open: bool
    days: str
    renewal: bool = False
    ends_on: dt.date | None = None
    sleeps: tuple[Sleep, ...] = ()
    fresh: bool = False
    silent_from: dt.date = FOREVER

    def asleep(self, day: dt.date) -> bool:
        return day < self.starts_on or day >= self.silent_from or self.rests(day)

    def rests(self, day: dt.date) -> bool:
        """Whether what is noted already waits on this day for the end of a leave or an exemption."""
        return any(sleep.first <= day <= sleep.last for sleep in self.sleeps)

    def as_of(self, day: dt.date) -> "Duty":
        """The duty as it stands on a day: sleeps that are over by then have moved its date."""
        due_on = self.due_on
        for sleep in self.sleeps:
            if sleep.last < day and self.open:
                back_on = later(sleep.last, 1)
                if sleep.leave:
                    due_on = after_leave(due_on, leave_from=max(sleep.first, self.starts_on), back_on=back_on)
                else:
                    due_on = max(due_on, later(back_on, BREATH))
        return self if due_on == self.due_on else dataclasses.replace(self, due_on=due_on)


@dataclasses.dataclass(frozen=True)
class Moment:
    """A reason to write that is true from its first to its last day."""

    kind: str
    key: str
    first: dt.date
    last: dt.date

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


def working_before(day: dt.date, days: str) -> dt.date:
    """The day itself if the person works then, else the working day before it."""
    while str(day.isoweekday()) not in days:
        day -= DAY
    return day


def working_after(day: dt.date, days: str) -> dt.date:
    """The day itself if the person works then, else the working day after it."""
    while str(day.isoweekday()) not in days:
        day += DAY
    return day


def before(end: dt.date, numbers: tuple[int, ...], days: str) -> Iterator[tuple[int, dt.date, dt.date]]:
    """So many days before an end (numbers from the largest): each with the first and the last day on which it is to be said. A first
    day on which the person does not work moves forward, so that nobody hears of a Sunday on Monday."""
    firsts = [working_before(later(end, -number), days) for number in numbers]
    lasts = [*(first - DAY for first in firsts[1:]), end]
    for number, first, last in zip(numbers, firsts, lasts, strict=True):
        if first <= last:
            yield number, first, last
