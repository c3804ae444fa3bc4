"""What kinds of mail about an assignment share."""

import dataclasses
import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from courses.calendar.due import calendar_of
from courses.links import answer_links
from courses.models import Assignment
from courses.queries.calendar import due_dates
from courses.queries.replies import pausing
from courses.queries.status import paused
from courses.queries.training import next_step, unit_rows
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Message, Occasion
from lms.people.links import site_url
from lms.people.models import User


@dataclasses.dataclass(frozen=True)
class Due:
    """One reason to write that a reminder kind found. ``key`` is unique for the reason, for ever."""

    key: str
    recipient: User
    ref: str


class AssignmentKind(kinds.Kind, ABC):
    """A mail about one assignment; ``ref`` is its public id. ``dated``: its due date lies ahead, and goes along as a calendar file."""

    gathered = True
    dated: ClassVar[bool] = True

    def assignment(self, occasion: Occasion) -> Assignment | None:
        rows = Assignment.objects.select_related("learner__site", "course", "enrollment__version")
        return rows.filter(public_id=occasion.ref).first()

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        assignment = self.assignment(occasion)
        if assignment is None or assignment.withdrawn_at is not None:
            return "The course is no longer assigned."
        if assignment.enrollment is not None and assignment.enrollment.completed_at is not None:
            return "The course is complete."
        if assignment.satisfied_at is not None:
            return "Learning elsewhere was accepted for this course."
        if Assignment.objects.filter(paused(at), pk=assignment.pk).exists():
            return "The person is exempt or on leave."
        if Assignment.objects.filter(pausing(at), pk=assignment.pk).exists():
            return "The person answered a reminder, and somebody decides first."
        return self.too_late(assignment, occasion, at)

    def too_late(self, assignment: Assignment, occasion: Occasion, at: dt.datetime) -> str | None:
        """Why this mail would be stale now; None if it is still true."""
        return None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        assignment = self.assignment(occasion)
        assert assignment is not None
        assert assignment.enrollment is not None
        step = next_step(assignment.enrollment)
        return {
            "assignment": assignment,
            "course": assignment.enrollment.version,
            "learner": assignment.learner,
            "due_on": assignment.due_on,
            "zone": dates.zone_label(assignment.learner.zone),
            "days_left": (assignment.due_on - dates.local_date(at, assignment.learner.zone)).days,
            "step": step,
            "minutes_left": sum(row.minutes_left for row in unit_rows(assignment.enrollment) if not row.done),
            "started": assignment.enrollment.started_at is not None,
            "answers": answer_links(assignment),
            "button_url": site_url(reverse("course", args=[assignment.enrollment.public_id])),
            "button_label": "Go on where you stopped" if assignment.enrollment.started_at else "Start the course",
        }

    def attachments(self, message: Message) -> list[kinds.Attachment]:
        """The due dates of all occasions of the message that are about open assignments and lie ahead, in one file: the same from
        whichever of their kinds."""
        if not self.dated:
            return []
        refs = [occasion.ref for occasion in message.occasions.all() if _dated(occasion.kind)]
        dues = due_dates(Assignment.objects.open().filter(public_id__in=refs))
        if not dues:
            return []
        name = f"Due {dues[0].due_on}.ics" if len(dues) == 1 else "Due dates.ics"
        return [kinds.Attachment(name, calendar_of(dues), "text/calendar; method=PUBLISH")]

    def answers(self, occasion: Occasion) -> list[dict[str, str]]:
        """On leave, not my role, done elsewhere, blocked."""
        assignment = self.assignment(occasion)
        return answer_links(assignment) if assignment is not None else []

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        assignment = self.assignment(occasion)
        assert assignment is not None
        assert assignment.enrollment is not None
        due = f"{dates.weekday_date(assignment.due_on)}, end of day ({dates.zone_label(assignment.learner.zone)})"
        return self.sentence(assignment.enrollment.version.title, due)

    @abstractmethod
    def sentence(self, title: str, due: str) -> str:
        """What the line of this kind says of a course with this title and due date."""


def _dated(slug: str) -> bool:
    return any(isinstance(kind, AssignmentKind) and kind.dated for kind in kinds.all_kinds() if kind.slug == slug)


class Reminder(AssignmentKind):
    """A kind that the planner asks what is due."""

    @abstractmethod
    def due(self, at: dt.datetime) -> Iterable[Due]:
        """The reasons to write at this instant; said again and again until the day is over, so the key must hold the day."""


def open_assignments(at: dt.datetime) -> Any:
    """Assignments whose learners have something to do at the instant and can be written to. Of those that share an enrollment only the
    one that is due first; none of a person who is exempt or on leave, and none that an open answer pauses."""
    sooner = Assignment.objects.open().filter(
        Q(due_at__lt=OuterRef("due_at")) | Q(due_at=OuterRef("due_at"), pk__lt=OuterRef("pk")),
        enrollment=OuterRef("enrollment"),
    )
    return (
        Assignment.objects.open()
        .filter(~Exists(sooner), learner__is_active=True, learner__email__isnull=False)
        .exclude(paused(at))
        .exclude(pausing(at))
        .select_related("learner__site")
    )
