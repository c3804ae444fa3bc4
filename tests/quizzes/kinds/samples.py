"""One author's question a kind (from the kind's own file), a twin that differs only in key, ids and rationales, and answers to it."""

import copy
import random
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from quizzes import kinds
from quizzes.kinds.base import Answer, Kind, Order, Stored

SENTINEL = "zq9sentinel"
Row = dict[str, Any]


def option(name: str, text: str, correct: bool = False) -> Row:
    row = {"id": name, "text": text, "why": f"Because of {text}."}
    return {**row, "correct": True} if correct else {**row, "misconception": f"belief-{name}"}


COMMON: Row = {
    "id": "TST-Q01",
    "objective": "TST-1.1",
    "level": "Understand",
    "facts": ["E-001"],
    "section": "A section",
    "stem": "Somebody stands at the desk and asks you for help with a form. What do you do first?",
}
AUTHORED: dict[str, Row] = {
    kind.slug: {**COMMON, "kind": kind.slug, **copy.deepcopy(kind.sample.body)} for kind in kinds.all()
}


def render(text: str) -> str:
    return f"<i>{text}</i>"


def stored(slug: str, **changes: Any) -> Stored:
    return compiled({**copy.deepcopy(AUTHORED[slug]), **changes})


def compiled(row: Row) -> Stored:
    kind = kinds.get(row["kind"])
    checked = kind.schema.model_validate(row)
    assert list(kind.problems(checked)) == []
    return kind.compile(checked, render)


def twin(slug: str) -> Row:
    """The same question to the eye, with another key and a sentinel in every text that must stay hidden."""
    row = {**copy.deepcopy(AUTHORED[slug]), **copy.deepcopy(kinds.get(slug).sample.other_key)}
    row["id"] = f"{SENTINEL}-id"
    _plant(row, _ids(row))
    return row


def _ids(value: Any) -> set[str]:
    """Every author id below the top."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = {value["id"]} if isinstance(value, dict) and isinstance(value.get("id"), str) else set()
    return own.union(*(_ids(one) for one in below))


def _plant(value: Any, ids: set[str]) -> None:
    """The sentinel in every id, in what points to one, and in every rationale, misconception and typed key."""
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            _plant(one, ids)
    if isinstance(value, dict):
        for name, text in value.items():
            points = name in ("why", "misconception", "id") or (name == "answer" and text in ids)
            if points and isinstance(text, str) and SENTINEL not in text:
                value[name] = f"{SENTINEL}-{text.replace(' ', '-').rstrip('.')}"
            if name in ("accept", "texts"):
                value[name] = [f"{SENTINEL} {one}" for one in text]


def same_order(slug: str, first: Stored, second: Stored, order: Order) -> Order:
    """The order in which ``second`` shows the texts that ``first`` shows in ``order``."""
    if slug != "ordering":
        return order
    texts = [step["text"] for step in second["steps"]]
    return {"steps": [texts.index(first["steps"][index]["text"]) for index in order["steps"]]}


def full_marks(slug: str, stored: Stored, order: Order) -> Answer:
    """The all-right answer, found here from the stored key and not by the code under test; a kind that is not known here finds it itself."""
    if slug in ("single_choice", "multiple_choice"):
        right = [place for place, index in enumerate(order["options"]) if stored["options"][index]["correct"]]
        return {"choice": right[0]} if slug == "single_choice" else {"choices": right}
    if slug == "true_false":
        return {
            name: next(place for place, index in enumerate(order[part]) if stored[part][index]["correct"])
            for name, part in (("choice", "options"), ("reason", "reasons"))
        }
    if slug == "matching":
        ids = [stored["options"][index]["id"] for index in order["options"]]
        return {"matches": [ids.index(stored["prompts"][index]["answer"]) for index in order["prompts"]]}
    if slug == "ordering":
        return {"places": [index + 1 for index in order["steps"]]}
    if slug == "cloze":
        return {
            "blanks": [
                next(place for place, index in enumerate(own) if blank["options"][index]["correct"])
                for blank, own in zip(stored["blanks"], order["blanks"], strict=True)
            ]
        }
    if slug == "numeric":
        return {"value": stored["answer"]}
    if slug == "short_text":
        return {"text": stored["accept"][-1]}
    return kinds.get(slug).model_answer(stored, order)


def some_answer(slug: str, order: Order, rng: random.Random, stored_form: Stored | None = None) -> Answer | None:
    """Any answer that the form takes, complete or not: each field drawn, or the best answer with its values mixed up and some left
    out. None now and then."""
    kind = kinds.get(slug)
    own = stored_form or stored(slug)
    best = kind.fill(kind.model_answer(own, order))
    for _ in range(50):
        if rng.random() < 0.1:
            return None
        drawn = {}
        if rng.random() < 0.5:
            values = list(best.values())
            rng.shuffle(values)
            drawn = {name: value for name, value in zip(best, values, strict=True) if rng.random() < 0.9}
        else:
            for name, field in kind.form(own, order).fields.items():
                if name != "move" and rng.random() < 0.8:
                    drawn[name] = _some_value(field, kind.sample.typed, rng)
        form = kind.form(own, order, data=MultiValueDict(drawn))
        if form.is_valid() and form.answer is not None:
            return form.answer
    return None


def _some_value(field: Any, typed: tuple[str, ...], rng: random.Random) -> list[str]:
    values = [value for value, _ in getattr(field, "choices", ()) if value]
    if not values:
        return [rng.choice(typed)]
    if isinstance(field, forms.MultipleChoiceField):
        return [value for value in values if rng.random() < 0.5]
    return [rng.choice(values)]


def carried(slug: str, form: Stored, answer: Answer | None, first: Order, second: Order) -> Answer | None:
    """The same choice of words, served in another order: found by the texts of labels and options alone."""
    kind = kinds.get(slug)
    if answer is None:
        return None
    data: dict[str, list[str]] = {}
    blank = {_label(row): row for row in kind.taking(form, second, None)["rows"]}
    for row in kind.taking(form, first, answer)["rows"]:
        other = blank[_label(row)]
        if "value" in row:
            data[other["name"]] = [row["value"]]
            continue
        texts = [_word(option) for option in _choices(row) if option["chosen"]]
        data[other["name"]] = [_position(option) for option in _choices(other) if _word(option) in texts]
    found = kind.form(form, second, data=MultiValueDict(data))
    assert found.is_valid(), found.errors
    return found.answer


def _label(row: Row) -> str:
    return str(row.get("html") or row.get("number") or row["name"])


def _choices(row: Row) -> list[Row]:
    return list(row["options"] if "options" in row else row["places"])


def _word(option: Row) -> str:
    return str(option["text"] if "text" in option else option["place"])


def _position(option: Row) -> str:
    return str(option["position"] if "position" in option else option["place"])


def kind_of(slug: str) -> Kind:
    return kinds.get(slug)


SLUGS = sorted(AUTHORED)
