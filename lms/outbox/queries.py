"""Reading the outbox. Nothing here writes."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import Case, F, Min, Q, QuerySet, When

from lms.lib import clock, dates
from lms.outbox import kinds
from lms.outbox.enums import NEEDS_A_PERSON, OPEN, UNSENT, MessageState
from lms.outbox.gathering import DAYS, Written
from lms.outbox.models import Message, Occasion

OPEN_FILTER = "open"
PERSON_FILTER = "needs_a_person"
_FAMILIES = {OPEN_FILTER: OPEN, PERSON_FILTER: NEEDS_A_PERSON}


def oldest_waiting(at: dt.datetime | None = None) -> dt.datetime | None:
    """Since when the oldest unsent message has been due, tries that failed included; None when nothing is waiting to be sent.

    Counts waiting, queued, claimed and handing_over. A message that a person queued anew counts from then.
    """
    since = Case(When(tries=0, then=F("next_try_at")), default=F("created_at"))
    oldest = Message.objects.filter(state__in=OPEN).aggregate(since=Min(since))["since"]
    return oldest if oldest is not None and oldest <= (at or clock.now()) else None


def needs_a_person() -> QuerySet[Message]:
    """Messages that nothing but a person's decision moves: gave up, refused, uncertain. Newest first."""
    return Message.objects.filter(state__in=NEEDS_A_PERSON).select_related("recipient")


def messages_for_page(show: str = "") -> QuerySet[Message]:
    """All messages, newest first, with recipient and occasions; ``show`` is a state, ``open``, ``needs_a_person`` or a kind's
    slug as ``kind:<slug>``. Anything else shows all."""
    rows = Message.objects.select_related("recipient").prefetch_related("occasions")
    if show in _FAMILIES:
        return rows.filter(state__in=_FAMILIES[show])
    if show in MessageState.values:
        return rows.filter(state=show)
    if show.startswith("kind:"):
        return rows.filter(kind=show.removeprefix("kind:"))
    return rows


def open_occasions() -> QuerySet[Occasion]:
    """The reasons that wait to be gathered, with their recipients."""
    rows = Occasion.objects.filter(message__isnull=True, dropped_at__isnull=True, kind__in=kinds.gathered_slugs())
    return kinds.with_recipients(rows)


def gathered_log(recipients: Iterable[int], at: dt.datetime) -> dict[int, list[Written]]:
    """For each of these recipients (primary keys) the gathered mails that count at the instant: sent, or perhaps sent, in the last days,
    or on their way. Who has none is left out. One query."""
    since = at - dt.timedelta(days=DAYS + 1)
    settled = Q(state__in=(MessageState.SENT, MessageState.UNCERTAIN), settled_at__gte=since)
    rows = Message.objects.filter(
        Q(state__in=UNSENT) | settled, recipient__in=set(recipients), kind__in=kinds.gathered_slugs()
    )
    log: dict[int, list[Written]] = {}
    for message in kinds.with_recipients(rows).defer("body_text", "body_html"):
        zone = kinds.hours_of(message.recipient).zone
        on = (
            None
            if message.state in UNSENT or message.settled_at is None
            else dates.local_date(message.settled_at, zone)
        )
        log.setdefault(message.recipient_id, []).append(Written(on))
    return log
