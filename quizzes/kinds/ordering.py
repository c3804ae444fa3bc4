"""Ordering: a place for each step; the share of neighboring pairs in right order, or exact.

Of the pairs that stand next to each other in the right order, those count that the learner put in that order.
"""

import random
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Position, Sample, Stored
from quizzes.kinds.form import PICK, Values, position_field
from quizzes.kinds.keys import MENDED
from quizzes.kinds.options import item, repeated
from quizzes.kinds.schema import Id, Question, Strict, Text
from quizzes.kinds.stem import RenderInline, plain
from quizzes.kinds.tables import Choice, ChoiceTable

BEFORE, AFTER = "before", "after"


class Step(Strict):
    id: Id
    text: Text
    why: Text


class OrderingQuestion(Question):
    kind: Literal["ordering"]
    scoring: Literal["partial", "exact"]
    misconception: Id
    steps: Annotated[list[Step], Field(min_length=3, max_length=9)]


class OrderingAnswer(AnswerShape):
    places: Annotated[list[Position | None], Field(max_length=50)]


class Ordering(Kind):
    slug = "ordering"
    label = "Putting in order"
    schema = OrderingQuestion
    answer_shape = OrderingAnswer
    sample = Sample(
        body={
            "scoring": "partial",
            "misconception": "belief-o",
            "stem": "Put the steps in order.",
            "steps": [
                {"id": "a", "text": "Look around", "why": "First."},
                {"id": "b", "text": "Walk over", "why": "Then."},
                {"id": "c", "text": "Speak kindly", "why": "Now."},
                {"id": "d", "text": "Tell the nurse", "why": "Next."},
                {"id": "e", "text": "Write it down", "why": "Last."},
            ],
        },
        other_key={
            "scoring": "exact",
            "steps": [
                {"id": "d", "text": "Tell the nurse", "why": "Next."},
                {"id": "a", "text": "Look around", "why": "First."},
                {"id": "e", "text": "Write it down", "why": "Last."},
                {"id": "c", "text": "Speak kindly", "why": "Now."},
                {"id": "b", "text": "Walk over", "why": "Then."},
            ],
        },
    )

    def compile_body(self, question: OrderingQuestion, render_inline: RenderInline) -> Stored:
        steps = []
        for step in question.steps:
            markup = render_inline(step.text)
            why = render_inline(step.why)
            steps.append({"id": step.id, "html": markup, "text": plain(markup), "why_html": why})
        return {"scoring": question.scoring, "misconception": question.misconception, "steps": steps}

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        """Always shuffled, and never served in the right order as long as there are two steps."""
        steps = list(range(len(stored["steps"])))
        rng.shuffle(steps)
        if steps == right_order(stored):
            steps = steps[1:] + steps[:1]
        return {"steps": steps}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        size = len(order["steps"])
        fields: dict[str, forms.Field] = {
            f"step_{place}": position_field(size, first=1, label=f"Step {place + 1}") for place in range(size)
        }
        moves = [(f"{place}:{way}", "") for place in range(size) for way in ("up", "down")]
        fields["move"] = forms.ChoiceField(
            choices=[("", ""), *moves],
            required=False,
            label="Move",
            widget=forms.HiddenInput,
            error_messages={"invalid_choice": PICK},
        )
        return fields

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        """The places as chosen; a pressed button moves its step by one, and places that were still open are filled."""
        size = len(order["steps"])
        places = [int(cleaned[f"step_{n}"]) if cleaned[f"step_{n}"] else None for n in range(size)]
        twice = {
            f"step_{n}": f"Place {place} is used twice. Give each step a place of its own."
            for n, place in enumerate(places)
            if place is not None and place in places[:n]
        }
        if twice:
            raise forms.ValidationError(twice)
        if cleaned.get("move"):
            step, _, way = cleaned["move"].partition(":")
            places = moved(filled(places), int(step), -1 if way == "up" else 1)
        return {"places": places} if any(places) else None

    def focus(self, order: Order, cleaned: dict[str, Any], answer: Answer | None) -> str:
        """The pressed button again; its twin where the step has come to the edge and can go no further."""
        if not cleaned.get("move") or not answer:
            return ""
        step, _, way = cleaned["move"].partition(":")
        place, edge = answer["places"][int(step)], {"up": 1, "down": len(order["steps"])}
        if place == edge[way]:
            way = "down" if way == "up" else "up"
        return f"id_step_{step}_{way}"

    def said(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, str]]:
        """The steps by their places."""
        if not answer:
            return []
        placed = [(place, index) for place, index in zip(answer["places"], order["steps"], strict=True) if place]
        return [{"label": f"Place {place}", "text": stored["steps"][index]["text"]} for place, index in sorted(placed)]

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {f"step_{place}": [str(one)] for place, one in enumerate(answer["places"]) if one is not None}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        """The steps as served; once each has a place of its own, in the order of these places."""
        size = len(order["steps"])
        rows = [
            {
                "name": f"step_{place}",
                "position": place,
                "ids": {way: f"id_step_{place}_{way}" for way in ("up", "down")},
                "html": stored["steps"][index]["html"],
                "text": stored["steps"][index]["text"],
                "places": [{"place": n, "chosen": str(n) == values.get(f"step_{place}")} for n in range(1, size + 1)],
            }
            for place, index in enumerate(order["steps"])
        ]
        chosen = [next((p["place"] for p in row["places"] if p["chosen"]), 0) for row in rows]
        if sorted(chosen) == list(range(1, size + 1)):
            rows = [row for _, row in sorted(zip(chosen, rows, strict=True), key=lambda pair: pair[0])]
        return rows

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return all(one is not None for one in answer["places"])

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        right = right_order(stored)
        return {"places": [right.index(i) + 1 for i in order["steps"]]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        steps, places = right_steps(stored), self._places(stored, order, answer)
        parts = tuple(
            Part(
                f"{steps[n]['id']}-{steps[n + 1]['id']}",
                right := first is not None and second is not None and first < second,
                None if first is None or second is None else f"{first}-{second}",
                None if right or first is None or second is None else stored["misconception"],
            )
            for n, (first, second) in enumerate(pairwise(places))
        )
        if stored["scoring"] == "partial":
            points = Fraction(sum(part.right for part in parts), len(parts))
        else:
            points = Fraction(places == list(range(1, len(places) + 1)))
        return Result(points, answer is not None, parts)

    @staticmethod
    def _places(stored: Stored, order: Order, answer: Answer | None) -> list[int | None]:
        """The place that each step was given, the steps in their right order."""
        given = dict(zip(order["steps"], answer["places"] if answer else [None] * len(order["steps"]), strict=True))
        return [given[index] for index in right_order(stored)]

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        items = []
        places = self._places(stored, order, answer)
        told = False  # the belief stands once, at the first step that is not in its place
        for n, (step, place) in enumerate(zip(right_steps(stored), places, strict=True), 1):
            wrong, told = place not in (None, n) and not told, told or place not in (None, n)
            items.append(
                item(
                    step["html"],
                    step["why_html"],
                    chosen=place is not None,
                    best=place == n,
                    given="" if place is None else f"Place {place}",
                    wanted="" if place == n else f"Place {n}",
                    misconception=stored["misconception"] if wrong else None,
                )
            )
        served = {index: place for place, index in enumerate(order["steps"])}
        mine = sorted(range(len(items)), key=lambda n: (places[n] is None, places[n] or 0, served[n]))
        return [{"title": "The right order", "items": items, "unkeyed": {"title": "Your order", "items": mine}}]

    def material(self, stored: Stored) -> Any:
        return {"scoring": stored["scoring"], "steps": [step["id"] for step in right_steps(stored)]}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        return [
            ChoiceTable(
                f"{first['text']} / {second['text']}",
                (
                    Choice(label := f"{first['id']}-{second['id']}", BEFORE, "In this order", True),
                    Choice(label, AFTER, "The other way round", False),
                ),
                label=label,
            )
            for first, second in pairwise(right_steps(stored))
        ]

    def choice_of(self, stored: Stored, part: Part) -> str | None:
        """Which of the two steps came first; how far apart they stood does not matter."""
        return None if part.chosen is None else BEFORE if part.right else AFTER

    def key_of(self, stored: Stored) -> Any:
        return [step["id"] for step in right_steps(stored)]

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        steps = right_steps(stored)
        places = [(str(n), str(n)) for n in range(1, len(steps) + 1)]
        return {
            f"key_{stored['steps'].index(step)}": forms.ChoiceField(
                choices=places,
                label=step["text"],
                initial=str(place),
                help_text="" if place > 1 else "Its place in the right order.",
            )
            for place, step in enumerate(steps, start=1)
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        places = [int(cleaned[f"key_{n}"]) for n in range(len(stored["steps"]))]
        if len(set(places)) < len(places):
            raise forms.ValidationError("Two steps have the same place. Give each step a place of its own.")
        return [step["id"] for _, step in sorted(zip(places, stored["steps"], strict=True), key=lambda pair: pair[0])]

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        """Orders that were served are indexes into the steps, so the steps stay and ``right`` says their order."""
        ids = [step["id"] for step in stored["steps"]]
        if key == self.key_of(stored):
            return stored
        return {
            **stored,
            "steps": [{**step, "why_html": MENDED} for step in stored["steps"]],
            "right": [ids.index(one) for one in key],
        }

    def problems(self, question: OrderingQuestion) -> Iterable[tuple[str, str]]:
        yield from repeated("steps", (step.id for step in question.steps))
        if question.critical and question.scoring != "exact":
            yield "scoring", "a critical question is scored exact.\nWrite 'scoring: exact'."


def right_order(stored: Stored) -> list[int]:
    """Indexes of the steps in their right order: as written, unless the key was mended."""
    return list(stored.get("right") or range(len(stored["steps"])))


def right_steps(stored: Stored) -> list[dict[str, Any]]:
    return [stored["steps"][index] for index in right_order(stored)]


def filled(places: list[int | None]) -> list[int]:
    """The same places, with the open ones given out from the first on."""
    free = iter(sorted(set(range(1, len(places) + 1)) - set(places)))
    return [next(free) if place is None else place for place in places]


def moved(places: list[int], step: int, by: int) -> list[int | None]:
    """The places after ``step`` changes with its neighbor; at the edge nothing moves."""
    target = places[step] + by
    if target not in places:
        return list(places)
    swap = {target: places[step], places[step]: target}
    return [swap.get(place, place) for place in places]


KIND = Ordering()
