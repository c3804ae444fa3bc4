"""Overdue by one day, by seven, and then every fourteen days, with the true number."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

from courses.queries.escalations import who_is_told
from courses.reminders.base import USED_UP, DutyReminder
from courses.reminders.moments import DAY, Duty, Moment, working_after
from courses.requirements.dating import later
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion

NUMBERS = (1, 7)
EVERY = 14


class Overdue(DutyReminder):
    slug = "overdue"
    label = "Overdue"
    urgent = True
    dated = False

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        """Each holds until the next one begins."""
        if not duty.open:
            return
        numbers = itertools.chain(NUMBERS, itertools.count(NUMBERS[-1] + EVERY, EVERY))
        for number, following in itertools.pairwise(numbers):
            first = working_after(later(duty.due_on, number), duty.days)
            if first > until:
                return
            last = working_after(later(duty.due_on, following), duty.days) - DAY
            if first <= last:
                yield Moment(self.slug, f"overdue:{duty.ref}:{duty.due_on:%Y-%m-%d}:{number}", first, last)

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        facts = super().context(occasion, at)
        return facts | {"who_is_told": who_is_told(facts["assignment"], dates.local_date(at, facts["learner"].zone))}

    def reason(self, occasion: Occasion) -> str:
        day, number = self.said_of(occasion)
        return f"{self.days(number)} after the due date of {day}."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        what = USED_UP if facts["used_up"] else "You can still finish it."
        return f"{facts['course'].title} was due on {self.printed(facts['due_on'], facts['zone'])}. {what}"


kinds.register(Overdue())
