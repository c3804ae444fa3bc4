"""Rows that every way to write shares: a new message, a key that fits, a decision in words."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from lms.lib import names, safety
from lms.outbox import tasks, work
from lms.outbox.enums import MessageState
from lms.outbox.models import Message

LONGEST_KEY = 190  # the column holds 200; a coordinator's ":r2" must still fit


def check_key(key: str) -> None:
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"the key of an occasion must have 1 to {LONGEST_KEY} signs: {key[:60]!r}")


def new_message(kind: str, recipient: Any, *, at: dt.datetime, state: str, **values: Any) -> Message:
    """Writes one message without occasions, in the caller's transaction. If it is queued a worker is rung after the commit."""
    public_id = uuid.uuid4()
    host = (safety.host_of(settings.SITE_URL) or "localhost")[-80:].lstrip(".-")
    message = Message.objects.create(
        public_id=public_id, recipient=recipient, kind=kind, state=state, created_at=at, next_try_at=at,
        message_id=f"<{public_id}@{host}>", **values,
    )  # fmt: skip
    if state == MessageState.QUEUED:
        work.ring_after_commit(tasks.DELIVER, message.pk)
    return message


def decision_in_words(what: str, reason: str) -> str:
    """What a person decided, and why. Raises ValidationError without a reason."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError("Say in a few words why.")
    return f"{what}: {reason}"[:300]


def person(by: uuid.UUID | str) -> uuid.UUID | None:
    return by if isinstance(by, uuid.UUID) else None
