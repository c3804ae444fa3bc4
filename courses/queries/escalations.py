"""Duties that have been late for so long that those who answer for the learner are told."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.text import get_text_list

from courses.enums import Status
from courses.models import Assignment
from courses.queries.replies import pausing
from courses.queries.status import with_status
from lms.lib import dates
from lms.outbox.enums import MessageState
from lms.outbox.models import Occasion
from lms.people.models import Organization
from lms.people.queries.teams import answerable_for

LATE = (Status.OVERDUE, Status.EXPIRED)
#: if the learner's own mail has not gone out so many days after it should have, others are told all the same
PATIENCE = 7


def after_days() -> int:
    """Days after the due date from which somebody is told; 0: never."""
    found = Organization.objects.values_list("escalate_after_days", flat=True).first()
    return found or 0


def told_on(due_on: dt.date, days: int) -> dt.date:
    """The first day on which somebody may be told."""
    return due_on + dt.timedelta(days=days)


def escalated(at: dt.datetime, days: int, only: str = "") -> list[Assignment]:
    """What is to be told at the instant: open, late by so many local days, neither resting nor answered, and the learner was told first
    or cannot be, or should have been a week ago. One a person and course, the one that was due first. ``only``: the public id of one
    assignment to ask about. Two queries."""
    rows = Assignment.objects.open().filter(
        learner__is_active=True, due_at__lte=at - dt.timedelta(days=max(days - 2, 0))
    )
    if only:
        mine = Assignment.objects.filter(public_id=only)
        rows = rows.filter(learner__in=mine.values("learner"), course__in=mine.values("course"))
    found = with_status(rows, at)
    found = (
        found.filter(Q(status__in=LATE)).exclude(pausing(at)).select_related("learner__site", "learner__team", "course")
    )
    first: dict[tuple[int, int], Assignment] = {}
    for row in found.order_by("due_at", "pk"):
        first.setdefault((row.learner_id, row.course_id), row)
    late = [row for row in first.values() if dates.local_date(at, row.learner.zone) >= told_on(row.due_on, days)]
    reminded = set(_reminders(late).values_list("ref", flat=True))
    return [row for row in late if _learner_first(row, reminded, at, days)]


def _reminders(rows: Sequence[Assignment]) -> QuerySet[Occasion]:
    """The mails to the learners, sent, that said it is late."""
    refs = [str(row.public_id) for row in rows]
    return Occasion.objects.filter(kind="overdue", ref__in=refs, message__state=MessageState.SENT)


def was_reminded(assignment: Assignment) -> bool:
    """Whether the learner's own mail that it is late went out."""
    return _reminders([assignment]).exists()


def _learner_first(row: Assignment, reminded: set[str], at: dt.datetime, days: int) -> bool:
    if not row.learner.email or str(row.public_id) in reminded:
        return True
    return dates.local_date(at, row.learner.zone) >= told_on(row.due_on, days + PATIENCE)


def who_is_told(assignment: Assignment, today: dt.date) -> str:
    """For the learner: who sees that it is late, and when somebody is told. One sentence. Two to five queries."""
    sees = "Your supervisor sees that it is late."
    days = after_days()
    if not days:
        return sees
    occasions = Occasion.objects.filter(
        kind="escalation", ref=str(assignment.public_id), key__contains=f":{assignment.due_on}:"
    )
    told = [row.recipient.name for row in occasions.select_related("recipient") if row.message_id is not None]
    if told:
        return f"{get_text_list(sorted(told), 'and')} {'was' if len(told) == 1 else 'were'} told that it is late."
    found = get_text_list([person.name for person in answerable_for(assignment.learner) if person.email], "and")
    if not found:
        return sees
    day = told_on(assignment.due_on, days)
    if today < day:
        return f"If it is still open on {dates.weekday_date(day)}, {found} will be told."
    return f"{found} will be told now that it is late."
