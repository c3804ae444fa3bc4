"""Another attempt at a quiz was opened. To the learner."""

import datetime as dt
from typing import Any

from django.urls import reverse

from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people.links import site_url
from quizzes.models import ExtraAttempt
from quizzes.queries.standing import standing


class AttemptOpened(kinds.Kind):
    """``ref`` is the public id of the extra attempt."""

    slug = "attempt_opened"
    label = "Another attempt opened"
    gathered = True
    why_it_comes = "{organization} requires this course of you, and another attempt at its quiz is open for you"
    why_in_general = "{organization} requires a course of you, and another attempt at its quiz may be opened for you"

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        extra = self._about(occasion)
        now = standing(extra.enrollment, extra.unit, at)
        if now.passed or not now.enrollment_open:
            return "The quiz was passed since."
        if not now.assigned:
            return "The course is no longer assigned."
        return "The attempt was started since." if now.open is not None or now.left == 0 else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        extra = self._about(occasion)
        enrollment = extra.enrollment
        zone = enrollment.learner.zone
        return {
            "course": enrollment.version,
            "unit": extra.unit,
            "extra": extra,
            "next_at": standing(enrollment, extra.unit, at).next_at,
            "zone": zone,
            "zone_words": dates.zone_label(zone),
            "button_url": site_url(reverse("quiz", args=[enrollment.public_id, extra.unit.slug])),
            "button_label": "Go to the quiz",
        }

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        extra = self._about(occasion)
        zone = extra.enrollment.learner.zone
        next_at = standing(extra.enrollment, extra.unit, at).next_at
        when = ""
        if next_at:
            moment = f"{dates.long_date(dates.local_date(next_at, zone))}, {dates.time_of_day(next_at, zone)}"
            when = f" You can start it from {moment} ({dates.zone_label(zone)})."
        return f"Another attempt at the quiz of “{extra.unit.title}” ({extra.enrollment.version.title}) is open for you.{when}"

    def _about(self, occasion: Occasion) -> ExtraAttempt:
        rows = ExtraAttempt.objects.select_related("enrollment__learner__site", "enrollment__version", "unit")
        return rows.get(public_id=occasion.ref)


kinds.register(AttemptOpened())
