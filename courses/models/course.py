"""A course, its immutable versions, and their units. A version stores all that is needed to show and re-grade it."""

import uuid

from django.db import models

from courses.enums import ChangeKind


class Course(models.Model):
    """The subject. ``current`` is the version that new enrollments get; None until the first is published."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    current = models.ForeignKey("CourseVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class CourseVersion(models.Model):
    """One published edition. Never changed after publishing: a new content hash makes a new version.

    ``changes`` is the author's list; ``change`` and ``change_note`` say what of it is new since the edition before.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    title = models.CharField(max_length=120)
    summary = models.TextField()
    audience = models.JSONField(default=list)
    language = models.CharField(max_length=12, default="en")
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    pass_mark = models.PositiveSmallIntegerField(help_text="Percent of the questions drawn.")
    attempts = models.PositiveSmallIntegerField(help_text="Attempts at each quiz within an enrollment.")
    wait_minutes = models.PositiveIntegerField(help_text="Minutes between handing in and the next attempt.")
    valid_months = models.JSONField(default=dict, help_text="Months by audience, for example {'staff': 24}.")
    notice = models.TextField(blank=True)
    authors = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    change = models.CharField(max_length=8, choices=ChangeKind.choices, default=ChangeKind.MINOR)
    change_note = models.TextField(
        blank=True, help_text="What is different for learners, where the change is material."
    )
    misconceptions = models.JSONField(default=dict, help_text="Id to {belief, correction}.")
    sign_offs = models.JSONField(default=list, blank=True, help_text="Practices that must be observed.")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["course_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="courses_version_number_once"),
            models.UniqueConstraint(fields=["course", "content_hash"], name="courses_version_hash_once"),
            models.CheckConstraint(condition=models.Q(pass_mark__lte=100), name="courses_version_pass_mark_percent"),
            models.CheckConstraint(
                condition=~models.Q(change=ChangeKind.MATERIAL) | ~models.Q(change_note=""),
                name="courses_version_material_with_note",
                violation_error_message="Say what a material change is.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, edition {self.number}"

    @property
    def edition(self) -> str:
        return f"{self.number} \u00b7 {self.content_hash[:6]}"


class Unit(models.Model):
    """One reading. ``blocks`` is the compiled body (courses.authoring), ``sections`` its headings as {id, title}."""

    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="units")
    position = models.PositiveSmallIntegerField()
    author_id = models.CharField(max_length=40)
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=160)
    minutes = models.PositiveSmallIntegerField()
    objectives = models.JSONField(default=list)
    facts = models.JSONField(default=list)
    blocks = models.JSONField(default=list)
    sections = models.JSONField(default=list)
    glossary = models.JSONField(default=list)
    sources = models.JSONField(default=list)

    class Meta:
        ordering = ["version_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="courses_unit_position_once"),
            models.UniqueConstraint(fields=["version", "slug"], name="courses_unit_slug_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def objective_texts(self) -> dict[str, str]:
        """Id to text."""
        return {objective["id"]: objective["text"] for objective in self.objectives}

    @property
    def section_ids(self) -> dict[str, str]:
        """Title to the id that an address can point at."""
        return {section["title"]: section["id"] for section in self.sections}

    @property
    def slots(self) -> list[str]:
        return [block["slot"] for block in self.blocks if block["type"] == "protocol"]
