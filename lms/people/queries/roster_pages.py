"""Rosters as the coordinator reads them: what each line does, how far the work is, what became of whom."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, QuerySet

from lms.people.enums import RosterEffect, RosterRowState, RosterStage, RosterState
from lms.people.models import RosterImport, RosterRow
from lms.people.queries.people import names_of_subjects

EFFECT_SIGNS = {
    RosterEffect.NEW: ("active", "user-plus"),
    RosterEffect.BACK: ("active", "log-in"),
    RosterEffect.MOVED: ("active", "arrow-right"),
    RosterEffect.CHANGED: ("active", "pencil"),
    RosterEffect.LEAVES: ("soon", "user-x"),
    RosterEffect.SAME: ("idle", "circle"),
    RosterEffect.ERROR: ("late", "circle-x"),
}
STATE_SIGNS = {
    RosterRowState.WAITING: ("idle", "hourglass"),
    RosterRowState.DONE: ("done", "circle-check"),
    RosterRowState.SKIPPED: ("pause", "circle-minus"),
    RosterRowState.FAILED: ("late", "circle-x"),
    RosterRowState.UNDONE: ("pause", "rotate-ccw"),
    RosterRowState.KEPT: ("soon", "triangle-alert"),
}


@dataclasses.dataclass(frozen=True)
class Story:
    """How far a roster is. ``numbers``: lines by (effect, state), only those that are there."""

    roster: RosterImport
    numbers: Mapping[tuple[str, str], int]
    made_by: str = ""
    confirmed_by: str = ""
    undone_by: str = ""

    @property
    def effects(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (effect, _), number in self.numbers.items():
            found[effect] = found.get(effect, 0) + number
        return found

    @property
    def states(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (_, state), number in self.numbers.items():
            found[state] = found.get(state, 0) + number
        return found

    def of(self, *states: RosterRowState) -> int:
        return sum(self.states.get(state, 0) for state in states)

    @property
    def errors(self) -> int:
        return self.effects.get(RosterEffect.ERROR, 0)

    @property
    def acting(self) -> int:
        """How many lines change something."""
        return (
            sum(self.effects.values()) - self.errors - self.effects.get(RosterEffect.SAME, 0) - self.effects.get("", 0)
        )

    @property
    def working(self) -> bool:
        return self.roster.state in (RosterState.QUEUED, RosterState.CLAIMED)

    @property
    def stopped(self) -> bool:
        return self.roster.state == RosterState.STOPPED

    @property
    def turns(self) -> int:
        """How many lines the present work is about."""
        if self.roster.stage == RosterStage.CHECKING:
            return self.roster.lines
        if self.roster.stage == RosterStage.UNDOING:
            return self.of(RosterRowState.UNDONE, RosterRowState.KEPT, RosterRowState.DONE, RosterRowState.WAITING)
        return self.acting

    @property
    def over(self) -> int:
        if self.roster.stage == RosterStage.CHECKING:
            return min(self.turns, sum(self.effects.values()) - self.effects.get("", 0))
        open_ones = [RosterRowState.WAITING]
        if self.roster.stage == RosterStage.UNDOING:
            open_ones.append(RosterRowState.DONE)
        return self.turns - self.of(*open_ones)

    @property
    def tenths(self) -> int:
        """How many tenths are done, for those who listen: not every number is read out."""
        return self.over * 10 // self.turns if self.turns else 10

    @property
    def failed(self) -> int:
        """Lines that were to change something and did not."""
        return sum(
            number
            for (effect, state), number in self.numbers.items()
            if state == RosterRowState.FAILED
            or (state == RosterRowState.SKIPPED and effect not in (RosterEffect.ERROR, RosterEffect.SAME))
        )

    @property
    def counts(self) -> list[tuple[int, str]]:
        """Numbers and words of what the lines do, without what is not there."""
        words = {
            RosterEffect.NEW: "new",
            RosterEffect.BACK: "come back",
            RosterEffect.MOVED: "move",
            RosterEffect.CHANGED: "change",
            RosterEffect.LEAVES: "leave",
            RosterEffect.SAME: "stay as they are",
            RosterEffect.ERROR: "with errors",
        }
        one = {"come back": "comes back", "move": "moves", "change": "changes", "leave": "leaves", "stay as they are": "stays as it is", "with errors": "with an error"}  # fmt: skip
        found = [(self.effects.get(effect, 0), word) for effect, word in words.items()]
        return [(number, one.get(word, word) if number == 1 else word) for number, word in found if number]

    @property
    def sign(self) -> tuple[str, str, str]:
        """Colour family, icon and word."""
        if self.stopped:
            return "late", "circle-alert", "Stopped"
        stage = self.roster.stage
        if self.working:
            words = {RosterStage.CHECKING: "Being checked", RosterStage.UNDOING: "Being undone"}
            return "active", "hourglass", words.get(RosterStage(stage), "Being imported")
        if stage == RosterStage.UNDOING:
            return "pause", "rotate-ccw", "Undone"
        return (
            ("done", "circle-check", "Imported") if stage == RosterStage.DOING else ("idle", "circle", "Not imported")
        )


def stories_of(rosters: Sequence[RosterImport]) -> list[Story]:
    """Two queries."""
    found: dict[int, dict[tuple[str, str], int]] = {roster.pk: {} for roster in rosters}
    rows = RosterRow.objects.filter(roster__in=list(found)).order_by().values_list("roster", "effect", "state")
    for roster, effect, state, number in rows.annotate(number=Count("pk")):
        found[roster][effect, state] = number
    who = {one for roster in rosters for one in (roster.made_by, roster.confirmed_by, roster.undone_by) if one}
    names = names_of_subjects(who)
    return [
        Story(
            roster,
            found[roster.pk],
            names.get(roster.made_by, ""),
            names.get(roster.confirmed_by, ""),
            names.get(roster.undone_by, ""),
        )
        for roster in rosters
    ]


def all_rosters() -> QuerySet[RosterImport]:
    return RosterImport.objects.defer("table").order_by("-made_at", "-pk")


def last_chosen() -> RosterImport | None:
    """The newest roster whose columns were chosen: how it was done the last time."""
    return all_rosters().exclude(mapping={}).first()


def rows_of(roster: RosterImport, *, effects: Iterable[str] = (), states: Iterable[str] = ()) -> QuerySet[RosterRow]:
    """Lines in the order of the file, those who are missing in it last."""
    rows = RosterRow.objects.filter(roster=roster).select_related("user__site").order_by("position")
    if effects:
        rows = rows.filter(effect__in=list(effects))
    return rows.filter(state__in=list(states)) if states else rows


def csv_rows(roster: RosterImport, effects: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The lines as they stood in the file, with what they do or why they do not; read from the database in parts."""
    width = len(roster.head)
    yield ("Line", "What it does", "In words", "What happened", *roster.head)
    for row in rows_of(roster, effects=effects).iterator(chunk_size=500):
        effect = RosterEffect(row.effect).label if row.effect else ""
        happened = f"{RosterRowState(row.state).label}: {row.outcome}" if row.outcome else ""
        texts = row.cells if row.line is not None else [row.name]
        yield (row.line or "", effect, row.words, happened, *(texts + [""] * width)[: max(width, len(texts))])
