"""When a person may be written to, and about what. Pure: no tables and no clock, so that a forecast can ask the same.

At most one gathered mail on a local day, at most two in seven days unless a reason is urgent, only in the person's sending
hours, and none while another is on its way.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from lms.lib import dates
from lms.lib.hours import SendingHours
from lms.outbox.enums import Hindrance

DAYS = 7
MOST = 2  # gathered mails in so many days


@dataclasses.dataclass(frozen=True)
class Reason:
    """An open occasion."""

    key: str
    kind: str
    urgent: bool
    created_at: dt.datetime


@dataclasses.dataclass(frozen=True)
class Written:
    """A gathered mail to the person: ``on`` is the local date on which it was sent (or may have been), None while it is on its
    way. What failed or was not sent is not listed."""

    on: dt.date | None


@dataclasses.dataclass(frozen=True)
class Write:
    """To be written now, in one mail: urgent reasons first, then in the order in which they came."""

    keys: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Wait:
    """Not yet. ``until`` is the first instant at which these reasons may be written if nothing else comes; a mail that is still on
    its way counts as one that is sent on the day of asking."""

    until: dt.datetime
    why: Hindrance


def decide(reasons: Sequence[Reason], log: Iterable[Written], hours: SendingHours, at: dt.datetime) -> Write | Wait:
    """What to do about one person's open reasons at the instant. ``log`` holds at least what was written on the last seven days, today
    included; older entries change nothing. Raises ValueError without a reason."""
    if not reasons:
        raise ValueError("nothing is to be written to this person")
    today = dates.local_date(at, hours.zone)
    entries = list(log)
    unsent = any(entry.on is None for entry in entries)
    written = [today if entry.on is None else entry.on for entry in entries]
    urgent = any(reason.urgent for reason in reasons)
    hindrance = Hindrance.UNSENT if unsent else _hindrance(today, written, urgent)
    if hindrance is None:
        if hours.open(at):
            return Write(tuple(reason.key for reason in sorted(reasons, key=_order)))
        hindrance = Hindrance.HOURS
    return Wait(_first(written, urgent, hours, at), hindrance)


def _hindrance(day: dt.date, written: list[dt.date], urgent: bool) -> Hindrance | None:
    if day in written:
        return Hindrance.TODAY
    lately = sum(day - dt.timedelta(days=DAYS) < one <= day for one in written)
    return Hindrance.WEEK if lately >= MOST and not urgent else None


def _first(written: list[dt.date], urgent: bool, hours: SendingHours, at: dt.datetime) -> dt.datetime:
    """The first open instant, not before ``at``, of a day on which nothing else hinders."""
    while True:
        opening = hours.next_open(at)
        day = dates.local_date(opening, hours.zone)
        if _hindrance(day, written, urgent) is None:
            return opening
        at = dates.end_of_day(day, hours.zone)


def _order(reason: Reason) -> tuple[bool, dt.datetime, str]:
    return (not reason.urgent, reason.created_at, reason.key)
