"""People by courses as they stood at the end of a past day, read from the spans (``courses.queries.asof`` says how)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from courses.enums import Known
from courses.models import Assignment, Course
from courses.queries.asof import newest_of, place_as_of, with_status_as_of, with_units_as_of
from courses.queries.cells import Cell, cell_of, said_then
from courses.queries.matrix import Filters, Matrix
from lms.people.models import User


class PastMatrix(Matrix):
    """The same rows, counts and sums with what was so then. ``people`` come from ``people_as_of`` of the same day and knowledge, with the team
    and site of then; names, job roles and categories are those of today. ``zones``: those of the sites."""

    then = "then_"
    _place_names = ("then_site_name", "then_team_name")

    def __init__(
        self,
        people: QuerySet[User],
        at: dt.datetime,
        filters: Filters | None = None,
        *,
        day: dt.date,
        known: Known,
        zones: Sequence[str],
        offered: list[Course] | None = None,
    ) -> None:
        super().__init__(people, at, filters, offered=offered)
        self.day, self.known, self.zones = day, known, zones

    def _held(self, rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
        return with_status_as_of(rows, self.day, self.known, self.zones).filter(Q(then_withdrawn_at__isnull=True))

    def _newest(self, rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
        return newest_of(rows, self.day, self.known, self.zones)

    def _todo(self) -> Q:
        return Q(then_completed_at__isnull=True, then_satisfied_at__isnull=True)

    def _place(self, group: str) -> Any:
        return place_as_of(self.known, group)

    def _where(self, person: User) -> tuple[str, str]:
        there: Any = person  # the names of then are annotations
        return (there.then_team_name or "", there.then_site_name)

    def _made(self, people: Sequence[User]) -> dict[tuple[int, int], Cell]:
        """One query."""
        by_key = {person.pk: person for person in people}
        return {
            (row.learner_id, row.course_id): cell_of(row, said_then(row), by_key[row.learner_id], self.day, past=True)
            for row in with_units_as_of(self._cells(list(by_key)))
        }
