"""People by courses in sums: how each team and each site stands."""

import dataclasses
from collections.abc import Iterable, Sequence

from courses.enums import ATTENTION, Status
from courses.queries.cells import NOT_ASKED
from courses.queries.matrix import Matrix
from lms.people.models import Site, Team

HELD = (Status.COMPLETE, Status.EXPIRING)


@dataclasses.dataclass
class Line:
    """One team with all below it, or one site. ``people`` have a course in each status, ``cells`` are the courses they have."""

    name: str
    key: str
    depth: int = 0
    everyone: int = 0
    people: dict[Status, int] = dataclasses.field(default_factory=dict)
    cells: dict[Status, int] = dataclasses.field(default_factory=dict)

    def add(self, other: "Line") -> None:
        self.everyone += other.everyone
        for mine, theirs in ((self.people, other.people), (self.cells, other.cells)):
            for status, number in theirs.items():
                mine[status] = mine.get(status, 0) + number

    @property
    def asked(self) -> int:
        return sum(number for status, number in self.cells.items() if status not in NOT_ASKED)

    @property
    def held(self) -> int:
        return sum(self.cells.get(status, 0) for status in HELD)

    @property
    def share(self) -> int | None:
        """Percent of the courses asked that are held, rounded down, so that 100 means all. None when nothing is asked."""
        return self.held * 100 // self.asked if self.asked else None


def statuses_in(lines: Iterable[Line]) -> list[Status]:
    """The statuses that somebody is in, what needs attention first."""
    found = {status for line in lines for status, number in line.people.items() if number}
    return sorted(found - {Status.NOT_REQUIRED}, key=lambda status: ATTENTION[status])


def by_team(matrix: Matrix, teams: Sequence[Team]) -> list[Line]:
    """A line for each team with its people and those of the teams below, as the filter of teams finds them, the tree depth first. Two
    queries."""
    own = {team.pk: Line(team.name, str(team.public_id)) for team in teams}
    _fill(matrix, "team", own)
    below: dict[int | None, list[Team]] = {}
    for team in teams:
        below.setdefault(team.parent_id if team.parent_id in own else None, []).append(team)
    lines: list[Line] = []

    def walk(parent: int | None, depth: int) -> list[Line]:
        here = []
        for team in below.get(parent, []):
            line = own[team.pk]
            line.depth = depth
            lines.append(line)
            here.append(line)
            for child in walk(team.pk, depth + 1):
                line.add(child)
        return here

    walk(None, 0)
    return [line for line in lines if line.everyone]


def by_site(matrix: Matrix, sites: Sequence[Site]) -> list[Line]:
    """A line for each site that has people. Two queries."""
    lines = {site.pk: Line(site.name, str(site.pk)) for site in sites}
    _fill(matrix, "site", lines)
    return [line for line in lines.values() if line.everyone]


def _fill(matrix: Matrix, group: str, lines: dict[int, Line]) -> None:
    for key, number in matrix.people_by(group):
        if key in lines:
            lines[key].everyone = number
    for key, status, people, cells in matrix.statuses_by(group):
        if key in lines:
            lines[key].people[Status(status)] = people
            lines[key].cells[Status(status)] = cells
