"""Which questions a sitting gets."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes.grading.draw import PoolTooSmall, draw, practice_part


def entry(name: str, objective: str, critical: bool = False, retired: str | None = None) -> dict[str, Any]:
    return {"id": name, "objective": objective, "critical": critical, "retired": retired}


POOL = [
    *(entry(f"a{n}", "A") for n in range(6)),
    *(entry(f"b{n}", "B") for n in range(4)),
    *(entry(f"c{n}", "B", critical=True) for n in range(4)),
]
LINES = [
    {"objective": "A", "take": 2},
    {"objective": "B", "take": 1, "critical": False},
    {"objective": "B", "take": 1, "critical": True},
]


def names(**past: Any) -> set[str]:
    return {POOL[index]["id"] for index in draw(POOL, LINES, random.Random(past.pop("seed", 1)), **past)}


@given(st.integers(), st.sets(st.sampled_from([one["id"] for one in POOL])))
def test_every_line_gets_its_seats_and_nothing_twice(seed: int, seen: set[str]) -> None:
    drawn = draw(POOL, LINES, random.Random(seed), seen=seen)
    assert len(drawn) == len(set(drawn)) == 4
    assert Counter((POOL[n]["objective"], POOL[n]["critical"]) for n in drawn) == {
        ("A", False): 2,
        ("B", False): 1,
        ("B", True): 1,
    }
    for objective, critical, take in (("A", False, 2), ("B", False, 1), ("B", True, 1)):
        able = [one["id"] for one in POOL if (one["objective"], one["critical"]) == (objective, critical)]
        fresh = [POOL[n]["id"] for n in drawn if POOL[n]["id"] in able and POOL[n]["id"] not in seen]
        assert len(fresh) == min(take, len(set(able) - seen))


def test_a_retake_brings_other_questions_as_long_as_there_are_any() -> None:
    for seed in range(50):
        first = names(seed=seed)
        second = names(seed=seed + 1000, seen=first)
        assert not first & second
        third = names(seed=seed + 2000, seen=first | second)
        assert len(third & {"c0", "c1", "c2", "c3"} - first - second) == 1


def test_a_missed_critical_question_is_answered_by_another_even_a_seen_one() -> None:
    critical = {"c0", "c1", "c2", "c3"}
    for seed in range(50):
        assert "c2" not in names(seed=seed, seen=critical, missed_critical={"c2"})
    assert names(seed=3, seen=critical, missed_critical=critical) & critical


def test_retired_questions_are_left_out() -> None:
    pool = [entry("old", "A", retired="2027-03-01: unclear"), entry("new", "A")]
    for seed in range(20):
        assert draw(pool, [{"objective": "A", "take": 1}], random.Random(seed)) == [1]


def test_two_lines_of_one_objective_share_its_pool() -> None:
    pool = [entry(f"a{n}", "A") for n in range(3)]
    lines = [{"objective": "A", "take": 2}, {"objective": "A", "take": 1}]
    assert sorted(draw(pool, lines, random.Random(1))) == [0, 1, 2]


def test_the_draw_and_its_order_come_from_chance_alone() -> None:
    assert draw(POOL, LINES, random.Random(7)) == draw(POOL, LINES, random.Random(7))
    firsts = Counter(POOL[draw(POOL, LINES, random.Random(seed))[0]]["objective"] for seed in range(400))
    assert 130 < firsts["A"] < 270
    each = Counter(name for seed in range(3000) for name in names(seed=seed))
    assert all(850 < each[f"a{n}"] < 1150 for n in range(6))


def test_a_pool_that_is_too_small_is_said() -> None:
    with pytest.raises(PoolTooSmall, match="A needs 7 questions and has 6"):
        draw(POOL, [{"objective": "A", "take": 7}], random.Random(1))


@given(st.text(max_size=20))
def test_for_practice_is_what_two_attempts_leave_over(salt: str) -> None:
    part = practice_part(POOL, LINES, salt=salt)
    assert Counter(name[0] for name in part) == {"a": 2, "b": 2, "c": 2}
    assert practice_part(list(reversed(POOL)), LINES, salt=salt) == part, "whatever the order"
    first = names(seed=1, practiced=part)
    second = names(seed=2, practiced=part, seen=first)
    assert not (first | second) & part
    third = names(seed=3, practiced=part, seen=first | second)
    assert third <= part, "other questions come before seen ones, practiced or not"


def test_which_ones_differs_from_salt_to_salt_and_few_move_when_one_is_retired() -> None:
    parts = [practice_part(POOL, LINES, salt=str(n)) for n in range(300)]
    for one in POOL:
        assert any(one["id"] in part for part in parts)
        assert not all(one["id"] in part for part in parts)
    retired = [{**one, "retired": "old" if one["id"] == "a0" else None} for one in POOL]
    for n, part in enumerate(parts):
        after = practice_part(retired, LINES, salt=str(n))
        assert "a0" not in after
        assert len(part ^ after) == 1
        assert after < part


def test_a_pool_without_more_than_two_attempts_need_keeps_all_and_a_question_of_no_line_is_free() -> None:
    pool = [entry(f"a{n}", "A") for n in range(4)]
    assert practice_part(pool, [{"objective": "A", "take": 2}], salt="s") == frozenset()
    assert practice_part([*pool, entry("z", "Z")], [{"objective": "A", "take": 2}], salt="s") == {"z"}
