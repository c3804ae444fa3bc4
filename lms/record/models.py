"""Tables of the record. Written only through ``lms.record.actions``; nothing here is ever updated but heads and erasures."""

from django.db import models

from lms.record.enums import EventKind


class RecordHead(models.Model):
    """The end of one subject's chain. Taken first, by UPDATE, in every transaction that appends."""

    subject = models.UUIDField(primary_key=True)
    seq = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.subject} at {self.seq}"


class TrainingEvent(models.Model):
    """One line of the record. ``payload`` is canonical JSON text, exactly as hashed. Holds ids and facts, never a name."""

    subject = models.UUIDField()
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40, choices=EventKind.choices)
    schema = models.PositiveSmallIntegerField(default=1)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=40)
    payload = models.TextField()
    prev = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["subject", "seq"]
        constraints = [models.UniqueConstraint(fields=["subject", "seq"], name="record_event_seq_once")]
        indexes = [models.Index(fields=["kind", "recorded_at"], name="record_event_kind")]

    def __str__(self) -> str:
        return f"{self.subject} {self.seq} {self.kind}"


class IdentitySnapshot(models.Model):
    """How a person was spelled at a time. Events name it by hash; an erasure empties ``salt`` and ``fields`` and keeps the hash."""

    subject = models.UUIDField(db_index=True)
    hash = models.CharField(max_length=64, unique=True)
    salt = models.CharField(max_length=64, blank=True)
    fields = models.JSONField(null=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"snapshot {self.hash[:8]} of {self.subject}"
