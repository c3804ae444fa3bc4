"""You have a new course. Announced by the assigning action."""

from courses.reminders.base import AssignmentKind
from lms.outbox import kinds


class CourseAssigned(AssignmentKind):
    slug = "course_assigned"
    label = "Course assigned"


kinds.register(CourseAssigned())
