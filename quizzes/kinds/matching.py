"""Matching: a labelled drop-down for each prompt; right pairs out of all pairs. One option more than prompts."""

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import Values, position_field
from quizzes.kinds.keys import MENDED
from quizzes.kinds.options import item, permutation, repeated
from quizzes.kinds.schema import Id, Question, Strict, Text
from quizzes.kinds.stem import RenderInline, plain
from quizzes.kinds.tables import Choice, ChoiceTable

# Longer answers are printed as a lettered list, because a drop-down on a phone cuts them.
SHORT = 32
LETTERS = "ABCDEFGHIJKL"


class Prompt(Strict):
    id: Id
    text: Text
    answer: Id
    why: Text


class MatchOption(Strict):
    id: Id
    text: Text
    why: Text
    misconception: Id


class MatchingQuestion(Question):
    kind: Literal["matching"]
    prompts: Annotated[list[Prompt], Field(min_length=2, max_length=8)]
    options: Annotated[list[MatchOption], Field(min_length=3, max_length=9)]


class MatchingAnswer(AnswerShape):
    matches: Annotated[list[Position | None], Field(max_length=50)]


class Matching(Kind):
    slug = "matching"
    label = "Matching"
    schema = MatchingQuestion
    answer_shape = MatchingAnswer
    sample = Sample(
        body={
            "stem": "Match each task with a person.",
            "prompts": [
                {"id": "p1", "text": "Say what you saw", "answer": "b", "why": "All can."},
                {"id": "p2", "text": "Find the cause", "answer": "a", "why": "It takes training."},
                {"id": "p3", "text": "Choose a medicine", "answer": "d", "why": "It takes a prescriber."},
            ],
            "options": [
                {"id": "a", "text": "A clinician", "why": "Trained.", "misconception": "belief-a"},
                {"id": "b", "text": "Anyone", "why": "Open to all.", "misconception": "belief-b"},
                {"id": "c", "text": "Nobody", "why": "Not used.", "misconception": "belief-c"},
                {"id": "d", "text": "The prescriber", "why": "Knows all.", "misconception": "belief-d"},
            ],
        },
        other_key={
            "prompts": [
                {"id": "p1", "text": "Say what you saw", "answer": "c", "why": "All can."},
                {"id": "p2", "text": "Find the cause", "answer": "d", "why": "It takes training."},
                {"id": "p3", "text": "Choose a medicine", "answer": "a", "why": "It takes a prescriber."},
            ]
        },
    )

    def compile_body(self, question: MatchingQuestion, render_inline: RenderInline) -> Stored:
        prompts, options = [], []
        for prompt in question.prompts:
            markup = render_inline(prompt.text)
            prompts.append(
                {
                    "id": prompt.id,
                    "html": markup,
                    "text": plain(markup),
                    "why_html": render_inline(prompt.why),
                    "answer": prompt.answer,
                }
            )
        for option in question.options:
            markup = render_inline(option.text)
            options.append(
                {
                    "id": option.id,
                    "html": markup,
                    "text": plain(markup),
                    "why_html": render_inline(option.why),
                    "misconception": option.misconception,
                }
            )
        return {"prompts": prompts, "options": options}

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {part: permutation(len(stored[part]), stored["shuffle"], rng) for part in ("prompts", "options")}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        size = len(order["options"])
        return {
            f"match_{place}": position_field(size, label=f"Item {place + 1}") for place in range(len(order["prompts"]))
        }

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        given = [cleaned[f"match_{place}"] for place in range(len(order["prompts"]))]
        return {"matches": [int(one) if one else None for one in given]} if any(given) else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {f"match_{place}": [str(one)] for place, one in enumerate(answer["matches"]) if one is not None}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        lettered = self._lettered(stored)
        rows = []
        for place, index in enumerate(order["prompts"]):
            name, chosen = f"match_{place}", values.get(f"match_{place}")
            options = [
                {
                    "position": position,
                    "text": f"{LETTERS[position]}. {stored['options'][at]['text']}"
                    if lettered
                    else stored["options"][at]["text"],
                    "chosen": str(position) == chosen,
                }
                for position, at in enumerate(order["options"])
            ]
            rows.append({"name": name, "html": stored["prompts"][index]["html"], "options": options})
        return rows

    def extras(self, stored: Stored, order: Order) -> dict[str, Any]:
        if not self._lettered(stored):
            return {"answers": []}
        return {
            "answers": [
                {"letter": LETTERS[position], "html": stored["options"][at]["html"]}
                for position, at in enumerate(order["options"])
            ]
        }

    @staticmethod
    def _lettered(stored: Stored) -> bool:
        return any(len(option["text"]) > SHORT for option in stored["options"])

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return all(one is not None for one in answer["matches"])

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        ids = [stored["options"][i]["id"] for i in order["options"]]
        return {"matches": [ids.index(stored["prompts"][i]["answer"]) for i in order["prompts"]]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        parts = []
        for prompt, option in self._pairs(stored, order, answer):
            right = option is not None and option["id"] == prompt["answer"]
            parts.append(
                Part(
                    prompt["id"],
                    right,
                    option["id"] if option else None,
                    option["misconception"] if option and not right else None,
                )
            )
        points = Fraction(sum(part.right for part in parts), len(parts))
        return Result(points, answer is not None, tuple(parts))

    @staticmethod
    def _pairs(
        stored: Stored, order: Order, answer: Answer | None
    ) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
        """(prompt, chosen option) in the served order of the prompts."""
        matches = answer["matches"] if answer else [None] * len(order["prompts"])
        return [
            (stored["prompts"][index], None if match is None else stored["options"][order["options"][match]])
            for index, match in zip(order["prompts"], matches, strict=True)
        ]

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        by_id = {option["id"]: option for option in stored["options"]}
        items = []
        for prompt, option in self._pairs(stored, order, answer):
            wanted = by_id[prompt["answer"]]
            right = option is wanted
            items.append(
                item(
                    prompt["html"],
                    prompt["why_html"],
                    chosen=option is not None,
                    best=right,
                    given=option["text"] if option else "",
                    wanted="" if right else wanted["text"],
                    note_html=option["why_html"] if option and not right else "",
                    misconception=option["misconception"] if option and not right else None,
                )
            )
        used = {prompt["answer"] for prompt in stored["prompts"]}
        left = [stored["options"][at] for at in order["options"] if stored["options"][at]["id"] not in used]
        groups = [{"title": "", "items": items}]
        if left:
            spare = [
                item(option["html"], option["why_html"], chosen=False, best=False, best_only=True) for option in left
            ]
            groups.append({"title": "Left over", "items": spare})
        return groups

    def material(self, stored: Stored) -> Any:
        return {
            "options": sorted(option["id"] for option in stored["options"]),
            "pairs": sorted([prompt["id"], prompt["answer"]] for prompt in stored["prompts"]),
        }

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        return [
            ChoiceTable(
                prompt["text"],
                tuple(
                    Choice(prompt["id"], one["id"], one["text"], one["id"] == prompt["answer"])
                    for one in stored["options"]
                ),
                label=prompt["id"],
            )
            for prompt in stored["prompts"]
        ]

    def key_of(self, stored: Stored) -> Any:
        return {prompt["id"]: prompt["answer"] for prompt in stored["prompts"]}

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        choices = [(one["id"], one["text"]) for one in stored["options"]]
        return {
            f"key_{place}": forms.ChoiceField(
                choices=choices,
                label=prompt["text"],
                initial=prompt["answer"],
                help_text="" if place else "What goes with it.",
            )
            for place, prompt in enumerate(stored["prompts"])
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        key = {prompt["id"]: cleaned[f"key_{place}"] for place, prompt in enumerate(stored["prompts"])}
        if len(set(key.values())) < len(key):
            raise forms.ValidationError("Two items have the same answer. Give each item an answer of its own.")
        return key

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        return {
            **stored,
            "prompts": [
                prompt
                if prompt["answer"] == key[prompt["id"]]
                else {**prompt, "answer": key[prompt["id"]], "why_html": MENDED}
                for prompt in stored["prompts"]
            ],
        }

    def problems(self, question: MatchingQuestion) -> Iterable[tuple[str, str]]:
        yield from repeated("prompts", (prompt.id for prompt in question.prompts))
        yield from repeated("options", (option.id for option in question.options))
        if len(question.options) != len(question.prompts) + 1:
            yield (
                "options",
                "there must be one option more than there are prompts.\nAdd one that fits no prompt, or take one out.",
            )
        known = {option.id for option in question.options}
        for at, prompt in enumerate(question.prompts):
            if prompt.answer not in known:
                yield (
                    f"prompts.{at}.answer",
                    f"there is no option '{prompt.answer}'.\nWrite the id of one of the options.",
                )
        answers = [prompt.answer for prompt in question.prompts]
        if len(set(answers)) < len(answers):
            why = "two prompts have the same answer; each option is used once, and one is left over."
            yield "prompts", f"{why}\nGive each prompt an answer of its own."


KIND = Matching()
