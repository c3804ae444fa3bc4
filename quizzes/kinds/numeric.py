"""A number typed in digits, right within a tolerance; exact decimal arithmetic."""

import random
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from django.utils.html import format_html
from pydantic import BeforeValidator, Field, StringConstraints

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Sample, Stored
from quizzes.kinds.form import Values, text_field
from quizzes.kinds.keys import MENDED
from quizzes.kinds.options import item
from quizzes.kinds.schema import Question, Wrong
from quizzes.kinds.stem import RenderInline
from quizzes.kinds.tables import Choice, ChoiceTable

LENGTH = 40
RIGHT = "right"
DIGITS = "Type one number in digits, such as 12 or 0.5."
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?%?", re.ASCII)

# YAML reads 0.1 as a float; its shortest text is what the author wrote.
Number = Annotated[
    Decimal,
    BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value),
    Field(allow_inf_nan=False, max_digits=20),
]


class WrongValue(Wrong):
    value: Number


class NumericQuestion(Question):
    kind: Literal["numeric"]
    answer: Number
    tolerance: Annotated[Number, Field(ge=0)]
    why: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    wrong: list[WrongValue] = []
    otherwise: Wrong


class NumericAnswer(AnswerShape):
    value: str


class Numeric(Kind):
    slug = "numeric"
    label = "A number"
    schema = NumericQuestion
    answer_shape = NumericAnswer
    sample = Sample(
        body={
            "stem": "How many minutes? Type the number.",
            "answer": "31.5",
            "tolerance": "0.5",
            "why": "Right.",
            "wrong": [{"value": "90", "why": "Too long.", "misconception": "belief-n"}],
            "otherwise": {"why": "It is 31.5.", "misconception": "belief-m"},
        },
        other_key={"answer": "31337.77", "tolerance": "0", "wrong": []},
        typed=("31", "31.5", "90", "-4", "1,000", "50%", "0.25"),
    )

    def compile_body(self, question: NumericQuestion, render_inline: RenderInline) -> Stored:
        return {
            "answer": str(question.answer),
            "tolerance": str(question.tolerance),
            "why_html": render_inline(question.why),
            "wrong": [
                {
                    "value": str(wrong.value),
                    "why_html": render_inline(wrong.why),
                    "misconception": wrong.misconception,
                }
                for wrong in question.wrong
            ],
            "otherwise": {
                "why_html": render_inline(question.otherwise.why),
                "misconception": question.otherwise.misconception,
            },
        }

    def serve(self, stored: Stored, rng: random.Random) -> Order:
        return {}

    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        return {"value": text_field(LENGTH, label="Your answer")}

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        typed = cleaned["value"]
        if not typed:
            return None
        if number(typed) is None:
            raise forms.ValidationError({"value": DIGITS})
        return {"value": typed}

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {"value": [answer["value"]]}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        return [{"name": "value", "value": values.get("value"), "length": LENGTH}]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return True

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        return {"value": str(stored["answer"])}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        if answer is None:
            return Result(Fraction(0), False, (Part("value", False),))
        verdict = self._verdict(stored, answer)
        right = "misconception" not in verdict
        return Result(Fraction(right), True, (Part("value", right, answer["value"], verdict.get("misconception")),))

    @staticmethod
    def _verdict(stored: Stored, answer: Answer) -> dict[str, Any]:
        """The rationale that fits a typed number; one with a misconception is that of a wrong answer."""
        typed, tolerance = number(answer["value"]), Fraction(stored["tolerance"])
        if typed is None:
            return dict(stored["otherwise"])
        if abs(typed - Fraction(stored["answer"])) <= tolerance:
            return {"why_html": stored["why_html"]}
        near = [wrong for wrong in stored["wrong"] if abs(typed - Fraction(wrong["value"])) <= tolerance]
        return dict(near[0] if near else stored["otherwise"])

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        verdict = self._verdict(stored, answer) if answer else None
        return typed_feedback(stored, answer["value"] if answer else None, verdict, shown(stored))

    def material(self, stored: Stored) -> Any:
        return {"answer": str(Fraction(stored["answer"])), "tolerance": str(Fraction(stored["tolerance"]))}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        right = Choice("value", RIGHT, shown(stored), True)
        return [ChoiceTable("", (right,), label="value", typed=True)]

    def choice_of(self, stored: Stored, part: Part) -> str | None:
        """The number, however it was typed; all that count as right are one choice."""
        if part.right:
            return RIGHT
        found = number(part.chosen) if part.chosen else None
        return part.chosen if found is None else f"{float(found):.6g}"

    def key_of(self, stored: Stored) -> Any:
        return {"answer": stored["answer"], "tolerance": stored["tolerance"]}

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        def field(label: str, name: str, least: int | None = None) -> forms.DecimalField:
            return forms.DecimalField(max_digits=20, min_value=least, label=label, initial=stored[name])

        return {
            "key_answer": field("The right number", "answer"),
            "key_tolerance": field("Give or take", "tolerance", 0),
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        return {"answer": str(cleaned["key_answer"]), "tolerance": str(cleaned["key_tolerance"])}

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        if all(Fraction(key[name]) == Fraction(stored[name]) for name in ("answer", "tolerance")):
            return stored
        return {**stored, **key, "why_html": MENDED}

    def problems(self, question: NumericQuestion) -> Iterable[tuple[str, str]]:
        for at, wrong in enumerate(question.wrong):
            if abs(wrong.value - question.answer) <= question.tolerance:
                yield f"wrong.{at}.value", "this value counts as right.\nTake it out, or make the tolerance smaller."


def number(typed: str) -> Fraction | None:
    """The number in a typed text, in the digits of any script; commas between thousands and a percent sign are read."""
    text = "".join(unicodedata.normalize("NFKC", typed).split()).replace("\u2212", "-")
    text = "".join(str(digit) if (digit := unicodedata.decimal(one, None)) is not None else one for one in text)
    if len(text) > LENGTH or not _NUMBER.fullmatch(text) or not any(one.isdigit() for one in text):
        return None
    return Fraction(text.replace(",", "").rstrip("%"))


def shown(stored: Stored) -> str:
    """The right number as people write it."""
    text = format(Decimal(stored["answer"]).normalize(), "f")
    if Fraction(stored["tolerance"]):
        text += f" (give or take {format(Decimal(stored['tolerance']).normalize(), 'f')})"
    return text


def typed_feedback(
    stored: Stored, typed: str | None, verdict: dict[str, Any] | None, wanted: str
) -> list[dict[str, Any]]:
    """Feedback on a typed answer: what was typed with its rationale, and the best answer where that differs."""
    right = verdict is not None and "misconception" not in verdict
    items = []
    if typed is not None and verdict is not None:
        belief = verdict.get("misconception")
        line = format_html("<bdi>{}</bdi>", typed)
        items.append(item(line, verdict["why_html"], chosen=True, best=right, misconception=belief))
    if not right:
        line = format_html("<bdi>{}</bdi>", wanted)
        items.append(item(line, stored["why_html"], chosen=False, best=True, best_only=True))
    return [{"title": "", "items": items}]


KIND = Numeric()
