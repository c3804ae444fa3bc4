"""One change for many people, and what became of it for each of them."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import BatchKind, BatchState, RowState
from courses.models.course import Course


class Batch(models.Model):
    """Whom it was chosen for and what was asked never change; ``filters`` says how the people were chosen, ``params`` holds the days as
    ``courses.queries.orders`` reads them. Its columns of work are read and moved by ``lms.outbox.work``.

    Once ``undone_at`` is set the work goes backwards. How far it is, is counted from its rows.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=BatchKind.choices)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="batches")
    params = models.JSONField(default=dict)
    filters = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    total = models.PositiveIntegerField()
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.QUEUED)
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=40, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="courses_batch_due",
                condition=models.Q(state__in=["queued", "claimed"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_batch_reason",
                violation_error_message="Say why. The reason stays in the record.",
            ),
            models.CheckConstraint(
                condition=models.Q(undone_at__isnull=True) | (~models.Q(undone_by="") & ~models.Q(undone_reason="")),
                name="courses_batch_undone_with_reason",
                violation_error_message="Say why it is undone. The reason stays in the record.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.total} people"


class BatchRow(models.Model):
    """One person of a batch. ``words`` says what happened or why nothing did; ``ref`` is the public id of what was made; ``before`` holds
    what undoing needs."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rows")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=RowState.choices, default=RowState.WAITING)
    words = models.CharField(max_length=300, blank=True)
    ref = models.UUIDField(null=True, blank=True)
    before = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["batch", "state", "position"], name="courses_batchrow_work")]
        constraints = [models.UniqueConstraint(fields=["batch", "learner"], name="courses_batchrow_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} in batch {self.batch_id} ({self.state})"
