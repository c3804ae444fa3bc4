"""The author's question, as far as all kinds share it. Unknown keys are errors."""

from typing import Annotated

from pydantic import Field, StringConstraints

from courses.authoring.schema import Id, Level, Strict, Text, Title, Waiver

__all__ = ["Id", "Option", "Question", "Strict", "Text", "Wrong"]

Retired = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{4}-\d{2}-\d{2}: \S")]
QuestionId = Annotated[Id, Field(max_length=60)]
ObjectiveId = Annotated[Id, Field(max_length=20)]


class Option(Strict):
    """One option: either ``correct``, or standing for a misconception."""

    id: Id
    text: Text
    why: Text
    correct: bool = False
    misconception: Id | None = None


class Wrong(Strict):
    """A wrong typed answer; the kinds add what is matched."""

    why: Text
    misconception: Id


class Question(Strict):
    """The keys that every kind has."""

    id: QuestionId
    kind: str
    objective: ObjectiveId
    level: Level
    facts: Annotated[list[Id], Field(min_length=1)]
    section: Title
    stem: Text
    critical: bool = False
    content_note: Title | None = None
    shuffle: bool = True
    revision: Annotated[int, Field(ge=1, le=9999)] = 1
    retired: Retired | None = None
    waive: list[Waiver] = []
