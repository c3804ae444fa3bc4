"""The shared entries that texts point at, and the checks of such pointers."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from courses.authoring.findings import Findings
from courses.authoring.schema import Fact, GlossaryEntry, Misconception, Source


@dataclass
class Lookups:
    """Facts, misconceptions, glossary and sources, each by id. Empty ones know nothing."""

    facts: dict[str, Fact] = field(default_factory=dict)
    misconceptions: dict[str, Misconception] = field(default_factory=dict)
    glossary: dict[str, GlossaryEntry] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    @staticmethod
    def near(name: str, known: Iterable[str], file: str) -> str:
        """What to write instead of an unknown id."""
        names = list(known)
        close = [one for one in names if one.lower() == name.lower()] or difflib.get_close_matches(name, names, n=1)
        return f"Did you mean '{close[0]}'?" if close else f"Add it to {file}, or correct the id."

    def check_facts(
        self, ids: Iterable[str], *, findings: Findings, file: str, line: int | None = None, place: str = ""
    ) -> None:
        """Reports each fact id that is unknown or that must not be taught."""
        for name in ids:
            fact = self.facts.get(name)
            if fact is None:
                fix = self._fact_meant(name)
                findings.error("unknown-fact", file, line=line, place=place, why=f"There is no fact '{name}'.", fix=fix)
            elif fact.use == "exclude":
                findings.error(
                    "excluded-fact",
                    file,
                    line=line,
                    place=place,
                    why=f"The fact {name} is marked 'exclude': it must not be taught.",
                    fix="Take it out, or rest the text on another fact.",
                )

    def _fact_meant(self, name: str) -> str:
        """Ids of facts are numbers, so a near one is most likely another fact: only the way of writing is mended."""
        bare = name.strip(",;.").upper()
        if bare != name and bare in self.facts:
            return f"Write {bare}, with spaces and no commas between several." if "," in name else f"Write {bare}."
        return "Look the fact up in facts.yaml or supplement.yaml, and write its id as it stands there."

    def check_misconception(
        self, name: str, *, findings: Findings, file: str, line: int | None = None, place: str = ""
    ) -> bool:
        """True when the id is known; otherwise one error finding."""
        if name in self.misconceptions:
            return True
        fix = self.near(name, self.misconceptions, "misconceptions.yaml")
        findings.error(
            "unknown-misconception", file, line=line, place=place, why=f"There is no misconception '{name}'.", fix=fix
        )
        return False

    def opened_terms(self, names: Iterable[str]) -> list[str]:
        """The glossary ids given and all that their ``see`` leads to, known ones only, by term."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in self.glossary and name not in found:
                found.add(name)
                waiting.extend(self.glossary[name].see)
        return sorted(found, key=lambda name: (self.glossary[name].term.lower(), name))
