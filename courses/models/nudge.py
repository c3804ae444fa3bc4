"""A supervisor asked a person, by mail, to take the time for a course."""

import uuid

from django.conf import settings
from django.db import models

from courses.models.assignment import Assignment


class Nudge(models.Model):
    """One mail in the name of ``nudged_by`` (a subject id). ``nudged_on`` is the day in the learner's zone: nobody is nudged twice on one
    day, whoever does it. Never changed, never deleted."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="nudges")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="nudges")
    nudged_on = models.DateField()
    nudged_at = models.DateTimeField()
    nudged_by = models.CharField(max_length=40)

    class Meta:
        ordering = ["-nudged_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "nudged_on"],
                name="courses_nudge_once_a_day",
                violation_error_message="This person was nudged today already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} on {self.nudged_on}"
