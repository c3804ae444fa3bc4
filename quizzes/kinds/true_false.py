"""True or false in two tiers: the answer and the reason; 1 only when both are right."""

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import Values, position_field
from quizzes.kinds.keys import keys_of, one_key_field, rekey_options
from quizzes.kinds.options import (
    compile_option,
    key_problem,
    material_options,
    option_items,
    option_rows,
    permutation,
    repeated,
)
from quizzes.kinds.schema import Option, Question
from quizzes.kinds.stem import RenderInline, split_stem
from quizzes.kinds.tables import ChoiceTable, option_table

# (field, part of the stored form, heading in the review)
TIERS = (("choice", "options", "True or false"), ("reason", "reasons", "The reason"))
STATEMENT_LENGTH = 200


class TrueFalseQuestion(Question):
    kind: Literal["true_false"]
    options: Annotated[list[Option], Field(min_length=2, max_length=2)]
    reasons: Annotated[list[Option], Field(min_length=2, max_length=6)]


class TrueFalseAnswer(AnswerShape):
    choice: Position | None = None
    reason: Position | None = None


class TrueFalse(Kind):
    slug = "true_false"
    label = "True or false, with the reason"
    schema = TrueFalseQuestion
    answer_shape = TrueFalseAnswer
    sample = Sample(
        body={
            "stem": '"A form can wait." Is this true or false, and why?',
            "options": [
                {"id": "t", "text": "True", "why": "Because of True.", "misconception": "belief-t"},
                {"id": "f", "text": "False", "why": "Because of False.", "correct": True},
            ],
            "reasons": [
                {"id": "r1", "text": "It is short", "why": "Because of It is short.", "misconception": "belief-r1"},
                {"id": "r2", "text": "People need it", "why": "Because of People need it.", "correct": True},
                {"id": "r3", "text": "It is long", "why": "Because of It is long.", "misconception": "belief-r3"},
            ],
        },
        other_key={
            "options": [
                {"id": "t", "text": "True", "why": "Because of True.", "correct": True},
                {"id": "f", "text": "False", "why": "Because of False.", "misconception": "belief-f"},
            ],
            "reasons": [
                {"id": "r1", "text": "It is short", "why": "Because of It is short.", "misconception": "belief-r1"},
                {
                    "id": "r2",
                    "text": "People need it",
                    "why": "Because of People need it.",
                    "misconception": "belief-r2",
                },
                {"id": "r3", "text": "It is long", "why": "Because of It is long.", "correct": True},
            ],
        },
    )

    def cut(self, stem: str) -> tuple[str, str]:
        """The statement that is judged stands in the legend, so a longer stem stays whole."""
        return split_stem(stem, STATEMENT_LENGTH)

    def compile_body(self, question: TrueFalseQuestion, render_inline: RenderInline) -> Stored:
        return {
            "options": [compile_option(option, render_inline) for option in question.options],
            "reasons": [compile_option(option, render_inline) for option in question.reasons],
        }

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        """True and False keep their places, as people expect them; the reasons are shuffled."""
        return {
            "options": list(range(len(stored["options"]))),
            "reasons": permutation(len(stored["reasons"]), stored["shuffle"], rng),
        }

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {
            name: position_field(len(order[part]), widget=forms.RadioSelect, label=title) for name, part, title in TIERS
        }

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        given = {name: int(cleaned[name]) if cleaned[name] else None for name, _, _ in TIERS}
        return None if all(one is None for one in given.values()) else given

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {name: [str(answer[name])] for name, _, _ in TIERS if answer[name] is not None}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        return [
            {"name": name, "options": option_rows(stored[part], order[part], [values.get(name)])}
            for name, part, _ in TIERS
        ]

    def said(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, str]]:
        return [
            {"label": title, "text": stored[part][order[part][answer[name]]]["text"]}
            for name, part, title in TIERS
            if answer and answer[name] is not None
        ]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return all(answer[name] is not None for name, _, _ in TIERS)

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        return {
            name: next(p for p, i in enumerate(order[part]) if stored[part][i]["correct"]) for name, part, _ in TIERS
        }

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        parts = []
        for name, part, _ in TIERS:
            place = answer[name] if answer else None
            option = None if place is None else stored[part][order[part][place]]
            parts.append(
                Part(name, option["correct"], option["id"], option["misconception"]) if option else Part(name, False)
            )
        return Result(Fraction(all(part.right for part in parts)), answer is not None, tuple(parts))

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        return [
            {
                "title": title,
                "items": option_items(stored[part], order[part], {answer[name]} - {None} if answer else set()),
            }
            for name, part, title in TIERS
        ]

    def material(self, stored: Stored) -> Any:
        return {part: material_options(stored[part]) for _, part, _ in TIERS}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        return [option_table(title, name, stored[part]) for name, part, title in TIERS]

    def key_of(self, stored: Stored) -> Any:
        return {part: keys_of(stored[part]) for _, part, _ in TIERS}

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        labels = ("Which answer is right?", "Which reason is right?")
        return {
            f"key_{name}": one_key_field(stored[part], label)
            for (name, part, _), label in zip(TIERS, labels, strict=True)
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        return {part: [cleaned[f"key_{name}"]] for name, part, _ in TIERS}

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        return {**stored, **{part: rekey_options(stored[part], key[part]) for _, part, _ in TIERS}}

    def problems(self, question: TrueFalseQuestion) -> Iterable[tuple[str, str]]:
        for part, options in self.option_groups(question):
            yield from key_problem(part, options)
            yield from repeated(part, (option.id for option in options))

    def option_groups(self, question: TrueFalseQuestion) -> list[tuple[str, list[Option]]]:
        return [("options", question.options), ("reasons", question.reasons)]


KIND = TrueFalse()
