"""You have a new course. Noted by the assigning action."""

import datetime as dt
from collections.abc import Iterator

from courses.reminders.base import DutyReminder
from courses.reminders.moments import Duty, Moment
from courses.requirements.dating import later
from lms.outbox import kinds
from lms.outbox.models import Occasion

TRUE_FOR = 13  # days


class CourseAssigned(DutyReminder):
    slug = "course_assigned"
    label = "Course assigned"
    noted_when_made = True

    def moments(self, duty: Duty, until: dt.date) -> Iterator[Moment]:
        if duty.fresh and not duty.renewal:
            yield Moment(
                self.slug, f"course_assigned:{duty.ref}", duty.starts_on, self.news_until(duty.starts_on, duty.due_on)
            )

    def news_until(self, noted_on: dt.date, due_on: dt.date) -> dt.date:
        return min(later(noted_on, TRUE_FOR), max(noted_on, due_on))

    def reason(self, occasion: Occasion) -> str:
        return "The course was assigned."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return f"{facts['course'].title} is yours to finish by {self.printed(facts['due_on'], facts['zone'])}."


kinds.register(CourseAssigned())
