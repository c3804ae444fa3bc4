"""Occasions, messages, and surges of them."""

import uuid

from django.conf import settings
from django.db import models

from lms.outbox.enums import MessageState, SurgeDecision


class Surge(models.Model):
    """Far more gathered mail than usual wanted to go out in one day, so it is held until a person decides. One is open at most.

    ``usual`` is the mean of a day before, ``limit`` what a day may make without asking, ``wanted`` how many messages are held.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    opened_at = models.DateTimeField()
    usual = models.PositiveIntegerField()
    limit = models.PositiveIntegerField()
    wanted = models.PositiveIntegerField(default=0)
    decision = models.CharField(
        max_length=8, choices=SurgeDecision.choices, default=SurgeDecision.OPEN, blank=True, editable=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"],
                condition=models.Q(decision=""),
                name="outbox_one_open_surge",
                violation_error_message="Messages are held already. Decide about them first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.wanted} messages held since {self.opened_at:%Y-%m-%d %H:%M}"


class Message(models.Model):
    """One email to one person. Its columns of work (state, lease, tries, next_try_at) are read and moved by ``lms.outbox.work``.

    The stored bodies are what was sent, with every secret link replaced by ``[personal link hidden]``. ``last_reply`` is the last
    thing the mail server or the system said about it; ``decision`` and ``decided_by`` are what a person last decided, and why.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=MessageState.choices, default=MessageState.QUEUED)
    surge = models.ForeignKey(Surge, on_delete=models.PROTECT, null=True, blank=True, related_name="messages")
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=120, unique=True)
    to_email = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    last_reply = models.CharField(max_length=500, blank=True)
    resent_after_doubt = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=300, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="outbox_message_due",
                condition=models.Q(state__in=["queued", "claimed", "handing_over"]),
            ),
            models.Index(fields=["sent_at"], name="outbox_message_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id} ({self.state})"


class Occasion(models.Model):
    """One reason to write to one person. ``key`` is built by the kind's pure function, so the same reason never comes twice.

    ``ref`` is what the kind needs to find its object again: an id as text, never a secret. Without a message it waits to be gathered
    with the person's other reasons; ``dropped_at`` says that it no longer waits, or was left out of its message, and why.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="occasions")
    ref = models.CharField(max_length=64)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, blank=True, related_name="occasions")
    created_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(
                fields=["recipient"],
                name="outbox_occasion_open",
                condition=models.Q(message__isnull=True, dropped_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.key


class MailPreference(models.Model):
    """A kind of mail that a person has switched off. Not evidence: the row goes when they switch it on again."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mail_preferences")
    kind = models.CharField(max_length=40)
    off_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "kind"], name="outbox_one_preference_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} is off for {self.recipient_id}"
