"""What every kind owes statistics and corrections, over the registry."""

import random
from collections import Counter
from typing import Any

import pytest
from django import forms

from quizzes import kinds
from quizzes.kinds.base import Kind
from quizzes.statistics.question import Given, tables, tally
from tests.quizzes.kinds import samples

pytestmark = pytest.mark.parametrize("slug", samples.SLUGS)


def given(kind: Kind, stored: Any, number: int) -> list[Given]:
    rng = random.Random(number)
    rows = []
    for n in range(number):
        order = kind.serve(stored, rng)
        answer = samples.some_answer(kind.slug, order, rng) if n % 3 else samples.full_marks(kind.slug, stored, order)
        result = kind.grade(stored, order, answer)
        parts = tuple(
            type(part)(part.label, part.right, kind.choice_of(stored, part), part.misconception)
            for part in result.parts
        )
        rows.append(Given(n, True, float(result.points), (n % 5) / 4, parts))
    return rows


def test_every_part_gives_a_table_whose_counts_add_up(slug: str) -> None:
    kind, stored = kinds.get(slug), samples.stored(slug)
    rows = given(kind, stored, 60)
    counts = tally(rows)
    assert counts
    assert {label: counted.total() for label, counted in counts.items()} == dict.fromkeys(counts, 60)
    shown = tables(rows, kind.tables(stored))
    for table in shown:
        if table.several:
            assert all(0 <= line.count <= 60 for line in table.lines)
        else:
            assert sum(line.count for line in table.lines) == 60, table
        assert any(line.right for line in table.lines)
    described = {choice.label for table in kind.tables(stored) for choice in table.choices}
    assert described == set(counts), "each part is described, and nothing else"


def test_what_a_table_calls_right_is_what_the_grader_calls_right(slug: str) -> None:
    kind, stored = kinds.get(slug), samples.stored(slug)
    right = {(c.label, c.choice): c.right for table in kind.tables(stored) for c in table.choices}
    met: Counter[bool] = Counter()
    for row in given(kind, stored, 80):
        for part in row.parts:
            if part.chosen is not None and (part.label, part.chosen) in right and slug != "multiple_choice":
                assert right[part.label, part.chosen] == part.right
                met[part.right] += 1
    assert met[True] or slug == "multiple_choice"


def test_the_key_comes_back_from_its_own_form_unchanged(slug: str) -> None:
    kind, stored = kinds.get(slug), samples.stored(slug)
    form = form_of(kind, stored)
    form = form_of(kind, stored, {name: bound.value() for name, bound in ((n, form[n]) for n in form.fields)})
    assert form.is_valid(), form.errors
    key = kind.read_key(stored, form.cleaned_data)
    assert kind.material(kind.rekeyed(stored, key)) == kind.material(stored)
    assert kind.rekeyed(stored, kind.key_of(stored)) == stored


def test_the_key_of_the_twin_makes_its_answers_right_and_the_old_ones_wrong(slug: str) -> None:
    kind, stored = kinds.get(slug), samples.stored(slug)
    mended = kind.rekeyed(stored, OTHER_KEYS[slug])
    assert kind.material(mended) != kind.material(stored)
    assert kind.material(kind.rekeyed(mended, kind.key_of(stored))) == kind.material(stored)
    rng = random.Random(4)
    for _ in range(10):
        order = kind.serve(stored, rng)  # as it was served before the correction
        now = kind.model_answer(mended, order)
        assert kind.grade(mended, order, now).right
        assert not kind.grade(stored, order, now).right
        assert not kind.grade(mended, order, kind.model_answer(stored, order)).right
        assert kind.review(mended, order, now)["right"]
        assert "mended" in str(kind.review(mended, order, kind.model_answer(stored, order)))


OTHER_KEYS: dict[str, Any] = {
    "single_choice": ["c"],
    "multiple_choice": ["e", "f"],
    "true_false": {"options": ["t"], "reasons": ["r3"]},
    "matching": {"p1": "a", "p2": "b", "p3": "c"},
    "ordering": ["b", "a", "d", "c", "e"],
    "cloze": {"1": ["b"], "2": ["c"]},
    "numeric": {"answer": "90", "tolerance": "0"},
    "short_text": ["lane"],
}


@pytest.mark.parametrize("number", [1])
def test_a_key_that_cannot_be_is_refused_in_words(slug: str, number: int) -> None:
    kind, stored = kinds.get(slug), samples.stored(slug)
    bad = BAD[slug]
    form = form_of(kind, stored, bad)
    if form.is_valid():
        with pytest.raises(forms.ValidationError):
            kind.read_key(stored, form.cleaned_data)


BAD: dict[str, dict[str, Any]] = {
    "single_choice": {"key": "zz"},
    "multiple_choice": {"key": list("abcdef")},
    "true_false": {"key_choice": "t"},
    "matching": {"key_0": "a", "key_1": "a", "key_2": "b"},
    "ordering": {f"key_{n}": "1" for n in range(5)},
    "cloze": {"key_1": "b"},
    "numeric": {"key_answer": "NaN", "key_tolerance": "0"},
    "short_text": {"key": " . \n"},
}


def form_of(kind: Kind, stored: Any, data: Any = None) -> forms.Form:
    return type("KeyForm", (forms.Form,), kind.key_fields(stored))(data)
