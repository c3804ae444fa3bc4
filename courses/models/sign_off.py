"""What somebody saw who observed a practice, and who may observe one."""

import uuid

from django.conf import settings
from django.db import models

from courses.enums import Observed
from courses.models.course import Course
from courses.models.enrollment import Enrollment
from lms.people.models import Site


class SignOffQuerySet(models.QuerySet["SignOff"]):
    def standing(self) -> "SignOffQuerySet":
        """Not struck out."""
        return self.filter(voided_at__isnull=True)

    def passed(self) -> "SignOffQuerySet":
        """What counts for completion."""
        return self.standing().filter(outcome=Observed.PASSED)


class SignOff(models.Model):
    """One observation of one practice of an enrollment. Never edited: a mistake is struck out with a reason, and observed or written anew.

    ``practice`` is the id of a practice of the enrollment's version, ``items`` are the positions (from 0) that were ticked in its
    checklist. ``learner`` is the enrollment's. ``assessor_snapshot`` is the identity of the assessor as it was then; ``basis`` says
    what qualified them: ``certificate:`` or ``given:`` and the public id. ``note`` and ``work_on`` do not stand in the record.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="sign_offs")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_offs")
    practice = models.CharField(max_length=80)
    outcome = models.CharField(max_length=8, choices=Observed.choices)
    items = models.JSONField(default=list, blank=True)
    assessor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assessor_snapshot = models.CharField(max_length=64)
    basis = models.CharField(max_length=60)
    observed_on = models.DateField()
    place = models.CharField(max_length=80)
    note = models.CharField(max_length=300, blank=True)
    work_on = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(max_length=40, blank=True)
    voided_reason = models.CharField(max_length=200, blank=True)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment", "practice"],
                condition=models.Q(outcome=Observed.PASSED, voided_at__isnull=True),
                name="courses_sign_off_passed_once",
                violation_error_message="This practice is signed off already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(assessor=models.F("learner")),
                name="courses_sign_off_by_another",
                violation_error_message="Nobody signs off their own practice.",
            ),
            models.CheckConstraint(
                condition=~models.Q(place=""),
                name="courses_sign_off_place",
                violation_error_message="Say where it was.",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome=Observed.NOT_YET) | ~models.Q(work_on=""),
                name="courses_sign_off_not_yet_says_what",
                violation_error_message="Say what to work on.",
            ),
            models.CheckConstraint(
                condition=models.Q(voided_at__isnull=True, voided_reason="")
                | (models.Q(voided_at__isnull=False) & ~models.Q(voided_reason="")),
                name="courses_sign_off_voided_reason",
                violation_error_message="Say why it is struck out. The reason stays in the record.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.practice} of {self.learner_id}: {self.get_outcome_display()}"

    @property
    def facts(self) -> dict[str, object]:
        """What the record says of it: no name but by snapshot, and no free text but the place."""
        return {
            "sign_off": str(self.public_id),
            "practice": self.practice,
            "outcome": self.outcome,
            "items": self.items,
            "assessor": self.assessor_snapshot,
            "basis": self.basis,
            "observed_on": str(self.observed_on),
            "place": self.place,
        }


class AssessorQualification(models.Model):
    """The coordinator names a person who may observe one practice of a course from a day to a day, for people of one site or, without
    ``site``, of all. Never deleted; ``ended_at`` ends it early, at once."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assessor_for")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="assessors")
    practice = models.CharField(max_length=80)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=200)
    given_by = models.CharField(max_length=40)
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-ends_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="courses_assessor_reason",
                violation_error_message="Say what qualifies the person. It stays in the record.",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="courses_assessor_end_after_start",
                violation_error_message="The last day is before the first day. Choose a later last day.",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_reason="")),
                name="courses_assessor_ended_reason",
                violation_error_message="Say why it ends. The reason stays in the record.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} for {self.course_id} until {self.ends_on}"
