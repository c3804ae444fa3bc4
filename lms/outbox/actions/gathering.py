"""Reasons that can wait: noted one by one, gathered into at most one mail a day for each person."""

import datetime as dt
import itertools
import logging
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from lms.outbox import delivery, digest, gathering, kinds
from lms.outbox.actions import surges
from lms.outbox.actions.making import check_key, new_message
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion, Surge
from lms.outbox.queries import as_reasons, gathered_log, open_occasions

log = logging.getLogger(__name__)


class WrittenMeanwhileError(Exception):
    """Another hand took one of the occasions."""


def note(kind: str, *, key: str, recipient: Any, ref: str, at: dt.datetime) -> bool:
    """Notes one reason to write to one person, in the caller's transaction; ``gather`` writes it when its time has come.

    The key is unique for ever: False, and nothing happens, when it is there already, also when two callers come at once. Raises
    KeyError for an unknown kind and ValueError for one that is sent at once, or a key of more than 190 signs.
    """
    if not kinds.get(kind).gathered or kind == digest.SLUG:
        raise ValueError(f"{kind} is no reason that is gathered: announce it")
    check_key(key)
    if Occasion.objects.filter(key=key).exists():
        return False
    try:
        with transaction.atomic():
            Occasion.objects.create(key=key, kind=kind, recipient=recipient, ref=ref, created_at=at)
    except IntegrityError:
        if Occasion.objects.filter(key=key).exists():
            return False
        raise
    return True


def gather(*, at: dt.datetime) -> dict[str, int]:
    """Writes to everybody who has open occasions and may be written to now. Returns counts: written, held, dropped.

    For each person: who cannot be reached has all dropped; then ``lms.outbox.gathering.decide`` says whether now is the time. If so,
    each reason is asked whether it rests (then it stays open) and whether it is still wanted; one that is not is dropped and says why,
    one whose kind fails is logged and left open. What remains becomes one message: of the reason's own kind, or a digest of several. More messages than a day may
    have are held under a Surge. Each person is a transaction of their own; one that fails is logged and keeps no other back. A worker
    is rung after each commit. Must not run inside a transaction.
    """
    counts = {"written": 0, "held": 0, "dropped": 0}
    rows = list(open_occasions().filter(created_at__lte=at).order_by("recipient_id", "created_at", "pk"))
    written = gathered_log([row.recipient_id for row in rows], at)
    ready: list[list[Occasion]] = []
    for recipient_id, group in itertools.groupby(rows, key=lambda row: row.recipient_id):
        own = list(group)
        try:
            wanted = _wanted(own, written.get(recipient_id, []), at, counts)
        except Exception:
            log.exception("the mail of recipient %s could not be gathered", recipient_id)
            continue
        if wanted:
            ready.append(wanted)
    surge = surges.surge_for(len(ready), at=at) if ready else None
    for wanted in ready:
        try:
            message = _write(wanted, surge, at)
        except WrittenMeanwhileError:
            continue
        except Exception:
            log.exception("the mail of recipient %s could not be written", wanted[0].recipient_id)
            continue
        if message is not None:
            counts["held" if message.state == MessageState.HELD else "written"] += 1
    return counts


def _wanted(
    own: list[Occasion], written: Sequence[gathering.Written], at: dt.datetime, counts: dict[str, int]
) -> list[Occasion]:
    """Those of one person's open occasions that are to be written now, in order; drops what is not wanted any more."""
    recipient = own[0].recipient
    unreachable = delivery.unreachable(recipient)
    if unreachable:
        counts["dropped"] += _drop(own, unreachable, at)
        return []
    hours = kinds.hours_of(recipient)
    if isinstance(gathering.decide(as_reasons(own), written, hours, at), gathering.Wait):
        return []
    wanted = []
    for occasion in own:
        try:
            if kinds.get(occasion.kind).rests(occasion, at):
                continue
            why_not = kinds.why_not(occasion, at)
        except Exception:
            log.exception("occasion %s could not say whether it is still wanted", occasion.key)
            continue
        if why_not is None:
            wanted.append(occasion)
        else:
            counts["dropped"] += _drop([occasion], why_not, at)
    if not wanted:
        return []
    decision = gathering.decide(as_reasons(wanted), written, hours, at)
    if isinstance(decision, gathering.Wait):  # the urgent one is gone
        return []
    return sorted(wanted, key=lambda occasion: decision.keys.index(occasion.key))


def _write(wanted: list[Occasion], surge: Surge | None, at: dt.datetime) -> Message | None:
    """One message for these occasions of one person. None if the person was written to meanwhile, or the surge was discarded."""
    recipient = wanted[0].recipient
    kind = wanted[0].kind if len(wanted) == 1 else digest.SLUG
    with transaction.atomic(durable=True):
        # Of two gathers at once the second waits here (on SQLite for the whole transaction), and then finds the first one's message.
        list(get_user_model().objects.select_for_update(no_key=True).filter(pk=recipient.pk).values_list("pk"))
        written = gathered_log([recipient.pk], at).get(recipient.pk, [])
        decision = gathering.decide(as_reasons(wanted), written, kinds.hours_of(recipient), at)
        if isinstance(decision, gathering.Wait):
            return None
        state = MessageState.QUEUED if surge is None else surges.join(surge)
        if state is None:
            return None
        held_under = surge if state == MessageState.HELD else None
        message = new_message(kind, recipient, at=at, state=state, surge=held_under)
        rows = Occasion.objects.filter(pk__in=[one.pk for one in wanted], message__isnull=True, dropped_at__isnull=True)
        if rows.update(message=message) != len(wanted):
            raise WrittenMeanwhileError
    return message


def _drop(rows: list[Occasion], reason: str, at: dt.datetime) -> int:
    open_still = Occasion.objects.filter(pk__in=[row.pk for row in rows], message__isnull=True, dropped_at__isnull=True)
    return open_still.update(dropped_at=at, dropped_reason=reason[:300])
