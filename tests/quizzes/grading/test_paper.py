"""The whole paper: boundaries of the mark, the critical rule, objectives."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes.grading.paper import ObjectiveResult, PaperItem, grade_paper
from quizzes.grading.result import points_from
from tests.quizzes.kinds import samples


def single(right: bool | None, *, objective: str = "TST-1.1", critical: bool = False) -> PaperItem:
    """A single choice answered rightly, wrongly or (None) not at all."""
    stored = {**samples.stored("single_choice"), "objective": objective, "critical": critical}
    return PaperItem(stored, {"options": [0, 1, 2]}, None if right is None else {"choice": 1 if right else 0})


def multiple(choices: list[int], **changes: Any) -> PaperItem:
    return PaperItem(
        {**samples.stored("multiple_choice"), **changes}, {"options": list(range(6))}, {"choices": choices}
    )


def cloze(right: int) -> PaperItem:
    order = {"blanks": [[0, 1], [0, 1, 2]]}
    return PaperItem(samples.stored("cloze"), order, {"blanks": [0 if right > 0 else 1, 1 if right > 1 else 0]})


@pytest.mark.parametrize(
    ("mark", "right", "total", "passed"),
    [(80, 4, 5, True), (80, 3, 5, False), (75, 4, 5, True), (75, 3, 4, True), (75, 3, 5, False), (70, 7, 10, True), (70, 6, 10, False),
     (100, 5, 5, True), (100, 4, 5, False), (67, 2, 3, False), (66, 2, 3, True), (1, 0, 5, False), (0, 0, 1, True), (29, 29, 100, True)],
)  # fmt: skip
def test_the_mark_is_compared_exactly(mark: int, right: int, total: int, passed: bool) -> None:
    result = grade_paper([single(n < right) for n in range(total)], pass_mark=mark)
    assert (result.passed, result.reached, result.right, result.out_of) == (passed, passed, right, total)


def test_the_denominator_is_what_was_drawn() -> None:
    """One right answer of five drawn is 20 percent, however few were answered."""
    result = grade_paper([single(True), *[single(None)] * 4], pass_mark=80)
    assert result.percent == 20
    assert (result.answered, result.passed) == (1, False)


def test_parts_of_points_add_up_exactly() -> None:
    thirds = PaperItem(
        samples.stored("matching"), {"prompts": [0, 1, 2], "options": [0, 1, 2, 3]}, {"matches": [1, 0, 2]}
    )
    result = grade_paper([thirds, thirds, thirds], pass_mark=66)
    assert result.points == 2
    assert (result.percent_shown, result.passed, result.right) == (66, True, 0)
    assert not grade_paper([thirds, thirds, thirds], pass_mark=67).passed


def test_four_points_of_five_in_halves_reach_80_percent() -> None:
    items = [single(True), single(True), single(True), multiple([0, 1, 2, 4]), cloze(1)]
    result = grade_paper(items, pass_mark=80)
    assert result.points == result.needed == 4
    assert (result.passed, result.right) == (True, 3)


def test_a_percentage_is_rounded_down_so_that_a_missed_mark_never_looks_reached() -> None:
    result = grade_paper([single(True), single(True), single(False)], pass_mark=67)
    assert (result.percent, result.percent_shown, result.passed) == (Fraction(200, 3), 66, False)


@pytest.mark.parametrize("answer", [False, None])
def test_a_missed_critical_question_fails_whatever_the_total(answer: bool | None) -> None:
    items = [single(True) for _ in range(9)] + [single(answer, critical=True)]
    result = grade_paper(items, pass_mark=80)
    assert result.percent == 90
    assert (result.reached, result.critical_missed, result.passed) == (True, (9,), False)
    assert grade_paper([*items[:9], single(True, critical=True)], pass_mark=80).passed


def test_a_critical_question_half_right_is_missed() -> None:
    result = grade_paper([multiple([0, 1, 2], critical=True), single(True)], pass_mark=50)
    assert (result.reached, result.critical_missed, result.passed) == (True, (0,), False)


def test_critical_right_and_total_too_low_is_not_passed() -> None:
    result = grade_paper([single(True, critical=True), *[single(False)] * 4], pass_mark=80)
    assert (result.critical_missed, result.reached, result.passed) == ((), False, False)


def test_objectives_in_order_of_first_appearance() -> None:
    items = [
        single(True, objective="B"),
        single(False, objective="A", critical=True),
        single(False, objective="B"),
        single(True, objective="A"),
    ]
    assert grade_paper(items, pass_mark=80).objectives == (
        ObjectiveResult("B", 1, 2, critical_missed=False),
        ObjectiveResult("A", 1, 2, critical_missed=True),
    )


def test_nothing_drawn_is_not_passed() -> None:
    result = grade_paper([], pass_mark=0)
    assert (result.passed, result.percent_shown, result.out_of) == (False, 0, 0)


@pytest.mark.parametrize("mark", [-1, 101])
def test_a_mark_outside_the_scale_is_refused(mark: int) -> None:
    with pytest.raises(ValueError, match="percentage"):
        grade_paper([single(True)], pass_mark=mark)


def test_results_follow_the_items_and_go_through_json() -> None:
    result = grade_paper([cloze(1), single(True)], pass_mark=75)
    plain = result.to_json()
    assert [points_from(one["points"]) for one in plain["results"]] == [Fraction(1, 2), 1]
    assert (plain["points"], plain["percent"], plain["passed"]) == ("3/2", 75, True)
    with pytest.raises(ValueError, match="between"):
        points_from("3/2")


@given(st.lists(st.sampled_from([None, False, True]), min_size=1, max_size=30), st.integers(0, 100))
def test_passing_is_an_integer_comparison(answers: list[bool | None], mark: int) -> None:
    result = grade_paper([single(one) for one in answers], pass_mark=mark)
    assert result.passed == (100 * answers.count(True) >= mark * len(answers))
    assert sum(one.total for one in result.objectives) == result.out_of == len(answers)
