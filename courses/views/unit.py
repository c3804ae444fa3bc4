"""The unit reader, its practice questions, and the place that is remembered."""

import dataclasses
import re
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from courses.access import enrollment_for, unit_for
from courses.actions import learning
from courses.models import Enrollment, Unit, UnitProgress
from courses.queries.site_words import current_words
from courses.queries.training import UnitRow
from courses.views.slots import slot_words
from lms.lib import clock
from lms.people.access import signed_in

_POINTER = re.compile(r'href="#((?:term|source)-[^"]+)"')
_HEADING = re.compile(r'<h2 id="([^"]+)"')


@dataclasses.dataclass(frozen=True)
class Tried:
    """What a learner chose at a practice question. Never stored."""

    number: int
    chosen: frozenset[int]


@login_required
@require_safe
def unit(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    mine = enrollment_for(signed_in(request), enrollment)
    return _page(request, mine, unit_for(mine, unit))


def _page(request: HttpRequest, enrollment: Enrollment, unit: Unit, tried: Tried | None = None) -> HttpResponse:
    units = list(enrollment.version.units.all())
    row = UnitRow(unit, UnitProgress.objects.filter(enrollment=enrollment, unit=unit).first())
    words = current_words(unit.slots)
    number = [u.pk for u in units].index(unit.pk) + 1
    first_use = _first_uses(unit)
    terms = {entry["id"]: entry["term"] for entry in unit.glossary}
    context = {
        "enrollment": enrollment,
        "version": enrollment.version,
        "unit": unit,
        "row": row,
        "place": row.progress.place if row.section_title and row.progress else "",
        "percent": 100 if row.read else 100 * row.minutes_read // max(1, unit.minutes),
        "number": number,
        "total": len(units),
        "following": units[number] if number < len(units) else None,
        "aims": [objective["text"] for objective in unit.objectives],
        "blocks": [_block(block, words, tried) for block in unit.blocks],
        "glossary": [
            {
                **entry,
                "back": first_use.get(f"term-{entry['id']}", ""),
                "see": [(id, terms[id]) for id in entry["see"] if id in terms],
            }
            for entry in unit.glossary
        ],
        "sources": [{**source, "back": first_use.get(f"source-{source['id']}", "")} for source in unit.sources],
        "zone": enrollment.learner.zone,
    }
    return render(request, "courses/unit.html", context)


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


def _block(block: dict[str, Any], words: dict[str, Any], tried: Tried | None) -> dict[str, Any]:
    """The block as the template prints it. Of a practice question, feedback goes out only for what was chosen."""
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


@login_required
@require_POST
def practice(request: HttpRequest, enrollment: uuid.UUID, unit: str, number: int) -> HttpResponse:
    """Shows the feedback for what was chosen. Nothing is graded and nothing is stored."""
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    block = next((b for b in reading.blocks if b["type"] == "practice" and b["number"] == number), None)
    if block is None:
        raise Http404
    names = {str(position) for position in range(len(block["options"]))}
    chosen = [int(value) for value in request.POST.getlist("choice") if value in names]
    return _page(request, mine, reading, Tried(number, frozenset(chosen if block["multiple"] else chosen[:1])))


@login_required
@require_POST
def place(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """Keeps the section that the learner last saw.

    An unknown place is ignored; an empty one says that the unit was opened. The script of the page gets 204; a form that was sent
    without script leads back to the place in the page.
    """
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    where = request.POST.get("place", "")[:120]
    if where:
        learning.remember_place(mine, reading, where, at=clock.now())
    else:
        learning.open_unit(mine, reading, at=clock.now())
    if "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    title = next((s["title"] for s in reading.sections if s["id"] == where), "")
    if title:
        messages.success(request, f"Your place is kept: “{title}”.")
    anchor = f"#{where}" if title else ""
    return redirect(reverse("unit", args=[mine.public_id, reading.slug]) + anchor)
