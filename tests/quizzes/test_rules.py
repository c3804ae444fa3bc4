"""The pure rules: attempts and deadlines for one person, which result counts, times in words."""

import dataclasses
import datetime as dt
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes.rules import (
    GRACE,
    Grant,
    counting,
    factor_in_words,
    left_in_words,
    minutes_in_words,
    terms,
    time_is_over,
)

T0 = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
MIN, SEC = dt.timedelta(minutes=1), dt.timedelta(seconds=1)
TICK = dt.timedelta(microseconds=1)

# attempts, limit, factor, extra, opened, deadline stored (minutes after the start) | allowed, minutes told, deadline
TABLE = [
    # no limit: nothing makes a deadline, and one that is stored stays
    (3, None, "1", 0, 0, None, 3, None, None),
    (3, None, "2", 0, 0, None, 3, None, None),
    (3, None, "10", 50, 4, None, 57, None, None),
    (3, None, "1", 0, 0, 30, 3, None, 30),
    (1, None, "1", 0, 0, None, 1, None, None),
    # a limit, at the start
    (3, 45, "1", 0, 0, None, 3, 45, 45),
    (3, 1, "1", 0, 0, None, 3, 1, 1),
    (3, 600, "1", 0, 0, None, 3, 600, 600),
    # a limit and a factor; rounded up to a whole minute
    (3, 30, "1.5", 0, 0, None, 3, 45, 45),
    (3, 45, "1.25", 0, 0, None, 3, 57, 57),
    (3, 10, "1.33", 0, 0, None, 3, 14, 14),
    (3, 1, "1.01", 0, 0, None, 3, 2, 2),
    (3, 7, "1.10", 0, 0, None, 3, 8, 8),
    (3, 20, "1.00", 0, 0, None, 3, 20, 20),
    (3, 600, "10", 0, 0, None, 3, 6000, 6000),
    # attempts add up, and have nothing to do with time
    (3, 45, "1", 2, 0, None, 5, 45, 45),
    (3, 45, "1", 0, 1, None, 4, 45, 45),
    (3, 45, "1", 2, 1, None, 6, 45, 45),
    (1, 45, "2", 1, 0, None, 2, 90, 90),
    (1, None, "1", 50, 0, None, 51, None, None),
    # a deadline that is there: later rules extend it, shorter ones leave it
    (3, 45, "2", 0, 0, 45, 3, 90, 90),
    (3, 45, "1.5", 0, 0, 90, 3, 68, 90),
    (3, 45, "1", 0, 0, 90, 3, 45, 90),
    (3, 45, "1", 0, 0, 45, 3, 45, 45),
    (3, 10, "1", 0, 0, 45, 3, 10, 45),
    (3, 45, "3", 2, 1, 90, 6, 135, 135),
]


@pytest.mark.parametrize(("attempts", "limit", "factor", "extra", "opened", "stored", "allowed", "told", "ends"), TABLE)
def test_the_table(
    attempts: int,
    limit: int | None,
    factor: str,
    extra: int,
    opened: int,
    stored: int | None,
    allowed: int,
    told: int | None,
    ends: int | None,
) -> None:
    mine = terms(attempts=attempts, limit_minutes=limit, grant=Grant(Decimal(factor), extra, opened))
    assert mine.allowed == allowed
    assert mine.minutes == told
    deadline = mine.deadline(T0, T0 + stored * MIN if stored is not None else None)
    assert deadline == (T0 + ends * MIN if ends is not None else None)


@pytest.mark.parametrize(
    ("after", "over"),
    [
        (-45 * MIN, False),
        (-TICK, False),
        (0 * SEC, False),
        (TICK, False),
        (29 * SEC, False),
        (GRACE - TICK, False),
        (GRACE, True),
        (GRACE + TICK, True),
        (1000 * MIN, True),
    ],
)
def test_the_time_is_over_when_the_grace_has_passed(after: dt.timedelta, over: bool) -> None:
    assert time_is_over(T0, T0 + after) is over


def test_without_a_deadline_the_time_is_never_over() -> None:
    assert not time_is_over(None, T0 + 10**6 * MIN)


@given(
    limit=st.integers(1, 600),
    factors=st.lists(st.decimals(1, 10, places=2), min_size=1, max_size=8),
)
def test_whatever_changes_come_a_deadline_only_moves_later(limit: int, factors: list[Decimal]) -> None:
    stored = terms(attempts=3, limit_minutes=limit).deadline(T0)
    for factor in factors:
        later = terms(attempts=3, limit_minutes=limit, grant=Grant(factor)).deadline(T0, stored)
        assert later is not None
        assert stored is not None
        assert later >= stored
        stored = later
    best = terms(attempts=3, limit_minutes=limit, grant=Grant(max(factors))).deadline(T0)
    assert stored == best


# --- which result counts -------------------------------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class Sitting:
    number: int
    points: Decimal | None
    passed: bool


def sat(*results: str) -> list[Sitting]:
    """``"4"`` is 4 points, not passed; ``"4p"`` passed."""
    return [Sitting(n, Decimal(r.rstrip("p")), r.endswith("p")) for n, r in enumerate(results, start=1)]


@pytest.mark.parametrize(
    ("results", "best", "last"),
    [
        (["3"], 1, 1),
        (["3", "2"], 1, 2),
        (["2", "3"], 2, 2),
        (["3", "3"], 1, 2),
        (["3", "4p"], 2, 2),
        (["4p", "5p"], 2, 2),
        (["5p", "4p"], 1, 2),
        (["4p", "1"], 1, 1),
        (["5", "4p", "2"], 2, 2),
        (["4p", "5p", "0"], 2, 2),
        (["5p", "4p", "0"], 1, 2),
    ],
)
def test_which_counts(results: list[str], best: int, last: int) -> None:
    """A failed attempt after a pass (a correction can make one) takes nothing away; more points without a pass neither."""
    for order in permutations(sat(*results)):
        assert counting(order, "best") == sat(*results)[best - 1]
        assert counting(order, "last") == sat(*results)[last - 1]


@pytest.mark.parametrize("counts", ["best", "last"])
def test_of_no_attempt_none_counts(counts: str) -> None:
    assert counting([], counts) is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=8),
    st.sampled_from(["best", "last"]),
)
def test_a_pass_is_never_lost_by_a_later_attempt(rows: list[tuple[int, bool]], counts: str) -> None:
    sittings = [Sitting(n, Decimal(points), passed) for n, (points, passed) in enumerate(rows)]
    seen = False
    for n in range(1, len(sittings) + 1):
        chosen = counting(sittings[:n], counts)
        assert chosen is not None
        assert chosen.passed >= seen
        seen = chosen.passed


# --- words ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("left", "words"),
    [
        (-1, "the time is over"),
        (0, "the time is over"),
        (1, "less than a minute left"),
        (59, "less than a minute left"),
        (60, "1 minute left"),
        (61, "2 minutes left"),
        (22 * 60, "22 minutes left"),
        (3600, "one hour left"),
        (3601, "1 hour 1 minute left"),
        (7200, "2 hours left"),
        (9000, "2 hours 30 minutes left"),
    ],
)
def test_what_is_left_in_words(left: int, words: str) -> None:
    assert left_in_words(dt.timedelta(seconds=left)) == words


def test_minutes_and_factors_in_words() -> None:
    assert [minutes_in_words(m) for m in (1, 45, 60, 90, 121)] == [
        "1 minute",
        "45 minutes",
        "one hour",
        "1 hour 30 minutes",
        "2 hours 1 minute",
    ]
    assert [factor_in_words(Decimal(f)) for f in ("1.00", "1.50", "1.75", "10.00")] == [
        "The usual time",
        "One and a half times the usual time",
        "1.75 times the usual time",
        "10 times the usual time",
    ]
