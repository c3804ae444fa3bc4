"""Tables of the record. Written only through ``lms.record``. The database itself refuses any change of what stands here but heads
that go forward and erasures (``lms.record.guards``)."""

from django.db import models

from lms.record.enums import EventKind


class RecordHead(models.Model):
    """The end of one subject's chain. Taken first, by UPDATE, in every transaction that appends. ``mac`` is made with RECORD_KEY, so
    that nobody without the key can move the end back to an earlier event."""

    subject = models.UUIDField(primary_key=True)
    seq = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")
    mac = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.subject} at {self.seq}"


class TrainingEvent(models.Model):
    """One line of the record. ``payload`` is canonical JSON text, exactly as hashed. Holds ids and facts, never a name.

    ``prev`` is the hash of the subject's event before this one. ``after_subject``, ``after_seq`` and ``after_hash`` name the newest
    event of the whole record when this one was written: who cuts the end of one chain leaves this trace in another.
    """

    subject = models.UUIDField()
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40, choices=EventKind.choices)
    schema = models.PositiveSmallIntegerField(default=1)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=40)
    payload = models.TextField()
    prev = models.CharField(max_length=64, blank=True)
    after_subject = models.UUIDField(null=True)
    after_seq = models.PositiveIntegerField(null=True)
    after_hash = models.CharField(max_length=64, blank=True, default="")
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


class Seal(models.Model):
    """The seal of one local day over every event recorded since the seal before, and over the end of every chain.

    ``root`` is the hash tree over the ``size`` events, ``heads_root`` the one over the ``heads`` ends of all chains (what a leaf is:
    ``lms.record.chain``); both can be recomputed without a key. ``hash`` is made with RECORD_KEY over all of it and the seal before.
    """

    number = models.PositiveIntegerField(unique=True)
    day = models.DateField(unique=True)
    at = models.DateTimeField()
    size = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    heads = models.PositiveIntegerField()
    heads_root = models.CharField(max_length=64)
    prev = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"seal {self.number} of {self.day}"


class SealedRun(models.Model):
    """Which events of one subject a seal holds: those from ``first`` to ``last``. A seal's leaves stand in the order of subject, seq."""

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="runs")
    subject = models.UUIDField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        ordering = ["seal", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "last"], name="record_sealed_once"),
            models.UniqueConstraint(fields=["seal", "subject"], name="record_run_once_a_seal"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.first} to {self.last}"


class RecordCheck(models.Model):
    """One reading of the whole record in search of faults. Not ended: it runs, or was cut off. No evidence, so it may be overwritten."""

    day = models.DateField(unique=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    events = models.PositiveIntegerField(default=0)
    seals = models.PositiveIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    sentences = models.JSONField(default=list)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"check of {self.day}"
