"""How well a quiz as a whole tells learners apart: Cronbach's alpha, for forms that are drawn at random."""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quizzes.statistics import ENOUGH, THIRDS
from quizzes.statistics.figures import covariance, variance


@dataclass(frozen=True, slots=True)
class Reliability:
    """``alpha`` None with ``why`` it cannot be told. ``pairs`` were used of the ``met`` that were ever drawn together."""

    alpha: float | None
    attempts: int
    pairs: int = 0
    met: int = 0
    why: str = ""


def reliability(forms: Sequence[Mapping[Any, float]], size: int) -> Reliability:
    """Alpha of a form of ``size`` questions, from the points of many forms (question -> points).

    Each learner gets other questions, so there is no one table of learners and questions. Alpha depends on two means only: that of
    the questions' variances (v) and that of the covariances between questions (c). Both are estimated over the forms in which
    they can be seen, v for each question over all who got it, c for each pair over all who got both, each weighted by its degrees
    of freedom: alpha = size * c / (v + (size - 1) * c). Where everybody gets the same questions this is Cronbach's alpha
    exactly, without any correction for length.

    Limits: pairs that fewer than ten learners got together are left out, and when more than half of the pairs are, there is no
    alpha; two questions that are never drawn together say nothing; a negative value means that the questions do not measure one
    thing. There is no interval: none that we know holds for random draws. Below thirty attempts there is no alpha.
    """
    n = len(forms)
    if size < 2:
        return Reliability(None, n, why="A quiz of one question has no alpha.")
    if n < THIRDS:
        return Reliability(None, n, why=f"Alpha appears from {THIRDS} first attempts.")
    own: dict[Hashable, list[float]] = defaultdict(list)
    both: dict[tuple[Hashable, Hashable], tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for form in forms:
        for question, points in form.items():
            own[question].append(points)
        for one, other in itertools.combinations(sorted(form, key=repr), 2):
            left, right = both[one, other]
            left.append(form[one])
            right.append(form[other])
    used = {pair: columns for pair, columns in both.items() if len(columns[0]) >= ENOUGH}
    if not used or len(used) * 2 < len(both):
        return Reliability(None, n, len(used), len(both), "Too few learners got the same questions together.")
    spread = _weighted([(variance(points), len(points) - 1) for points in own.values() if len(points) >= ENOUGH])
    shared = _weighted([(covariance(left, right), len(left) - 1) for left, right in used.values()])
    whole = spread + (size - 1) * shared
    if whole <= 1e-12:
        return Reliability(None, n, len(used), len(both), "The results do not differ enough.")
    return Reliability(size * shared / whole, n, len(used), len(both))


def _weighted(values: list[tuple[float, int]]) -> float:
    weight = sum(by for _, by in values)
    return sum(value * by for value, by in values) / weight if weight else 0.0
