"""Rosters that were taken in, and their lines."""

import uuid

from django.conf import settings
from django.db import models

from lms.people.enums import RosterEffect, RosterRowState, RosterStage, RosterState


class RosterImport(models.Model):
    """One list of people that a coordinator uploaded. The file itself is not kept: ``table`` holds its cells as text until the import
    is over, ``head`` the line with the names of its columns.

    ``mapping`` says which column (counted from 0) holds which field, ``options`` how the cells are meant. ``stage`` is what is done with
    it, ``state`` whether that wants work, as ``lms.outbox.work`` moves it. How far it is, is counted from its rows.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    head = models.JSONField(default=list)
    table = models.BinaryField(null=True, blank=True)
    lines = models.PositiveIntegerField()
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    made_by = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    stage = models.CharField(max_length=8, choices=RosterStage.choices, default=RosterStage.COLUMNS)
    state = models.CharField(max_length=8, choices=RosterState.choices, default=RosterState.SETTLED)
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=40, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=40, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="people_roster_due", condition=models.Q(state__in=["queued", "claimed"])
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(undone_at__isnull=True) | models.Q(confirmed_at__isnull=False),
                name="people_roster_undone_after_done",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class RosterRow(models.Model):
    """One line of a roster, or one person who is missing in it (``line`` is empty).

    ``effect`` and ``words`` say what it does, as the preview shows it; ``plan`` holds the same as facts, and only what still comes to
    the same plan at its turn is done. ``outcome`` says what happened, ``before`` holds what undoing needs. ``email`` and
    ``number`` are what people are found by.
    """

    roster = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    line = models.PositiveIntegerField(null=True, blank=True)
    cells = models.JSONField(default=list)
    email = models.CharField(max_length=254, blank=True)
    number = models.CharField(max_length=40, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    effect = models.CharField(max_length=8, choices=RosterEffect.choices, blank=True)
    name = models.CharField(max_length=120, blank=True)
    words = models.TextField(blank=True)
    plan = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=RosterRowState.choices, default=RosterRowState.WAITING)
    outcome = models.CharField(max_length=400, blank=True)
    before = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["roster", "effect", "position"], name="people_rosterrow_effect"),
            models.Index(fields=["roster", "state", "position"], name="people_rosterrow_state"),
            models.Index(fields=["roster", "email"], name="people_rosterrow_email"),
            models.Index(fields=["roster", "number"], name="people_rosterrow_number"),
        ]
        constraints = [models.UniqueConstraint(fields=["roster", "position"], name="people_rosterrow_once")]

    def __str__(self) -> str:
        return f"line {self.line} of roster {self.roster_id} ({self.effect})"
