"""The entry of one due date, and the file of several."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable

from icalendar import Alarm, Calendar, Event, vDuration
from icalendar.enums import CLASS, TRANSP

from lms.lib import dates

PRODUCT = "-//Staff training//Due dates//EN"
#: Calendars count an alarm of an all-day entry from its midnight: nine in the morning of the day before.
THE_DAY_BEFORE = dt.timedelta(hours=-15)
ASK_AGAIN = dt.timedelta(hours=12)


@dataclasses.dataclass(frozen=True)
class DueDate:
    """``assignment`` names the entry for ever. ``moves`` is how often the date was moved, ``changed_at`` when it was set or last moved: a
    calendar takes a file with a higher number for a newer one of the same entry."""

    assignment: uuid.UUID
    title: str
    due_on: dt.date
    zone: str
    url: str
    changed_at: dt.datetime
    moves: int = 0


def due_event(due: DueDate) -> Event:
    """An entry of the whole day, which is nobody's appointment, with one alarm in the morning of the day before. It holds the title of
    the course and nothing about the person."""
    text = f"Due: {due.title}"
    event = Event.new(
        uid=str(due.assignment),
        summary=text,
        description=f"Finish by the end of the day, {dates.zone_label(due.zone)}. Your place and your answers are kept.",
        start=due.due_on,
        end=due.due_on + dt.timedelta(days=1),
        url=due.url,
        classification=CLASS.PRIVATE,
        transparency=TRANSP.TRANSPARENT,
        sequence=due.moves,
        stamp=due.changed_at,
        last_modified=due.changed_at,
    )
    event.add_component(Alarm.new_display(description=text, trigger=THE_DAY_BEFORE))
    return event


def calendar_of(dues: Iterable[DueDate], *, name: str = "", refreshed: bool = False) -> bytes:
    """One file with an entry for each due date, in their order. ``refreshed``: it lies at an address that calendars ask again twice a day;
    else it is a file that is published once."""
    calendar = Calendar.new(prodid=PRODUCT, name=name or None, method=None if refreshed else "PUBLISH")
    del calendar["UID"]  # a new one each time: the same facts are to give the same bytes
    if refreshed:
        calendar.add("REFRESH-INTERVAL", ASK_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", vDuration(ASK_AGAIN))
    for due in dues:
        calendar.add_component(due_event(due))
    return calendar.to_ical()
