"""What the coordinator's page of one person shows beside the details."""

import datetime as dt
from typing import NamedTuple

from lms.people.models import Supervision, User
from lms.people.queries.people import names_of_subjects
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent


class Entry(NamedTuple):
    """One line of the record in words. ``actor`` is a name, or empty when the system did it."""

    word: str
    at: dt.datetime
    actor: str


def supervised_by(user: User) -> list[Supervision]:
    """The teams that a person supervises now, by site and name."""
    rows = Supervision.objects.filter(supervisor=user, ended_at=None).select_related("team", "team__site")
    return list(rows.order_by("team__site__name", "team__name"))


def history_of(user: User, most: int) -> list[Entry]:
    """The newest entries of a person's training record, newest first. Two queries."""
    events = list(TrainingEvent.objects.filter(subject=user.subject).order_by("-seq")[:most])
    names = names_of_subjects({event.actor for event in events})
    return [Entry(EventKind(event.kind).label, event.effective_at, names.get(event.actor, "")) for event in events]
