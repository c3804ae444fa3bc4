"""A rule that says who must hold what, and its numbered versions."""

import uuid

from django.db import models

from courses.enums import DueKind, RenewalKind
from courses.models.course import Course
from courses.models.path import CoursePath


class Requirement(models.Model):
    """Asks nothing of anybody until it is switched on: until then ``current`` is None. Ended, never deleted."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, help_text="Shown to people who ask why it is theirs to do.")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, blank=True, related_name="requirements")
    path = models.ForeignKey(CoursePath, on_delete=models.PROTECT, null=True, blank=True, related_name="requirements")
    current = models.ForeignKey("RequirementVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    switched_on_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(course__isnull=False, path__isnull=True)
                | models.Q(course__isnull=True, path__isnull=False),
                name="courses_requirement_course_or_path",
                violation_error_message="A requirement is about one course or one path. Choose one of the two.",
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(reason=""),
                name="courses_requirement_named",
                violation_error_message="Give the requirement a name, and say why it is asked.",
            ),
            models.CheckConstraint(
                condition=models.Q(current__isnull=True, switched_on_at__isnull=True)
                | models.Q(current__isnull=False, switched_on_at__isnull=False),
                name="courses_requirement_on_with_version",
                violation_error_message="A requirement that is switched on has a version that holds.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def what(self) -> Course | CoursePath:
        found = self.course or self.path
        assert found is not None
        return found

    @property
    def on(self) -> bool:
        return self.current_id is not None and self.ended_at is None


class RequirementVersion(models.Model):
    """One wording of the rule, never changed once written. ``audience`` holds ids in sorted lists, as ``courses.queries.duties``
    reads them."""

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    audience = models.JSONField(default=dict)
    due_kind = models.CharField(max_length=16, choices=DueKind.choices)
    due_days = models.PositiveSmallIntegerField(default=0)
    due_on = models.DateField(null=True, blank=True)
    renewal_kind = models.CharField(max_length=12, choices=RenewalKind.choices, default=RenewalKind.NEVER)
    renewal_months = models.PositiveSmallIntegerField(default=0)
    renewal_month = models.PositiveSmallIntegerField(default=0)
    renewal_day = models.PositiveSmallIntegerField(default=0)
    window_days = models.PositiveSmallIntegerField(default=0)
    grace_days = models.PositiveSmallIntegerField(default=14)
    active_from = models.DateField()
    active_until = models.DateField(null=True, blank=True)
    written_by = models.CharField(max_length=40)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["requirement_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["requirement", "number"], name="courses_requirement_number_once"),
            models.CheckConstraint(
                condition=~models.Q(due_kind=DueKind.FIXED) | models.Q(due_on__isnull=False),
                name="courses_requirement_due_on",
                violation_error_message="Choose the day on which it is due.",
            ),
            models.CheckConstraint(
                condition=~models.Q(renewal_kind=RenewalKind.MONTHS) | models.Q(renewal_months__gte=1),
                name="courses_requirement_months",
                violation_error_message="Give a number of months from 1.",
            ),
            models.CheckConstraint(
                condition=~models.Q(renewal_kind=RenewalKind.FIXED)
                | models.Q(renewal_month__range=(1, 12), renewal_day__range=(1, 31)),
                name="courses_requirement_yearly_day",
                violation_error_message="Choose a month and a day.",
            ),
            models.CheckConstraint(
                condition=models.Q(active_until__isnull=True) | models.Q(active_until__gte=models.F("active_from")),
                name="courses_requirement_end_after_start",
                violation_error_message="The last day is before the first day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement}, rule {self.number}"
