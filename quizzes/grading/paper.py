"""Grading one whole sitting. Pure: stored questions, orders and answers in, a frozen result out."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from quizzes import kinds
from quizzes.grading.result import Result


@dataclass(frozen=True, slots=True)
class PaperItem:
    """One drawn question: its stored form, the order as served, and the stored answer or None."""

    stored: dict[str, Any]
    order: dict[str, Any]
    answer: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """How one objective went: questions wholly right out of those drawn."""

    objective: str
    right: int
    total: int
    critical_missed: bool = False


@dataclass(frozen=True, slots=True)
class PaperResult:
    """The result of a sitting. The denominator is the number of questions drawn, answered or not, without those ``left_out``."""

    points: Fraction
    out_of: int
    pass_mark: int
    right: int
    answered: int
    reached: bool
    critical_missed: tuple[int, ...]
    objectives: tuple[ObjectiveResult, ...]
    results: tuple[Result, ...]
    left_out: frozenset[int] = frozenset()

    @property
    def passed(self) -> bool:
        """The mark is reached and no critical question was missed, whatever the total."""
        return self.reached and not self.critical_missed

    @property
    def percent(self) -> Fraction:
        return self.points * 100 / self.out_of if self.out_of else Fraction(0)

    @property
    def percent_shown(self) -> int:
        """Whole percent, rounded down, so that a missed mark never looks reached."""
        return int(self.percent)

    @property
    def needed(self) -> Fraction:
        """The points that reach the mark."""
        return Fraction(self.pass_mark * self.out_of, 100)

    def to_json(self) -> dict[str, Any]:
        """Plain data; exact points as text. Holds author ids inside ``results``: never for a page."""
        return {
            "points": str(self.points),
            "out_of": self.out_of,
            "pass_mark": self.pass_mark,
            "percent": self.percent_shown,
            "right": self.right,
            "answered": self.answered,
            "reached": self.reached,
            "passed": self.passed,
            "critical_missed": list(self.critical_missed),
            "objectives": [
                {"objective": o.objective, "right": o.right, "total": o.total, "critical_missed": o.critical_missed}
                for o in self.objectives
            ],
            "results": [result.to_json() for result in self.results],
        }


def grade_paper(items: Iterable[PaperItem], *, pass_mark: int) -> PaperResult:
    """Grades each item and the whole. ``pass_mark`` is percent of the drawn questions, compared exactly.

    ``results`` and ``critical_missed`` follow the order of ``items``; a paper without questions is not passed. Raises
    ValueError for a mark outside 0 to 100.
    """
    if not 0 <= pass_mark <= 100:
        raise ValueError("a pass mark is a percentage")
    drawn = tuple(items)
    results = tuple(kinds.get(item.stored["kind"]).grade(item.stored, item.order, item.answer) for item in drawn)
    return sum_up(drawn, results, pass_mark=pass_mark)


def sum_up(
    drawn: tuple[PaperItem, ...],
    results: tuple[Result, ...],
    *,
    pass_mark: int,
    left_out: frozenset[int] = frozenset(),
) -> PaperResult:
    """The whole from the results of its items. Items ``left_out`` (by index) count nowhere, neither as points nor as questions."""
    counted = [n for n in range(len(drawn)) if n not in left_out]
    points = sum((results[n].points for n in counted), Fraction(0))
    missed = tuple(n for n in counted if drawn[n].stored["critical"] and not results[n].right)
    return PaperResult(
        points=points,
        out_of=len(counted),
        pass_mark=pass_mark,
        right=sum(results[n].right for n in counted),
        answered=sum(result.answered for result in results),
        reached=bool(counted) and points * 100 >= pass_mark * len(counted),
        critical_missed=missed,
        objectives=_by_objective(drawn, results, missed, counted),
        results=results,
        left_out=left_out,
    )


def _by_objective(
    drawn: tuple[PaperItem, ...], results: tuple[Result, ...], missed: tuple[int, ...], counted: list[int]
) -> tuple[ObjectiveResult, ...]:
    """In the order in which the objectives first appear."""
    places: dict[str, list[int]] = {}
    for n in counted:
        places.setdefault(drawn[n].stored["objective"], []).append(n)
    return tuple(
        ObjectiveResult(objective, sum(results[n].right for n in own), len(own), any(n in missed for n in own))
        for objective, own in places.items()
    )
