"""The review of a question that somebody disputed is closed. To the learner."""

import datetime as dt
import uuid
from typing import Any

from django.urls import reverse

from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from quizzes.enums import ReviewOutcome
from quizzes.models import Dispute


class DisputeAnswered(kinds.Kind):
    """``ref`` is the public id of the dispute."""

    slug = "dispute_answered"
    label = "Answer about a disputed question"
    gathered = True
    why_it_comes = "you told us that a question is wrong"
    optional = True

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        found = self._about(occasion)
        attempt, position = found.response.attempt, found.response.position
        return {
            "position": position,
            "unit": attempt.unit,
            "course": attempt.unit.version,
            "review": found.review,
            "kept": found.review.outcome == ReviewOutcome.KEPT,
            "voided": found.review.outcome == ReviewOutcome.VOIDED,
            "button_url": site_url(reverse("result", args=[attempt.public_id]) + f"#question-{position}"),
            "button_label": "See my result",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        response = self._about(occasion).response
        unit = response.attempt.unit
        return (
            f"Question {response.position} in the quiz of “{unit.title}” ({unit.version.title}), which you told us is wrong, "
            "was read again. You find the answer beside your result."
        )

    def _about(self, occasion: Occasion) -> Dispute:
        rows = Dispute.objects.select_related("review", "response__attempt__unit__version")
        return rows.get(public_id=uuid.UUID(occasion.ref))


kinds.register(DisputeAnswered())
