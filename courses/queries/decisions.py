"""What waits for a supervisor's decision, and where apps above add to it.

A source is registered in ``AppConfig.ready``. What it finds stands in place of what Today would say by itself about the same person and
course: who has used all attempts is not also listed as overdue.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable

from django.db.models import QuerySet, TextChoices

from lms.people.models import User


class Group(TextChoices):
    """The parts of the list, the most urgent first."""

    SHIFT = "shift", "Before the next shift"
    LATE = "late", "Late"
    ANSWER = "answer", "Waiting for your answer"
    LAPSE = "lapse", "About to lapse"


@dataclasses.dataclass(frozen=True)
class Days:
    """What a date field offers: the first day that may be chosen, the one that stands there, the last one."""

    least: dt.date
    start: dt.date
    latest: dt.date


@dataclasses.dataclass(frozen=True)
class Act:
    """One button of a row. ``kind``: ``link`` opens a page, ``post`` does it at once, ``extend`` and ``exempt`` open a page or, with
    script, its dialog (``dialog`` is the dialog's id), ``call`` and ``mail`` leave the browser. Of several the first is the one to take."""

    label: str
    url: str
    kind: str = "link"
    dialog: str = ""
    days: Days | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """One row. ``key`` is its id on the page. ``course`` is the course's key, ``title`` its title. ``status`` is a word of the face's, ``word`` stands in its
    place. ``since`` orders the rows of a group, the earliest first. ``more`` are ways that lie folded."""

    key: str
    group: Group
    person: User
    course: int
    title: str
    status: str
    word: str
    text: str
    since: dt.datetime
    acts: tuple[Act, ...] = ()
    more: tuple[Act, ...] = ()
    note: str = ""
    why_url: str = ""


#: people (active, below the viewer, never the viewer), the viewer, the instant. A fixed number of queries, however many people.
Source = Callable[[QuerySet[User], User, dt.datetime], Iterable[Decision]]
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Adds a source of rows. Registering the same one twice is once."""
    if source not in _sources:
        _sources.append(source)


def registered(people: QuerySet[User], viewer: User, at: dt.datetime) -> list[Decision]:
    """What all sources find, in the order of registration."""
    return [row for source in _sources for row in source(people, viewer, at)]
