"""The say / do not say list (terms.yaml), run on visible text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from courses.authoring.compiled import Marked
from courses.authoring.findings import Findings
from courses.authoring.schema import LanguageRule
from courses.authoring.waivers import Waivers

_SENTENCE = re.compile(r"(?<=[.?!…])[\"”’]?\s+")


@dataclass(frozen=True)
class Piece:
    """The visible text of one paragraph, heading, cell or title, with marked words cut out and kept apart."""

    line: int | None
    text: str
    marked: tuple[tuple[str, str], ...] = ()
    """(context, text) of each marked part; in ``text`` an ellipsis stands for it."""
    kind: str = "text"
    """``text``, ``heading``, ``cell`` or ``title``."""

    @property
    def whole(self) -> str:
        """All visible words, marked ones last."""
        return " ".join([self.text, *(text for _, text in self.marked)])


@dataclass(frozen=True)
class Hit:
    start: int
    end: int
    rule: LanguageRule
    text: str


class Language:
    """Compiled rules. Proper names are masked first; where hits overlap, the longest wins."""

    def __init__(self, rules: Iterable[LanguageRule] = (), proper_names: Sequence[str] = ()) -> None:
        self.proper_names = tuple(proper_names)
        self._rules = [(rule, re.compile(rule.pattern, re.IGNORECASE if "i" in rule.flags else 0)) for rule in rules]
        longest_first = sorted((name for name in proper_names if name.strip()), key=len, reverse=True)
        names = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
        self._names = re.compile(names, re.IGNORECASE) if names else None

    def hits(self, text: str) -> list[Hit]:
        """What the rules find in a plain text, in order."""
        masked = self._names.sub(lambda match: "_" * len(match[0]), text) if self._names else text
        found = [
            Hit(match.start(), match.end(), rule, text[match.start() : match.end()])
            for rule, pattern in self._rules
            for match in pattern.finditer(masked)
            if match.end() > match.start()
        ]
        kept = [hit for hit in found if not any(_swallows(other, hit) for other in found)]
        return sorted(kept, key=lambda hit: (hit.start, hit.rule.id))

    def check(
        self,
        pieces: Iterable[Piece],
        *,
        findings: Findings,
        file: str,
        place: str = "",
        context: str | None = None,
        waivers: Waivers | None = None,
    ) -> list[Marked]:
        """Reports each unmarked hit with its rule's severity, and returns the hits inside marked contexts.

        With ``context`` the whole text counts as marked. A waived hit is reported as information only.
        """
        marked: list[Marked] = []
        for piece in pieces:
            for held_context, held in [*piece.marked, *([(context, piece.text)] if context else [])]:
                for hit in self.hits(held):
                    marked.append(Marked(file, piece.line, place, held_context, hit.rule.id, hit.text))
            if context:
                continue
            for hit in self.hits(piece.text):
                if waivers and waivers.cover(hit.rule.id, piece.text, hit.start, hit.end):
                    continue
                line = piece.line + piece.text.count("\n", 0, hit.start) if piece.line else None
                findings.add(
                    hit.rule.severity,
                    hit.rule.id,
                    file,
                    line=line,
                    place=place,
                    why=f"'{hit.text}' in: {_sentence(piece.text, hit.start)} {hit.rule.why}",
                    fix=_advice(hit.rule),
                )
        return marked


def _swallows(other: Hit, hit: Hit) -> bool:
    return other.start <= hit.start and hit.end <= other.end and other.end - other.start > hit.end - hit.start


def _sentence(text: str, position: int) -> str:
    start = 0
    flat = text.replace("\n", " ")
    for match in _SENTENCE.finditer(flat):
        if match.end() > position:
            return f'"{flat[start : match.start()].strip()}"'
        start = match.end()
    return f'"{flat[start:].strip()}"'


def _advice(rule: LanguageRule) -> str:
    allowed = f" Allowed, when marked: {'; '.join(rule.exceptions)}." if rule.exceptions else ""
    return f"Write: {'; or '.join(rule.prefer)}.{allowed}"
