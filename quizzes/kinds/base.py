"""The contract of a question kind.

The way of a question: the author's YAML becomes a ``schema`` object; ``compile`` turns it into the stored form (plain
JSON, all that is needed to serve, grade and review it, whatever becomes of the file); ``serve`` draws the order in
which one learner meets it; ``form`` asks it; the form's ``answer`` is stored; ``grade`` judges it; ``review`` explains.

What is public and what is not: ``taking`` and ``form`` carry positions in the served order and rendered texts, built
key by key from an allow-list. The stored form, ``Result.parts`` and everything else stay on the server. ``review`` is
for after the attempt.
"""

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from django import forms
from django.template.loader import select_template
from django.utils.datastructures import MultiValueDict
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as ShapeError

from quizzes.grading.result import Part, Result
from quizzes.kinds.form import AnswerForm, Values
from quizzes.kinds.schema import Option, Question
from quizzes.kinds.stem import RenderInline, plain, split_stem
from quizzes.kinds.tables import ChoiceTable

Stored = dict[str, Any]
Order = dict[str, Any]
Answer = dict[str, Any]

# An answer is at most a few hundred characters; anything beyond this is refused before it is parsed.
ANSWER_BYTES = 16_384


class BadAnswer(Exception):
    """An answer that is refused. ``errors`` maps field names to sentences; None is the answer as a whole."""

    def __init__(self, errors: Mapping[str | None, Sequence[str]]):
        self.errors = {name: list(texts) for name, texts in errors.items()}
        super().__init__("; ".join(text for texts in self.errors.values() for text in texts))


class AnswerShape(BaseModel):
    """The JSON shape of an answer. Strict: true is no number, 1.0 is no position."""

    model_config = ConfigDict(extra="forbid", strict=True)


# A position in the served order, or a place; each kind's form knows how many there are.
Position = Annotated[int, Field(ge=0, le=99)]


@dataclass(frozen=True, slots=True)
class Sample:
    """A small question of a kind, for the contract tests: the keys that an author writes beside those every kind has.

    ``other_key`` holds the keys that make it another question with the same words to the eye: another answer is right. ``typed`` are
    answers for its text fields, right and wrong ones.
    """

    body: dict[str, Any]
    other_key: dict[str, Any]
    typed: tuple[str, ...] = ()


class Kind(ABC):
    """One kind of question. Instances hold no state; every method is pure but ``serve``, which draws from ``rng``.

    A kind without templates of its own (``quizzes/kinds/<slug>/taking.html`` and ``review.html``) is printed by the common ones,
    from its rows.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    schema: ClassVar[type[Question]]
    answer_shape: ClassVar[type[AnswerShape]]
    sample: ClassVar[Sample]

    # ---- what a kind must say -----------------------------------------------------------------------------------

    @abstractmethod
    def compile_body(self, question: Any, render_inline: RenderInline) -> Stored:
        """The kind's own part of the stored form."""

    @abstractmethod
    def serve(self, stored: Stored, rng: random.Random) -> Order:
        """The order in which one learner meets the parts: lists of indexes into the stored form. JSON."""

    @abstractmethod
    def fields(self, stored: Stored, order: Order) -> dict[str, forms.Field]:
        """The form fields, named by position only."""

    @abstractmethod
    def read(self, stored: Stored, order: Order, cleaned: dict[str, Any]) -> Answer | None:
        """The answer in valid form data; None when nothing was given. Raises ValidationError for a contradiction."""

    @abstractmethod
    def fill(self, answer: Answer) -> dict[str, list[str]]:
        """Form data that gives this answer: the way back of ``read``."""

    @abstractmethod
    def rows(self, stored: Stored, order: Order, values: Values) -> list[dict[str, Any]]:
        """The controls as served, one a field.

        Each has a ``name``, and ``options`` (position, text, html, chosen) or a ``value`` with its ``length``; ``html`` is what it is
        called. The common template also wants ``control``: radio, checkbox, select or text.
        """

    @abstractmethod
    def complete(self, stored: Stored, order: Order, answer: Answer) -> bool:
        """Whether every part of the question has an answer."""

    @abstractmethod
    def model_answer(self, stored: Stored, order: Order) -> Answer:
        """An answer that earns full marks, in the order served. For demonstrations and checks; never sent to a learner."""

    @abstractmethod
    def mark(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        """The grade; an answer of None has points 0 and still names its parts."""

    @abstractmethod
    def feedback(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, Any]]:
        """Groups of items for review: see ``item``. A group whose order tells the key names under ``unkeyed`` a title and an order
        of its items that do not."""

    @abstractmethod
    def material(self, stored: Stored) -> Any:
        """What a learner is judged by, as JSON: a change of it is material and needs a raised revision."""

    def problems(self, question: Any) -> Iterable[tuple[str, str]]:
        """(place, words) for each rule of this kind that an author's question breaks, beyond its schema.

        The words are what is wrong, a line break, and what to write instead.
        """
        return ()

    def option_groups(self, question: Any) -> Iterable[tuple[str, list[Option]]]:
        """(place, options) for each list of options that holds keys; for the checks on content."""
        return ()

    def focus(self, order: Order, cleaned: dict[str, Any], answer: Answer | None) -> str:
        """The id of the control at which the page opens again, when a button inside the question was pressed."""
        return ""

    def cut(self, stem: str) -> tuple[str, str]:
        """(scene, ask): the ask becomes the legend of the controls."""
        return split_stem(stem)

    # ---- what a kind says for the coordinator; all of it may stay as it is here ---------------------------------

    def tables(self, stored: Stored) -> Sequence[ChoiceTable]:
        """The choices in words, for statistics. What no table names is counted as it was given."""
        return ()

    def choice_of(self, stored: Stored, part: Part) -> str | None:
        """The choice of a graded part as statistics count it: spellings of one answer are one choice."""
        return part.chosen

    def key_of(self, stored: Stored) -> Any:
        """The key alone, as JSON; ``rekeyed`` takes it. None: a key of this kind is mended in the file only."""
        return None

    def key_fields(self, stored: Stored) -> dict[str, forms.Field]:
        """Form fields in which a coordinator says what is right, filled with the key as it is. Empty with ``key_of`` None."""
        return {}

    def read_key(self, stored: Stored, cleaned: dict[str, Any]) -> Any:
        """The key in valid form data. Raises ValidationError, in words, for one that cannot be."""
        return None

    def rekeyed(self, stored: Stored, key: Any) -> Stored:
        """The stored form with another key; orders and answers that were stored keep their meaning. Only what counts as right
        changes, and the rationales that no longer fit."""
        return stored

    # ---- what every kind does alike -----------------------------------------------------------------------------

    def compile(self, question: Any, render_inline: RenderInline) -> Stored:
        """The stored form of a question: JSON, with rendered HTML, keys, rationales, misconceptions and author ids."""
        scene, ask = self.cut(question.stem)
        return {
            "kind": self.slug,
            "id": question.id,
            "revision": question.revision,
            "objective": question.objective,
            "level": question.level,
            "facts": list(question.facts),
            "section": question.section,
            "critical": question.critical,
            "content_note": question.content_note,
            "shuffle": question.shuffle,
            "retired": question.retired,
            "stem": plain(render_inline(question.stem)),
            "scene_html": render_inline(scene) if scene else "",
            "ask_html": render_inline(ask),
            **self.compile_body(question, render_inline),
        }

    def form(
        self,
        stored: Stored,
        order: Order,
        *,
        answer: Answer | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> AnswerForm:
        """The form for one question as served; ``{% crispy form %}`` prints it without form tag and CSRF field.

        Bound by ``data`` (a QueryDict). Once ``is_valid()``, ``form.answer`` is the answer to store: None when nothing
        is given, and possibly incomplete.
        """
        return AnswerForm(self, stored, order, answer=answer, data=data)

    def parse_answer(self, stored: Stored, order: Order, raw: Any) -> Answer | None:
        """The answer in ``raw``: JSON text, or data already decoded; ``null`` and ``{}`` clear it (None).

        The same validation as the form, because it is the form. Raises BadAnswer, and nothing else, whatever is sent.
        """
        if isinstance(raw, str | bytes | bytearray):
            if len(raw) > ANSWER_BYTES:
                raise BadAnswer({None: ["This answer is too long."]})
            try:
                raw = json.loads(raw)
            except (ValueError, RecursionError) as broken:
                raise BadAnswer({None: ["This answer could not be read."]}) from broken
        if raw is None or raw == {}:
            return None
        try:
            shaped = self.answer_shape.model_validate(raw)
        except (ShapeError, RecursionError) as broken:
            raise BadAnswer({None: ["This answer does not fit the question."]}) from broken
        form = self.form(stored, order, data=MultiValueDict(self.fill(shaped.model_dump())))
        if not set(form.data) <= set(form.fields):
            raise BadAnswer({None: ["This answer does not fit the question."]})
        if not form.is_valid():
            raise BadAnswer(
                {None if name == "__all__" else name: [str(e) for e in texts] for name, texts in form.errors.items()}
            )
        return form.answer

    def answered(self, stored: Stored, order: Order, answer: Answer | None) -> bool:
        """Whether every part has an answer. False for None."""
        return bool(answer) and self.complete(stored, order, answer or {})

    def grade(self, stored: Stored, order: Order, answer: Answer | None) -> Result:
        """The grade of a stored answer. Pure; exact; 0 when unanswered."""
        return self.mark(stored, order, answer or None)

    def taking(self, stored: Stored, order: Order, answer: Answer | None) -> dict[str, Any]:
        """All that a page may know while the attempt runs. Holds nothing of the key, and no author id."""
        return self.taking_from(stored, order, Values(self.fill(answer) if answer else {}))

    def taking_from(self, stored: Stored, order: Order, values: Values) -> dict[str, Any]:
        """``taking`` for raw form values, so that a refused form is shown again as it was typed."""
        return {
            "kind": self.slug,
            "critical": stored["critical"],
            "content_note": stored["content_note"],
            "scene_html": stored["scene_html"],
            "ask_html": stored["ask_html"],
            **self.extras(stored, order),
            "rows": self.rows(stored, order, values),
        }

    def said(self, stored: Stored, order: Order, answer: Answer | None) -> list[dict[str, str]]:
        """An answer in the words that the learner saw: (label, text) for each control that was answered. Public."""
        if not answer:
            return []
        words = []
        for row in self.rows(stored, order, Values(self.fill(answer))):
            chosen = [one["text"] for one in row.get("options", ()) if one["chosen"]]
            text = "; ".join(chosen) or row.get("value", "")
            if text:
                words.append({"label": plain(row.get("html", "")), "text": text})
        return words

    def extras(self, stored: Stored, order: Order) -> dict[str, Any]:
        """Further public data for the taking page."""
        return {}

    def review(self, stored: Stored, order: Order, answer: Answer | None) -> dict[str, Any]:
        """What the result page shows of this question: everything as served, the answer, the best answer, and why."""
        result = self.grade(stored, order, answer)
        return {
            "kind": self.slug,
            "critical": stored["critical"],
            "content_note": stored["content_note"],
            "scene_html": stored["scene_html"],
            "ask_html": stored["ask_html"],
            "section": stored["section"],
            "section_id": stored.get("section_id", ""),
            "right": result.right,
            "partly": 0 < result.points < 1,
            "answered": self.answered(stored, order, answer),
            "percent": int(result.points * 100),
            "groups": self.feedback(stored, order, answer or None),
        }

    # ---- shared tools -------------------------------------------------------------------------------------------

    @property
    def taking_template(self) -> str:
        return self._template("taking")

    @property
    def review_template(self) -> str:
        return self._template("review")

    def _template(self, page: str) -> str:
        """The kind's own template of a page, or the common one."""
        found: Any = select_template((f"quizzes/kinds/{self.slug}/{page}.html", f"quizzes/kinds/{page}.html"))
        return str(found.template.name)
