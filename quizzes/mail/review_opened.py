"""A learner says that a question is wrong. To the coordinators, once for a review. The reason stays on the page."""

import datetime as dt
import uuid
from typing import Any

from django.urls import reverse

from courses.reminders.helping import desk_home
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from quizzes.models import ItemReview


class ReviewOpened(kinds.Kind):
    """``ref`` is the public id of the review."""

    slug = "review_opened"
    label = "A question is disputed"
    gathered = True
    why_it_comes = "you coordinate training at {organization}"

    def concerns(self, recipient: Any) -> bool:
        return bool(recipient.is_coordinator)

    def home(self, recipient: Any) -> kinds.Home:
        return desk_home()

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        if not occasion.recipient.is_coordinator:
            return "The recipient no longer coordinates training."
        return "The review was closed since." if self._about(occasion).closed_at is not None else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        review = self._about(occasion)
        unit = review.question.quiz.unit
        return {
            "unit": unit,
            "course": unit.version,
            "critical": review.question.critical,
            "button_url": site_url(reverse("item_review", args=[review.public_id])),
            "button_label": "Read the question and the reasons",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        review = self._about(occasion)
        unit = review.question.quiz.unit
        critical = " It is a critical question." if review.question.critical else ""
        return f"A learner says that a question of “{unit.title}” ({unit.version.title}) is wrong.{critical}"

    def _about(self, occasion: Occasion) -> ItemReview:
        rows = ItemReview.objects.select_related("question__quiz__unit__version")
        return rows.get(public_id=uuid.UUID(occasion.ref))


kinds.register(ReviewOpened())
