"""Cloze: drop-downs inside a text; right blanks out of all blanks. ``[1]`` in the stem marks the place of blank 1."""

import random
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import Values, position_field
from quizzes.kinds.keys import keys_of, one_key_field, rekey_options
from quizzes.kinds.options import compile_option, key_problem, material_options, option_items, permutation, repeated
from quizzes.kinds.schema import Option, Question, Strict
from quizzes.kinds.stem import RenderInline, split_cloze
from quizzes.kinds.tables import ChoiceTable, option_table

MARK = re.compile(r"\[(\d+)\]")


class Blank(Strict):
    id: Annotated[int, Field(ge=1, le=9)]
    options: Annotated[list[Option], Field(min_length=2, max_length=8)]


class ClozeQuestion(Question):
    kind: Literal["cloze"]
    blanks: Annotated[list[Blank], Field(min_length=1, max_length=9)]


class ClozeAnswer(AnswerShape):
    blanks: Annotated[list[Position | None], Field(max_length=50)]


class Cloze(Kind):
    slug = "cloze"
    label = "Filling in blanks"
    schema = ClozeQuestion
    answer_shape = ClozeAnswer
    sample = Sample(
        body={
            "stem": 'Finish the rule. "We tell [1] only with the [2] of the client."',
            "blanks": [
                {
                    "id": 1,
                    "options": [
                        {"id": "a", "text": "callers", "why": "Because of callers.", "correct": True},
                        {"id": "b", "text": "friends", "why": "Because of friends.", "misconception": "belief-b"},
                    ],
                },
                {
                    "id": 2,
                    "options": [
                        {"id": "a", "text": "number", "why": "Because of number.", "misconception": "belief-a"},
                        {"id": "b", "text": "consent", "why": "Because of consent.", "correct": True},
                        {"id": "c", "text": "name", "why": "Because of name.", "misconception": "belief-c"},
                    ],
                },
            ],
        },
        other_key={
            "blanks": [
                {
                    "id": 1,
                    "options": [
                        {"id": "a", "text": "callers", "why": "Because of callers.", "misconception": "belief-a"},
                        {"id": "b", "text": "friends", "why": "Because of friends.", "correct": True},
                    ],
                },
                {
                    "id": 2,
                    "options": [
                        {"id": "a", "text": "number", "why": "Because of number.", "misconception": "belief-a"},
                        {"id": "b", "text": "consent", "why": "Because of consent.", "misconception": "belief-b"},
                        {"id": "c", "text": "name", "why": "Because of name.", "correct": True},
                    ],
                },
            ]
        },
    )

    def cut(self, stem: str) -> tuple[str, str]:
        passage, task = split_cloze(stem, MARK)
        return passage, task or "Fill in the blanks."

    def compile_body(self, question: ClozeQuestion, render_inline: RenderInline) -> Stored:
        ids = [blank.id for blank in question.blanks]
        # With one group in the pattern, split gives text and number in turn.
        pieces = MARK.split(render_inline(self.cut(question.stem)[0]))
        return {
            "passage": [
                {"html": piece} if at % 2 == 0 else {"blank": ids.index(int(piece))} for at, piece in enumerate(pieces)
            ],
            "blanks": [
                {"id": blank.id, "options": [compile_option(option, render_inline) for option in blank.options]}
                for blank in question.blanks
            ],
        }

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {"blanks": [permutation(len(blank["options"]), stored["shuffle"], rng) for blank in stored["blanks"]]}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {
            f"blank_{place}": position_field(len(options), label=f"Blank {place + 1}")
            for place, options in enumerate(order["blanks"])
        }

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        given = [cleaned[f"blank_{place}"] for place in range(len(order["blanks"]))]
        return {"blanks": [int(one) if one else None for one in given]} if any(given) else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {f"blank_{place}": [str(one)] for place, one in enumerate(answer["blanks"]) if one is not None}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        return [
            {
                "name": f"blank_{place}",
                "number": place + 1,
                "options": [
                    {
                        "position": position,
                        "text": stored["blanks"][place]["options"][index]["text"],
                        "chosen": str(position) == values.get(f"blank_{place}"),
                    }
                    for position, index in enumerate(options)
                ],
            }
            for place, options in enumerate(order["blanks"])
        ]

    def taking_from(self, stored: Stored, order: Order, values: Values) -> dict[str, Any]:
        """Instead of a scene: the passage, cut at its blanks, each piece either HTML or one of the rows."""
        question = super().taking_from(stored, order, values)
        question["scene_html"] = ""
        question["passage"] = [
            {"html": "", "row": question["rows"][piece["blank"]]}
            if "blank" in piece
            else {"html": piece["html"], "row": None}
            for piece in stored["passage"]
        ]
        return question

    def review(self, stored: Stored, order: Order, answer: Answer | None) -> dict[str, Any]:
        passage = "".join(
            f"<b>____ ({piece['blank'] + 1})</b>" if "blank" in piece else piece["html"] for piece in stored["passage"]
        )
        return {**super().review(stored, order, answer), "scene_html": passage}

    def said(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, str]]:
        rows = self.rows(stored, order, Values(self.fill(answer))) if answer else []
        return [
            {"label": f"Blank {row['number']}", "text": option["text"]}
            for row in rows
            for option in row["options"]
            if option["chosen"]
        ]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return all(one is not None for one in answer["blanks"])

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        pairs = zip(stored["blanks"], order["blanks"], strict=True)
        return {"blanks": [next(p for p, i in enumerate(own) if b["options"][i]["correct"]) for b, own in pairs]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        parts = []
        for place, blank in enumerate(stored["blanks"]):
            position = answer["blanks"][place] if answer else None
            if position is None:
                parts.append(Part(str(blank["id"]), False))
                continue
            option = blank["options"][order["blanks"][place][position]]
            parts.append(Part(str(blank["id"]), option["correct"], option["id"], option["misconception"]))
        return Result(Fraction(sum(part.right for part in parts), len(parts)), answer is not None, tuple(parts))

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        groups = []
        for place, blank in enumerate(stored["blanks"]):
            position = answer["blanks"][place] if answer else None
            chosen = set() if position is None else {position}
            items = option_items(blank["options"], order["blanks"][place], chosen)
            groups.append({"title": f"Blank {place + 1}", "items": items})
        return groups

    def material(self, stored: Stored) -> Any:
        return {str(blank["id"]): material_options(blank["options"]) for blank in stored["blanks"]}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        return [
            option_table(f"Blank {place}", str(blank["id"]), blank["options"])
            for place, blank in enumerate(stored["blanks"], start=1)
        ]

    def key_of(self, stored: Stored) -> Any:
        return {str(blank["id"]): keys_of(blank["options"]) for blank in stored["blanks"]}

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        return {
            f"key_{blank['id']}": one_key_field(blank["options"], f"What is right in blank {place}?")
            for place, blank in enumerate(stored["blanks"], start=1)
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        return {str(blank["id"]): [cleaned[f"key_{blank['id']}"]] for blank in stored["blanks"]}

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        return {
            **stored,
            "blanks": [
                {**blank, "options": rekey_options(blank["options"], key[str(blank["id"])])}
                for blank in stored["blanks"]
            ],
        }

    def problems(self, question: ClozeQuestion) -> Iterable[tuple[str, str]]:
        yield from repeated("blanks", (blank.id for blank in question.blanks))
        marks = [int(found) for found in MARK.findall(question.stem)]
        for at, blank in enumerate(question.blanks):
            yield from key_problem(f"blanks.{at}.options", blank.options)
            yield from repeated(f"blanks.{at}.options", (option.id for option in blank.options))
            if marks.count(blank.id) != 1:
                yield (
                    "stem",
                    f"[{blank.id}] must stand in the stem exactly once.\nWrite [{blank.id}] where this gap is.",
                )
        for mark in marks:
            if mark not in {blank.id for blank in question.blanks}:
                yield (
                    "stem",
                    f"[{mark}] has no blank.\nAdd '- id: {mark}' with its options to 'blanks', or take [{mark}] out.",
                )

    def option_groups(self, question: ClozeQuestion) -> list[tuple[str, list[Option]]]:
        return [(f"blanks.{at}.options", blank.options) for at, blank in enumerate(question.blanks)]


KIND = Cloze()
