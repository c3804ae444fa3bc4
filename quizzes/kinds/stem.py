"""Cutting a stem into the scene and the question that becomes the legend."""

import html
import re
from collections.abc import Callable

from django.utils.html import strip_tags

RenderInline = Callable[[str], str]

# A stem up to this length is read as one legend; a longer one is a scene followed by its question.
LEGEND_LENGTH = 100

_END = re.compile(r"[.?!](?:[.\"'”’)\]*_]|\{\.\w+\})*(?=\s+[^\sa-z])")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Mx|Dr|St|vs|Jr|Sr|No)|\b[A-Z]|e\.g|i\.e)\.$")
_TASK = re.compile(r"(?:Put|Match|Choose|Complete|Fill|Finish|Order|Pick|Replace|Sort|Type|Write)\b")


def plain(markup: str) -> str:
    """The visible words of compiled HTML, for places that take no markup (a drop-down, a title)."""
    return " ".join(html.unescape(strip_tags(markup)).split())


def sentences(text: str) -> list[str]:
    """The sentences of a Markdown line; never cut inside brackets or bold."""
    text = " ".join(text.split())
    out, start = [], 0
    for end in _END.finditer(text):
        head = text[start : end.end()]
        if head.count("[") != head.count("]") or head.count("(") != head.count(")") or head.count("**") % 2:
            continue
        if _ABBREVIATION.search(text[start : end.start() + 1]):
            continue
        out.append(head.strip())
        start = end.end()
    tail = text[start:].strip()
    return [*out, tail] if tail else out


def split_stem(stem: str, whole_up_to: int = LEGEND_LENGTH) -> tuple[str, str]:
    """(scene, ask): ask is the last question or task with what follows it; a short stem is all ask, without a scene."""
    text = " ".join(stem.split())
    if len(text) <= whole_up_to:
        return "", text
    parts = sentences(text)
    for is_ask in (_ends_as_question, _TASK.match):
        for n in reversed(range(len(parts))):
            ask = " ".join(parts[n:])
            if is_ask(parts[n]) and not _inside_quote(ask):
                return " ".join(parts[:n]), ask
    return "", text


def split_cloze(stem: str, blank: re.Pattern[str]) -> tuple[str, str]:
    """(passage, task): the sentences before the first blank, or before the quotation that holds it, are the task."""
    parts = sentences(stem)
    for n, part in enumerate(parts):
        if blank.search(part) or _inside_quote(part):
            return " ".join(parts[n:]), " ".join(parts[:n])
    return "", " ".join(parts)


def _inside_quote(text: str) -> bool:
    return text.count('"') % 2 == 1 or text.count("“") != text.count("”")


def _ends_as_question(part: str) -> bool:
    return part.endswith("?")
