"""What was decided about a material change of a course."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import EditionChoice
from courses.models.batch import Batch
from courses.models.course import CourseVersion


class EditionDecision(models.Model):
    """Whether those who hold an older edition than ``version`` are asked to take the course again. One a version, written once."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.OneToOneField(CourseVersion, on_delete=models.PROTECT, related_name="decision")
    choice = models.CharField(max_length=5, choices=EditionChoice.choices)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    reason = models.CharField(max_length=200)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["decided_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_edition_decision_reason",
                violation_error_message="Say why. The reason stays in the record.",
            ),
            models.CheckConstraint(
                condition=models.Q(choice=EditionChoice.ASK, batch__isnull=False)
                | models.Q(choice=EditionChoice.LEAVE, batch__isnull=True),
                name="courses_edition_decision_batch",
                violation_error_message="Asking people names the batch that asks them.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.choice}"
