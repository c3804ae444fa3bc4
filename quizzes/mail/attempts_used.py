"""Somebody used all attempts at a quiz. To their supervisors and the coordinators, who can open another."""

import datetime as dt
import uuid
from typing import Any

from django.urls import reverse

from courses.models import Enrollment, Unit
from courses.reminders.helping import helpers_home
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.queries.teams import supervisors_of
from quizzes.queries.standing import standing


class AttemptsUsed(kinds.Kind):
    """``ref`` is the enrollment's public id, the unit's key and the number of attempts that were allowed."""

    slug = "attempts_used"
    label = "Somebody used all attempts"
    gathered = True
    urgent = True
    why_it_comes = "you supervise the person whom it is about, or coordinate training at {organization}"
    why_in_general = "you supervise people, or coordinate training at {organization}"

    def home(self, recipient: Any) -> kinds.Home:
        return helpers_home(recipient)

    def concerns(self, recipient: Any) -> bool:
        return roles.is_coordinator(recipient) or roles.is_supervisor(recipient)

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        enrollment, unit, allowed = self._about(occasion)
        now = standing(enrollment, unit, at)
        if now.passed or not now.enrollment_open:
            return "The quiz was passed since."
        if not now.assigned:
            return "The course is no longer assigned."
        if not now.all_used or now.allowed != allowed:
            return "Another attempt was opened since."
        learner, recipient = enrollment.learner, occasion.recipient
        if not learner.is_active:
            return "The account is not active."
        if recipient.is_coordinator or recipient in supervisors_of(learner):
            return None
        return "The recipient no longer supervises this person."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        enrollment, unit, allowed = self._about(occasion)
        learner = enrollment.learner
        address = reverse("open_attempt", args=[learner.public_id, enrollment.public_id, unit.slug])
        return {
            "person": learner,
            "course": enrollment.version,
            "unit": unit,
            "allowed": allowed,
            "button_url": site_url(address),
            "button_label": "Open another attempt",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        enrollment, unit, allowed = self._about(occasion)
        return (
            f"{enrollment.learner.name} has used all {allowed} attempts at the quiz of “{unit.title}” "
            f"({enrollment.version.title}) and cannot go on alone. You can open another attempt on their page."
        )

    def _about(self, occasion: Occasion) -> tuple[Enrollment, Unit, int]:
        enrollment, unit, allowed = occasion.ref.split(":")
        rows = Enrollment.objects.select_related("learner__site", "learner__team", "version", "course")
        return rows.get(public_id=uuid.UUID(enrollment)), Unit.objects.get(pk=int(unit)), int(allowed)


kinds.register(AttemptsUsed())
