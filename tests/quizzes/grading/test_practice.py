"""Which questions may be practiced: never one that a graded attempt draws unseen, and every other one in turn."""

import hashlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes.grading.draw import draw
from quizzes.grading.practice import kept_back, next_question

OBJECTIVES = ["A", "B"]


@st.composite
def pools(draw_: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A pool, and lines that it can serve."""
    lines, pool = [], []
    for objective in OBJECTIVES:
        for critical in (False, True):
            take = draw_(st.integers(0, 2))
            size = draw_(st.integers(take, 8)) if take else draw_(st.integers(0, 2))
            if take:
                lines.append({"objective": objective, "take": take, "critical": critical})
            for n in range(size):
                pool.append(
                    {"id": f"{objective}{critical}{n}", "objective": objective, "critical": critical, "retired": None}
                )
    return pool, lines


def rank(one: str) -> str:
    return hashlib.sha256(one.encode()).hexdigest()


@given(pools(), st.integers(2, 6), st.integers(0, 10**6))
def test_no_attempt_draws_a_question_that_was_practiced_before_its_key_was_shown(
    made: tuple[list[dict[str, Any]], list[dict[str, Any]]], allowed: int, seed: int
) -> None:
    """Over all attempts of a learner: what the next one draws, and no result has shown, was kept back just before it."""
    pool, lines = made
    rng = random.Random(seed)
    ids = {one["id"] for one in pool}
    seen: set[str] = set()
    for number in range(allowed):
        open_ids = ids - kept_back(pool, lines, seen=seen, left=allowed - number, rank=rank) if number else set()
        picks = [pool[at] for at in draw(pool, lines, rng, seen=seen, practiced=open_ids)]
        drawn = {one["id"] for one in picks}
        assert not (drawn - seen) & open_ids
        assert not any(one["critical"] for one in pool if one["id"] in open_ids - seen)
        seen |= drawn


@given(pools(), st.integers(0, 5), st.data())
def test_what_was_seen_is_never_kept_back(
    made: tuple[list[dict[str, Any]], list[dict[str, Any]]], left: int, data: st.DataObject
) -> None:
    pool, lines = made
    seen = data.draw(st.sets(st.sampled_from([one["id"] for one in pool]))) if pool else set()
    kept = kept_back(pool, lines, seen=seen, left=left, rank=rank)
    assert not kept & seen
    assert kept <= {one["id"] for one in pool}


def question(n: int, *, critical: bool = False) -> dict[str, Any]:
    return {"id": f"Q{n}", "objective": "A", "critical": critical, "retired": None}


LINE = [{"objective": "A", "take": 1}]


def test_as_much_is_kept_as_attempts_may_take_and_one_is_left_to_practice() -> None:
    pool = [question(n) for n in range(6)]
    for left, number in ((1, 1), (2, 2), (3, 3), (5, 5), (9, 5), (0, 1)):
        assert len(kept_back(pool, LINE, seen=set(), left=left, rank=rank)) == number
    assert len(kept_back(pool[:1], LINE, seen=set(), left=3, rank=rank)) == 1


def test_what_was_kept_back_stays_so_from_attempt_to_attempt() -> None:
    """With four questions and three attempts, what the third draws was never open to practice."""
    pool = [question(n) for n in range(4)]
    for seed in range(40):
        rng = random.Random(seed)
        seen: set[str] = set()
        ever: set[str] = set()
        for number in range(3):
            if number:
                ever |= {q["id"] for q in pool} - kept_back(pool, LINE, seen=seen, left=3 - number, rank=rank)
            practiced = ever - seen
            (at,) = draw(pool, LINE, rng, seen=seen, practiced=practiced)
            assert pool[at]["id"] not in practiced
            seen.add(pool[at]["id"])


@given(st.integers(1, 9), st.sets(st.integers(0, 8)), st.integers(0, 10**6))
def test_every_question_comes_before_one_comes_again(size: int, drawn: set[int], seed: int) -> None:
    rng, able = random.Random(seed), list(range(size))
    met: list[int] = []
    rounds: list[list[int]] = [[]]
    last = None
    for _ in range(3 * size):
        one, met = next_question(able, drawn=drawn, met=met, rng=rng)
        if not met and rounds[-1]:
            rounds.append([])
        assert one != last or size == 1
        rounds[-1].append(one)
        met, last = [*met, one], one
    assert [sorted(r) for r in rounds] == [able] * 3
    for order in rounds:
        others = [one not in drawn for one in order if one != order[0]]
        assert others == sorted(others, reverse=True)


def test_there_must_be_something() -> None:
    with pytest.raises(ValueError, match="nothing to practice"):
        next_question([], drawn=set(), met=[], rng=random.Random(1))


def test_a_question_that_is_gone_is_not_counted_as_met() -> None:
    assert next_question([1, 2], drawn=set(), met=[7, 1], rng=random.Random(1)) == (2, [1])
