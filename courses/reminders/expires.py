"""What was completed runs out in 30 days, in 7."""

import datetime as dt
from collections.abc import Iterator

from courses.reminders.base import EvidenceReminder
from courses.reminders.moments import Duty, Moment, before
from lms.outbox import kinds
from lms.outbox.models import Occasion

NUMBERS = (30, 7)


class Expires(EvidenceReminder):
    slug = "expires"
    label = "Runs out soon"

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        """Skips what falls on the day on which the renewal opened, or before: that mail named the date."""
        if duty.ends_on is not None:
            for number, first, last in before(duty.ends_on, NUMBERS, duty.days):
                if first > duty.starts_on:
                    yield Moment(self.slug, f"expires:{duty.holder}:{duty.ends_on:%Y-%m-%d}:{number}", first, last)

    def reason(self, occasion: Occasion) -> str:
        day, number = self.said_of(occasion)
        return f"{self.days(number)} before {day}, the last day on which it counts."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return (
            f"{facts['course'].title} counts to {self.printed(facts['ends_on'], facts['zone'])}. {facts['what_to_do']}"
        )


kinds.register(Expires())
