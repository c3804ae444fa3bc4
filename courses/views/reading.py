"""What a page that shows a unit prints: for the learner who reads it, and for the coordinator who looks at it."""

import dataclasses
import re
from typing import Any

from courses.models import CourseVersion, SiteWords, Unit
from courses.slots import slot_words

_POINTER = re.compile(r'href="#((?:term|source)-[^"]+)"')
_HEADING = re.compile(r'<h2 id="([^"]+)"')


@dataclasses.dataclass(frozen=True)
class Tried:
    """What a learner chose at a practice question. Never stored."""

    number: int
    chosen: frozenset[int]


def unit_context(
    version: CourseVersion,
    unit: Unit,
    words: dict[str, SiteWords],
    *,
    tried: Tried | None = None,
    answers: bool = False,
) -> dict[str, Any]:
    """The unit as the reader's template prints it. ``words`` are the site's words by slot.

    Of a practice question, feedback goes out only for what was chosen; with ``answers`` (never for a learner) everything does.
    """
    units = list(version.units.all())
    number = [u.pk for u in units].index(unit.pk) + 1
    first_use = _first_uses(unit)
    terms = {entry["id"]: entry["term"] for entry in unit.glossary}
    return {
        "version": version,
        "unit": unit,
        "number": number,
        "total": len(units),
        "following": units[number] if number < len(units) else None,
        "aims": [objective["text"] for objective in unit.objectives],
        "blocks": [_block(block, words, tried, answers) for block in unit.blocks],
        "glossary": [
            {
                **entry,
                "back": first_use.get(f"term-{entry['id']}", ""),
                "see": [(id, terms[id]) for id in entry["see"] if id in terms],
            }
            for entry in unit.glossary
        ],
        "sources": [{**source, "back": first_use.get(f"source-{source['id']}", "")} for source in unit.sources],
    }


def _first_uses(unit: Unit) -> dict[str, str]:
    """The section in which each term and source is first pointed at, by the anchor at the end of the page."""
    found: dict[str, str] = {}
    here = ""
    for block in unit.blocks:
        for piece in re.split(r"(?=<h2 )", _text_of(block)):
            heading = _HEADING.match(piece)
            here = heading.group(1) if heading else here
            for anchor in _POINTER.findall(piece):
                found.setdefault(anchor, here)
    return found


def _text_of(block: dict[str, Any]) -> str:
    return "".join(value for key, value in block.items() if key.endswith("html") and isinstance(value, str))


def _block(block: dict[str, Any], words: dict[str, SiteWords], tried: Tried | None, answers: bool) -> dict[str, Any]:
    template = f"courses/blocks/{block['type']}.html"
    if block["type"] == "protocol":
        return {
            **block,
            "template": template,
            "words": words.get(block["slot"]),
            "title": slot_words(block["slot"]).title,
        }
    if block["type"] != "practice":
        return {**block, "template": template}
    if answers:
        return {**block, "template": "courses/blocks/practice_answers.html"}
    here = tried is not None and tried.number == block["number"]
    chosen = tried.chosen if tried and here else frozenset()
    options = [
        {
            "position": position,
            "html": option["html"],
            "chosen": position in chosen,
            "right": option["right"] if position in chosen else None,
            "feedback_html": option["feedback_html"] if position in chosen else "",
        }
        for position, option in enumerate(block["options"])
    ]
    rights = {position for position, option in enumerate(block["options"]) if option["right"]}
    return {
        "type": "practice",
        "template": template,
        "number": block["number"],
        "stem_html": block["stem_html"],
        "multiple": block["multiple"],
        "options": options,
        "tried": bool(chosen),
        "nothing_chosen": here and not chosen,
        "all_right": bool(chosen) and set(chosen) == rights,
        "right_so_far": bool(chosen) and chosen < rights,
    }
