"""A course is overdue for so many days that those who answer for the learner are told. Never before the learner."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from courses.models import Assignment
from courses.queries.escalations import after_days, escalated, was_reminded
from courses.reminders.base import PAUSED, Due, Reminder
from courses.reminders.helping import helpers_home
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.models import User
from lms.people.queries.teams import answerable_for, supervisors_of


class Escalation(Reminder):
    """``ref`` is the assignment's public id. Said once to each of ``answerable_for`` for a due date; what is told to nobody, since nobody
    answers for the learner but the learner, is not noted."""

    slug = "escalation"
    label = "Somebody is overdue"
    why_it_comes = "you supervise the person whom it is about, or coordinate training at {organization}"
    why_in_general = "you supervise people, or coordinate training at {organization}"

    def home(self, recipient: User) -> kinds.Home:
        return helpers_home(recipient)

    def concerns(self, recipient: User) -> bool:
        return roles.is_coordinator(recipient) or roles.is_supervisor(recipient)

    def due(self, at: dt.datetime) -> Iterator[Due]:
        days = after_days()
        if not days:
            return
        rows = escalated(at, days)
        known = set(
            Occasion.objects.filter(kind=self.slug, ref__in=[str(row.public_id) for row in rows]).values_list(
                "key", flat=True
            )
        )
        said = {key.rpartition(":")[0] for key in known}
        for row in rows:
            about = f"escalation:{row.public_id}:{row.due_on:%Y-%m-%d}"
            if about not in said:
                for person in answerable_for(row.learner):
                    if person.email:
                        yield Due(self.slug, f"{about}:{person.pk}", person, str(row.public_id))

    def assignment(self, occasion: Occasion) -> Assignment | None:
        rows = Assignment.objects.select_related("learner__site", "learner__team", "course", "enrollment")
        return rows.filter(public_id=occasion.ref).first()

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        row = self.assignment(occasion)
        if row is None or row.withdrawn_at is not None:
            return "The course is no longer assigned."
        if row.satisfied_at is not None or (row.enrollment is not None and row.enrollment.completed_at is not None):
            return "The course was completed since."
        if occasion.key.split(":")[2] != str(row.due_on):
            return "The due date has moved since."
        if not row.learner.is_active:
            return "The account is not active."
        recipient = occasion.recipient
        if recipient not in supervisors_of(row.learner) and not recipient.is_coordinator:
            return "The recipient no longer supervises this person."
        return None if self._holds(occasion, at) else PAUSED

    def rests(self, occasion: Occasion, at: dt.datetime) -> bool:
        """While the learner is exempt or on leave, or has answered a reminder and waits."""
        row = self.assignment(occasion)
        return row is not None and row.withdrawn_at is None and not self._holds(occasion, at) and self._open(row)

    @staticmethod
    def _open(row: Assignment) -> bool:
        return row.satisfied_at is None and (row.enrollment is None or row.enrollment.completed_at is None)

    @staticmethod
    def _holds(occasion: Occasion, at: dt.datetime) -> bool:
        return any(str(row.public_id) == occasion.ref for row in escalated(at, max(after_days(), 1), only=occasion.ref))

    def reason(self, occasion: Occasion) -> str:
        return "It was overdue for several days."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        facts = self.context(occasion, at)
        return (
            f"{facts['person'].name} has not finished {facts['course'].title}. It was due on "
            f"{dates.weekday_date(facts['due_on'])}, {facts['late']} days ago."
        )

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        row = self.assignment(occasion)
        assert row is not None
        recipient, learner = occasion.recipient, row.learner
        supervises = recipient in supervisors_of(learner)
        where = (
            reverse("person_record", args=[learner.public_id])
            if supervises
            else reverse("people:person", args=[learner.public_id])
        )
        return {
            "person": learner,
            "course": row.course,
            "due_on": row.due_on,
            "late": (dates.local_date(at, learner.zone) - row.due_on).days,
            "reminded": was_reminded(row),
            "started": row.enrollment is not None and row.enrollment.started_at is not None,
            "button_url": site_url(where),
            "button_label": "See how it stands",
        }


kinds.register(Escalation())
