"""What is taught and what is tested: article section -> fact -> paragraph -> question, and objective -> question.

A fact counts as taught only where words of a unit are anchored to it (``courses.authoring.anchors``), and as tested where a
question that is not retired names it. Facts marked ``exclude`` are left out: they must not be taught. The rows of
supplement.yaml have no article section; they stand under their topic.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from courses.authoring.compiled import CompiledUnit, Entry, Tree
from courses.authoring.schema import Fact

TEACHABLE = ("teach", "teach_with_note", "replace", None)


@dataclass(frozen=True)
class Place:
    """Words that teach a fact. ``way`` says how they are anchored; ``section`` is empty above the first heading."""

    course: str
    unit: str
    titles: str
    """Of course and unit, for people."""
    file: str
    line: int | None
    section: str
    way: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A question, by its permanent id."""

    course: str
    unit: str
    question: str


@dataclass
class FactRow:
    id: str
    says: str
    """What is to be taught: ``teach_as`` where the fact base gives it, otherwise the fact."""
    use: str
    places: list[Place] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)

    @property
    def taught(self) -> bool:
        return bool(self.places)

    @property
    def tested(self) -> bool:
        return bool(self.questions)


@dataclass
class Group:
    """An article section, or a topic of the supplement, with its teachable facts."""

    name: str
    article: bool
    facts: list[FactRow]
    excluded: int = 0
    """How many facts of it must not be taught."""

    @property
    def reached(self) -> bool:
        return any(fact.taught for fact in self.facts)

    @property
    def needed(self) -> bool:
        """False when all its facts are excluded."""
        return bool(self.facts)


@dataclass(frozen=True)
class ObjectiveRow:
    """``served`` is how many questions one learner gets on it, ``pool`` how many there are to draw from."""

    course: str
    unit: str
    titles: str
    id: str
    text: str
    served: int
    pool: int
    questions: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """At least one served, and three times as many in the pool."""
        return self.served > 0 and self.pool >= 3 * self.served


@dataclass
class Coverage:
    groups: list[Group]
    """Article sections in order, then topics of the supplement in order of first mention."""
    objectives: list[ObjectiveRow]

    @property
    def facts(self) -> list[FactRow]:
        return [fact for group in self.groups for fact in group.facts]

    @property
    def untaught(self) -> list[FactRow]:
        return [fact for fact in self.facts if not fact.taught]

    @property
    def untested(self) -> list[FactRow]:
        return [fact for fact in self.facts if not fact.tested]

    @property
    def unreached(self) -> list[Group]:
        """Article sections that no unit reaches, those with excluded facts only apart."""
        return [group for group in self.groups if group.article and group.needed and not group.reached]

    @property
    def weak_objectives(self) -> list[ObjectiveRow]:
        return [row for row in self.objectives if not row.enough]

    @property
    def taught_percent(self) -> float:
        return _percent(len(self.facts) - len(self.untaught), len(self.facts))

    @property
    def tested_percent(self) -> float:
        return _percent(sum(fact.taught and fact.tested for fact in self.facts), len(self.facts))

    def as_dict(self) -> Entry:
        """JSON-able, in a stable order."""
        sections = [
            {
                "name": group.name,
                "article": group.article,
                "excluded": group.excluded,
                "reached": group.reached,
                "facts": [
                    {
                        "id": fact.id,
                        "says": fact.says,
                        "use": fact.use,
                        "taught": [vars(place) for place in fact.places],
                        "questions": [vars(asked) for asked in fact.questions],
                    }
                    for fact in group.facts
                ],
            }
            for group in self.groups
        ]
        return {
            "facts": len(self.facts),
            "taught_percent": self.taught_percent,
            "tested_percent": self.tested_percent,
            "untaught": [fact.id for fact in self.untaught],
            "untested": [fact.id for fact in self.untested],
            "unreached_sections": [group.name for group in self.unreached],
            "weak_objectives": [row.id for row in self.weak_objectives],
            "sections": sections,
            "objectives": [
                {**vars(row), "questions": list(row.questions), "enough": row.enough} for row in self.objectives
            ],
        }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 100.0


def measure(tree: Tree) -> Coverage:
    """The coverage of a compiled content folder, by its own fact base. Units that could not be compiled teach nothing."""
    places: dict[str, list[Place]] = {}
    asked: dict[str, list[Asked]] = {}
    objectives: list[ObjectiveRow] = []
    for course in tree.courses:
        for unit in course.units:
            titles = f"{course.title}, {unit.title}"
            for anchor in unit.anchors:
                where = {key: anchor[key] for key in ("line", "section", "way", "text")}
                places.setdefault(anchor["fact"], []).append(Place(course.slug, unit.slug, titles, unit.file, **where))
            for question in _live(unit):
                for fact in question["facts"]:
                    asked.setdefault(fact, []).append(Asked(course.slug, unit.slug, question["id"]))
            objectives += _objectives(course.slug, titles, unit)
    return Coverage(list(_groups(tree.facts, places, asked)), objectives)


def _live(unit: CompiledUnit) -> list[dict[str, Any]]:
    return [question for question in (unit.quiz or {}).get("questions", []) if not question["retired"]]


def _objectives(course: str, titles: str, unit: CompiledUnit) -> Iterable[ObjectiveRow]:
    draw = (unit.quiz or {}).get("draw", [])
    for objective in unit.objectives:
        name = objective["id"]
        served = sum(line["take"] for line in draw if line["objective"] == name)
        questions = tuple(question["id"] for question in _live(unit) if question["objective"] == name)
        yield ObjectiveRow(course, unit.slug, titles, name, objective["text"], served, len(questions), questions)


def _groups(facts: dict[str, Fact], places: dict[str, list[Place]], asked: dict[str, list[Asked]]) -> Iterable[Group]:
    groups: dict[tuple[bool, str], Group] = {}
    for name, fact in facts.items():
        article = fact.section is not None
        key = (article, fact.section or fact.topic or "other")
        group = groups.setdefault(key, Group(key[1], article, []))
        if fact.use not in TEACHABLE:
            group.excluded += 1
            continue
        row = FactRow(name, fact.teach_as or fact.fact, fact.use or "teach", places.get(name, []), asked.get(name, []))
        group.facts.append(row)
    return sorted(groups.values(), key=lambda group: not group.article)
