"""Expected scores, kind by kind. Orders are plain here: what is served is what is stored."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes import kinds
from quizzes.kinds.numeric import number
from quizzes.kinds.ordering import filled, moved
from quizzes.kinds.short_text import folded
from tests.quizzes.kinds import samples

HALF, THIRD, QUARTER = Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)


def points(slug: str, order: dict[str, Any], given: dict[str, Any] | None, /, **changes: Any) -> Fraction:
    return kinds.get(slug).grade(samples.stored(slug, **changes), order, given).points


@pytest.mark.parametrize(("choice", "expected"), [(0, 0), (1, 1), (2, 0)])
def test_single_choice(choice: int, expected: int) -> None:
    assert points("single_choice", {"options": [0, 1, 2]}, {"choice": choice}) == expected


# a to d are keys, e and f are not. The first line is the example of the item-writing guide: three keys and one
# distractor of four keys make one half; so does everything ticked.
@pytest.mark.parametrize(
    ("choices", "partial", "whole"),
    [
        ([0, 1, 2, 4], HALF, 0),
        ([0, 1, 2, 3, 4, 5], HALF, 0),
        ([0, 1, 2, 3], 1, 1),
        ([0, 1, 2], 3 * QUARTER, 0),
        ([0], QUARTER, 0),
        ([0, 4], 0, 0),
        ([4], 0, 0),
        ([4, 5], 0, 0),
        ([0, 4, 5], 0, 0),
        ([0, 1, 4, 5], 0, 0),
        ([], 0, 0),
    ],
)
def test_multiple_choice(choices: list[int], partial: Fraction, whole: int) -> None:
    order = {"options": [0, 1, 2, 3, 4, 5]}
    assert points("multiple_choice", order, {"choices": choices}) == partial
    assert points("multiple_choice", order, {"choices": choices}, scoring="all_or_nothing") == whole


@pytest.mark.parametrize(
    ("choice", "reason", "expected"), [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0), (1, None, 0), (None, 1, 0)]
)
def test_true_false_counts_only_with_its_reason(choice: int, reason: int, expected: int) -> None:
    order = {"options": [0, 1], "reasons": [0, 1, 2]}
    answer = {"choice": choice, "reason": reason}
    assert points("true_false", order, answer) == expected
    assert kinds.get("true_false").answered(samples.stored("true_false"), order, answer) == (
        None not in answer.values()
    )


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ([1, 0, 3], 1),
        ([1, 0, 2], 2 * THIRD),
        ([1, None, None], THIRD),
        ([0, 1, 2], 0),
        ([1, 1, 1], THIRD),
        ([None, None, None], 0),
    ],
)
def test_matching(matches: list[int | None], expected: Fraction) -> None:
    order = {"prompts": [0, 1, 2], "options": [0, 1, 2, 3]}
    assert points("matching", order, {"matches": matches}) == expected


@pytest.mark.parametrize(
    ("places", "partial", "exact"),
    [
        ([1, 2, 3, 4, 5], 1, 1),
        ([5, 4, 3, 2, 1], 0, 0),
        ([2, 1, 3, 4, 5], 3 * QUARTER, 0),
        ([5, 1, 2, 3, 4], 3 * QUARTER, 0),
        ([2, 1, 4, 3, 5], HALF, 0),
        ([1, 5, 2, 4, 3], HALF, 0),
        ([1, 2, None, None, None], QUARTER, 0),
        ([1, None, 2, None, 3], 0, 0),
        ([1, 2, 3, 4, None], 3 * QUARTER, 0),
    ],
)
def test_ordering(places: list[int | None], partial: Fraction, exact: int) -> None:
    order = {"steps": [0, 1, 2, 3, 4]}
    assert points("ordering", order, {"places": places}) == partial
    assert points("ordering", order, {"places": places}, scoring="exact") == exact


@pytest.mark.parametrize(
    ("blanks", "expected"), [([0, 1], 1), ([0, 0], HALF), ([1, 1], HALF), ([0, None], HALF), ([1, 2], 0)]
)
def test_cloze(blanks: list[int | None], expected: Fraction) -> None:
    assert points("cloze", {"blanks": [[0, 1], [0, 1, 2]]}, {"blanks": blanks}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("31.5", 1), ("31", 1), ("32.0", 1), ("30.999", 0), ("32.0000000001", 0), ("90", 0), ("-31.5", 0), ("+31.5", 1),
     (" 3 1.5 ", 1), ("31.5%", 1), ("３１.５", 1), ("٣١", 1), ("031", 1), ("31.50", 1)],
)  # fmt: skip
def test_numeric(value: str, expected: int) -> None:
    assert points("numeric", {}, {"value": value}) == expected


def test_numeric_tolerance_is_decimal_and_exact() -> None:
    """0.1 + 0.2 is 0.3 here, also when YAML gave floats."""
    for answer, tolerance in (("0.3", "0.1"), (0.3, 0.1)):
        for value, expected in (("0.2", 1), ("0.4", 1), ("0.19999999999999999", 0), ("0.40000000000000001", 0)):
            assert points("numeric", {}, {"value": value}, answer=answer, tolerance=tolerance, wrong=[]) == expected
    assert points("numeric", {}, {"value": "988"}, answer=988, tolerance=0, wrong=[]) == 1


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1,000", 1000), ("12,345,678.5", Fraction(24691357, 2)), (".5", HALF), ("-.5", -HALF), ("−3", -3), ("0", 0),
        ("1,00", None), ("1,0000", None), ("1e5", None), ("NaN", None), ("inf", None), ("", None), (".", None), ("%", None),
        ("5.", None), ("1/2", None), ("½", None), ("3²", 32), ("12 mg", None), ("0x10", None), ("1_000", None), ("--1", None),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(typed: str, value: Fraction | None) -> None:
    assert number(typed) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Straße", 1), ("STRASSE", 1), ("strasse", 1), ("  main\tSTREET ", 1), ("mainstreet", 1), ("ｍａｉｎ street", 1), ("“Main Street.”", 1),
     ("main\u200bstreet", 1), ("main streets", 0), ("lane", 0), ("?", 0), ("mаin street", 0)],
)  # fmt: skip
def test_short_text(text: str, expected: int) -> None:
    """The last line has a Cyrillic letter: it looks alike, and it is another word."""
    assert points("short_text", {}, {"text": text}) == expected


def test_typed_answers_are_told_why() -> None:
    kind, stored = kinds.get("short_text"), samples.stored("short_text")
    for text, why, belief in (
        ("lane", "Too narrow.", "belief-s"),
        ("x", "It is the street.", "belief-t"),
        ("strasse", "Right.", None),
    ):
        first = kind.review(stored, {}, {"text": text})["groups"][0]["items"][0]
        assert (first["why_html"], first["tag"]) == (
            f"<i>{why}</i>",
            "Your answer, best answer" if not belief else "Your answer",
        )
        assert kind.grade(stored, {}, {"text": text}).parts[0].misconception == belief
    best = kind.review(stored, {}, {"text": "<b>lane</b>"})["groups"][0]["items"]
    assert [one["html"] for one in best] == ["<bdi>&lt;b&gt;lane&lt;/b&gt;</bdi>", "<bdi>Straße</bdi>"]


@given(st.data())
def test_multiple_choice_follows_its_formula_and_moves_the_right_way(data: st.DataObject) -> None:
    size = data.draw(st.integers(3, 8))
    keys = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=size - 1))
    picked = data.draw(st.sets(st.integers(0, size - 1)))
    options = [samples.option(f"o{n}", f"Text {n}", n in keys) for n in range(size)]
    kind = kinds.get("multiple_choice")
    row = {**samples.AUTHORED["multiple_choice"], "options": options}
    stored = kind.compile(kind.schema.model_validate(row), samples.render)
    order = {"options": list(range(size))}

    def score(choices: set[int]) -> Fraction:
        return kind.grade(stored, order, {"choices": sorted(choices)}).points

    assert score(picked) == max(Fraction(0), Fraction(len(picked & keys) - len(picked - keys), len(keys)))
    for extra in set(range(size)) - picked:
        if extra in keys:
            assert score(picked | {extra}) >= score(picked)
        else:
            assert score(picked | {extra}) <= score(picked)


@given(st.permutations(range(1, 6)))
def test_ordering_is_the_share_of_neighboring_pairs(places: list[int]) -> None:
    expected = Fraction(sum(places[n] < places[n + 1] for n in range(4)), 4)
    assert points("ordering", {"steps": [0, 1, 2, 3, 4]}, {"places": places}) == expected
    assert (expected == 1) == (places == [1, 2, 3, 4, 5])


@given(slug=st.sampled_from(samples.SLUGS), seed=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_grading_does_not_depend_on_the_served_order(slug: str, seed: int, other: int) -> None:
    """The same choice of texts, served in two orders, has the same grade."""

    kind, stored = kinds.get(slug), samples.stored(slug)
    first, second = (kind.serve(stored, random.Random(n)) for n in (seed, other))
    answer = samples.some_answer(slug, first, random.Random(seed))
    moved_answer = samples.carried(slug, stored, answer, first, second)
    one, two = kind.grade(stored, first, answer), kind.grade(stored, second, moved_answer)
    assert one.points == two.points
    assert sorted(one.parts, key=lambda part: part.label) == sorted(two.parts, key=lambda part: part.label)


@given(slug=st.sampled_from(samples.SLUGS), seed=st.integers(0, 100_000), other=st.integers(0, 100_000))
def test_more_right_parts_never_earn_less(slug: str, seed: int, other: int) -> None:
    """An answer that is right wherever another one is, has at least its points; all parts right is 1, and only that."""
    kind, stored = kinds.get(slug), samples.stored(slug)
    order = kind.serve(stored, random.Random(seed))
    answers = [samples.some_answer(slug, order, random.Random(n)) for n in (seed, other)]
    answers.append(kind.model_answer(stored, order))
    results = [kind.grade(stored, order, answer) for answer in answers]
    rights = [{part.label for part in result.parts if part.right} for result in results]
    for one, own in zip(results, rights, strict=True):
        assert 0 <= one.points <= 1
        assert (one.points == 1) == all(part.right for part in one.parts)
        for better, more in zip(results, rights, strict=True):
            assert not own <= more or one.points <= better.points


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1))
def test_case_and_spaces_never_matter(text: str) -> None:
    assert folded(text.casefold()) == folded(text) == folded(f"  {text} .") == folded(" ".join(text.split()))


@given(st.text())
def test_any_text_is_graded(text: str) -> None:
    assert points("short_text", {}, {"text": text}) in (0, 1)
    assert points("numeric", {}, {"value": text}) in (0, 1)


@given(st.text(max_size=50))
def test_a_number_is_none_or_exact(text: str) -> None:
    found = number(text)
    assert found is None or isinstance(found, Fraction)


@pytest.mark.parametrize(
    ("places", "step", "by", "expected"),
    [
        ([1, 2, 3], 0, 1, [2, 1, 3]),
        ([1, 2, 3], 2, -1, [1, 3, 2]),
        ([3, 1, 2], 0, -1, [2, 1, 3]),
        ([1, 2, 3], 0, -1, [1, 2, 3]),
        ([1, 2, 3], 2, 1, [1, 2, 3]),
    ],
)
def test_a_move_swaps_neighbors_and_stops_at_the_edge(
    places: list[int], step: int, by: int, expected: list[int]
) -> None:
    assert moved(places, step, by) == expected


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([None, None, None], [1, 2, 3]),
        ([None, 1, None], [2, 1, 3]),
        ([3, None, None], [3, 1, 2]),
        ([2, 3, 1], [2, 3, 1]),
    ],
)
def test_open_places_are_filled_in_served_order(places: list[int | None], expected: list[int]) -> None:
    assert filled(places) == expected
