"""What is put together for a surveyor, and who was let in to see it."""

import uuid

from django.conf import settings
from django.db import models

from quizzes.enums import PackState, SurveyPart


class Pack(models.Model):
    """The evidence about some people on one day, as one ZIP. What was asked for never changes.

    ``as_of`` is printed; ``until`` is the instant up to which things are told. ``courses`` holds slugs, empty for every course.
    ``population`` is the subject ids from which a sample was drawn, in order; empty without a sample. ``done`` counts the people whose
    part is written. Its columns of work are read and moved by ``lms.outbox.work``. After ``keep_until`` the file goes, the row stays.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    as_of = models.DateField()
    until = models.DateTimeField()
    zone = models.CharField(max_length=64)
    courses = models.JSONField(default=list, blank=True)
    filters = models.JSONField(default=dict, blank=True)
    seed = models.CharField(max_length=40, blank=True)
    population = models.JSONField(default=list, blank=True)
    with_key = models.BooleanField(default=False)
    reason = models.CharField(max_length=200)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    keep_until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=PackState.choices, default=PackState.QUEUED)
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    file = models.CharField(max_length=120, blank=True, help_text="Name under PACK_DIR.")
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    stored_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="quizzes_pack_due",
                condition=models.Q(state__in=["queued", "claimed"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="quizzes_pack_reason",
                violation_error_message="Say why. The reason stays in the record.",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="stored") | (~models.Q(file="") & ~models.Q(sha256="")),
                name="quizzes_pack_stored_with_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"pack of {self.total} people as of {self.as_of}"


class PackPerson(models.Model):
    """One person of a pack. ``folder`` is the person's folder in the ZIP, unique without regard to the name."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    folder = models.CharField(max_length=80)

    class Meta:
        ordering = ["pack_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "person"], name="quizzes_pack_person_once"),
            models.UniqueConstraint(fields=["pack", "position"], name="quizzes_pack_position_once"),
            models.UniqueConstraint(fields=["pack", "folder"], name="quizzes_pack_folder_once"),
        ]

    def __str__(self) -> str:
        return self.folder


class SurveyLink(models.Model):
    """Lets whoever holds its address read one pack until ``ends_at``. The address is signed over a secret of which only the hash is
    here, so that nobody can read it out of the database. ``made_for`` says whom it was given to."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="links")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64)
    made_for = models.CharField(max_length=120)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(made_for=""),
                name="quizzes_survey_link_for_whom",
                violation_error_message="Say who gets this link.",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("made_at")), name="quizzes_survey_link_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"link for {self.made_for} until {self.ends_at:%Y-%m-%d}"


class SurveyView(models.Model):
    """One look through a link. Appended, never changed."""

    link = models.ForeignKey(SurveyLink, on_delete=models.PROTECT, related_name="views")
    at = models.DateTimeField()
    part = models.CharField(max_length=8, choices=SurveyPart.choices)
    person = models.ForeignKey(PackPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.part} at {self.at:%Y-%m-%d %H:%M}"
