"""Sites and teams by the names that a roster gives them."""

import dataclasses
import difflib
from collections.abc import Iterable

from lms.people.models import Site, Team, User
from lms.people.roster.cells import Options, Reading


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a person shall be. ``new_team`` is the name of a team that is not there yet; ``team`` is None then."""

    site: Site
    team: Team | None = None
    new_team: str = ""

    @property
    def team_name(self) -> str:
        return self.team.name if self.team else self.new_team

    @property
    def words(self) -> str:
        return f"{self.team_name} at {self.site.name}" if self.team_name else f"{self.site.name}, without a team"


class Places:
    """All sites and teams, read once, in two queries. Names are compared without regard to upper and lower case."""

    def __init__(self) -> None:
        sites = list(Site.objects.order_by("name"))
        self._sites = {site.name.casefold(): site for site in sites}
        self._open = [site for site in sites if site.active]
        self._teams: dict[str, list[Team]] = {}
        for team in Team.objects.select_related("site").order_by("site__name", "name"):
            self._teams.setdefault(team.name.casefold(), []).append(team)

    def of(self, said: Reading, user: User | None, options: Options) -> Place | str:
        """Where the person shall be by what the line says and where they are, or a sentence that says what to do."""
        site: Site | None = None
        if said.site:
            found = self._site(said.site)
            if isinstance(found, str):
                return found
            site = found
        if said.team:
            return self._team(said.team, site, user, options)
        if user is not None:
            here = Place(user.site, user.team)
            return here if site is None or site.pk == user.site_id else Place(site)
        if site is None and len(self._open) == 1:
            site = self._open[0]
        return Place(site) if site else f"Say at which site this new person works: {_list(s.name for s in self._open)}."

    def _site(self, name: str) -> Site | str:
        site = self._sites.get(name.casefold())
        if site is None:
            return f"There is no site “{name}”. {self._advice(name, (s.name for s in self._open))}"
        return site if site.active else f"The site “{site.name}” is not in use any more. Choose another site."

    def _team(self, name: str, site: Site | None, user: User | None, options: Options) -> Place | str:
        named = list(self._teams.get(name.casefold(), []))
        teams = [team for team in named if team.active]
        if named and not teams and (site is None or any(team.site_id == site.pk for team in named)):
            return f"The team “{named[0].name}” is not in use any more. Choose another team."
        if site is None and len(teams) > 1:
            here = [team for team in teams if user is not None and team.site_id == user.site_id]
            if len(here) != 1:
                return f"There is a team “{teams[0].name}” at {_list(team.site.name for team in teams)}. Add the site to this line."
            teams = here
        match = [team for team in teams if site is None or team.site_id == site.pk]
        if match:
            return Place(match[0].site, match[0])
        if site is None and len(self._open) == 1:
            site = self._open[0]
        if options.new_teams and site is not None:
            return Place(site, None, name)
        if teams and site is not None:
            return f"The team “{teams[0].name}” is at {teams[0].site.name}, not at {site.name}. Correct the site or the team."
        around = [team for rows in self._teams.values() for team in rows if team.active]
        offered = sorted({team.name for team in around if site is None or team.site_id == site.pk})
        where = f" at {site.name}" if site else ""
        return f"There is no team “{name}”{where}. {self._advice(name, offered)}"

    def _advice(self, name: str, offered: Iterable[str]) -> str:
        """The nearest name, or the names there are."""
        known = {one.casefold(): one for one in offered}
        near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.7)
        if near:
            return f"Did you mean “{known[near[0]]}”?"
        return f"There are: {_list(known.values())}." if known else "There is none yet. Add it first."


def _list(names: Iterable[str], most: int = 6) -> str:
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
