"""A question was corrected, and the learner's result is better for it. To the learner."""

import datetime as dt
from typing import Any

from django.urls import reverse

from courses.queries.training import unit_rows
from lms.lib import numbers
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from quizzes.models import Rescore


class ResultRaised(kinds.Kind):
    """``ref`` is the attempt's public id and the number of the rescore. Always wanted: what it says stays true."""

    slug = "result_raised"
    label = "Quiz result raised"
    gathered = True
    why_it_comes = "you took a quiz of {organization}"
    optional = True

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        rescore = self._about(occasion)
        attempt = rescore.attempt
        units = unit_rows(attempt.enrollment)
        return {
            "rescore": rescore,
            "score": numbers.points(rescore.points),
            "passes_now": rescore.passed and not attempt.passed,
            "unit": attempt.unit,
            "course": attempt.enrollment.version,
            "complete": attempt.enrollment.completed_at is not None,
            "units_left": sum(not row.done for row in units),
            "button_url": site_url(reverse("result", args=[attempt.public_id])),
            "button_label": "See your result",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        rescore = self._about(occasion)
        unit, course = rescore.attempt.unit, rescore.attempt.enrollment.version
        passed = ", and you passed" if rescore.passed and not rescore.attempt.passed else ""
        return (
            f"A question of the quiz on “{unit.title}” ({course.title}) was corrected. "
            f"Your result is now {numbers.points(rescore.points)} of {rescore.out_of}{passed}."
        )

    def _about(self, occasion: Occasion) -> Rescore:
        public_id, _, number = occasion.ref.partition(":")
        rows = Rescore.objects.select_related(
            "attempt__enrollment__learner__site", "attempt__enrollment__version", "attempt__unit"
        )
        return rows.get(attempt__public_id=public_id, number=int(number))


kinds.register(ResultRaised())
