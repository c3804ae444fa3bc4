"""Reading the outbox. Nothing here writes."""

import datetime as dt

from django.db.models import Case, F, Min, QuerySet, When

from lms.lib import clock
from lms.outbox.enums import NEEDS_A_PERSON, OPEN, MessageState
from lms.outbox.models import Message

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
