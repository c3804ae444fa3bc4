"""The graded check of a unit, and its pool. As immutable as the course version it belongs to."""

from django.db import models

from courses.models import Unit
from quizzes.enums import Counts


class Quiz(models.Model):
    """``lines`` is the blueprint: a list of {objective, take, critical}.

    ``time_limit_minutes`` None is no limit. ``feedback`` says what the result shows at which moment ({moment: [parts]}, see
    ``quizzes.feedback``); empty is everything after each hand-in. ``confidence``: whether a learner is asked how sure they are.
    ``practice``: whether the pool can be practiced, ungraded.
    """

    unit = models.OneToOneField(Unit, on_delete=models.PROTECT, related_name="quiz")
    serve = models.PositiveSmallIntegerField()
    lines = models.JSONField()
    counts = models.CharField(max_length=4, choices=Counts.choices, default=Counts.BEST)
    time_limit_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    feedback = models.JSONField(default=dict, blank=True)
    confidence = models.BooleanField(default=True)
    practice = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "quizzes"

    def __str__(self) -> str:
        return f"quiz of {self.unit}"


class Question(models.Model):
    """One item of a pool. ``stored`` is what its kind compiled: all that is needed to serve, grade and review it."""

    quiz = models.ForeignKey(Quiz, on_delete=models.PROTECT, related_name="questions")
    position = models.PositiveSmallIntegerField()
    author_id = models.CharField(max_length=60)
    revision = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=20)
    objective = models.CharField(max_length=20)
    critical = models.BooleanField(default=False)
    section = models.CharField(max_length=160)
    stored = models.JSONField()

    class Meta:
        ordering = ["quiz_id", "position"]
        constraints = [models.UniqueConstraint(fields=["quiz", "author_id"], name="quizzes_question_once")]

    def __str__(self) -> str:
        return self.author_id
