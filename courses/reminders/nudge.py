"""A supervisor asks somebody to take the time for a course. Noted by the action; counts as gathered mail like the others."""

import datetime as dt
import uuid
from typing import Any

from courses.models import Assignment, Nudge
from courses.reminders.base import AssignmentMail
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.models import User

TRUE_FOR = dt.timedelta(days=7)


class NudgeMail(AssignmentMail):
    """The key holds the public id of the nudge. No planner and no forecast finds it."""

    slug = "nudge"
    label = "A supervisor asks about a course"
    why_it_comes = "somebody who supervises you asks about a course that {organization} requires of you"
    why_in_general = "somebody who supervises you may ask about a course"
    urgent = True

    def rests(self, occasion: Occasion, at: dt.datetime) -> bool:
        """Never: what cannot be said now is dropped, since the supervisor asked about now."""
        return False

    def stale(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        late = at - occasion.created_at > TRUE_FOR
        return "It came too late: the supervisor asked more than a week ago." if late else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        facts = super().context(occasion, at)
        assignment: Assignment = facts["assignment"]
        today = dates.local_date(at, assignment.learner.zone)
        return facts | {
            "supervisor": self._supervisor(occasion),
            "late": facts["days_left"] < 0,
            "ran_out": assignment.renews_until_on is not None and assignment.renews_until_on < today,
            "ends_on": assignment.renews_until_on,
        }

    def reason(self, occasion: Occasion) -> str:
        return "Somebody who supervises the person asked about the course."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        was = "was" if facts["late"] else "is"
        due = self.printed(facts["due_on"], facts["zone"])
        return f"{facts['supervisor']} asks you to take the time for {facts['course'].title}. It {was} due on {due}."

    def _supervisor(self, occasion: Occasion) -> str:
        """The name of who nudged, as it is spelled now."""
        own = occasion.key.partition(":r")[0].removeprefix("nudge:")
        row = Nudge.objects.filter(public_id=uuid.UUID(own)).first()
        name = (
            User.objects.filter(subject=uuid.UUID(row.nudged_by)).values_list("name", flat=True).first()
            if row
            else None
        )
        return name or "Your supervisor"


kinds.register(NudgeMail())
