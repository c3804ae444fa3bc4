"""Teams as a tree. The table is small (a team is a house or a shift), so a tree is read whole, in one query."""

from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lms.people.models import Supervision, Team, User


@dataclass
class Branch:
    """A team, how deep it lies (0 = top of its site), the number of its active people, its open supervisions, what is below, and
    whether somebody leads it: a supervisor of its own, or of a team above."""

    team: Team
    depth: int
    people: int = 0
    supervisions: list[Supervision] = field(default_factory=list)
    children: list["Branch"] = field(default_factory=list)
    led: bool = False


def teams_below(user: User) -> list[Team]:
    """The teams that a person supervises now and all teams below them, by site and name. One query."""
    mine = Supervision.objects.filter(team=OuterRef("pk"), supervisor=user, ended_at=None)
    teams = list(Team.objects.annotate(mine=Exists(mine)).select_related("site").order_by("site__name", "name"))
    seen = {team.pk for team in teams if team.mine}
    while more := {team.pk for team in teams if team.parent_id in seen} - seen:
        seen |= more
    return [team for team in teams if team.pk in seen]


def team_ids_below(user: User) -> set[int]:
    return {team.pk for team in teams_below(user)}


def with_teams_below(teams: set[int]) -> set[int]:
    """The ids of these teams and of all teams below them. One query."""
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    seen = set(teams)
    while more := {pk for pk, parent in parents.items() if parent in seen} - seen:
        seen |= more
    return seen


def people_below(user: User) -> QuerySet[User]:
    """The active people of the teams that a person supervises, and of all teams below them."""
    return User.objects.filter(is_active=True, team__in=team_ids_below(user)).select_related("site", "team")


def team_and_above(team: Team | None) -> list[int]:
    """The ids of a team and of the teams above it, nearest first. One query; none without a team."""
    if team is None:
        return []
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    way: list[int] = []
    here: int | None = team.pk
    while here is not None and here not in way:
        way.append(here)
        here = parents.get(here)
    return way


def supervisors_of(user: User) -> list[User]:
    """Who supervises a person now: supervisors of the person's team first, then of the teams above, each once, never the person."""
    way = team_and_above(user.team)
    if not way:
        return []
    found = Supervision.objects.filter(team__in=way, ended_at=None).select_related("supervisor")
    ordered = sorted(found, key=lambda row: (way.index(row.team_id), row.supervisor.name, row.supervisor_id))
    return list({row.supervisor_id: row.supervisor for row in ordered if row.supervisor_id != user.pk}.values())


def answerable_for(user: User) -> list[User]:
    """Who is told when a person needs an answer: the supervisors of the nearest team that has one, never the person; without any, the
    active coordinators."""
    way = team_and_above(user.team)
    rows = Supervision.objects.filter(team__in=way, ended_at=None, supervisor__is_active=True).exclude(supervisor=user)
    found = list(rows.select_related("supervisor__site").order_by("supervisor__name", "supervisor_id")) if way else []
    nearest = next((team for team in way if any(row.team_id == team for row in found)), None)
    if nearest is not None:
        return [row.supervisor for row in found if row.team_id == nearest]
    coordinators = User.objects.filter(is_coordinator=True, is_active=True).exclude(pk=user.pk)
    return list(coordinators.select_related("site").order_by("name", "pk"))


def supervisors_above(team: Team) -> list[Supervision]:
    """The open supervisions of the teams above this one, which reach it too; nearest first."""
    way = team_and_above(team)[1:]
    rows = Supervision.objects.filter(team__in=way, ended_at=None).select_related("supervisor", "team") if way else []
    return sorted(rows, key=lambda row: (way.index(row.team_id), row.supervisor.name))


def tree() -> list[Branch]:
    """All teams depth first, by site and name, with supervisors and numbers of active people. Two queries."""
    teams = Team.objects.select_related("site").annotate(
        active_people=Count("people", filter=Q(people__is_active=True))
    )
    below: dict[int | None, list[Team]] = {}
    for team in teams.order_by("site__name", "site_id", "name", "pk"):
        below.setdefault(team.parent_id, []).append(team)
    branches: list[Branch] = []

    def walk(parent: Branch | None) -> None:
        for team in below.get(parent.team.pk if parent else None, []):
            branch = Branch(team, parent.depth + 1 if parent else 0, team.active_people)  # type: ignore[attr-defined]
            branches.append(branch)
            if parent:
                parent.children.append(branch)
            walk(branch)

    walk(None)
    by_team = {branch.team.pk: branch for branch in branches}
    for row in (
        Supervision.objects.filter(ended_at=None, team__in=by_team)
        .select_related("supervisor")
        .order_by("supervisor__name")
    ):
        by_team[row.team_id].supervisions.append(row)
    for branch in branches:  # parents come before children
        above = by_team.get(branch.team.parent_id) if branch.team.parent_id else None
        branch.led = bool(branch.supervisions) or (above is not None and above.led)
    return branches


def without_supervisor() -> int:
    """How many active teams with active people have no supervisor, neither their own nor one of a team above."""
    return sum(1 for branch in tree() if branch.team.active and branch.people and not branch.led)
