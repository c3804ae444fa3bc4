"""What a person answered to a reminder, and what somebody did about it."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import Answer, Outcome
from courses.models.assignment import Assignment

OPEN_DUTY = models.Q(
    assignment__withdrawn_at__isnull=True,
    assignment__satisfied_at__isnull=True,
    assignment__enrollment__completed_at__isnull=True,
)


class ReplyQuerySet(models.QuerySet["Reply"]):
    def open(self) -> "ReplyQuerySet":
        """Nobody has answered it, and it was not taken back."""
        return self.filter(settled_at__isnull=True)

    def waiting(self) -> "ReplyQuerySet":
        """Open, and still something to answer: the course is still to do (a leave touches every course, so it waits in any case)."""
        return self.open().filter(OPEN_DUTY | models.Q(answer=Answer.ON_LEAVE), learner__is_active=True)


class Reply(models.Model):
    """One answer of a learner about one assignment. It is a task for the supervisor and pauses reminders until it is settled.

    ``learner`` is the assignment's. ``note`` is what the learner added, ``outcome_note`` what was answered; neither stands in the
    record. Never deleted; taking it back settles it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="replies")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="replies")
    answer = models.CharField(max_length=16, choices=Answer.choices)
    note = models.CharField(max_length=200, blank=True)
    said_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    outcome_note = models.CharField(max_length=200, blank=True)

    objects = ReplyQuerySet.as_manager()

    class Meta:
        ordering = ["said_at", "pk"]
        indexes = [
            models.Index(fields=["learner"], name="courses_reply_open", condition=models.Q(settled_at__isnull=True))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                condition=models.Q(settled_at__isnull=True),
                name="courses_reply_open_once",
                violation_error_message="There is an answer about this course already.",
            ),
            models.CheckConstraint(
                condition=models.Q(settled_at__isnull=True, outcome="")
                | (models.Q(settled_at__isnull=False) & ~models.Q(outcome="")),
                name="courses_reply_settled_with_outcome",
                violation_error_message="Say what was done about it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.get_answer_display()}"

    @property
    def told(self) -> str:
        """What was said, to be read after the person's name."""
        return Answer(self.answer).told
