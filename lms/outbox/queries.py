"""Reading the outbox. Nothing here writes."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, When

from lms.lib import clock, dates
from lms.outbox import kinds
from lms.outbox.enums import NEEDS_A_PERSON, OPEN, UNSENT, MessageState, SurgeDecision
from lms.outbox.gathering import DAYS, Reason, Wait, Write, Written, decide
from lms.outbox.models import Message, Occasion, Surge

OPEN_FILTER = "open"
PERSON_FILTER = "needs_a_person"
WAITING_REASONS = "waiting"
DROPPED_REASONS = "dropped"
HELD_ROWS = 5000  # held messages that are looked at for examples
EXAMPLES = 3
AN_HOUR = dt.timedelta(hours=1)
_DUE_SINCE = Case(When(tries=0, then=F("next_try_at")), default=F("created_at"))
_FAMILIES = {OPEN_FILTER: OPEN, PERSON_FILTER: NEEDS_A_PERSON}


@dataclasses.dataclass
class HeldKind:
    """A kind of a surge: how many messages it holds, and the first few of them."""

    kind: str
    number: int
    examples: list[Message]
    label: str = ""


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


def numbers_that_need_a_person() -> dict[str, int]:
    """How many messages gave up, were refused and are uncertain, by state; states without any are left out."""
    rows = Message.objects.filter(state__in=NEEDS_A_PERSON).order_by().values("state").annotate(number=Count("pk"))
    return {row["state"]: row["number"] for row in rows}


def reasons_for_page(show: str = WAITING_REASONS) -> QuerySet[Occasion]:
    """Reasons to write that wait for a mail of their person, longest waiting first; or, for ``dropped``, those that do not wait any
    more because they were not wanted, the newest first."""
    rows = Occasion.objects.select_related("recipient", "message")
    if show == DROPPED_REASONS:
        return rows.filter(dropped_at__isnull=False).order_by("-dropped_at", "-pk")
    return rows.filter(message=None, dropped_at=None).order_by("created_at", "pk")


def open_surge() -> Surge | None:
    """The surge that waits for a person's decision, if there is one."""
    return Surge.objects.filter(decision=SurgeDecision.OPEN).first()


def held() -> int:
    """How many messages are held under a surge that waits for a decision."""
    return Message.objects.filter(state=MessageState.HELD).count()


def held_by_kind(surge: Surge) -> list[HeldKind]:
    """What a surge holds: each kind with how many messages and the first few recipients; the most numerous first."""
    rows = surge.messages.filter(state=MessageState.HELD).order_by("created_at", "pk").select_related("recipient")
    found: dict[str, HeldKind] = {}
    for message in rows.only("kind", "created_at", "surge_id", "recipient")[:HELD_ROWS]:
        held = found.setdefault(message.kind, HeldKind(message.kind, 0, []))
        held.number += 1
        if len(held.examples) < EXAMPLES:
            held.examples.append(message)
    return sorted(found.values(), key=lambda held: (-held.number, held.kind))


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


def as_reasons(rows: Iterable[Occasion]) -> list[Reason]:
    return [Reason(row.key, row.kind, kinds.get(row.kind).urgent, row.created_at) for row in rows]


def waits(recipients: Iterable[int], at: dt.datetime) -> dict[int, Write | Wait]:
    """What ``decide`` says now about each of these recipients (primary keys) for whom reasons wait to be gathered. Two queries."""
    people = set(recipients)
    rows = list(open_occasions().filter(recipient__in=people).order_by("recipient_id"))
    log = gathered_log(people, at)
    return {
        recipient: decide(as_reasons(own), log.get(recipient, []), kinds.hours_of(own[0].recipient), at)
        for recipient, group in itertools.groupby(rows, key=lambda row: row.recipient_id)
        if (own := list(group))
    }
