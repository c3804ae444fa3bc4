"""Single best answer: one option out of a few; 1 or 0."""

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
from quizzes.kinds.stem import RenderInline
from quizzes.kinds.tables import ChoiceTable, option_table


class SingleChoiceQuestion(Question):
    kind: Literal["single_choice"]
    options: Annotated[list[Option], Field(min_length=2, max_length=8)]


class SingleChoiceAnswer(AnswerShape):
    choice: Position | None = None


class SingleChoice(Kind):
    slug = "single_choice"
    label = "One best answer"
    schema = SingleChoiceQuestion
    answer_shape = SingleChoiceAnswer
    sample = Sample(
        body={
            "options": [
                {"id": "a", "text": "Greet her", "why": "Because of Greet her.", "misconception": "belief-a"},
                {"id": "b", "text": "Offer a chair", "why": "Because of Offer a chair.", "correct": True},
                {"id": "c", "text": "Look away", "why": "Because of Look away.", "misconception": "belief-c"},
            ]
        },
        other_key={
            "options": [
                {"id": "a", "text": "Greet her", "why": "Because of Greet her.", "misconception": "belief-a"},
                {"id": "b", "text": "Offer a chair", "why": "Because of Offer a chair.", "misconception": "belief-b"},
                {"id": "c", "text": "Look away", "why": "Because of Look away.", "correct": True},
            ]
        },
    )

    def compile_body(self, question: SingleChoiceQuestion, render_inline: RenderInline) -> Stored:
        return {"options": [compile_option(option, render_inline) for option in question.options]}

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {"options": permutation(len(stored["options"]), stored["shuffle"], rng)}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {"choice": position_field(len(order["options"]), widget=forms.RadioSelect, label="Your answer")}

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        return {"choice": int(cleaned["choice"])} if cleaned["choice"] else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {} if answer["choice"] is None else {"choice": [str(answer["choice"])]}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        chosen = [values.get("choice")]
        return [{"name": "choice", "options": option_rows(stored["options"], order["options"], chosen)}]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return True

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        return {"choice": next(p for p, i in enumerate(order["options"]) if stored["options"][i]["correct"])}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        if answer is None:
            return Result(Fraction(0), False, (Part("choice", False),))
        option = stored["options"][order["options"][answer["choice"]]]
        right = option["correct"]
        return Result(Fraction(right), True, (Part("choice", right, option["id"], option["misconception"]),))

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        chosen = {answer["choice"]} if answer else set()
        return [{"title": "", "items": option_items(stored["options"], order["options"], chosen)}]

    def material(self, stored: Stored) -> Any:
        return material_options(stored["options"])

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        return [option_table("", "choice", stored["options"])]

    def key_of(self, stored: Stored) -> Any:
        return keys_of(stored["options"])

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        return {"key": one_key_field(stored["options"], "Which answer is right?")}

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        return [cleaned["key"]]

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        return {**stored, "options": rekey_options(stored["options"], key)}

    def problems(self, question: SingleChoiceQuestion) -> Iterable[tuple[str, str]]:
        yield from key_problem("options", question.options)
        yield from repeated("options", (option.id for option in question.options))

    def option_groups(self, question: SingleChoiceQuestion) -> list[tuple[str, list[Option]]]:
        return [("options", question.options)]


KIND = SingleChoice()
