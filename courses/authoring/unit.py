"""One unit: front matter and body of a Markdown file, compiled to a CompiledUnit."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from courses.authoring import schema
from courses.authoring.anchors import Anchors
from courses.authoring.compiled import CompiledUnit
from courses.authoring.fences import split
from courses.authoring.findings import Findings
from courses.authoring.markup import visible_text
from courses.authoring.page import Page
from courses.authoring.readability import UNIT_GRADE
from courses.authoring.shared import Shared
from courses.authoring.validate import validate
from courses.authoring.waivers import Waivers
from courses.authoring.yamlsafe import Lines, parse_yaml, read_text

MINUTES = (8, 20)
WORDS = (800, 1000)


@dataclass
class UnitResult:
    """A unit (None when its front matter is unreadable), the figures it uses, and the lines of its front matter."""

    unit: CompiledUnit | None
    figures: set[Path] = field(default_factory=set)
    lines: Lines = field(default_factory=Lines)


def compile_unit(path: Path, *, number: int, file: str, shared: Shared, findings: Findings) -> UnitResult:
    """Reads, checks and compiles one unit. ``file`` is its name in findings, relative to the content folder.

    Order: front matter, body, then the unit as a whole (language of titles, minutes, length, waivers). The body is checked
    even when the front matter is unreadable.
    """
    text = read_text(path, file=file, findings=findings)
    if text is None:
        return UnitResult(None)
    lines, front, first = text.split("\n"), None, 1
    where = Lines()
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    if lines[0].rstrip() != "---" or not end:
        findings.error(
            "front-matter",
            file,
            line=1,
            why="The front matter is missing, or is not closed.",
            fix="Begin the file with a line ---, then id, slug, title and so on, then another line ---.",
        )
    else:
        first = end + 2
        loaded = parse_yaml("\n".join(lines[1:end]), file=file, findings=findings, offset=1)
        if loaded is not None:
            where = loaded.lines
            front = validate(schema.Unit, loaded.data, file=file, findings=findings, lines=where)
    waivers = Waivers(
        front.waive if front else (),
        findings=findings,
        file=file,
        line=where.at("waive"),
        place="waive",
        today=shared.today,
    )
    page = Page(
        folder=path.parent,
        file=file,
        name=front.slug if front else path.stem,
        shared=shared,
        findings=findings,
        waivers=waivers,
        objectives=[objective.id for objective in front.objectives] if front else None,
        facts=front.facts if front else None,
    )
    page.read(split(lines[first - 1 :], first, file=file, findings=findings))
    if front is None:
        return UnitResult(None, page.figures, where)
    _check_front(front, where, file=file, shared=shared, findings=findings, waivers=waivers)
    _check_anchors(front, page.anchors, line=where.at("facts"), file=file, findings=findings)
    _check_grade(shared.reader.grade(page.prose), file=file, findings=findings)
    _check_length(page.words, file=file, findings=findings, waivers=waivers)
    waivers.close()
    unit = CompiledUnit(
        author_id=front.id,
        number=number,
        file=file,
        slug=front.slug,
        title=front.title,
        minutes=front.minutes,
        objectives=[{**objective.model_dump(), "text": visible_text(objective.text)} for objective in front.objectives],
        facts=front.facts,
        blocks=page.blocks,
        sections=page.sections,
        glossary=[shared.glossary_entry(name) for name in shared.opened_terms(page.desk.used.terms)],
        sources=[shared.source_entry(name) for name in page.desk.used.sources],
        misconceptions=sorted(page.misconceptions),
        words=page.words,
        anchors=page.anchors.entries(),
        source_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return UnitResult(unit, page.figures, where)


def _check_front(
    front: schema.Unit, lines: Lines, *, file: str, shared: Shared, findings: Findings, waivers: Waivers
) -> None:
    if not MINUTES[0] <= front.minutes <= MINUTES[1]:
        findings.error(
            "minutes",
            file,
            line=lines.at("minutes"),
            place="minutes",
            why=f"A unit takes {MINUTES[0]} to {MINUTES[1]} minutes, not {front.minutes}.",
            fix="Correct the number, or split the unit.",
        )
    shared.check_facts(front.facts, findings=findings, file=file, line=lines.at("facts"), place="facts")
    shared.language(front.title, findings=findings, file=file, line=lines.at("title"), place="title", waivers=waivers)
    for index, objective in enumerate(front.objectives):
        shared.language(
            objective.text,
            findings=findings,
            file=file,
            line=lines.at("objectives", index, "text"),
            place=objective.id,
            waivers=waivers,
        )


def _check_anchors(front: schema.Unit, anchors: Anchors, *, line: int | None, file: str, findings: Findings) -> None:
    anchored = {anchor.fact for anchor in anchors.found}
    for fact in front.facts:
        if fact not in anchored:
            findings.warning(
                "fact-not-anchored",
                file,
                line=line,
                place=fact,
                why=f"The front matter lists {fact}, and no words of the unit are named as teaching it.",
                fix=f'Put {{facts="{fact}"}} at the end of the paragraph or heading that teaches it, or take it off the list.',
            )


def _check_grade(grade: float | None, *, file: str, findings: Findings) -> None:
    if grade is not None and grade > UNIT_GRADE:
        findings.error(
            "reading-grade",
            file,
            why=f"The unit reads at US grade {grade} (Flesch-Kincaid, names of drugs and laws left out).",
            fix=f"Bring it to {UNIT_GRADE} or lower: cut long sentences in two, and use shorter words.",
        )


def _check_length(words: int, *, file: str, findings: Findings, waivers: Waivers) -> None:
    if WORDS[0] <= words <= WORDS[1] or waivers.cover("unit-length", ""):
        return
    findings.warning(
        "unit-length",
        file,
        why=f"The unit has {words} words without practice questions and figures.",
        fix=f"Keep it between {WORDS[0]} and {WORDS[1]}.",
    )
