"""Where a fact is taught: anchors, from fact to the very words of a unit that teach it.

Three things anchor a fact: a ``source`` link that quotes it, a ``::: fact`` block that names it, and a facts mark,
``{facts="H-006 H-047"}``, at the end of a ``##`` heading (for the whole section) or of a paragraph, list item or table cell.
The mark is never printed and is no part of what a learner gets. Myths and practice questions teach nothing by themselves.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Literal

from markdown_it.token import Token

from courses.authoring.compiled import Entry
from courses.authoring.findings import Findings

_MARK = re.compile(r"\s*\{facts=\"([^\"{}]*)\"\}\s*$")
_LIKE = re.compile(r"\{\s*facts?\b[^}]*\}?", re.IGNORECASE)
_SILENT = ("myth", "practice")
BEFORE = ""
"""The section title of what stands above the first heading."""

Way = Literal["source", "fact block", "section", "paragraph"]


@dataclass(frozen=True)
class Anchor:
    """One place that teaches one fact.

    ``text`` is what the learner reads there: of a section all of it, of a paragraph also the list or table right below it.
    """

    fact: str
    way: Way
    section: str
    """The title of its section, empty above the first heading."""
    text: str
    line: int | None


class Anchors:
    """Collects the anchors of one unit, segment by segment, in reading order."""

    def __init__(self, findings: Findings, file: str) -> None:
        self.findings, self.file = findings, file
        self.found: list[Anchor] = []
        self.named: list[tuple[list[str], int | None]] = []
        """The facts of every mark, with its line, for the checks of ids."""
        self._section = BEFORE
        self._open: list[tuple[str, int | None]] = []
        self._texts: list[str] = []

    def strip(self, tokens: Sequence[Token], *, inside: str = "") -> None:
        """Takes the marks out of the tokens, so that nothing prints, counts or checks them. ``inside`` names the block."""
        for token in tokens:
            if token.type == "inline" and "{" in token.content:
                self._strip_one(token, inside)

    def _strip_one(self, inline: Token, inside: str) -> None:
        line = inline.map[0] if inline.map else None
        children = inline.children or []
        match = _MARK.search(children[-1].content) if children and children[-1].type == "text" else None
        if match:
            facts = match[1].split()
            children[-1].content = children[-1].content[: match.start()]
            while children and (children[-1].type == "softbreak" or not (children[-1].content or children[-1].nesting)):
                if children[-1].type not in ("softbreak", "text"):
                    break
                children.pop()
            inline.children = children
            if inside in _SILENT:
                self._error(line, f"The block '{inside}' teaches nothing by itself.", "Mark the words that teach it.")
            elif not facts:
                self._error(line, "The facts mark names no fact.", 'Write {facts="E-000"}, or remove it.')
            else:
                inline.meta["facts"] = facts
                self.named.append((facts, line))
        for child in children:
            odd = _LIKE.search(child.content) if child.type == "text" else None
            if odd:
                why = f"'{odd[0][:60]}' is not a facts mark at the end of a heading or paragraph."
                self._error(line, why, 'Write {facts="E-000 E-001"} as the last thing, with straight quote marks.')

    def _error(self, line: int | None, why: str, fix: str) -> None:
        self.findings.error("facts-mark", self.file, line=line, why=why, fix=fix)

    def collect(self, tokens: Sequence[Token], *, inside: str = "", facts: Sequence[str] = ()) -> None:
        """Reads one segment. ``facts`` are those that a fact block names: all of it teaches them."""
        if inside in _SILENT:
            return
        whole: list[str] = []
        first: int | None = None
        groups = list(_groups(tokens))
        for at, (kind, runs) in enumerate(groups):
            if kind == "heading":
                self._begin(runs[0])
                continue
            text = taught = _text(runs)
            if kind == "paragraph":
                below = takewhile(lambda group: group[0] in ("item", "row"), groups[at + 1 :])
                taught = " ".join([text, *(_text(inner) for _, inner in below)])
            line = runs[0].map[0] if runs[0].map else None
            first = first or line
            for run in runs:
                marked = run.meta.get("facts", [])
                cited = [fact for child in run.children or [] for fact in child.meta.get("facts", [])]
                for name in marked:
                    self._add(name, "paragraph", taught, line)
                for name in cited:
                    self._add(name, "source", taught, line)
            if text:
                whole.append(text)
                self._texts.append(text)
        for name in facts:
            self._add(name, "fact block", " ".join(whole), first)

    def _begin(self, heading: Token) -> None:
        self.close()
        self._section = _text([heading])
        line = heading.map[0] if heading.map else None
        self._open = [(fact, line) for fact in heading.meta.get("facts", [])]

    def close(self) -> None:
        """Ends the section. A section without words teaches nothing, whatever its heading names."""
        text = " ".join(self._texts)
        for fact, line in self._open:
            self._add(fact, "section", text, line)
        self._open, self._texts = [], []

    def _add(self, fact: str, way: Way, text: str, line: int | None) -> None:
        anchor = Anchor(fact, way, self._section, text, line)
        if text and anchor not in self.found:
            self.found.append(anchor)

    def entries(self) -> list[Entry]:
        """As plain values, in reading order."""
        return [asdict(anchor) for anchor in sorted(self.found, key=lambda anchor: anchor.line or 0)]


def _groups(tokens: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """``heading``, ``paragraph`` or ``item`` with its run; ``row`` with the cells of a table row together."""
    row: list[Token] | None = None
    heading, depth = False, 0
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open", "bullet_list_close", "ordered_list_close"):
            depth += token.nesting
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row:
            yield "row", row
            row = None
        elif token.type == "heading_open":
            heading = True
        elif token.type == "inline":
            if row is not None:
                row.append(token)
            else:
                yield "heading" if heading else "item" if depth else "paragraph", [token]
            heading = False


def _text(runs: Sequence[Token]) -> str:
    """All visible words in order, marked contexts included; cells are set apart by a bar."""
    return " | ".join(" ".join(_words(run).split()) for run in runs)


def _words(run: Token) -> str:
    return "".join(
        "\n" if child.type in ("softbreak", "hardbreak") else child.content
        for child in run.children or []
        if child.type in ("softbreak", "hardbreak", "text", "text_special", "code_inline", "image")
    )
