"""What the compiler hands over: plain values only, ready for JSON and for storing in a course version."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from courses.authoring.findings import Findings
from courses.authoring.schema import Fact
from lms.lib import canonical

Entry = dict[str, Any]


@dataclass
class CompiledUnit:
    """One reading. Every ``*_html`` and ``html`` text in ``blocks`` is already cleaned and may be printed as it is."""

    author_id: str
    """The author's permanent id, such as ``STG-U1``. Never send it to a browser."""
    number: int
    """From the file name; gives the order."""
    file: str
    """Relative to the content folder."""
    slug: str
    title: str
    minutes: int
    objectives: list[Entry]
    """``{id, level, text}`` in the author's order."""
    facts: list[str]
    blocks: list[Entry]
    """In reading order; see ``courses.authoring.unit``."""
    sections: list[Entry]
    """``{id, title}``; the ids are those of the h2 headings."""
    glossary: list[Entry]
    """Entries opened from the text: ``{id, term, short, definition_html, see}``, by term."""
    sources: list[Entry]
    """Sources cited, in order of first use: ``{id, name, year, url, checked}``."""
    misconceptions: list[str]
    words: int
    """Without practice questions and figures."""
    anchors: list[Entry] = field(default_factory=list)
    """Where its facts are taught: ``{fact, way, section, text, line}`` in reading order. Not part of the content hash."""
    source_hash: str = ""
    """SHA-256 of the Markdown file's bytes. Not part of the content hash."""
    quiz: Entry | None = None
    """What ``check_quiz`` returned for this unit; opaque here."""

    def content(self) -> Entry:
        """All that a learner or grader needs."""
        names = ("author_id", "slug", "title", "minutes", "objectives", "facts", "blocks", "sections")
        more = ("glossary", "sources", "misconceptions", "words", "quiz")
        return {name: getattr(self, name) for name in (*names, *more)}


@dataclass
class CompiledCourse:
    slug: str
    title: str
    summary: str
    audience: list[str]
    language: str
    hours: Decimal
    """Credited hours, two decimal places at most."""
    pass_mark: int
    """Percent."""
    attempts: int
    wait_minutes: int
    valid_months: dict[str, int]
    """Months of validity for each audience."""
    authors: list[str]
    sources: list[Entry]
    """General reading: ``{id, name, year, url, checked}``."""
    notice: str
    changes: list[Entry]
    """``{date (ISO), kind ('minor' or 'material'), note}`` in the author's order. Not part of the content hash."""
    units: list[CompiledUnit] = field(default_factory=list)
    misconceptions: dict[str, Entry] = field(default_factory=dict)
    """Id to ``{belief, correction}`` (plain text) of all that units and quizzes of this course name."""
    sign_offs: list[Entry] = field(default_factory=list)
    """Practices that must be observed; see ``courses.authoring.sign_offs``."""

    def content(self) -> Entry:
        """All that a learner or grader needs, as JSON-able values: what a course version stores and the hash covers."""
        names = ("slug", "title", "summary", "audience", "language", "pass_mark", "attempts", "wait_minutes")
        more = ("valid_months", "authors", "sources", "notice", "misconceptions")
        plain = {name: getattr(self, name) for name in (*names, *more)}
        whole = {**plain, "hours": f"{self.hours:.2f}", "units": [unit.content() for unit in self.units]}
        # a course without a practice keeps the hash that its editions were stored with
        return {**whole, "sign_offs": self.sign_offs} if self.sign_offs else whole

    def content_hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON of ``content()``: without ``changes``, reviews and waivers."""
        return canonical.sha256(self.content())


@dataclass
class CompiledPath:
    slug: str
    title: str
    audience: str
    courses: list[str]
    """Course slugs in order."""


@dataclass
class Marked:
    """A listed term inside a marked context: allowed there, counted, and shown to the reviewer."""

    file: str
    line: int | None
    place: str
    context: str
    rule: str
    text: str


@dataclass
class Tree:
    """One compiled content folder. Load nothing from it while ``findings.errors`` is not empty."""

    courses: list[CompiledCourse]
    paths: list[CompiledPath]
    findings: Findings
    marked: list[Marked]
    facts: dict[str, Fact] = field(default_factory=dict)
    """The fact base, facts.yaml and then supplement.yaml, by id."""
