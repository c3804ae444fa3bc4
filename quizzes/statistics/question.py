"""The figures of one question."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from quizzes.grading.result import Part
from quizzes.kinds.tables import Choice, ChoiceTable
from quizzes.statistics import ENOUGH, THIRDS
from quizzes.statistics.figures import Estimate, correlation, mean_points

RARE = 3
"""Typed words that fewer people typed are counted together: words can show who wrote them."""
OTHER = "Something else"


@dataclass(frozen=True, slots=True)
class Given:
    """One graded answer. ``rest`` is the share of points that the same attempt earned on its other questions, None without any."""

    attempt: int
    first: bool
    points: float
    rest: float | None
    parts: tuple[Part, ...]
    seconds: int | None = None
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One choice of a table: who made it, of the whole group, of the upper and of the lower third."""

    text: str
    right: bool
    count: int
    share: float
    upper: float | None = None
    lower: float | None = None
    nothing: bool = False
    discrimination: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What was chosen. ``several``: the lines are ticked or not, each by itself, so their shares add up to more or less than all."""

    title: str
    lines: tuple[Line, ...]
    several: bool = False


@dataclass(frozen=True, slots=True)
class Sureness:
    """Answers given with one degree of confidence."""

    level: str
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Belief:
    """A named misconception: the share of first attempts that chose it, and of later ones (None: too few)."""

    name: str
    before: float
    after: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """``n`` first attempts. Everything else is empty while ``n`` is below ENOUGH."""

    n: int
    later: int
    facility: Estimate | None = None
    discrimination: Estimate | None = None
    tables: tuple[Table, ...] = ()
    timed: int = 0
    mean_seconds: float | None = None
    median_seconds: float | None = None
    sureness: tuple[Sureness, ...] = ()
    beliefs: tuple[Belief, ...] = ()

    @property
    def enough(self) -> bool:
        return self.n >= ENOUGH


def figures(answers: Sequence[Given], described: Sequence[ChoiceTable], levels: Sequence[str]) -> Figures:
    """All figures of one question. Facility, discrimination, choices, time and confidence count first attempts only, because a
    later one knows the feedback; misconceptions compare the two. An unanswered question counts as 0 points.

    Discrimination correlates the points with the share earned on the rest of the same attempt, so the question is not
    correlated with itself. ``described`` is what its kind says about its choices; ``levels`` are the degrees of confidence.
    """
    first = [one for one in answers if one.first]
    later = [one for one in answers if not one.first]
    if len(first) < ENOUGH:
        return Figures(len(first), len(later))
    compared = [one for one in first if one.rest is not None]
    seconds = [one.seconds for one in first if one.seconds is not None]
    timed = len(seconds) >= ENOUGH
    return Figures(
        n=len(first),
        later=len(later),
        facility=mean_points([one.points for one in first]),
        discrimination=correlation([one.points for one in compared], [one.rest or 0.0 for one in compared])
        if len(compared) >= ENOUGH
        else None,
        tables=tables(first, described),
        timed=len(seconds),
        mean_seconds=statistics.fmean(seconds) if timed else None,
        median_seconds=statistics.median(seconds) if timed else None,
        sureness=_sureness(first, levels),
        beliefs=_beliefs(first, later),
    )


def thirds(answers: Sequence[Given]) -> tuple[list[Given], list[Given]]:
    """The upper and the lower third by the rest of the attempt; of equals the earlier attempt counts as lower. Empty below THIRDS."""
    ranked = sorted((one for one in answers if one.rest is not None), key=lambda one: (one.rest or 0.0, one.attempt))
    size = len(ranked) // 3
    return (ranked[-size:], ranked[:size]) if len(ranked) >= THIRDS else ([], [])


def tally(answers: Sequence[Given]) -> dict[str, Counter[str | None]]:
    """By part, how often each choice was made; None is no choice. The counts of each part add up to the answers."""
    counts: dict[str, Counter[str | None]] = defaultdict(Counter)
    for one in answers:
        for part in one.parts:
            counts[part.label][part.chosen] += 1
    return dict(counts)


def tables(answers: Sequence[Given], described: Sequence[ChoiceTable]) -> tuple[Table, ...]:
    """The choices as their kind describes them; parts that no description names follow as they were given."""
    counts = tally(answers)
    named = {choice.label for table in described for choice in table.choices} | {table.label for table in described}
    rest = [ChoiceTable(label, label=label, typed=True) for label in counts if label not in named]
    upper, lower = thirds(answers)
    high, low = tally(upper), tally(lower)
    return tuple(_table(table, answers, counts, (high, len(upper)), (low, len(lower))) for table in [*described, *rest])


Counts = dict[str, Counter[str | None]]


def _table(
    described: ChoiceTable,
    answers: Sequence[Given],
    counts: Counts,
    upper: tuple[Counts, int],
    lower: tuple[Counts, int],
) -> Table:
    choices = list(described.choices)
    if described.typed:
        choices += _typed(described, answers, counts)
    several = len({choice.label for choice in choices}) > 1

    label = described.label or (choices[0].label if choices else "")
    compared = [one for one in answers if one.rest is not None]
    rests = [one.rest or 0.0 for one in compared]
    chosen = {name: [_chosen(one, name) for one in compared] for name in {label, *(choice.label for choice in choices)}}

    def line(text: str, right: bool, label: str, wanted: set[str | None], *, nothing: bool = False) -> Line:
        def share(part: Counts, of: int) -> float | None:
            return sum(part.get(label, Counter())[one] for one in wanted) / of if of else None

        count = sum(counts.get(label, Counter())[one] for one in wanted)
        found = correlation([float(one in wanted) for one in chosen[label]], rests) if compared else None
        return Line(
            text, right, count, count / len(answers), share(*upper), share(*lower), nothing,
            found.value if found else None,
        )  # fmt: skip

    lines = [line(choice.text, choice.right, choice.label, {choice.choice}) for choice in choices]
    if not several:
        known = {choice.choice for choice in choices}
        others = {one for one in counts.get(label, Counter()) if one is not None} - known
        if others:
            lines.append(line(OTHER, False, label, set(others)))
        if counts.get(label, Counter())[None]:
            lines.append(line(described.nothing, False, label, {None}, nothing=True))
    return Table(described.title, tuple(lines), several)


def _chosen(one: Given, label: str) -> str | None:
    return next((part.chosen for part in one.parts if part.label == label), None)


def _typed(described: ChoiceTable, answers: Sequence[Given], counts: Counts) -> list[Choice]:
    """Typed words that at least RARE people typed, most frequent first."""
    known = {choice.choice for choice in described.choices}
    right = {p.chosen for one in answers for p in one.parts if p.label == described.label and p.right}
    return [
        Choice(described.label, text, text, text in right)
        for text, count in counts.get(described.label, Counter()).most_common()
        if text is not None and text not in known and count >= RARE
    ]


def _sureness(answers: Sequence[Given], levels: Sequence[str]) -> tuple[Sureness, ...]:
    said = [one for one in answers if one.confidence]
    if len(said) < ENOUGH:
        return ()
    return tuple(
        Sureness(
            level,
            sum(one.points == 1 for one in said if one.confidence == level),
            sum(one.points < 1 for one in said if one.confidence == level),
        )
        for level in levels
    )


def _beliefs(first: Sequence[Given], later: Sequence[Given]) -> tuple[Belief, ...]:
    before, after = _named(first), _named(later)
    return tuple(
        Belief(name, before[name] / len(first), after[name] / len(later) if len(later) >= ENOUGH else None)
        for name, _ in sorted(
            (before if len(later) < ENOUGH else before + after).items(), key=lambda n: (-before[n[0]], n[0])
        )
    )


def _named(answers: Sequence[Given]) -> Counter[str]:
    """In how many answers each misconception was named; twice in one answer is once."""
    return Counter(name for one in answers for name in {p.misconception for p in one.parts if p.misconception})
