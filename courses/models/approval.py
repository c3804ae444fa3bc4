"""Who reviewed a course version, and who accepted one that is not approved. Rows about content, never part of it."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import Decision, ReviewRole
from courses.models.course import CourseVersion


class CourseApproval(models.Model):
    """One decision of one person about one version. Append-only: a withdrawal is a later row, with its reason as ``note``.

    The latest row of a person decides whether the person's approval stands. A version never changes, so a row about it is a row about
    its content hash; a new version begins without rows.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="approvals")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=ReviewRole.choices)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    recorded_by = models.CharField(max_length=40)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(decision=Decision.WITHDRAWN, note=""),
                name="courses_withdrawal_reason",
                violation_error_message="Say why the approval is withdrawn.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.decision} by {self.reviewer_id} as {self.role}"


class CourseAcceptance(models.Model):
    """A coordinator requires one version although it is not approved, and says why. It can be ended; the row stays."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="acceptances")
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=40, blank=True)
    ended_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(ended_at__isnull=True),
                name="courses_acceptance_once",
                violation_error_message="This edition is accepted already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_acceptance_reason",
                violation_error_message="Say why this edition is accepted without approval.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} accepted by {self.accepted_by_id}"
