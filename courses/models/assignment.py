"""One person's duty to hold one course."""

import uuid

from django.conf import settings
from django.db import models

from courses.models.course import Course
from courses.models.enrollment import Enrollment
from courses.models.exception import DutyException
from courses.models.requirement import Requirement, RequirementVersion


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def fulfilled(self) -> "AssignmentQuerySet":
        """Completed, or satisfied by learning accepted from elsewhere; whether that still counts is another question."""
        return self.filter(models.Q(enrollment__completed_at__isnull=False) | models.Q(satisfied_at__isnull=False))

    def open(self) -> "AssignmentQuerySet":
        """Neither withdrawn nor fulfilled: there is something left to do."""
        return self.filter(withdrawn_at__isnull=True, satisfied_at__isnull=True, enrollment__completed_at__isnull=True)


class Assignment(models.Model):
    """Made by a requirement, or by hand with a reason. ``due_on`` is printed; ``due_at`` (the end of that day in the learner's zone) is
    compared.

    Fulfilled by its completed enrollment, or from ``satisfied_at`` on by learning accepted from elsewhere. ``valid_until_at`` is the
    end of what fulfils it where that comes before the end of the certificate. ``renews_until_at``: when the evidence of the cycle
    before runs out. Withdrawn assignments stay as rows; ``ended_at`` marks a fulfilled one that is asked no more. Assignments of one
    course may share an enrollment. ``why`` holds the facts that the dates were counted from.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="assignments")
    cycle = models.PositiveSmallIntegerField(default=1)
    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    requirement = models.ForeignKey(
        Requirement, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    rule = models.ForeignKey(RequirementVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    why = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=200)
    assigned_by = models.CharField(max_length=40)
    assigned_at = models.DateTimeField()
    opens_on = models.DateField()
    opens_at = models.DateTimeField()
    due_on = models.DateField()
    due_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)
    accepted = models.ForeignKey(
        DutyException, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    satisfied_at = models.DateTimeField(null=True, blank=True)
    valid_until_on = models.DateField(null=True, blank=True)
    valid_until_at = models.DateTimeField(null=True, blank=True)
    renews_until_on = models.DateField(null=True, blank=True)
    renews_until_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [models.Index(fields=["learner", "course", "cycle"], name="courses_assignment_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "course", "cycle"],
                condition=models.Q(requirement__isnull=True),
                name="courses_assignment_once",
                violation_error_message="This person already has this course in this cycle.",
            ),
            models.UniqueConstraint(
                fields=["requirement", "learner", "course", "cycle"],
                name="courses_assignment_of_rule_once",
                violation_error_message="This person already has this course under this requirement in this cycle.",
            ),
            models.CheckConstraint(
                condition=models.Q(requirement__isnull=True, rule__isnull=True)
                | models.Q(requirement__isnull=False, rule__isnull=False),
                name="courses_assignment_rule_with_requirement",
                violation_error_message="An assignment of a requirement names the version of its rule.",
            ),
            models.CheckConstraint(
                condition=models.Q(satisfied_at__isnull=True) | models.Q(accepted__isnull=False),
                name="courses_assignment_accepted_evidence",
                violation_error_message="What was learned elsewhere is accepted with its evidence.",
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
