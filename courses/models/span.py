"""What the record says of each assignment and each person's place: from when to when it was so, and from when to when that was known.

Derived from the events in their transaction (``courses.actions.spans``) and made anew by ``manage.py rebuild_status``: rows here are
no evidence. ``valid_to`` None: without an end as far as anybody knows. ``recorded_to`` None: it still holds. ``seq`` is the event of
the person's record that brought the row.
"""

from django.conf import settings
from django.db import models

from courses.enums import Status
from courses.models.assignment import Assignment
from courses.models.course import Course
from lms.people.models import Site, Team

IN_ORDER = models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from"))
KNOWN_IN_ORDER = models.Q(recorded_to__isnull=True) | models.Q(recorded_to__gt=models.F("recorded_from"))


class StatusSpan(models.Model):
    """One assignment over a stretch of time in which nothing changed: status, and the facts that pages print beside it."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="spans")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    cycle = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices)
    opens_on = models.DateField()
    due_on = models.DateField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    satisfied_at = models.DateTimeField(null=True)
    certificate_expires_on = models.DateField(null=True)
    certificate_expires_at = models.DateTimeField(null=True)
    certificate_revoked_at = models.DateTimeField(null=True)
    valid_until_on = models.DateField(null=True)
    renews_until_on = models.DateField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    recorded_from = models.DateTimeField()
    recorded_to = models.DateTimeField(null=True)
    seq = models.PositiveIntegerField()

    class Meta:
        ordering = ["assignment", "valid_from", "recorded_from"]
        indexes = [models.Index(fields=["learner", "course"], name="courses_span_learner")]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "valid_from"],
                condition=models.Q(recorded_to__isnull=True),
                name="courses_span_current_once",
            ),
            models.CheckConstraint(condition=IN_ORDER, name="courses_span_valid_in_order"),
            models.CheckConstraint(condition=KNOWN_IN_ORDER, name="courses_span_recorded_in_order"),
        ]

    def __str__(self) -> str:
        return f"assignment {self.assignment_id} {self.status} from {self.valid_from}"


class PlaceSpan(models.Model):
    """In which site and team a person was, and whether the account was active."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="places")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    active = models.BooleanField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    recorded_from = models.DateTimeField()
    recorded_to = models.DateTimeField(null=True)
    seq = models.PositiveIntegerField()

    class Meta:
        ordering = ["learner", "valid_from", "recorded_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["learner", "valid_from"],
                condition=models.Q(recorded_to__isnull=True),
                name="courses_place_current_once",
            ),
            models.CheckConstraint(condition=IN_ORDER, name="courses_place_valid_in_order"),
            models.CheckConstraint(condition=KNOWN_IN_ORDER, name="courses_place_recorded_in_order"),
        ]

    def __str__(self) -> str:
        return f"person {self.learner_id} in team {self.team_id} from {self.valid_from}"


class SpanBook(models.Model):
    """When all spans were last made anew, and by which reading of the record."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    version = models.PositiveIntegerField()
    rebuilt_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="courses_one_span_book")]

    def __str__(self) -> str:
        return f"spans of version {self.version}, {self.rebuilt_at}"
