"""What was completed has run out."""

import datetime as dt
from collections.abc import Iterator

from courses.reminders.base import EvidenceReminder
from courses.reminders.moments import Duty, Moment, working_after
from courses.requirements.dating import later
from lms.outbox import kinds
from lms.outbox.models import Occasion

TRUE_FOR = 13  # days; after them other mail says that the renewal is overdue


class Expired(EvidenceReminder):
    slug = "expired"
    label = "Has run out"
    urgent = True
    dated = False

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        """Skips what had run out before the renewal opened: that mail said so."""
        if duty.ends_on is not None and duty.starts_on <= duty.ends_on:
            first = working_after(later(duty.ends_on, 1), duty.days)
            yield Moment(self.slug, f"expired:{duty.holder}:{duty.ends_on:%Y-%m-%d}", first, later(first, TRUE_FOR))

    def reason(self, occasion: Occasion) -> str:
        return f"It counted to {self.said_of(occasion)[0]}."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return (
            f"{facts['course'].title} counted to {self.printed(facts['ends_on'], facts['zone'])}. {facts['what_to_do']}"
        )


kinds.register(Expired())
