"""A few typed words, compared with listed spellings; case, spaces and outer punctuation do not matter."""

import random
import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from django import forms
from pydantic import Field

from quizzes.grading.result import Part, Result
from quizzes.kinds.base import Answer, AnswerShape, Kind, Order, Sample, Stored
from quizzes.kinds.form import Values, text_field
from quizzes.kinds.keys import MENDED
from quizzes.kinds.numeric import typed_feedback
from quizzes.kinds.schema import Question, Text, Wrong
from quizzes.kinds.stem import RenderInline
from quizzes.kinds.tables import Choice, ChoiceTable

LENGTH = 200
_QUOTES = str.maketrans(dict.fromkeys("‘’‚", "'") | dict.fromkeys("“”„«»", '"'))

Spelling = Annotated[Text, Field(max_length=LENGTH)]


class WrongTexts(Wrong):
    texts: Annotated[list[Spelling], Field(min_length=1)]


class ShortTextQuestion(Question):
    kind: Literal["short_text"]
    accept: Annotated[list[Spelling], Field(min_length=1)]
    why: Text
    wrong: list[WrongTexts] = []
    otherwise: Wrong


class ShortTextAnswer(AnswerShape):
    text: str


class ShortText(Kind):
    slug = "short_text"
    label = "A word or two"
    schema = ShortTextQuestion
    answer_shape = ShortTextAnswer
    sample = Sample(
        body={
            "stem": "Which word fits? Write one word.",
            "accept": ["Straße", "main street"],
            "why": "Right.",
            "wrong": [{"texts": ["lane"], "why": "Too narrow.", "misconception": "belief-s"}],
            "otherwise": {"why": "It is the street.", "misconception": "belief-t"},
        },
        other_key={
            "accept": ["avenue 31337", "broadway 31337"],
            "wrong": [{"texts": ["alley 31337"], "why": "x", "misconception": "x"}],
        },
        typed=("STRASSE", " main  Street", "lane", "???", "x" * 200),
    )

    def compile_body(self, question: ShortTextQuestion, render_inline: RenderInline) -> Stored:
        return {
            "accept": list(question.accept),
            "why_html": render_inline(question.why),
            "wrong": [
                {
                    "texts": list(wrong.texts),
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
        return {"text": text_field(LENGTH, label="Your answer")}

    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        return {"text": cleaned["text"]} if cleaned["text"] else None

    def fill(self, answer: Answer) -> dict[str, list[str]]:
        return {"text": [answer["text"]]}

    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        return [{"name": "text", "value": values.get("text"), "length": LENGTH}]

    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        return True

    def model_answer(self, stored: Stored, order: Order) -> Answer:
        return {"text": stored["accept"][0]}

    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        if answer is None:
            return Result(Fraction(0), False, (Part("text", False),))
        verdict = self._verdict(stored, answer)
        right = "misconception" not in verdict
        return Result(Fraction(right), True, (Part("text", right, answer["text"], verdict.get("misconception")),))

    @staticmethod
    def _verdict(stored: Stored, answer: Answer) -> dict[str, Any]:
        """The rationale that fits a typed text; one with a misconception is that of a wrong answer."""
        typed = folded(answer["text"])
        if typed in {folded(spelling) for spelling in stored["accept"]}:
            return {"why_html": stored["why_html"]}
        known = [wrong for wrong in stored["wrong"] if typed in {folded(text) for text in wrong["texts"]}]
        return dict(known[0] if known else stored["otherwise"])

    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        verdict = self._verdict(stored, answer) if answer else None
        return typed_feedback(stored, answer["text"] if answer else None, verdict, stored["accept"][0])

    def material(self, stored: Stored) -> Any:
        return {"accept": sorted({folded(spelling) for spelling in stored["accept"]})}

    def tables(self, stored: Stored) -> list[ChoiceTable]:
        spellings = {folded(text): text for text in reversed(stored["accept"])}
        choices = tuple(Choice("text", same, text, True) for same, text in spellings.items())
        return [ChoiceTable("", choices, label="text", typed=True)]

    def choice_of(self, stored: Stored, part: Part) -> str | None:
        """The text as it is compared: all accepted spellings of one kind are one choice."""
        return folded(part.chosen) if part.chosen else None

    def key_of(self, stored: Stored) -> Any:
        return list(stored["accept"])

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        return {
            "key": forms.CharField(
                widget=forms.Textarea(attrs={"rows": 4}),
                max_length=2000,
                label="Which texts are right?",
                help_text="One on each line. Upper and lower case, spaces and outer punctuation do not matter.",
                initial="\n".join(stored["accept"]),
            )
        }

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        key = list(dict.fromkeys(line.strip()[:LENGTH] for line in cleaned["key"].splitlines() if folded(line)))
        if not key:
            raise forms.ValidationError({"key": "Write at least one text that counts as right."})
        return key

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        if {folded(one) for one in key} == {folded(one) for one in stored["accept"]}:
            return stored
        return {**stored, "accept": list(key), "why_html": MENDED}

    def problems(self, question: ShortTextQuestion) -> Iterable[tuple[str, str]]:
        right = {folded(spelling) for spelling in question.accept}
        for at, spelling in enumerate(question.accept):
            if not folded(spelling):
                yield (
                    f"accept.{at}",
                    "there is nothing to compare but spaces or punctuation.\nWrite the letters of the answer.",
                )
        for at, wrong in enumerate(question.wrong):
            for text in wrong.texts:
                if folded(text) in right:
                    yield f"wrong.{at}.texts", f"'{text}' counts as right.\nTake it out of 'wrong' or of 'accept'."


def folded(text: str) -> str:
    """A text as it is compared: NFKC, without case, spaces, invisible characters and outer punctuation."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_QUOTES)
    plain = "".join(one for one in plain if not one.isspace() and unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", plain).strip(".,;:!?'\"()")


KIND = ShortText()
