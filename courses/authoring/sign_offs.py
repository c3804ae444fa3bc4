"""The practices of a course that somebody observes: what course.yaml says under ``sign_offs``, checked.

A compiled practice is ``{id, title, practice, unit, checklist, assessors}``: ``unit`` is the author's id of the unit that it belongs
to, or empty; ``checklist`` are plain sentences in the author's order, all of which are to be seen; ``assessors`` are slugs of courses.
"""

from collections.abc import Iterable, Sequence

from courses.authoring import schema
from courses.authoring.compiled import CompiledUnit, Entry
from courses.authoring.findings import Findings
from courses.authoring.shared import Shared
from courses.authoring.waivers import Waivers
from courses.authoring.yamlsafe import Lines

LONGEST = 160  # signs of one item, so that it fits beside its box on a phone

Named = tuple[str, int | None, str, str]


def compile_sign_offs(
    front: schema.Course,
    units: Sequence[CompiledUnit],
    *,
    lines: Lines,
    file: str,
    shared: Shared,
    findings: Findings,
) -> tuple[list[Entry], list[Named]]:
    """The practices of one course.yaml, after one error for each thing that is wrong; then the courses that they name for assessors,
    each with file, line and place, which can be checked only when every course was read."""
    found: list[Entry] = []
    named: list[Named] = []
    taken: set[str] = set()
    for index, row in enumerate(front.sign_offs):
        place = f"sign_off {row.id}"
        if row.id in taken:
            findings.error(
                "duplicate-practice",
                file,
                line=lines.at("sign_offs", index, "id"),
                place=place,
                why=f"This course already has a practice '{row.id}'.",
                fix="Give this one a name of its own. Ids are kept forever and never given to anything else.",
            )
        taken.add(row.id)
        if row.unit is not None and row.unit not in {unit.author_id for unit in units}:
            findings.error(
                "unknown-unit",
                file,
                line=lines.at("sign_offs", index, "unit"),
                place=place,
                why=f"This course has no unit '{row.unit}'.",
                fix=shared.near(row.unit, [unit.author_id for unit in units], "the units of this course"),
            )
        _check_items(row, index, place, lines=lines, file=file, findings=findings)
        for number, slug in enumerate(row.assessors):
            named.append((file, lines.at("sign_offs", index, "assessors", number), place, slug))
        found.append(
            {
                "id": row.id,
                "title": row.title,
                "practice": _one_line(row.practice),
                "unit": row.unit or "",
                "checklist": [_one_line(item) for item in row.checklist],
                "assessors": list(row.assessors),
            }
        )
    return found, named


def check_assessors(named: Iterable[Named], slugs: Iterable[str], shared: Shared, findings: Findings) -> None:
    """Reports courses that assessors should hold and that do not exist."""
    known = set(slugs)
    for file, line, place, slug in named:
        if slug not in known:
            findings.error(
                "unknown-course",
                file,
                line=line,
                place=place,
                why=f"There is no course '{slug}'.",
                fix=shared.near(slug, known, "the content folder"),
            )


def _check_items(row: schema.SignOff, index: int, place: str, *, lines: Lines, file: str, findings: Findings) -> None:
    seen: set[str] = set()
    for number, text in enumerate(row.checklist):
        item = _one_line(text)
        line = lines.at("sign_offs", index, "checklist", number)
        where = f"{place} item {number + 1}"
        if not item.endswith(".") or len(item) > LONGEST:
            findings.error(
                "checklist-item",
                file,
                line=line,
                place=where,
                why="An item is one plain sentence that says what was seen. It ends with a period.",
                fix=f"Write a sentence of {LONGEST} characters or fewer, such as: Turns the person onto the side.",
            )
        if item.casefold() in seen:
            findings.error(
                "checklist-twice",
                file,
                line=line,
                place=where,
                why="This item stands in the list twice.",
                fix="Remove one of them, or say how they differ.",
            )
        seen.add(item.casefold())


def check_words(
    front: schema.Course, *, lines: Lines, file: str, shared: Shared, findings: Findings, waivers: Waivers
) -> None:
    """Runs the language rules on all that a learner or an assessor reads of the practices."""
    for index, row in enumerate(front.sign_offs):
        words = [("title", row.title, lines.at("sign_offs", index, "title"))]
        words.append(("practice", row.practice, lines.at("sign_offs", index, "practice")))
        for number, item in enumerate(row.checklist):
            words.append((f"item {number + 1}", item, lines.at("sign_offs", index, "checklist", number)))
        for name, text, line in words:
            place = f"sign_off {row.id} {name}"
            shared.language(text, findings=findings, file=file, line=line, place=place, waivers=waivers)


def _one_line(text: str) -> str:
    return " ".join(text.split())
