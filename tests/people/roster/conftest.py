"""A coordinator with a small organization, and the way from a file to its end."""

import dataclasses
import datetime as dt
import io
from typing import Any

import pytest
import time_machine

from lms.people.actions import roster_work, rosters
from lms.people.models import RosterImport, RosterRow, Site, Team, User
from lms.people.queries.rosters import needs_number
from lms.people.roster import columns
from lms.people.roster.cells import Options
from tests import factories


@pytest.fixture(autouse=True)
def _clock(at: dt.datetime) -> Any:
    with time_machine.travel(at, tick=False):
        yield


@dataclasses.dataclass
class Office:
    at: dt.datetime
    east: Site
    west: Site
    day: Team
    night: Team
    coordinator: User

    def take(self, data: bytes, name: str = "roster.csv") -> RosterImport:
        return rosters.take_in(io.BytesIO(data), size=len(data), name=name, by=self.coordinator, at=self.at)

    def check(self, data: bytes, mapping: dict[str, int] | None = None, **options: Any) -> RosterImport:
        made = self.take(data)
        rosters.choose_columns(
            made, columns.suggest(made.head) if mapping is None else mapping, Options(**options), at=self.at
        )
        return self.run(made)

    def run(self, made: RosterImport) -> RosterImport:
        roster_work.work(made.pk, at=self.at)
        made.refresh_from_db()
        return made

    def confirm(self, made: RosterImport, *, mode: str = "right", invite: bool = False, **more: Any) -> RosterImport:
        counts = {effect: made.rows.filter(effect=effect).count() for effect in ("leaves",)}
        typed = needs_number(made, counts) or None
        given = {"seen": rosters.stamp(made), "typed": typed, "by": self.coordinator, "at": self.at, **more}
        rosters.confirm(made, mode=mode, invite=invite, **given)
        made.refresh_from_db()
        return made

    def imported(self, data: bytes, mapping: dict[str, int] | None = None, **options: Any) -> RosterImport:
        return self.run(self.confirm(self.check(data, mapping, **options)))

    def undone(self, made: RosterImport) -> RosterImport:
        assert rosters.undo(made, by=self.coordinator, at=self.at)
        return self.run(made)


@pytest.fixture
def office(db: None, at: dt.datetime) -> Office:
    east, west = factories.make_site("Eastgate House"), factories.make_site("Westside", "America/New_York")
    day = factories.make_team("Day team", site=east)
    night = factories.make_team("Night team", site=west)
    coordinator = factories.make_coordinator(site=east, email="priya@example.org", category="contractor")
    return Office(at, east, west, day, night, coordinator)


def effects(made: RosterImport) -> list[str]:
    return [row.effect for row in made.rows.order_by("position")]


def words(made: RosterImport) -> list[str]:
    return [row.words for row in made.rows.order_by("position")]


def row_of(made: RosterImport, position: int = 1) -> RosterRow:
    return made.rows.get(position=position)


def everybody() -> list[tuple[Any, ...]]:
    """All that a roster may change, of everybody."""
    fields = (
        "subject", "name", "email", "employee_number", "site__name", "team__name", "job_role", "phone", "category", "hire_date", "first_shift_on",
        "is_active", "is_coordinator",
    )  # fmt: skip
    return sorted(User.objects.values_list(*fields), key=str)
