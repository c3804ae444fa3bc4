"""One sitting of a quiz, and its answers."""

import uuid

from django.db import models

from courses.models import Enrollment, Unit
from lms.lib import numbers
from quizzes.enums import AttemptState, ClosedBy, Confidence
from quizzes.models.quiz import Question, Quiz


class Attempt(models.Model):
    """``number`` counts within the enrollment and unit, without gaps. The result columns are written once, at hand-in; a later
    correction of a question adds a ``Rescore`` and changes none of them.

    ``deadline_at`` is set at the start of a quiz with a time limit and is only ever moved later. ``passed`` and ``points`` are what
    was handed in; what counts now is ``quizzes.queries.results``.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="attempts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    quiz = models.ForeignKey(Quiz, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=AttemptState.choices, default=AttemptState.IN_PROGRESS)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=8, choices=ClosedBy.choices, blank=True)
    pass_mark = models.PositiveSmallIntegerField()
    points = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    out_of = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField(null=True, blank=True)
    passed = models.BooleanField(null=True, blank=True)
    critical_missed = models.BooleanField(null=True, blank=True)
    by_objective = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["enrollment_id", "unit_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "unit", "number"], name="quizzes_attempt_number_once"),
            models.UniqueConstraint(
                fields=["enrollment", "unit"],
                condition=models.Q(state="in_progress"),
                name="quizzes_attempt_open_once",
                violation_error_message="An attempt at this quiz is already open.",
            ),
            models.CheckConstraint(
                condition=models.Q(state="in_progress", submitted_at__isnull=True, passed__isnull=True)
                | models.Q(state="submitted", submitted_at__isnull=False, passed__isnull=False),
                name="quizzes_attempt_result_with_hand_in",
            ),
            models.CheckConstraint(
                condition=models.Q(deadline_at__isnull=True) | models.Q(deadline_at__gt=models.F("started_at")),
                name="quizzes_attempt_deadline_after_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"],
                name="quizzes_attempt_overdue",
                condition=models.Q(state="in_progress", deadline_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.enrollment_id}"

    @property
    def score(self) -> str:
        """The points as they are shown: 4, 3.5."""
        return numbers.points(self.points)


class Response(models.Model):
    """One question of an attempt as served, and the stored answer.

    ``order`` is how it is served (positions only). ``answer`` is in those positions; None until something was stored.
    ``revision`` goes up by one with every save. ``confidence`` is how sure the learner said they are. ``seconds`` is about how long
    the first answer took: from the answer before it (or the start) to this one, None when that says nothing.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="responses")
    position = models.PositiveSmallIntegerField()
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    order = models.JSONField()
    answer = models.JSONField(null=True, blank=True)
    answered = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=12, blank=True)
    confidence = models.CharField(max_length=8, choices=Confidence.choices, blank=True)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    points = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    right = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering = ["attempt_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="quizzes_response_position_once"),
            models.UniqueConstraint(fields=["attempt", "question"], name="quizzes_response_question_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} question {self.position}"
