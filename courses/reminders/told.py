"""What was written to somebody about an assignment of theirs, what waits, and what was not written and why."""

import dataclasses
import datetime as dt

from courses.models import Assignment
from courses.reminders.base import CourseMail
from lms.outbox import kinds, words
from lms.outbox.models import Occasion
from lms.outbox.queries import waits


@dataclasses.dataclass(frozen=True)
class Told:
    """``how`` says when it was sent, or why it was not, or until when it waits."""

    kind: str
    reason: str
    noted_at: dt.datetime
    how: str


def mails_about(assignment: Assignment, at: dt.datetime) -> list[Told]:
    """The mails to the learner about it, the newest first; nobody else's. A fixed number of queries, two more while one waits."""
    about = [kind for kind in kinds.all_kinds() if isinstance(kind, CourseMail)]
    refs = {ref for kind in about for ref in kind.refs(assignment)}
    rows = Occasion.objects.filter(
        recipient=assignment.learner_id, kind__in=[kind.slug for kind in about], ref__in=refs
    )
    found = list(rows.select_related("message").order_by("-created_at", "-pk"))
    waiting = any(row.message_id is None and row.dropped_at is None for row in found)
    now = waits([assignment.learner_id], at).get(assignment.learner_id) if waiting else None
    zone = assignment.learner.zone
    return [
        Told(kinds.label(row.kind), kinds.reason_of(row), row.created_at, words.how_it_stands(row, now, zone))
        for row in found
    ]
