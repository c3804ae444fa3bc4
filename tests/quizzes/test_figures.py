"""The figures equal an independent computation by numpy and scipy, on generated data of many shapes."""

import datetime as dt
import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quizzes.grading.result import Part
from quizzes.kinds.tables import Choice, ChoiceTable
from quizzes.statistics import ENOUGH
from quizzes.statistics.figures import correlation, covariance, mean_points, share_interval, variance
from quizzes.statistics.flags import Life, flags
from quizzes.statistics.question import Figures, Given, Table, figures, tally, thirds
from quizzes.statistics.quiz import reliability

AT = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
LEVELS = ["sure", "fairly", "guessing"]
OPTIONS = ChoiceTable(
    "", tuple(Choice("choice", name, f"Option {name}", name == "a") for name in "abcd"), label="choice"
)
unit_interval = st.floats(0, 1, allow_nan=False, width=32)


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_facility_and_interval_of_right_and_wrong(right: list[bool]) -> None:
    found = mean_points([float(one) for one in right])
    interval = stats.binomtest(sum(right), len(right)).proportion_ci(0.95, method="wilson")
    assert found.value == pytest.approx(np.mean(right))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


@given(st.lists(unit_interval, min_size=10, max_size=200))
def test_partial_points_get_an_interval_that_is_never_narrower(points: list[float]) -> None:
    low, high = share_interval(float(np.mean(points)), len(points))
    spread = np.std(points) * 1.959963984540054 / np.sqrt(len(points))
    assert high - low >= min(2 * spread, 1) * 0.7
    assert 0 <= low <= float(np.mean(points)) + 1e-9
    assert float(np.mean(points)) - 1e-9 <= high <= 1


@settings(max_examples=150)
@given(st.data(), st.integers(10, 120))
def test_discrimination_is_the_point_biserial_with_fishers_interval(data: Any, n: int) -> None:
    right = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    rest = data.draw(st.lists(st.integers(0, 8).map(lambda k: k / 8), min_size=n, max_size=n))
    found = correlation([float(one) for one in right], rest)
    if len(set(right)) == 1 or len(set(rest)) == 1:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(stats.pointbiserialr(right, rest).statistic, abs=1e-9)
    interval = stats.pearsonr(np.array(right, float), np.array(rest)).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-6)


@given(st.lists(st.tuples(unit_interval, unit_interval), min_size=2, max_size=100))
def test_variance_and_covariance(pairs: list[tuple[float, float]]) -> None:
    left, right = [p[0] for p in pairs], [p[1] for p in pairs]
    assert variance(left) == pytest.approx(np.var(left, ddof=1), abs=1e-9)
    assert covariance(left, right) == pytest.approx(np.cov(left, right, ddof=1)[0, 1], abs=1e-9)


def cronbach(scores: Any) -> float:
    """The textbook formula over a full table of people and questions."""
    k = scores.shape[1]
    return float(k / (k - 1) * (1 - scores.var(axis=0, ddof=1).sum() / scores.sum(axis=1).var(ddof=1)))


@pytest.mark.parametrize("seed", range(12))
def test_alpha_of_full_forms_is_cronbachs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, questions = int(rng.integers(30, 200)), int(rng.integers(2, 9))
    able = rng.normal(size=(people, 1))
    scores = (able + rng.normal(size=(people, questions)) > rng.normal(size=questions)).astype(float)
    if seed % 3 == 0:
        scores = scores * rng.choice([0.5, 1.0], size=scores.shape)
    forms = [{f"q{n}": float(value) for n, value in enumerate(row)} for row in scores]
    found = reliability(forms, questions)
    assert found.alpha == pytest.approx(cronbach(scores), abs=1e-9)
    assert found.pairs == found.met == questions * (questions - 1) // 2


@pytest.mark.parametrize("seed", range(6))
def test_alpha_of_random_draws_is_computed_pair_by_pair_and_lies_near_that_of_full_forms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, pool, size = 1500, 12, 5
    able = rng.normal(size=(people, 1))
    scores = (able + rng.normal(size=(people, pool)) > rng.normal(scale=0.5, size=pool)).astype(float)
    drawn = np.array([rng.permutation(pool)[:size] for _ in range(people)])
    seen = np.full(scores.shape, np.nan)
    for person, own in enumerate(drawn):
        seen[person, own] = scores[person, own]
    forms = [{int(q): float(scores[p, q]) for q in own} for p, own in enumerate(drawn)]
    found = reliability(forms, size)
    own_vars, own_weights, covs, weights = [], [], [], []
    for q in range(pool):
        column = seen[:, q][~np.isnan(seen[:, q])]
        own_vars.append(column.var(ddof=1))
        own_weights.append(len(column) - 1)
    for a, b in itertools.combinations(range(pool), 2):
        both = ~np.isnan(seen[:, a]) & ~np.isnan(seen[:, b])
        covs.append(np.cov(seen[both, a], seen[both, b], ddof=1)[0, 1])
        weights.append(both.sum() - 1)
    v, c = np.average(own_vars, weights=own_weights), np.average(covs, weights=weights)
    assert found.alpha == pytest.approx(size * c / (v + (size - 1) * c), abs=1e-9)
    full = cronbach(scores)
    mean_r = full / (pool - (pool - 1) * full)
    assert found.alpha == pytest.approx(size * mean_r / (1 + (size - 1) * mean_r), abs=0.08)


def test_alpha_says_why_there_is_none() -> None:
    assert "one question" in reliability([{"a": 1.0}] * 50, 1).why
    assert "from 30" in reliability([{"a": 1.0, "b": 0.0}] * 29, 2).why
    assert "do not differ" in reliability([{"a": 1.0, "b": 1.0}] * 40, 2).why
    apart: list[dict[Any, float]] = [{f"a{n}": 1.0, f"b{n}": 0.0} for n in range(40)]
    assert "Too few" in reliability(apart, 2).why


def made(n: int, seed: int, *, first: bool = True) -> list[Given]:
    rng = random.Random(seed)
    rows = []
    for attempt in range(n):
        able = rng.random()
        chosen = "a" if rng.random() < able else rng.choice(["b", "c", None])
        part = Part("choice", chosen == "a", chosen, None if chosen in ("a", None) else f"belief-{chosen}")
        seconds = rng.choice([None, rng.randint(5, 300)])
        rest = round(able * 4) / 4
        rows.append(Given(attempt, first, float(chosen == "a"), rest, (part,), seconds, rng.choice(["", *LEVELS])))
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_every_figure_of_a_question(seed: int) -> None:
    n = [10, 13, 29, 30, 31, 64, 150, 400][seed]
    rows, later = made(n, seed), made(n // 2, seed + 100, first=False)
    found = figures([*rows, *later], [OPTIONS], LEVELS)
    points, rest = np.array([r.points for r in rows]), np.array([r.rest for r in rows])
    assert (found.n, found.later) == (n, n // 2)
    assert found.facility is not None
    assert found.facility.value == pytest.approx(points.mean())
    assert found.discrimination is not None
    assert found.discrimination.value == pytest.approx(np.corrcoef(points, rest)[0, 1])
    seconds = [r.seconds for r in rows if r.seconds is not None]
    if len(seconds) >= 10:
        assert found.mean_seconds == pytest.approx(np.mean(seconds))
        assert found.median_seconds == pytest.approx(np.median(seconds))
    else:
        assert found.mean_seconds is None
    chosen = np.array([str(r.parts[0].chosen) for r in rows])
    ranked = np.lexsort((np.arange(n), rest))
    low, high = ranked[: n // 3], ranked[n - n // 3 :]
    (table,) = found.tables
    assert sum(line.count for line in table.lines) == n
    for line, name in zip(table.lines, ["a", "b", "c", "d", "None"], strict=False):
        made_it = chosen == name
        assert line.count == made_it.sum()
        assert line.share == pytest.approx(made_it.mean())
        assert line.upper == (pytest.approx(made_it[high].mean()) if n >= 30 else None)
        assert line.lower == (pytest.approx(made_it[low].mean()) if n >= 30 else None)
        if 0 < made_it.sum() < n:
            assert line.discrimination == pytest.approx(np.corrcoef(made_it, rest)[0, 1])
    said = [r for r in rows if r.confidence]
    if len(said) >= 10:
        assert [(s.right, s.wrong) for s in found.sureness] == [
            (
                sum(r.points == 1 for r in said if r.confidence == w),
                sum(r.points < 1 for r in said if r.confidence == w),
            )
            for w in LEVELS
        ]
    after = np.array([str(r.parts[0].chosen) for r in later])
    for belief in found.beliefs:
        name = belief.name.removeprefix("belief-")
        assert belief.before == pytest.approx((chosen == name).mean())
        assert belief.after == (pytest.approx((after == name).mean()) if len(later) >= ENOUGH else None)


@pytest.mark.parametrize("n", range(ENOUGH))
def test_under_ten_answers_there_is_no_figure_at_all(n: int) -> None:
    found = figures([*made(n, 1), *made(40, 2, first=False)], [OPTIONS], LEVELS)
    assert found == Figures(n, 40)
    assert not flags(found, Life(), AT)


def test_typed_words_that_few_people_typed_are_counted_together() -> None:
    typed = ["mill road"] * 3 + ["my cousin ana"] * 2 + ["street"] * 6 + ["other"]
    rows = [Given(n, True, float(w == "street"), 0.5, (Part("text", w == "street", w),)) for n, w in enumerate(typed)]
    described = ChoiceTable("", (Choice("text", "street", "Street", True),), label="text", typed=True)
    (table,) = figures(rows, [described], LEVELS).tables
    assert [(line.text, line.count, line.right) for line in table.lines] == [
        ("Street", 6, True), ("mill road", 3, False), ("Something else", 3, False),
    ]  # fmt: skip


def planted(n: int, *, wrong_key: bool) -> list[Given]:
    """Able people choose b where the key a is wrong."""
    rows = []
    for attempt in range(n):
        able = attempt % 3
        chosen = ("c", "a", "b")[able] if wrong_key else ("b", "a", "a")[able]
        rows.append(Given(attempt, True, float(chosen == "a"), able / 2, (Part("choice", chosen == "a", chosen),)))
    return rows


def slugs(rows: list[Given], life: Life | None = None) -> set[str]:
    return {flag.slug for flag in flags(figures(rows, [OPTIONS], LEVELS), life or Life(), AT)}


def test_a_wrong_key_is_flagged_and_a_right_one_is_not() -> None:
    assert "likely_wrong_key" in slugs(planted(60, wrong_key=True))
    assert "likely_wrong_key" not in slugs(planted(60, wrong_key=False))
    assert "likely_wrong_key" not in slugs(planted(24, wrong_key=True))


def answered(points: list[float], seconds: int | None = None) -> list[Given]:
    return [
        Given(n, True, p, (n % 5) / 4, (Part("choice", p == 1, "a" if p == 1 else "bcd"[n % 3]),), seconds)
        for n, p in enumerate(points)
    ]


@pytest.mark.parametrize(
    ("right", "slug", "raised"),
    [(29, "hard", True), (30, "hard", False), (95, "easy", False), (96, "easy", True), (60, "hard", False)],
)
def test_the_thresholds_of_difficulty(right: int, slug: str, raised: bool) -> None:
    assert (slug in slugs(answered([1.0] * right + [0.0] * (100 - right)))) is raised


@pytest.mark.parametrize(("seconds", "raised"), [(120, False), (121, True)])
def test_the_threshold_of_time(seconds: int, raised: bool) -> None:
    assert ("slow" in slugs(answered([1.0, 0.0] * 10, seconds))) is raised


@pytest.mark.parametrize(("disputes", "raised"), [(2, False), (3, True)])
def test_disputes_flag_whatever_the_number_of_answers(disputes: int, raised: bool) -> None:
    assert ("disputed" in slugs([], Life(disputes=disputes))) is raised


def test_an_option_that_nobody_needs() -> None:
    rows = answered([1.0] * 60 + [0.0] * 40)
    assert "unused_option" not in slugs(rows)
    without_d = [r for r in rows if r.parts[0].chosen != "d"]
    assert "unused_option" in slugs(without_d)
    assert "unused_option" not in slugs(without_d[:19])


@pytest.mark.parametrize(
    ("life", "raised"),
    [
        (Life(answers=29, published_at=AT), False),
        (Life(answers=30, published_at=AT), True),
        (Life(answers=900, reviewed_at=AT - dt.timedelta(days=300), published_at=AT), False),
        (Life(answers=1, reviewed_at=AT - dt.timedelta(days=366)), True),
        (Life(answers=1, published_at=AT - dt.timedelta(days=366)), True),
        (Life(answers=0, published_at=AT - dt.timedelta(days=366)), False),
    ],
)
def test_a_review_is_due_at_thirty_answers_and_every_twelve_months(life: Life, raised: bool) -> None:
    assert ("review_due" in slugs([], life)) is raised


def test_thirds_and_tally_add_up() -> None:
    rows = made(100, 3)
    upper, lower = thirds(rows)
    assert len(upper) == len(lower) == 33
    assert min(r.rest or 0 for r in upper) >= max(r.rest or 0 for r in lower)
    assert {label: counts.total() for label, counts in tally(rows).items()} == {"choice": 100}


def test_a_table_that_no_kind_described_is_shown_as_given() -> None:
    rows = [Given(n, True, 1.0, None, (Part("part", True, "left" if n % 2 else "up"),)) for n in range(20)]
    (table,) = figures(rows, (), LEVELS).tables
    assert isinstance(table, Table)
    assert {(line.text, line.count) for line in table.lines} == {("left", 10), ("up", 10)}
