"""A course can be renewed from now on. Noted by the action that opens the next cycle. A person may switch it off: what is due or
runs out is said later in any case."""

import datetime as dt
from collections.abc import Iterator

from courses.models import Assignment
from courses.reminders.base import EvidenceReminder
from courses.reminders.moments import Duty, Moment
from courses.requirements.dating import later
from lms.lib import dates
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
            yield Moment(self.slug, f"renewal_opens:{duty.ref}", duty.starts_on, later(duty.starts_on, TRUE_FOR))

    def stale(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        zone = assignment.learner.zone
        last = later(dates.local_date(occasion.created_at, zone), TRUE_FOR)
        return None if dates.local_date(at, zone) <= last else "It came too late to be news; other reminders say it."

    def reason(self, occasion: Occasion) -> str:
        return "Its renewal opened."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return f"{facts['course'].title} can be renewed now, by {self.printed(facts['due_on'], facts['zone'])}."


kinds.register(RenewalOpens())
