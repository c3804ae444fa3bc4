"""What a person gets beyond the quiz's own rules."""

import uuid

from django.conf import settings
from django.db import models

from courses.models import Enrollment, Unit


class Accommodation(models.Model):
    """Follows the person through every quiz. Why somebody has one is written nowhere. Ended rows stay."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accommodations")
    time_factor = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    extra_attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    made_by = models.UUIDField()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner"],
                condition=models.Q(ended_at__isnull=True),
                name="quizzes_accommodation_open_once",
                violation_error_message="This person already has an accommodation. Change that one.",
            ),
            models.CheckConstraint(
                condition=models.Q(time_factor__gte=1, time_factor__lte=10),
                name="quizzes_accommodation_factor",
                violation_error_message="The time factor lies between 1 (the usual time) and 10.",
            ),
            models.CheckConstraint(
                condition=models.Q(extra_attempts__lte=50),
                name="quizzes_accommodation_attempts",
                violation_error_message="Give at most 50 extra attempts.",
            ),
        ]

    def __str__(self) -> str:
        return f"accommodation of {self.learner_id}"


class ExtraAttempt(models.Model):
    """One more attempt at one quiz, opened by a supervisor or the coordinator with a reason."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="extra_attempts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField()

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="quizzes_extra_attempt_reason",
                violation_error_message="Say why another attempt is opened.",
            )
        ]

    def __str__(self) -> str:
        return f"extra attempt for {self.enrollment_id} unit {self.unit_id}"
