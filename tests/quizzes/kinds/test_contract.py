"""What every kind must hold, over the registry: a new kind is tested by being there."""

import json
import random
from fractions import Fraction
from typing import Any

import pytest
from crispy_forms.utils import render_crispy_form
from django.http import QueryDict
from django.template.loader import render_to_string

from quizzes import kinds
from quizzes.kinds.base import BadAnswer
from tests.quizzes.kinds import samples

pytestmark = pytest.mark.parametrize("slug", samples.SLUGS)
SEEDS = range(25)


def served(slug: str, seed: int = 1, **changes: Any) -> tuple[Any, Any, Any]:
    kind, stored = kinds.get(slug), samples.stored(slug, **changes)
    return kind, stored, kind.serve(stored, random.Random(seed))


def again(value: Any) -> Any:
    """Through JSON and back, as the database gives it."""
    return json.loads(json.dumps(value, allow_nan=False))


def test_stored_form_order_answer_and_review_survive_json(slug: str) -> None:
    kind, stored, order = served(slug)
    answer = samples.full_marks(slug, stored, order)
    assert again(stored) == stored
    assert again(order) == order
    assert again(kind.taking(stored, order, answer)) == kind.taking(stored, order, answer)
    assert again(kind.review(stored, order, answer)) == kind.review(stored, order, answer)
    assert kind.grade(again(stored), again(order), again(answer)) == kind.grade(stored, order, answer)
    assert again(kind.grade(stored, order, answer).to_json())["points"] == "1"


def test_key_has_full_marks_in_every_served_order_and_nothing_has_none(slug: str) -> None:
    for seed in SEEDS:
        kind, stored, order = served(slug, seed)
        answer = samples.full_marks(slug, stored, order)
        result = kind.grade(stored, order, answer)
        assert (result.points, result.right, result.answered) == (1, True, True)
        assert all(part.right and part.misconception is None for part in result.parts)
        assert kind.answered(stored, order, answer)
        empty = kind.grade(stored, order, None)
        assert (empty.points, empty.right, empty.answered) == (0, False, False)
        assert not any(part.right for part in empty.parts)
        assert not kind.answered(stored, order, None)


def test_points_are_exact_and_between_none_and_all(slug: str) -> None:
    for seed in range(200):
        kind, stored, order = served(slug, seed)
        answer = samples.some_answer(slug, order, random.Random(seed))
        result = kind.grade(stored, order, answer)
        assert isinstance(result.points, Fraction)
        assert 0 <= result.points <= 1
        assert result.parts
        assert result == kind.grade(stored, order, answer)


def test_an_answer_comes_back_from_the_form_as_it_was_stored(slug: str) -> None:
    for seed in range(60):
        kind, stored, order = served(slug, seed)
        answer = samples.some_answer(slug, order, random.Random(seed))
        assert kind.parse_answer(stored, order, json.dumps(answer)) == (answer and _tidy(answer))
        data = QueryDict(mutable=True)
        for name, values in (kind.fill(answer) if answer else {}).items():
            data.setlist(name, values)
        form = kind.form(stored, order, data=data)
        assert form.is_valid(), form.errors
        assert form.answer == (answer and _tidy(answer))
        assert form.complete == kind.answered(stored, order, form.answer)


def _tidy(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in answer.items()}


def test_the_twin_is_byte_identical_to_the_learner_and_differs_in_grade(slug: str) -> None:
    kind, first = kinds.get(slug), samples.stored(slug)
    second = samples.compiled(samples.twin(slug))
    for seed in SEEDS:
        order = kind.serve(first, random.Random(seed))
        twin_order = samples.same_order(slug, first, second, order)
        answer = samples.some_answer(slug, order, random.Random(seed))
        assert kind.taking(first, order, answer) == kind.taking(second, twin_order, answer)
        page = render_crispy_form(kind.form(first, order, answer=answer))
        assert page == render_crispy_form(kind.form(second, twin_order, answer=answer))
        wrong = QueryDict("choice=99&choices=99&match_0=99&step_0=1&step_1=1&blank_0=99&value=x&text=" + "y" * 201)
        assert render_crispy_form(kind.form(first, order, data=wrong)) == render_crispy_form(
            kind.form(second, twin_order, data=wrong)
        )
    order = kind.serve(first, random.Random(1))
    key = samples.full_marks(slug, first, order)
    twin_order = samples.same_order(slug, first, second, order)
    assert kind.grade(second, twin_order, key).points < 1
    assert kind.material(first) != kind.material(second)


def test_nothing_hidden_reaches_taking(slug: str) -> None:
    """A sentinel in ids, keys, rationales and misconceptions, while the attempt runs."""
    kind, stored = kinds.get(slug), samples.compiled(samples.twin(slug))
    assert samples.SENTINEL in json.dumps(stored)
    for seed in SEEDS:
        order = kind.serve(stored, random.Random(seed))
        answer = samples.some_answer(slug, order, random.Random(seed))
        shown = json.dumps(kind.taking(stored, order, answer)) + render_crispy_form(
            kind.form(stored, order, answer=answer)
        )
        assert samples.SENTINEL not in shown
        assert samples.SENTINEL not in json.dumps(order)
        for word in ("correct", "misconception", "why_html", "best", "31337", "Because", "belief"):
            assert word not in shown
        with pytest.raises(BadAnswer) as refused:
            kind.parse_answer(stored, order, '{"nothing": "like this"}')
        assert samples.SENTINEL not in str(refused.value)


def test_review_shows_the_rationale_of_everything_and_no_author_id(slug: str) -> None:
    kind, stored = kinds.get(slug), samples.compiled(samples.twin(slug))
    order = kind.serve(stored, random.Random(4))
    for answer in (None, samples.full_marks(slug, stored, order)):
        review = kind.review(stored, order, answer)
        page = render_to_string(kind.review_template, {"review": review})
        assert page.count('<li class="is-best">') + page.count("<li>") + page.count('<li class="is-miss">') == sum(
            len(group["items"]) for group in review["groups"]
        )
        whys = [item["why_html"] for group in review["groups"] for item in group["items"]]
        assert whys
        assert all(whys)
        assert all(why in page for why in whys)
        assert "belief" not in page
        assert f"{samples.SENTINEL}-id" not in page
        assert review["right"] is (answer is not None)
        assert any(item["best"] for group in review["groups"] for item in group["items"]) or answer is None


def test_form_is_native_labelled_and_without_script(slug: str) -> None:
    kind, stored, order = served(slug)
    page = render_crispy_form(kind.form(stored, order))
    assert page.count("<fieldset") == page.count("<legend") >= 1
    assert "<form" not in page
    assert "csrf" not in page
    for banned in ("style=", "<script", " onclick", " onchange", "data:", "javascript"):
        assert banned not in page
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    controls = [part.split(">")[0] for tag in ("<input", "<select") for part in page.split(tag)[1:]]
    assert controls
    for control in controls:
        own = control.split(' id="')[1].split('"')[0]
        assert f'for="{own}"' in page or "aria-label=" in control


def test_errors_are_printed_with_links_that_reach_their_control(slug: str) -> None:
    kind, stored, order = served(slug)
    form = kind.form(stored, order)
    name = next(iter(form.fields))
    bad = QueryDict(mutable=True)
    bad.setlist(name, ["q" * 300])
    form = kind.form(stored, order, data=bad)
    assert not form.is_valid()
    page = render_crispy_form(form)
    target = page.split('href="#')[1].split('"')[0]
    assert f'id="{target}"' in page
    assert f'id="id_{name}_error"' in page
    assert 'aria-invalid="true"' in page


def _hostile_raw() -> list[Any]:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    fields = ("choice", "reason", "choices", "matches", "places", "blanks", "value", "text")
    values: list[Any] = [
        -1, 99, 10**30, True, 1.0, 0.5, float("nan"), float("inf"), "0", "1 ", "", None, "\0", "\ud800", "a\ud800b", "x" * 10_000_000,
        "NaN", "Infinity", "1e999999999", "-0", "9" * 5000, [], {}, [[]], [None] * 60, [0] * 60, [0, 0], [1, 1], [-1], [99], ["0"], [True], [1.5],
        [10**400], {"a": 1}, deep, "<script>alert(1)</script>", "' OR 1=1 --", "\u202e\u200d", "٣", "½", "१२", b"bytes", object(),
    ]  # fmt: skip
    raws: list[Any] = [{field: value} for field in fields for value in values]
    raws += [{field: values[0], "extra": 1} for field in fields]
    raws += [
        None,
        {},
        [],
        [1],
        "",
        "null",
        "{",
        "nan",
        "NaN",
        '{"choice": NaN}',
        "[" * 10_000,
        "{" * 10_000,
        '{"text": "\\ud800"}',
    ]
    raws += [
        '{"choice": ' + "9" * 5000 + "}",
        '{"choice": 1e400}',
        "x" * 10_000_000,
        b"\xff\xfe",
        b"{}",
        b'{"text":"\xff"}',
        5,
        1.5,
        True,
        object(),
    ]
    raws += [{1: 2}, {None: None}, {"choice": 0, "reason": 0, "choices": [0]}]
    return raws


def test_hostile_json_is_refused_or_stored_and_never_raises(slug: str) -> None:
    kind, stored, order = served(slug)
    refused = []
    for raw in _hostile_raw():
        try:
            answer = kind.parse_answer(stored, order, raw)
        except BadAnswer as bad:
            refused.append(str(bad))
            continue
        json.dumps(answer, allow_nan=False).encode()
        assert "\0" not in json.dumps(answer)
        assert kind.parse_answer(stored, order, answer) == answer
        assert 0 <= kind.grade(stored, order, answer).points <= 1
        render_to_string(kind.review_template, {"review": kind.review(stored, order, answer)}).encode()
    assert all(0 < len(sentence.encode()) < 2000 for sentence in refused)
    assert len(refused) > 200


def test_hostile_form_data_is_refused_or_stored_and_never_raises(slug: str) -> None:
    kind, stored, order = served(slug)
    names = [*kind.form(stored, order).fields, "extra", "__all__"]
    values = ["-1", "99", "1.0", "0x1", "", " ", "\0", "\ud800", "x" * 10_000_000, "NaN", "inf", "9" * 5000, "True", "None", "[]",
              "<script>", "0:up", "99:up", "0:sideways", ":up", "٣", "1\n2", "\u202e"]  # fmt: skip
    for name in names:
        for value in values:
            for repeat in (1, 2, 3000 if len(value) < 10 else 1):
                data = QueryDict(mutable=True)
                data.setlist(name, [value] * repeat)
                form = kind.form(stored, order, data=data)
                form.is_valid()
                page = render_crispy_form(form)
                assert len(page.encode()) < 60_000
                assert "<script>" not in page
    odd: list[dict[str, Any]] = [
        {"choice": object()},
        {"choices": "0"},
        {"choices": None},
        {"text": ["a"]},
        {"move": {}},
    ]
    for mapping in odd:
        kind.form(stored, order, data=mapping).is_valid()


def test_answers_beyond_the_question_are_refused_in_words(slug: str) -> None:
    kind, stored, order = served(slug)
    answer = samples.full_marks(slug, stored, order)
    name, value = next(iter(answer.items()))
    beyond = [*value, *[0] * 20] if isinstance(value, list) else 50 if isinstance(value, int) else "q" * 201
    with pytest.raises(BadAnswer) as refused:
        kind.parse_answer(stored, order, {**answer, name: beyond})
    sentences = [text for texts in refused.value.errors.values() for text in texts]
    assert sentences
    assert all(text.endswith(".") and "%(" not in text for text in sentences)


def test_shuffle_off_keeps_the_authors_order(slug: str) -> None:
    for seed in SEEDS:
        _, stored, order = served(slug, seed, shuffle=False)
        plain = [own for part in order.values() for own in (part if part and isinstance(part[0], list) else [part])]
        if slug == "ordering":
            assert sorted(order["steps"]) == list(range(len(stored["steps"]))) != order["steps"]
        else:
            assert all(own == sorted(own) for own in plain)


def test_serving_draws_every_order_and_loses_nothing(slug: str) -> None:
    orders = []
    for seed in range(300):
        _, _, order = served(slug, seed)
        assert order == served(slug, seed)[2]
        orders.append(json.dumps(order))
    assert len(set(orders)) == {
        "single_choice": 6, "true_false": 6, "numeric": 1, "short_text": 1, "cloze": 12
    }.get(slug, len(set(orders)))  # fmt: skip
    assert (len(set(orders)) > 50) == (slug in ("multiple_choice", "matching", "ordering"))
    if slug == "ordering":
        assert json.dumps({"steps": [0, 1, 2, 3, 4]}) not in orders


def test_material_changes_with_the_key_and_not_with_wording(slug: str) -> None:
    kind = kinds.get(slug)
    row = json.loads(json.dumps(samples.AUTHORED[slug]).replace("Because", "Since"))
    row["stem"] += " Take your time."
    if slug == "short_text":
        row["accept"] = ["STRASSE", "Main Street"]
    assert kind.material(samples.compiled(row)) == kind.material(samples.stored(slug))


def test_unknown_keys_are_refused(slug: str) -> None:
    with pytest.raises(ValueError, match="extra"):
        kinds.get(slug).schema.model_validate({**samples.AUTHORED[slug], "surprise": "1"})
