"""A course can be renewed from now on. Noted by the action that opens the next cycle. A person may switch it off: what is due or
runs out is said later in any case."""

import datetime as dt
from collections.abc import Iterator

from courses.reminders.base import EvidenceReminder
from courses.reminders.moments import Duty, Moment
from courses.requirements.dating import later
from lms.outbox import kinds
from lms.outbox.models import Occasion

TRUE_FOR = 13  # days


class RenewalOpens(EvidenceReminder):
    slug = "renewal_opens"
    label = "Renewal opens"
    optional = True
    noted_when_made = True

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        if duty.fresh and duty.renewal:
            yield Moment(
                self.slug, f"renewal_opens:{duty.ref}", duty.starts_on, self.news_until(duty.starts_on, duty.due_on)
            )

    def news_until(self, noted_on: dt.date, due_on: dt.date) -> dt.date:
        return later(noted_on, TRUE_FOR)

    def reason(self, occasion: Occasion) -> str:
        return "Its renewal opened."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return f"{facts['course'].title} can be renewed now, by {self.printed(facts['due_on'], facts['zone'])}."


kinds.register(RenewalOpens())
