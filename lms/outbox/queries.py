"""Reading the outbox. Nothing here writes."""

import datetime as dt

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, When

from lms.lib import clock
from lms.outbox.enums import NEEDS_A_PERSON, OPEN, MessageState
from lms.outbox.models import Message

OPEN_FILTER = "open"
PERSON_FILTER = "needs_a_person"
AN_HOUR = dt.timedelta(hours=1)
_DUE_SINCE = Case(When(tries=0, then=F("next_try_at")), default=F("created_at"))
_FAMILIES = {OPEN_FILTER: OPEN, PERSON_FILTER: NEEDS_A_PERSON}


def oldest_waiting(at: dt.datetime | None = None) -> dt.datetime | None:
    """Since when the oldest unsent message has been due, tries that failed included; None when nothing is waiting to be sent.

    Counts waiting, queued, claimed and handing_over. A message that a person queued anew counts from then.
    """
    oldest = Message.objects.filter(state__in=OPEN).aggregate(since=Min(_DUE_SINCE))["since"]
    return oldest if oldest is not None and oldest <= (at or clock.now()) else None


def unsent_in_silence(since: dt.datetime, at: dt.datetime) -> tuple[int, dt.datetime | None]:
    """How many messages were due and did not go out although nothing was sent after ``since``; and when the last one was sent.

    0 as soon as one was sent. Counts what has been due for an hour, and what gave up, was refused or became uncertain after
    ``since``; 0 too if all of it is to one person, since one bad address is no silence.
    """
    last = Message.objects.aggregate(last=Max("sent_at"))["last"]
    if last is not None and last > since:
        return 0, last
    due = Message.objects.annotate(due_since=_DUE_SINCE).filter(
        Q(state__in=OPEN, due_since__lte=at - AN_HOUR) | Q(state__in=NEEDS_A_PERSON, settled_at__gt=since)
    )
    found = due.aggregate(number=Count("pk"), people=Count("recipient", distinct=True))
    return (found["number"] if found["people"] > 1 else 0), last


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
