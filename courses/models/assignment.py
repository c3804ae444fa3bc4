"""One person's duty to hold one course."""

import uuid

from django.conf import settings
from django.db import models

from courses.models.course import Course
from courses.models.enrollment import Enrollment


class Assignment(models.Model):
    """Made by hand, with a reason. ``due_on`` is printed; ``due_at`` (the end of that day in the learner's zone) is compared.

    Withdrawn assignments stay as rows. Two assignments of one course in different cycles may share an enrollment.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="assignments")
    cycle = models.PositiveSmallIntegerField(default=1)
    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    reason = models.CharField(max_length=200)
    assigned_by = models.CharField(max_length=40)
    assigned_at = models.DateTimeField()
    opens_on = models.DateField()
    opens_at = models.DateTimeField()
    due_on = models.DateField()
    due_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "course", "cycle"],
                name="courses_assignment_once",
                violation_error_message="This person already has this course in this cycle.",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_assignment_reason",
                violation_error_message="Say why this course is assigned.",
            ),
            models.CheckConstraint(
                condition=models.Q(due_on__gte=models.F("opens_on")),
                name="courses_assignment_due_after_open",
                violation_error_message="The due date cannot be before the day the course opens.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} holds {self.course_id} by {self.due_on}"
