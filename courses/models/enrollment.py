"""One learner's run through one course version, and what it has done on each unit."""

import uuid

from django.conf import settings
from django.db import models

from courses.models.course import Course, CourseVersion, Unit


class Enrollment(models.Model):
    """Holds progress only. Open until completed; a renewal opens a new one and nothing is ever reset."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrollments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrollments")
    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="enrollments")
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    attempts_used_at = models.DateTimeField(
        null=True, blank=True, help_text="When the last attempt of a quiz was failed."
    )

    awaits_sign_off_at = models.DateTimeField(
        null=True, blank=True, help_text="When every unit was completed and only a sign-off was missing."
    )

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "course"],
                condition=models.Q(completed_at__isnull=True),
                name="courses_enrollment_open_once",
                violation_error_message="This person is already taking this course.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.version_id}"


class UnitProgress(models.Model):
    """``place`` is the id of the section last seen."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="progress")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    place = models.CharField(max_length=120, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    points = models.DecimalField(max_digits=8, decimal_places=4, default=0, help_text="Of the attempt that passed.")
    out_of = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["unit__position"]
        constraints = [models.UniqueConstraint(fields=["enrollment", "unit"], name="courses_progress_once")]

    def __str__(self) -> str:
        return f"{self.enrollment_id} unit {self.unit_id}"
