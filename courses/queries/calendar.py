"""Due dates as a calendar wants them."""

import datetime as dt
import json
import uuid
from collections.abc import Iterable

from django.db.models import QuerySet
from django.urls import reverse

from courses.calendar.due import DueDate
from courses.links import feed_url
from courses.models import Assignment, CalendarFeed
from courses.queries.status import paused
from lms.people.links import site_url
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent


def feed_address(user: User) -> str:
    """The person's private address; empty until they ask for one."""
    feed = CalendarFeed.objects.filter(user=user).first()
    return feed_url(feed) if feed else ""


def due_dates_of(learner: User, at: dt.datetime) -> list[DueDate]:
    """What the private calendar holds: each course that is to do, once, by due date. What rests while the person is exempt or on leave is
    left out, since its date moves."""
    return due_dates(Assignment.objects.open().filter(learner=learner).exclude(paused(at)))


def due_dates(assignments: QuerySet[Assignment]) -> list[DueDate]:
    """Of assignments that share an enrollment only the one that is due first. Two queries."""
    rows = assignments.select_related("learner__site", "course", "enrollment__version").order_by("due_at", "pk")
    first: dict[int, Assignment] = {}
    for row in rows:
        if row.enrollment_id is not None:
            first.setdefault(row.enrollment_id, row)
    moves = _moves({row.learner.subject for row in first.values()})
    return [_due(row, moves.get(str(row.public_id), [])) for row in first.values()]


def _due(row: Assignment, moves: list[dt.datetime]) -> DueDate:
    assert row.enrollment is not None
    return DueDate(
        assignment=row.public_id,
        title=row.enrollment.version.title,
        due_on=row.due_on,
        zone=row.learner.zone,
        url=site_url(reverse("course", args=[row.enrollment.public_id])),
        changed_at=max([row.assigned_at, *moves]),
        moves=len(moves),
    )


def _moves(subjects: Iterable[uuid.UUID]) -> dict[str, list[dt.datetime]]:
    """When due dates were moved, by assignment, as the record has it. Another zone alone moves no date."""
    found: dict[str, list[dt.datetime]] = {}
    events = TrainingEvent.objects.filter(subject__in=subjects, kind=EventKind.ASSIGNMENT_MOVED)
    for payload, at in events.values_list("payload", "effective_at"):
        facts = json.loads(payload)
        if facts["from"] != facts["to"]:
            found.setdefault(facts["assignment"], []).append(at)
    return found
