"""What kinds of mail about an assignment share."""

import dataclasses
import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from courses.models import Assignment
from courses.queries.status import paused
from courses.queries.training import next_step, unit_rows
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from lms.people.models import User


@dataclasses.dataclass(frozen=True)
class Due:
    """One reason to write that a reminder kind found. ``key`` is unique for the reason, for ever."""

    key: str
    recipient: User
    ref: str


class AssignmentKind(kinds.Kind, ABC):
    """A mail about one assignment; ``ref`` is its public id."""

    gathered = True
    why_it_comes = "{organization} requires this course of you"

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
            "button_url": site_url(reverse("course", args=[assignment.enrollment.public_id])),
            "button_label": "Go on where you stopped" if assignment.enrollment.started_at else "Start the course",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        assignment = self.assignment(occasion)
        assert assignment is not None
        assert assignment.enrollment is not None
        due = f"{dates.weekday_date(assignment.due_on)}, end of day ({dates.zone_label(assignment.learner.zone)})"
        return self.sentence(assignment.enrollment.version.title, due)

    @abstractmethod
    def sentence(self, title: str, due: str) -> str:
        """What the line of this kind says of a course with this title and due date."""


class Reminder(AssignmentKind):
    """A kind that the planner asks what is due."""

    @abstractmethod
    def due(self, at: dt.datetime) -> Iterable[Due]:
        """The reasons to write at this instant; said again and again until the day is over, so the key must hold the day."""


def open_assignments(at: dt.datetime) -> Any:
    """Assignments whose learners have something to do at the instant and can be written to. Of those that share an enrollment only the
    one that is due first; none of a person who is exempt or on leave."""
    sooner = Assignment.objects.open().filter(
        Q(due_at__lt=OuterRef("due_at")) | Q(due_at=OuterRef("due_at"), pk__lt=OuterRef("pk")),
        enrollment=OuterRef("enrollment"),
    )
    return (
        Assignment.objects.open()
        .filter(~Exists(sooner), learner__is_active=True, learner__email__isnull=False)
        .exclude(paused(at))
        .select_related("learner__site")
    )
