"""A kind that the product does not have, in one file: a choice, a drop-down and a word; the share of them that is right."""

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import Values, position_field, text_field
from quizzes.kinds.options import (
    compile_option,
    item,
    key_problem,
    material_options,
    option_items,
    option_rows,
    permutation,
)
from quizzes.kinds.schema import Option, Question
from quizzes.kinds.stem import RenderInline

LISTS = (("who", "radio", "Who goes first?"), ("when", "select", "When?"))


class ToyQuestion(Question):
    kind: Literal["toy_pair"]
    who: Annotated[list[Option], Field(min_length=2, max_length=4)]
    when: Annotated[list[Option], Field(min_length=2, max_length=4)]
    word: str
    why: str


class ToyAnswer(AnswerShape):
    who: Position | None = None
    when: Position | None = None
    word: str | None = None


class Toy(Kind):
    slug = "toy_pair"
    label = "A toy"
    schema = ToyQuestion
    answer_shape = ToyAnswer
    sample = Sample(
        body={
            "stem": "Who goes when, and with what word?",
            "who": [
                {"id": "a", "text": "Ana", "why": "She is near.", "correct": True},
                {"id": "b", "text": "Ben", "why": "He is far.", "misconception": "far"},
            ],
            "when": [
                {"id": "n", "text": "Now", "why": "It cannot wait.", "correct": True},
                {"id": "l", "text": "Later", "why": "It is late then.", "misconception": "late"},
            ],
            "word": "hello",
            "why": "A greeting.",
        },
        other_key={
            "who": [
                {"id": "a", "text": "Ana", "why": "She is far.", "misconception": "far"},
                {"id": "b", "text": "Ben", "why": "He is near.", "correct": True},
            ],
            "word": "zq9sentinel",
        },
        typed=("hello", "good day"),
    )

    def compile_body(self, question: ToyQuestion, render_inline: RenderInline) -> Stored:
        return {
            "who": [compile_option(option, render_inline) for option in question.who],
            "when": [compile_option(option, render_inline) for option in question.when],
            "word": question.word,
            "why_html": render_inline(question.why),
        }

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {name: permutation(len(stored[name]), stored["shuffle"], rng) for name, _, _ in LISTS}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {
            "who": position_field(len(order["who"]), label="Who goes first?", widget=forms.RadioSelect),
            "when": position_field(len(order["when"]), label="When?"),
            "word": text_field(40, label="The word"),
        }

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        given: dict[str, Any] = {name: int(cleaned[name]) if cleaned[name] else None for name, _, _ in LISTS}
        given["word"] = cleaned["word"] or None
        return given if any(one is not None for one in given.values()) else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {name: [str(one)] for name, one in answer.items() if one is not None}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        lists = [
            {
                "name": name,
                "html": label,
                "control": control,
                "options": option_rows(stored[name], order[name], [values.get(name)]),
            }
            for name, control, label in LISTS
        ]
        word = {"name": "word", "html": "The word", "control": "text", "value": values.get("word"), "length": 40}
        return [*lists, word]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return all(one is not None for one in answer.values())

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        best = {name: next(p for p, i in enumerate(order[name]) if stored[name][i]["correct"]) for name, _, _ in LISTS}
        return {**best, "word": stored["word"]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        given = answer or {"who": None, "when": None, "word": None}
        parts = []
        for name, _, _ in LISTS:
            option = None if given[name] is None else stored[name][order[name][given[name]]]
            right = bool(option and option["correct"])
            parts.append(Part(name, right, option and option["id"], option and option["misconception"]))
        parts.append(Part("word", given["word"] == stored["word"], given["word"]))
        points = Fraction(sum(part.right for part in parts), len(parts))
        return Result(points, answer is not None, tuple(parts))

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        groups = []
        for name, _, label in LISTS:
            chosen = {answer[name]} if answer and answer[name] is not None else set()
            groups.append({"title": label, "items": option_items(stored[name], order[name], chosen)})
        best = bool(answer and answer["word"] == stored["word"])
        word = item(stored["word"], stored["why_html"], chosen=bool(answer and answer["word"]), best=best)
        return [*groups, {"title": "The word", "items": [word]}]

    def material(self, stored: Stored) -> Any:
        return {"word": stored["word"], **{name: material_options(stored[name]) for name, _, _ in LISTS}}

    def problems(self, question: ToyQuestion) -> Iterable[tuple[str, str]]:
        yield from key_problem("who", question.who)
        yield from key_problem("when", question.when)


KIND = Toy()
