"""You have a new course. Noted by the assigning action."""

from courses.reminders.base import AssignmentKind
from lms.outbox import kinds


class CourseAssigned(AssignmentKind):
    slug = "course_assigned"
    label = "Course assigned"

    def sentence(self, title: str, due: str) -> str:
        return f"{title} is yours to finish by {due}."


kinds.register(CourseAssigned())
