"""Due in 14 days, in 3, today; said on the working day before when the person does not work then, and with the true number."""

import datetime as dt
from collections.abc import Iterator

from courses.reminders.base import DutyReminder
from courses.reminders.moments import Duty, Moment, before
from lms.outbox import kinds
from lms.outbox.models import Occasion

NUMBERS = (14, 3, 0)


class DueSoon(DutyReminder):
    slug = "due_soon"
    label = "Due soon"

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        """Skips what falls on the day on which the course was assigned, or before: that mail named the date."""
        if duty.open:
            for number, first, last in before(duty.due_on, NUMBERS, duty.days):
                if first > duty.starts_on:
                    yield Moment(self.slug, f"due_soon:{duty.ref}:{duty.due_on:%Y-%m-%d}:{number}", first, last)

    def reason(self, occasion: Occasion) -> str:
        day, number = self.said_of(occasion)
        return f"{self.days(number)} before the due date of {day}." if number else f"The due date itself, {day}."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return f"{facts['course'].title} is due {facts['when']}: {self.printed(facts['due_on'], facts['zone'])}."


kinds.register(DueSoon())
