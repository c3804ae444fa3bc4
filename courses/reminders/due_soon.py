"""Due in three days, counted in local dates."""

import datetime as dt
from collections.abc import Iterable

from courses.models import Assignment
from courses.reminders.base import Due, Reminder, open_assignments
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion

DAYS = 3


def key(assignment: Assignment) -> str:
    return f"due_soon:{assignment.public_id}:{assignment.due_on:%Y-%m-%d}"


class DueSoon(Reminder):
    slug = "due_soon"
    label = "Due in 3 days"

    def due(self, at: dt.datetime) -> Iterable[Due]:
        """Assignments made before today whose due date is three local days away: not sooner, and not when fewer days remain."""
        window = (at + dt.timedelta(days=DAYS - 1), at + dt.timedelta(days=DAYS + 2))
        for assignment in open_assignments(at).filter(due_at__range=window):
            zone = assignment.learner.zone
            today = dates.local_date(at, zone)
            if (assignment.due_on - today).days == DAYS and dates.local_date(assignment.assigned_at, zone) < today:
                yield Due(key(assignment), assignment.learner, str(assignment.public_id))

    def sentence(self, title: str, due: str) -> str:
        return f"{title} is due in three days: {due}."

    def too_late(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        if not occasion.key.startswith(key(assignment)):
            return "The due date has changed."
        days = (assignment.due_on - dates.local_date(at, assignment.learner.zone)).days
        return None if days == DAYS else f"It says 3 days, and {max(days, 0)} remain."


kinds.register(DueSoon())
