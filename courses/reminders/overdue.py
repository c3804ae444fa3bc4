"""Overdue by one day and by seven, counted in local dates."""

import datetime as dt
from collections.abc import Iterable

from courses.models import Assignment
from courses.reminders.base import Due, Reminder, open_assignments
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion

DAYS = (1, 7)


def key(assignment: Assignment, days: int) -> str:
    return f"overdue:{assignment.public_id}:{assignment.due_on:%Y-%m-%d}:{days}"


class Overdue(Reminder):
    slug = "overdue"
    label = "Overdue"

    def due(self, at: dt.datetime) -> Iterable[Due]:
        """Assignments whose due date was one or seven local days ago. After an outage of some days only the true number is said."""
        window = (at - dt.timedelta(days=max(DAYS) + 1), at)
        for assignment in open_assignments(at).filter(due_at__range=window):
            days = (dates.local_date(at, assignment.learner.zone) - assignment.due_on).days
            if days in DAYS:
                yield Due(key(assignment, days), assignment.learner, str(assignment.public_id))

    def sentence(self, title: str, due: str) -> str:
        return f"{title} was due on {due}. You can still finish it; nothing is closed."

    def too_late(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        days = (dates.local_date(at, assignment.learner.zone) - assignment.due_on).days
        if days < 1:
            return "The due date has changed."
        planned = next((n for n in DAYS if occasion.key.startswith(key(assignment, n))), None)
        if planned is None:
            return "The due date has changed."
        return (
            None
            if days == planned
            else f"It says {planned} day{'' if planned == 1 else 's'} overdue, and it is {days} now."
        )


kinds.register(Overdue())
