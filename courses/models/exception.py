"""Why a rule does not run its usual course for one person, from a day to a day."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import ExceptionKind
from courses.models.course import Course


class DutyException(models.Model):
    """An exemption, a leave, or learning accepted from elsewhere. Never deleted; ending it early moves its end.

    ``course`` None means every course (always so for a leave). ``starts_at`` and ``ends_at`` are the instants of the printed days in
    the person's zone; the end is the midnight after ``ends_on``. ``settled_at``: when its end was carried out (due dates moved).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="duty_exceptions")
    kind = models.CharField(max_length=16, choices=ExceptionKind.choices)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True, related_name="duty_exceptions")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    evidence = models.CharField(max_length=300, blank=True, help_text="What was seen, and where it is kept.")
    approved_by = models.CharField(max_length=40)
    approved_at = models.DateTimeField()
    ended_reason = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-starts_at", "-pk"]
        indexes = [models.Index(fields=["learner", "kind"], name="courses_exception_learner")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_exception_reason",
                violation_error_message="Say why. The reason stays in the record.",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="courses_exception_end_after_start",
                violation_error_message="The last day is before the first day. Choose a later last day.",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=ExceptionKind.PRIOR_LEARNING)
                | (models.Q(course__isnull=False) & ~models.Q(evidence="")),
                name="courses_exception_evidence",
                violation_error_message="Name the course, and say what evidence you saw.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.learner_id} from {self.starts_on}"
