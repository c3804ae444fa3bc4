"""Writing the record: ``append`` is the only door."""

import contextlib
import contextvars
import datetime as dt
import functools
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet, Subquery

from lms.lib import canonical, clock
from lms.record import hooks
from lms.record.chain import event_hash, head_mac
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, RecordHead, TrainingEvent

SYSTEM = "system"
SCHEMA = 2
_as_told = contextvars.ContextVar("as_told", default=False)


class OutsideTransactionError(RuntimeError):
    """``append`` was called outside a transaction, so the event could stand without the change it tells of."""


def append(
    subject: uuid.UUID,
    kind: EventKind,
    payload: dict[str, Any],
    *,
    at: dt.datetime,
    by: uuid.UUID | str,
) -> TrainingEvent:
    """Adds one event to the subject's chain, inside the caller's transaction.

    First the head row is taken by ``UPDATE ... SET seq = seq + 1`` (made if absent), which makes every other writer of the same
    subject wait; then it is read together with the newest event of the whole record, the event is hashed over both and over the one
    before, and the head gets the new hash. ``at`` is when the fact
    took effect; when it was recorded is read from the clock. ``by`` is the actor's subject id or ``SYSTEM``. A bulk action calls
    this in the order of sorted subjects. Last come the followers of ``lms.record.hooks``. Raises OutsideTransactionError outside a
    transaction.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"{kind} for {subject} must be written in the transaction of the change")
    _take(subject, 1)
    head = _heads().get(pk=subject)
    event = TrainingEvent(
        subject=subject,
        seq=head.seq,
        kind=kind,
        schema=SCHEMA,
        effective_at=at,
        recorded_at=at if _as_told.get() else clock.now(),
        actor=str(by),
        payload=canonical.dumps(payload),
        prev=head.hash,
        after_subject=head.after_subject,
        after_seq=head.after_seq,
        after_hash=head.after_hash or "",
    )
    event.hash = event_hash(event)
    event.save(force_insert=True)
    RecordHead.objects.filter(pk=subject).update(hash=event.hash, mac=head_mac(subject, head.seq, event.hash))
    hooks.appended(event)
    return event


@contextlib.contextmanager
def recorded_as_told() -> Iterator[None]:
    """Inside it, every event counts as recorded at its ``at``: for a made-up past (the demonstration, a simulated year), which would
    otherwise have been recorded all at once. Refused in production mode."""
    if settings.PRODUCTION:
        raise RuntimeError("A record of production says when it was written, not when it is told to have been.")
    token = _as_told.set(True)
    try:
        yield
    finally:
        _as_told.reset(token)


@functools.cache
def _heads() -> QuerySet[Any]:
    """Heads with the newest event of the whole record beside them. Made once: building it costs more than asking it."""
    newest = TrainingEvent.objects.order_by("-pk")
    columns = {f"after_{name}": Subquery(newest.values(name)[:1]) for name in ("subject", "seq", "hash")}
    return RecordHead.objects.annotate(**columns)


def hold(subject: uuid.UUID) -> None:
    """Makes every other writer of the subject's record wait until this transaction ends.

    For an action that must look before it writes ("does the person already have this course?"), and for one that takes other
    rows before its event: heads come first, so that two actions never wait for each other. Raises OutsideTransactionError outside
    a transaction.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"the record of {subject} can be held inside a transaction only")
    _take(subject, 0)


def _take(subject: uuid.UUID, step: int) -> None:
    if not RecordHead.objects.filter(pk=subject).update(seq=F("seq") + step):
        RecordHead.objects.bulk_create([RecordHead(subject=subject)], ignore_conflicts=True)
        RecordHead.objects.filter(pk=subject).update(seq=F("seq") + step)


def empty_snapshots(subject: uuid.UUID, *, at: dt.datetime) -> int:
    """Takes the identity out of every snapshot of the subject, and returns how many held one. The hashes stay, so that the chain
    still verifies. Inside a transaction that also appends PERSON_ERASED: an emptied snapshot without it is a fault."""
    if not connection.in_atomic_block:
        raise OutsideTransactionError(f"the snapshots of {subject} must be emptied in the transaction of the erasure")
    return IdentitySnapshot.objects.filter(subject=subject, erased_at=None).update(salt="", fields=None, erased_at=at)


def latest_snapshot(subject: uuid.UUID) -> IdentitySnapshot | None:
    return IdentitySnapshot.objects.filter(subject=subject).last()


def snapshot(
    subject: uuid.UUID, fields: dict[str, Any], *, at: dt.datetime, latest: IdentitySnapshot | None = None
) -> IdentitySnapshot:
    """The snapshot of these identity fields: the subject's latest if nothing changed, else a new row with a new salt. ``latest`` saves
    looking for it again."""
    latest = latest or latest_snapshot(subject)
    if latest is not None and latest.fields == fields:
        return latest
    salt = secrets.token_hex(32)
    return IdentitySnapshot.objects.create(
        subject=subject, hash=canonical.sha256([salt, fields]), salt=salt, fields=fields, created_at=at
    )
