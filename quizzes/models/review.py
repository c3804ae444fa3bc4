"""What people say about a question, and what becomes of it."""

import uuid

from django.db import models

from quizzes.enums import ReviewOutcome
from quizzes.models.attempt import Attempt, Response
from quizzes.models.quiz import Question


class ItemReview(models.Model):
    """One look at one question, opened by a learner's dispute or by a coordinator. At most one is open for a question."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="reviews")
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.UUIDField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=ReviewOutcome.choices, blank=True)
    answer = models.CharField(max_length=600, blank=True, help_text="What those who disputed the question are told.")

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["question"],
                condition=models.Q(closed_at__isnull=True),
                name="quizzes_review_open_once",
                violation_error_message="This question is already being reviewed.",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, outcome="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(outcome="")),
                name="quizzes_review_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"review of {self.question_id}"


class Dispute(models.Model):
    """A learner says, after handing in, that a question or its key is wrong. The reason is read by reviewers alone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    response = models.OneToOneField(Response, on_delete=models.PROTECT, related_name="dispute")
    review = models.ForeignKey(ItemReview, on_delete=models.PROTECT, related_name="disputes")
    reason = models.CharField(max_length=600)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="quizzes_dispute_reason",
                violation_error_message="Say in a sentence what is wrong with the question.",
            )
        ]

    def __str__(self) -> str:
        return f"dispute of {self.response_id}"


class Correction(models.Model):
    """A new version of a published question: ``stored`` with a mended key, or ``void``. The latest of a question is in force."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="corrections")
    number = models.PositiveSmallIntegerField()
    void = models.BooleanField(default=False)
    stored = models.JSONField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    made_by = models.UUIDField()

    class Meta:
        ordering = ["question_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="quizzes_correction_number_once"),
            models.CheckConstraint(
                condition=models.Q(void=True, stored__isnull=True) | models.Q(void=False, stored__isnull=False),
                name="quizzes_correction_void_or_stored",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="quizzes_correction_reason",
                violation_error_message="Say why the question is corrected.",
            ),
        ]

    def __str__(self) -> str:
        return f"correction {self.number} of {self.question_id}"


class Rescore(models.Model):
    """The result of an attempt under a correction, in the learner's favor alone. Appended, never changed; the latest is in force.

    ``results`` holds points and right of each response by its position.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="rescores")
    correction = models.ForeignKey(Correction, on_delete=models.PROTECT, related_name="rescores")
    number = models.PositiveSmallIntegerField()
    points = models.DecimalField(max_digits=8, decimal_places=4)
    out_of = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    critical_missed = models.BooleanField()
    by_objective = models.JSONField()
    results = models.JSONField()
    reason = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    made_by = models.UUIDField()

    class Meta:
        ordering = ["attempt_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="quizzes_rescore_number_once"),
            models.UniqueConstraint(fields=["attempt", "correction"], name="quizzes_rescore_correction_once"),
        ]

    def __str__(self) -> str:
        return f"rescore {self.number} of {self.attempt_id}"
