"""The shape of every file that authors write, as pydantic models. Unknown keys are errors."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Slug = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ONE_LINE = r"^[^\n\t]*$"
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160, pattern=ONE_LINE)]
Level = Literal["Remember", "Understand", "Apply", "Analyze", "Evaluate", "Create"]
Audience = Literal["volunteer", "staff", "supervisor"]
Context = Literal["myth", "quote", "self", "citation", "historical", "study", "distractor"]

CONTEXTS = ("quote", "self", "citation", "historical", "study", "distractor")
"""The contexts that an author can mark; ``myth`` is automatic."""
SLOTS = ("privacy", "escalation", "overdose")
"""The protocol slots that a site can fill."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identified(Strict):
    id: Id


class Waiver(Strict):
    rule: Text
    where: Text
    reason: Text
    until: dt.date


class Change(Strict):
    date: dt.date
    kind: Literal["minor", "material"]
    note: Text


class SignOff(Strict):
    """A practice that somebody observes before the course is complete."""

    id: Slug
    title: Title
    practice: Text
    unit: Id | None = None
    checklist: Annotated[list[Text], Field(min_length=1, max_length=20)]
    assessors: list[Slug] = []


class Course(Strict):
    slug: Slug
    title: Title
    summary: Text
    audience: Annotated[list[Audience], Field(min_length=1)]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    hours: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    pass_mark: Annotated[int, Field(ge=1, le=100)]
    attempts: Annotated[int, Field(ge=1, le=50)]
    wait_minutes: Annotated[int, Field(ge=0, le=100_000)]
    valid_months: dict[Audience, Annotated[int, Field(ge=1, le=120)]]
    authors: Annotated[list[Text], Field(min_length=1)]
    sources: list[Id]
    notice: Text
    changes: Annotated[list[Change], Field(min_length=1)]
    sign_offs: list[SignOff] = []
    waive: list[Waiver] = []


class Objective(Strict):
    id: Id
    level: Level
    text: Text


class Unit(Strict):
    id: Id
    slug: Slug
    title: Title
    minutes: int
    objectives: Annotated[list[Objective], Field(min_length=1)]
    facts: list[Id]
    waive: list[Waiver] = []


class Path(Strict):
    slug: Slug
    title: Title
    audience: Audience
    courses: Annotated[list[Slug], Field(min_length=1)]


class Misconception(Identified):
    from_: Literal["curriculum", "item-writing", "added"] = Field(alias="from")
    belief: Text
    correction: Text
    facts: list[Id]


class GlossaryEntry(Identified):
    term: Title
    short: Title | None = None
    definition: Text
    facts: list[Id]
    see: list[Id] = []


class Source(Identified):
    name: Text
    year: Text
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")] | None
    checked: dt.date | None
    note: Text | None = None


class Fact(Identified):
    """One row of facts.yaml (``section``, ``status``, ``use``) or of supplement.yaml (``topic``, ``confidence``)."""

    fact: Text
    source: Text | list[Id]
    section: Text | None = None
    status: Literal["supported", "needs-nuance", "outdated", "vague"] | None = None
    use: Literal["teach", "teach_with_note", "replace", "exclude"] | None = None
    see: list[Id] = []
    teach_as: Text | None = None
    topic: Text | None = None
    confidence: Literal["high", "medium", "low"] | None = None
    from_knowledge: bool | None = None
    recheck_months: int | None = None
    note: Text | None = None


class LanguageRule(Identified):
    """One entry of terms.yaml. ``pattern`` is a Python regular expression; ``flags`` is ``i`` or empty."""

    term: Text
    category: Text
    severity: Literal["error", "warning", "info"]
    pattern: Text
    flags: Literal["", "i"]
    why: Text
    prefer: Annotated[list[Text], Field(min_length=1)]
    exceptions: list[Text]
    sources: list[Text]
    from_knowledge: bool
    test_hit: list[str]
    test_miss: list[str]
