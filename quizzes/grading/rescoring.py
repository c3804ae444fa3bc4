"""Grading under corrections. Pure: a sitting, the corrections of its questions in the order in which they were made, and when it was
handed in, give every result it ever had. Recomputing it gives the same.

Two rules. At hand-in the key in force counts, and nothing else. A correction made later is applied in the learner's favor
alone: each answer keeps the points it had where the new key would take them, and a result changes only when it is better.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from quizzes import kinds
from quizzes.grading.paper import PaperItem, PaperResult, sum_up
from quizzes.grading.result import Result


@dataclass(frozen=True, slots=True)
class Amendment:
    """A correction of one drawn question, by its index: ``stored`` with a mended key, or None, which voids it. ``mark`` is whatever
    the caller knows it by."""

    index: int
    made_at: dt.datetime
    stored: dict[str, Any] | None
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A result and the amendment that gave it; None is the hand-in itself."""

    amendment: Amendment | None
    paper: PaperResult


def history(
    items: Sequence[PaperItem], amendments: Iterable[Amendment], *, pass_mark: int, submitted_at: dt.datetime
) -> list[Step]:
    """The result at hand-in, then one step for each later amendment that made it better. The last one counts.

    ``amendments`` in the order in which they were made. Those made before ``submitted_at`` were in force at hand-in.
    """
    drawn = tuple(items)
    rows = list(amendments)
    before = [one for one in rows if one.made_at < submitted_at]
    stored: dict[int, dict[str, Any]] = {}
    void: set[int] = set()
    for one in before:
        _apply(one, stored, void)
    results = [_grade(item, stored.get(n)) for n, item in enumerate(drawn)]
    best = _total(drawn, results, void, pass_mark)
    steps = [Step(None, best)]
    for one in rows[len(before) :]:
        _apply(one, stored, void)
        if one.stored is not None:
            now = _grade(drawn[one.index], one.stored)
            if now.points > results[one.index].points:
                results[one.index] = now
        paper = _total(drawn, results, void, pass_mark)
        if rank(paper) > rank(best):
            best = paper
            steps.append(Step(one, paper))
    return steps


def strict(items: Sequence[PaperItem], amendments: Iterable[Amendment], *, pass_mark: int) -> PaperResult:
    """What the result would be if the corrections had been there from the start and nothing were kept. For the preview alone."""
    drawn = tuple(items)
    stored: dict[int, dict[str, Any]] = {}
    void: set[int] = set()
    for one in amendments:
        _apply(one, stored, void)
    results = tuple(_grade(item, stored.get(n)) for n, item in enumerate(drawn))
    left_out = frozenset(void) if len(void) < len(drawn) else frozenset()
    return sum_up(drawn, results, pass_mark=pass_mark, left_out=left_out)


def rank(paper: PaperResult) -> tuple[bool, Fraction, bool]:
    """What "better" means: passed, then the share of points, then no critical question missed."""
    share = paper.points / paper.out_of if paper.out_of else Fraction(0)
    return paper.passed, share, not paper.critical_missed


def _apply(one: Amendment, stored: dict[int, dict[str, Any]], void: set[int]) -> None:
    if one.stored is None:
        void.add(one.index)
    else:
        void.discard(one.index)
        stored[one.index] = one.stored


def _grade(item: PaperItem, stored: dict[str, Any] | None) -> Result:
    judged = item if stored is None else replace(item, stored=stored)
    return kinds.get(judged.stored["kind"]).grade(judged.stored, judged.order, judged.answer)


def _total(drawn: tuple[PaperItem, ...], results: list[Result], void: set[int], pass_mark: int) -> PaperResult:
    """The best of counting and leaving out the void questions. Never all of them are left out: where nothing else was asked, the
    answers count as they were.

    Whatever their number, leaving out the poorest first is best, with missed critical ones before all.
    """
    worst = sorted(void, key=lambda n: (not drawn[n].stored["critical"] or results[n].right, results[n].points, n))
    most = min(len(worst), len(drawn) - 1)
    papers = [
        sum_up(drawn, tuple(results), pass_mark=pass_mark, left_out=frozenset(worst[:size])) for size in range(most + 1)
    ]
    return max(papers, key=lambda paper: (*rank(paper), paper.out_of))
