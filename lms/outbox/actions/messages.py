"""One message: announced at once, released, delivered, swept; and what a person decides: retry, discard, resend."""

import datetime as dt
import re
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from lms.lib import clock
from lms.lib.failpoints import failpoint
from lms.outbox import delivery, kinds, tasks, work
from lms.outbox.actions.making import check_key, decision_in_words, new_message, person
from lms.outbox.enums import FINAL, MessageState
from lms.outbox.models import Message, Occasion

SWEEP_ROWS = 200  # a sweep; what is left over is found 30 seconds later
RETRY_FROM = (MessageState.HELD, MessageState.QUEUED, MessageState.DEAD, MessageState.FAILED, MessageState.UNCERTAIN)
DISCARD_FROM = (MessageState.WAITING, *RETRY_FROM)


def announce(
    kind: str, *, key: str, recipient: Any, ref: str, at: dt.datetime, waiting: bool = False
) -> Message | None:
    """Notes one reason to write to one person, in the caller's transaction: an Occasion and the Message that carries it.

    The key is unique for ever: when it is there already nothing happens and None is returned, also when two callers come at once.
    The message is queued, or ``waiting`` until ``release`` (its attachment is not there yet). After the commit a worker is rung.
    Raises KeyError for an unknown kind and ValueError for one that is gathered, or a key of more than 190 signs.
    """
    if kinds.get(kind).gathered:
        raise ValueError(f"{kind} is gathered with other reasons: note it")
    check_key(key)
    if Occasion.objects.filter(key=key).exists():
        return None
    return _insert(
        kind, [(key, kind, ref)], recipient, at=at, state=MessageState.WAITING if waiting else MessageState.QUEUED
    )


def release(message_pk: int, *, at: dt.datetime) -> bool:
    """Queues a waiting message, in the caller's transaction; a worker is rung after the commit. False if it was not waiting."""
    won = Message.objects.filter(pk=message_pk, state=MessageState.WAITING).update(
        state=MessageState.QUEUED, next_try_at=at
    )
    if won:
        work.ring_after_commit(tasks.DELIVER, message_pk)
    return won == 1


def deliver(message_pk: int, *, at: dt.datetime | None = None) -> None:
    """Claims the message, if it is due and nobody has it, and takes it as far as it goes today (see ``lms.outbox.delivery``).

    Must not run inside a transaction. With ``at`` every step happens at that instant; without it each reads the clock.
    """
    now = clock.now if at is None else lambda: at
    with transaction.atomic(durable=True):
        token = work.claim(
            Message.objects.filter(pk=message_pk),
            ready=MessageState.QUEUED,
            claimed=MessageState.CLAIMED,
            lease=delivery.lease(),
            at=now(),
        )
    if token is None:
        return
    failpoint("mail.after_claim")
    delivery.Delivery(message_pk, token, now).run()


def sweep(*, at: dt.datetime) -> dict[str, int]:
    """Finds what a crash or a lost ring left behind. Returns counts: rung, uncertain, again.

    First, messages whose hand-over was cut off (lease ended in ``handing_over``) become uncertain, or are queued once more if
    their kind says so. Then a worker is rung for every message that is due, or claimed with an ended lease; longest due first.
    """
    counts = {"rung": 0, "uncertain": 0, "again": 0}
    cut_off = Message.objects.filter(state=MessageState.HANDING_OVER, lease_until__lte=at).order_by("lease_until")
    for message in cut_off[:SWEEP_ROWS]:
        outcome = delivery.settle_doubt(
            message, message.lease_token, reply="The worker stopped while handing the message over.", at=at, again_at=at
        )
        if outcome:
            counts[outcome] += 1
    due = work.due(Message.objects.all(), ready=MessageState.QUEUED, claimed=MessageState.CLAIMED, at=at)
    for pk in list(due.values_list("pk", flat=True)[:SWEEP_ROWS]):
        work.ring_after_commit(tasks.DELIVER, pk)
        counts["rung"] += 1
    return counts


def retry(message: Message, *, at: dt.datetime, by: uuid.UUID | str, reason: str) -> bool:
    """A person queues a message anew that gave up, was refused, is uncertain, is held, or waits for its next try. Tries begin at 0; the
    Message-ID stays, and no sending hours are waited for. False if its state does not allow it (any more)."""
    decision = "Send now" if message.state == MessageState.HELD else "Try again"
    return _decide(
        message, RETRY_FROM, at=at, by=by, decision=decision, reason=reason,
        state=MessageState.QUEUED, tries=0, next_try_at=at, settled_at=None, lease_token=None, lease_until=None,
    )  # fmt: skip


def discard(message: Message, *, at: dt.datetime, by: uuid.UUID | str, reason: str) -> bool:
    """A person decides that a message that is not on its way is not sent. False if its state does not allow it (any more)."""
    return _decide(
        message, DISCARD_FROM, at=at, by=by, decision="Discarded", reason=reason,
        state=MessageState.SUPPRESSED, settled_at=at, lease_token=None, lease_until=None,
    )  # fmt: skip


def resend(message: Message, *, at: dt.datetime, by: uuid.UUID | str, reason: str) -> Message | None:
    """A person sends a settled message's reasons once more, as a new message (keys end in ``:r2``, then ``:r3``).

    None if this message was sent again already: then that newer one is the one to look at. Raises ValidationError while the
    message is still on its way, and without a reason.
    """
    decision = decision_in_words("Sent again", reason)
    if not Message.objects.filter(pk=message.pk, state__in=FINAL).exists():
        raise ValidationError("This message is still on its way. Wait until it is sent or settled.")
    reasons = [(_next_key(occasion.key), occasion.kind, occasion.ref) for occasion in message.occasions.all()]
    return _insert(
        message.kind,
        reasons,
        message.recipient,
        at=at,
        state=MessageState.QUEUED,
        decision=decision,
        decided_by=person(by),
    )


def _insert(
    kind: str, reasons: list[tuple[str, str, str]], recipient: Any, *, at: dt.datetime, state: str, **values: Any
) -> Message | None:
    try:
        with transaction.atomic():
            message = new_message(kind, recipient, at=at, state=state, **values)
            for key, own_kind, ref in reasons:
                Occasion.objects.create(
                    key=key, kind=own_kind, recipient=recipient, ref=ref, message=message, created_at=at
                )
    except IntegrityError:
        if Occasion.objects.filter(key__in=[key for key, _, _ in reasons]).exists():
            return None
        raise
    return message


def _next_key(key: str) -> str:
    match = re.fullmatch(r"(.*):r(\d+)", key)
    return f"{match[1]}:r{int(match[2]) + 1}" if match else f"{key}:r2"


def _decide(
    message: Message,
    states: tuple[str, ...],
    *,
    at: dt.datetime,
    by: uuid.UUID | str,
    decision: str,
    reason: str,
    **changes: Any,
) -> bool:
    text = decision_in_words(decision, reason)
    with transaction.atomic():
        won = Message.objects.filter(pk=message.pk, state__in=states).update(
            decision=text, decided_by=person(by), **changes
        )
        if won and changes["state"] == MessageState.QUEUED:
            work.ring_after_commit(tasks.DELIVER, message.pk)
    message.refresh_from_db()
    return won == 1
