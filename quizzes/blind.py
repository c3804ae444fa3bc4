"""The blind check: questions printed without keys in a random order, and how far a reader's answers agree with the keys.

Pure: works on compiled quizzes (``quizzes.authoring.compile_quiz``), needs no database. A sheet holds no author ids, rationales,
sections or objectives; the same seed gives the same sheet.
"""

import dataclasses
import random
import re
from html import unescape
from typing import Any

from lms.lib import canonical
from quizzes import kinds


@dataclasses.dataclass(frozen=True)
class Item:
    """One question of a sheet. ``order`` is how its parts are served; ``digest`` names what was asked and keyed."""

    stored: dict[str, Any]
    order: dict[str, Any]
    digest: str


def digest(stored: dict[str, Any], order: dict[str, Any]) -> str:
    """Twelve hex signs over every word that the reader sees and over the key. How a page prints them does not count, nor does the
    wording of a rationale."""
    kind = kinds.get(stored["kind"])
    return canonical.sha256([stored["kind"], _words(stored, order), kind.material(stored)])[:12]


def sheet(quizzes: list[dict[str, Any]], seed: int) -> list[Item]:
    """All questions in use, mixed. A question's place and the order of its parts follow from the seed and its own id, so that a
    change of one question leaves the others as they were."""
    questions = [stored for quiz in quizzes for stored in quiz["questions"] if not stored["retired"]]
    items = [_item(stored, seed) for stored in questions]
    return sorted(items, key=lambda item: canonical.sha256([seed, item.stored["id"]]))


def _item(stored: dict[str, Any], seed: int) -> Item:
    order = kinds.get(stored["kind"]).serve(stored, random.Random(f"{seed} {stored['id']}"))
    return Item(stored, order, digest(stored, order))


def lines(item: Item, number: int) -> list[str]:
    """The question as plain text, with positions and nothing that points to a key."""
    return [f"## {number}. {item.digest} ({item.stored['kind']})", *_words(item.stored, item.order)]


def _words(stored: dict[str, Any], order: dict[str, Any]) -> list[str]:
    taking = kinds.get(stored["kind"]).taking(stored, order, None)
    text = [plain(taking["scene_html"]), plain(taking["ask_html"])]
    if taking.get("passage"):
        text.append("".join(p["html"] if p["row"] is None else f"[{p['row']['number']}]" for p in taking["passage"]))
    for row in taking["rows"]:
        label = plain(row.get("html") or "")
        text.append(f"{row['name']}: {label}".rstrip(": ") + ":")
        text += [f"  {option['position']}  {plain(option['text'])}" for option in row.get("options", [])]
    return [line for line in text if line]


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a reader's answers compare with the keys. ``stale`` and ``disagreed`` hold author ids."""

    agreed: int
    disagreed: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def asked(self) -> int:
        return self.agreed + len(self.disagreed)


def compare(items: list[Item], answers: dict[str, Any]) -> Outcome:
    """Grades the reader's answers, which stand under the digests. A question that changed since, or has no answer, is stale."""
    agreed, disagreed, stale = 0, [], []
    for item in items:
        if item.digest not in answers:
            stale.append(item.stored["id"])
        elif kinds.get(item.stored["kind"]).grade(item.stored, item.order, answers[item.digest]).right:
            agreed += 1
        else:
            disagreed.append(item.stored["id"])
    return Outcome(agreed, tuple(sorted(disagreed)), tuple(sorted(stale)))
