"""An assessor saw a practice and said "not yet". To the learner: what comes next, and where it says what to work on."""

import datetime as dt
from typing import Any

from django.urls import reverse

from courses.models import Assignment, Enrollment, SignOff
from courses.queries.practices import practice_of
from courses.reminders.base import CourseMail, newest_of
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from lms.people.models import User


class SignOffNotYet(CourseMail):
    """``ref`` is the sign-off's public id. What to work on stands on the page only, behind the sign-in."""

    slug = "sign_off_not_yet"
    label = "A practice was observed: not yet"
    why_it_comes = "somebody at {organization} watched you practice"
    gathered = True
    urgent = False

    def concerns(self, recipient: User) -> bool:
        return Enrollment.objects.filter(learner=recipient).exclude(version__sign_offs=[]).exists()

    def sign_off(self, occasion: Occasion) -> SignOff | None:
        rows = SignOff.objects.select_related("enrollment__version", "learner__site", "assessor")
        return rows.filter(public_id=occasion.ref).first()

    def assignment(self, occasion: Occasion) -> Assignment | None:
        row = self.sign_off(occasion)
        return newest_of(Assignment.objects.filter(enrollment=row.enrollment_id)) if row is not None else None

    def refs(self, assignment: Assignment) -> list[str]:
        if assignment.enrollment is None or not assignment.enrollment.version.sign_offs:
            return []
        rows = SignOff.objects.filter(enrollment=assignment.enrollment).values_list("public_id", flat=True)
        return [str(key) for key in rows]

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        row = self.sign_off(occasion)
        if row is None or row.voided_at is not None:
            return "It was struck out."
        newest = SignOff.objects.standing().filter(enrollment=row.enrollment_id, practice=row.practice).first()
        return None if newest == row else "The practice was observed again since."

    def title(self, row: SignOff) -> str:
        practice = practice_of(row.enrollment.version, row.practice)
        return practice.title if practice else row.practice

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        row = self.sign_off(occasion)
        assert row is not None
        return f"{self.title(row)} ({row.enrollment.version.title}): not yet. Your course page says what to work on."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        row = self.sign_off(occasion)
        assert row is not None
        return {
            "sign_off": row,
            "practice": self.title(row),
            "course": row.enrollment.version,
            "button_url": site_url(reverse("course", args=[row.enrollment.public_id]) + "#practice"),
            "button_label": "See what to work on",
        }


kinds.register(SignOffNotYet())
