"""What needs somebody's attention among people: numbers by status, and who it is. The weekly mail to supervisors reads it."""

import dataclasses
import datetime as dt
from collections import Counter

from django.db.models import Q, QuerySet

from courses.enums import ATTENTION, Status
from courses.models import Assignment
from courses.queries.newest import newest
from courses.queries.replies import waiting_of
from courses.queries.status import with_status
from lms.people.models import User
from lms.people.queries.teams import people_below

#: in the order in which they are told
NEEDS = (Status.EXPIRED, Status.OVERDUE, Status.ATTEMPTS_USED, Status.EXPIRING)


@dataclasses.dataclass(frozen=True)
class Attention:
    """``rows`` are assignments with ``status``, most urgent first; ``answers``: how many answers to reminders wait."""

    rows: tuple[Assignment, ...]
    answers: int

    @property
    def counts(self) -> list[tuple[Status, int]]:
        """Each status that occurs, with its number."""
        found = Counter(Status(row.status) for row in self.rows)  # type: ignore[attr-defined]  # annotated by with_status
        return [(status, found[status]) for status in NEEDS if found[status]]

    @property
    def people(self) -> int:
        return len({row.learner_id for row in self.rows})

    def __bool__(self) -> bool:
        return bool(self.rows or self.answers)


def attention_of(viewer: User, at: dt.datetime) -> Attention:
    """What the viewer's people page shows as late, used up or about to end. Two queries and the tree of teams."""
    people: QuerySet[User] = people_below(viewer)
    rows = (
        with_status(newest(people), at)
        .filter(Q(status__in=NEEDS))
        .select_related("learner__site", "learner__team", "course")
    )
    return Attention(tuple(sorted(rows, key=_order)), waiting_of(people, viewer).count())


def _order(row: Assignment) -> tuple[int, dt.date, str, str]:
    return (ATTENTION[Status(row.status)], row.due_on, row.learner.name.casefold(), row.course.title)  # type: ignore[attr-defined]
