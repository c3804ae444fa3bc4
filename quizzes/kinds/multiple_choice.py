"""Choose all that apply: two to four keys; a share of the keys, or all or nothing."""

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import Values, positions_field
from quizzes.kinds.keys import keys_of, rekey_options
from quizzes.kinds.options import (
    compile_option,
    key_indexes,
    key_problem,
    material_options,
    option_items,
    option_rows,
    permutation,
    repeated,
)
from quizzes.kinds.schema import Option, Question
from quizzes.kinds.stem import RenderInline
from quizzes.kinds.tables import Choice, ChoiceTable


class MultipleChoiceQuestion(Question):
    kind: Literal["multiple_choice"]
    scoring: Literal["partial", "all_or_nothing"]
    options: Annotated[list[Option], Field(min_length=3, max_length=8)]


class MultipleChoiceAnswer(AnswerShape):
    choices: Annotated[list[Position], Field(max_length=50)]


class MultipleChoice(Kind):
    slug = "multiple_choice"
    label = "All that apply"
    schema = MultipleChoiceQuestion
    answer_shape = MultipleChoiceAnswer
    sample = Sample(
        body={
            "scoring": "partial",
            "stem": "Which of these help? Choose all that apply.",
            "options": [
                {"id": "a", "text": "Listen", "why": "Because of Listen.", "correct": True},
                {"id": "b", "text": "Ask", "why": "Because of Ask.", "correct": True},
                {"id": "c", "text": "Wait", "why": "Because of Wait.", "correct": True},
                {"id": "d", "text": "Smile", "why": "Because of Smile.", "correct": True},
                {"id": "e", "text": "Scold", "why": "Because of Scold.", "misconception": "belief-e"},
                {"id": "f", "text": "Leave", "why": "Because of Leave.", "misconception": "belief-f"},
            ],
        },
        other_key={
            "scoring": "all_or_nothing",
            "options": [
                {"id": "a", "text": "Listen", "why": "Because of Listen.", "misconception": "belief-a"},
                {"id": "b", "text": "Ask", "why": "Because of Ask.", "misconception": "belief-b"},
                {"id": "c", "text": "Wait", "why": "Because of Wait.", "misconception": "belief-c"},
                {"id": "d", "text": "Smile", "why": "Because of Smile.", "misconception": "belief-d"},
                {"id": "e", "text": "Scold", "why": "Because of Scold.", "correct": True},
                {"id": "f", "text": "Leave", "why": "Because of Leave.", "correct": True},
            ],
        },
    )

    def compile_body(self, question: MultipleChoiceQuestion, render_inline: RenderInline) -> Stored:
        return {
            "scoring": question.scoring,
            "options": [compile_option(option, render_inline) for option in question.options],
        }

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {"options": permutation(len(stored["options"]), stored["shuffle"], rng)}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {"choices": positions_field(len(order["options"]), label="Your answers")}

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        picked = sorted(int(one) for one in cleaned["choices"])
        if len(set(picked)) < len(picked):
            raise forms.ValidationError({"choices": "Choose each answer once."})
        return {"choices": picked} if picked else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {"choices": [str(one) for one in answer["choices"]]}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        chosen = values.every("choices")
        return [{"name": "choices", "options": option_rows(stored["options"], order["options"], chosen)}]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return bool(answer["choices"])

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        return {"choices": [p for p, i in enumerate(order["options"]) if stored["options"][i]["correct"]]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        """Partial: (right picks - wrong picks) / keys, not below 0. Otherwise 1 for exactly the keys."""
        options, keys = stored["options"], key_indexes(stored["options"])
        picked = {order["options"][place] for place in answer["choices"]} if answer else set()
        if stored["scoring"] == "partial":
            points = max(Fraction(0), Fraction(len(picked & keys) - len(picked - keys), len(keys)))
        else:
            points = Fraction(picked == keys)
        parts = tuple(
            Part(
                option["id"],
                (index in picked) == option["correct"] and bool(picked),
                option["id"] if index in picked else None,
                option["misconception"] if index in picked else None,
            )
            for index, option in enumerate(options)
        )
        return Result(points, bool(picked), parts)

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        chosen = set(answer["choices"]) if answer else set()
        return [{"title": "", "items": option_items(stored["options"], order["options"], chosen)}]

    def material(self, stored: Stored) -> Any:
        return {"scoring": stored["scoring"], **material_options(stored["options"])}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        choices = tuple(Choice(one["id"], one["id"], one["text"], one["correct"]) for one in stored["options"])
        return [ChoiceTable("", choices, nothing="Not chosen")]

    def key_of(self, stored: Stored) -> Any:
        return keys_of(stored["options"])

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        return {
            "key": forms.MultipleChoiceField(
                choices=[(one["id"], one["text"]) for one in stored["options"]],
                widget=forms.CheckboxSelectMultiple,
                label="Which answers are right?",
                initial=keys_of(stored["options"]),
                error_messages={"required": "Choose which answers are right."},
            )
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        key = [one["id"] for one in stored["options"] if one["id"] in cleaned["key"]]
        if len(key) == len(stored["options"]):
            raise forms.ValidationError(
                {"key": "At least one answer must be wrong. If all are right, void the question."}
            )
        return key

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        return {**stored, "options": rekey_options(stored["options"], key)}

    def problems(self, question: MultipleChoiceQuestion) -> Iterable[tuple[str, str]]:
        yield from key_problem("options", question.options, 2, 4)
        yield from repeated("options", (option.id for option in question.options))
        if all(option.correct for option in question.options):
            yield "options", "at least one option must be wrong.\nAdd one that stands for a misconception."
        if question.critical and question.scoring != "all_or_nothing":
            yield "scoring", "a critical question is scored all_or_nothing.\nWrite 'scoring: all_or_nothing'."

    def option_groups(self, question: MultipleChoiceQuestion) -> list[tuple[str, list[Option]]]:
        return [("options", question.options)]


KIND = MultipleChoice()
