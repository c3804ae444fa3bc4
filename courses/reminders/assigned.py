"""You have a new course. Noted by the assigning action."""

import datetime as dt
from collections.abc import Iterator

from courses.models import Assignment
from courses.reminders.base import DutyReminder
from courses.reminders.moments import Duty, Moment
from courses.requirements.dating import later
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion

TRUE_FOR = 13  # days


class CourseAssigned(DutyReminder):
    slug = "course_assigned"
    label = "Course assigned"
    noted_when_made = True

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        if duty.fresh and not duty.renewal:
            yield Moment(self.slug, f"course_assigned:{duty.ref}", duty.starts_on, _last(duty.starts_on, duty.due_on))

    def stale(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        zone = assignment.learner.zone
        last = _last(dates.local_date(occasion.created_at, zone), assignment.due_on)
        return None if dates.local_date(at, zone) <= last else "It came too late to be news; other reminders say it."

    def reason(self, occasion: Occasion) -> str:
        return "The course was assigned."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return f"{facts['course'].title} is yours to finish by {self.printed(facts['due_on'], facts['zone'])}."


def _last(first: dt.date, due_on: dt.date) -> dt.date:
    return min(later(first, TRUE_FOR), max(first, due_on))


kinds.register(CourseAssigned())
