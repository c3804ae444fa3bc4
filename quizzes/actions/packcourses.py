"""What the people of a pack were taught and asked: each edition with the text of its units and the questions of its quizzes."""

import random
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.db.models import Prefetch
from django.template.loader import render_to_string

from courses.models import CourseVersion, Enrollment, ShownSiteWords, SiteWords, Unit
from courses.slots import slot_words
from courses.views.reading import unit_context
from lms.people.models import User
from quizzes import kinds
from quizzes.models import Correction, Pack, Question
from quizzes.packs import archive
from quizzes.queries.pools import item_of

_ICON = re.compile(r'<svg class="icon[^>]*>.*?</svg>', re.DOTALL)
_ID = re.compile(r'\b(id|for|aria-describedby|aria-labelledby)="id_')


def render(path: Path, template: str, context: dict[str, Any]) -> None:
    """Writes a page of the pack. Icons lie in a file of the site and say nothing that no word beside them says, so they are left out."""
    html = render_to_string(f"quizzes/packs/zip/{template}", context)
    archive.store(path, _ICON.sub("", html).encode())


def write(pack: Pack, people: Collection[User], folder: Path) -> list[dict[str, Any]]:
    """The editions that these people had up to then, each in a folder of its own; returns what the index says of them."""
    runs = Enrollment.objects.filter(learner__in=people, opened_at__lte=pack.until)
    if pack.courses:
        runs = runs.filter(course__slug__in=pack.courses)
    versions = CourseVersion.objects.filter(pk__in=runs.values("version")).select_related("course")
    units = Unit.objects.select_related("quiz").order_by("position")
    rows = versions.prefetch_related(Prefetch("units", units)).order_by("course__title", "number")
    return [_edition(pack, version, people, folder) for version in rows]


def _edition(pack: Pack, version: CourseVersion, people: Collection[User], folder: Path) -> dict[str, Any]:
    name = f"{version.course.slug}-{version.number}"
    here = folder / "courses" / name
    words = _words(version, pack)
    listed = []
    for number, unit in enumerate(version.units.all(), 1):
        reading, asking = f"unit-{number:02d}.html", f"questions-{number:02d}.html"
        context = unit_context(version, unit, words, answers=True)
        render(here / reading, "unit.html", {**context, "zone": pack.zone, "root": "../../"})
        quiz = getattr(unit, "quiz", None)
        if quiz is not None:
            found = [_question(row, pack, unit) for row in quiz.questions.all()]
            context = {"version": version, "unit": unit, "quiz": quiz, "questions": found, "with_key": pack.with_key}
            render(here / asking, "questions.html", {**context, "root": "../../"})
        listed.append({"unit": unit, "reading": reading, "asking": asking if quiz is not None else ""})
    shown = ShownSiteWords.objects.filter(
        enrollment__learner__in=people, enrollment__version=version, first_shown_at__lte=pack.until
    )
    shown_words = [
        {"words": row, "title": slot_words(row.slot).title}
        for row in SiteWords.objects.filter(pk__in=shown.values("words")).order_by("slot", "number")
    ]
    context = {"version": version, "units": listed, "shown": shown_words, "zone": pack.zone, "root": "../../"}
    render(here / "index.html", "course.html", context)
    return {"folder": f"courses/{name}", "title": version.title, "edition": version.edition, "units": len(listed)}


def _words(version: CourseVersion, pack: Pack) -> dict[str, SiteWords]:
    """The site's words by slot as they were then."""
    slots = {slot for unit in version.units.all() for slot in unit.slots}
    rows = SiteWords.objects.filter(slot__in=slots, entered_at__lte=pack.until).order_by("slot", "number")
    return {row.slot: row for row in rows}


def _question(row: Question, pack: Pack, unit: Unit) -> dict[str, Any]:
    """A question with its key, or as a learner met it: in one of the orders in which it is served."""
    item = item_of(row.position, row, unit.objective_texts)
    html = ""
    if not pack.with_key:
        kind = kinds.get(row.kind)
        question = kind.taking(row.stored, kind.serve(row.stored, random.Random(row.pk)), None)
        html = render_to_string(kind.taking_template, {"question": question})
        html = _ID.sub(rf'\1="q{row.position}_', html)
    corrections = Correction.objects.filter(question=row, made_at__lte=pack.until).order_by("number")
    return {
        "item": item,
        "author_id": row.author_id,
        "revision": row.revision,
        "html": html,
        "corrections": list(corrections),
    }
