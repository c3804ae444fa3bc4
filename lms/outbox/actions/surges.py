"""Far more gathered mail than usual is held until a person decides: so one wrong rule does not write to everybody."""

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from lms.lib import dates
from lms.outbox import kinds, tasks, work
from lms.outbox.actions.making import decision_in_words, person
from lms.outbox.enums import MessageState, SurgeDecision
from lms.outbox.models import Message, Surge

ALWAYS = 200  # gathered messages a day that nobody is asked about
TIMES = 5  # the usual number
DAYS = 28  # over which "usual" is the mean
RING_ROWS = 200  # rung at once; the sweep finds the others


def surge_for(wanted: int, *, at: dt.datetime) -> Surge | None:
    """The surge that so many new messages must join, opened if need be; None if they may be queued.

    They join the open one. They may be queued on a day (of the house) on which a person said "send", or if the day's number stays
    within max(200, 5 x the mean of the last 28 days); messages of a surge that was not sent count for no day.
    """
    surge = Surge.objects.filter(decision=SurgeDecision.OPEN).first()
    if surge is not None:
        return surge
    zone = kinds.zone_of_the_house()
    yesterday = dates.local_date(at, zone) - dt.timedelta(days=1)
    today = dates.end_of_day(yesterday, zone)
    if Surge.objects.filter(decision=SurgeDecision.SEND, decided_at__gte=today).exists():
        return None
    made = Message.objects.filter(
        Q(surge__isnull=True) | Q(surge__decision=SurgeDecision.SEND), kind__in=kinds.gathered_slugs()
    )
    first = dates.end_of_day(yesterday - dt.timedelta(days=DAYS), zone)
    before = made.filter(created_at__gte=first, created_at__lt=today).count()
    limit = max(ALWAYS, TIMES * before // DAYS)
    if made.filter(created_at__gte=today).count() + wanted <= limit:
        return None
    try:
        with transaction.atomic():
            return Surge.objects.create(opened_at=at, usual=round(before / DAYS), limit=limit)
    except IntegrityError:  # another gather opened one at the same moment
        return Surge.objects.filter(decision=SurgeDecision.OPEN).first()


def join(surge: Surge) -> MessageState | None:
    """In the transaction of a new message: the state that it gets. Held and counted while the surge is open; queued if a person said
    "send" meanwhile; None if they discarded it, so that the next gather asks anew."""
    if Surge.objects.filter(pk=surge.pk, decision=SurgeDecision.OPEN).update(wanted=F("wanted") + 1):
        return MessageState.HELD
    sent = Surge.objects.filter(pk=surge.pk, decision=SurgeDecision.SEND).exists()
    return MessageState.QUEUED if sent else None


def decide_surge(surge: Surge, *, send: bool, at: dt.datetime, by: uuid.UUID | str, reason: str) -> bool:
    """A person decides about all messages that are held under an open surge, in one transaction. False if it was decided before.

    ``send`` queues them; each is asked again before it goes, and waits for the person's sending hours. Otherwise they are suppressed,
    and say why. Messages that were released or discarded one by one stay as they are. Raises ValidationError without a reason.
    """
    text = decision_in_words("Sent" if send else "Discarded", reason)
    with transaction.atomic():
        won = Surge.objects.filter(pk=surge.pk, decision=SurgeDecision.OPEN).update(
            decision=SurgeDecision.SEND if send else SurgeDecision.DISCARD,
            decided_at=at,
            decided_by=person(by),
            reason=text.partition(": ")[2],
        )
        if won:
            held = Message.objects.filter(surge=surge, state=MessageState.HELD)
            if send:
                for pk in list(held.order_by("pk").values_list("pk", flat=True)[:RING_ROWS]):
                    work.ring_after_commit(tasks.DELIVER, pk)
                held.update(state=MessageState.QUEUED, next_try_at=at)
            else:
                held.update(state=MessageState.SUPPRESSED, settled_at=at, decision=text, decided_by=person(by))
    surge.refresh_from_db()
    return won == 1
