"""What is taught and tested: on a small tree, and of the courses that ship. A fact whose words are taken away is untaught."""

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from courses.authoring.compiled import CompiledUnit, Tree
from courses.authoring.course import compile_tree
from courses.authoring.coverage import Coverage, measure
from courses.authoring.findings import Findings
from courses.authoring.shared import Shared, load_shared
from courses.authoring.unit import compile_unit
from quizzes.authoring import compile_quiz
from tests.courses.authoring.smalltree import TODAY, UNIT, SmallTree
from tests.courses.authoring.test_course import CONTENT

MARK = ' {facts="H-001"}'


def asks(*questions: tuple[str, str, list[str], str | None]) -> Any:
    """A quiz check that finds these questions: id, objective, facts, retired."""
    made = [{"id": n, "objective": o, "facts": facts, "retired": retired} for n, o, facts, retired in questions]

    def check(raw: Any, **_: Any) -> dict[str, Any]:
        return {"draw": [{"objective": "GRT-1.1", "take": 1, "critical": False}], "questions": made}

    return check


def of(small: SmallTree, check: Any = None) -> Coverage:
    return measure(small.compile(check or asks()))


# ---- a small tree ------------------------------------------------------------------------------------------------------


def test_sections_facts_words_and_questions_stand_in_order(small: SmallTree) -> None:
    found = of(small, asks(("Q1", "GRT-1.1", ["E-001"], None), ("Q2", "GRT-1.1", ["H-001"], "2027-01-01: old")))
    assert [
        (group.name, group.article, [fact.id for fact in group.facts], group.excluded) for group in found.groups
    ] == [
        ("S01", True, ["H-001"], 1),
        ("doors", False, ["E-001", "E-002"], 0),
    ]
    cited = found.groups[1].facts[0]
    assert [(place.course, place.unit, place.section, place.text) for place in cited.places] == [
        ("greeting", "at-the-door", "Why doors matter", "Seven in ten, or 70 percent, are open (The book, 2020).")
    ]
    assert [asked.question for asked in cited.questions] == ["Q1"]
    assert found.taught_percent == 100.0
    assert found.tested_percent == 33.3, "a retired question tests nothing"
    assert [fact.id for fact in found.untested] == ["H-001", "E-002"]
    assert found.unreached == []


@pytest.mark.parametrize(
    ("fact", "old", "new"),
    [
        ("H-001", MARK, ""),
        ("E-001", 'Seven in ten, or 70 percent, are open ([The book, 2020](source:BOOK "E-001")).\n', ""),
        ("E-002", "::: fact E-002\nA greeting helps.\n:::\n", ""),
    ],
)
def test_taking_its_words_away_makes_a_fact_untaught(small: SmallTree, fact: str, old: str, new: str) -> None:
    assert of(small).untaught == []
    small.replace(UNIT, old, new)
    found = of(small)
    assert [row.id for row in found.untaught] == [fact]
    assert [group.name for group in found.unreached] == (["S01"] if fact == "H-001" else [])
    assert found.taught_percent == 66.7


def test_teach_as_is_what_counts_and_excluded_facts_are_left_out(small: SmallTree) -> None:
    small.replace("facts.yaml", "use: teach}", "use: replace, teach_as: Say this.}")
    found = of(small)
    assert [(fact.id, fact.says) for fact in found.groups[0].facts] == [("H-001", "Say this.")]
    small.replace("facts.yaml", "use: replace", "use: exclude")
    found = of(small)
    assert (found.groups[0].facts, found.groups[0].excluded, found.unreached) == ([], 2, [])


@pytest.mark.parametrize(("pool", "enough"), [(3, True), (2, False), (0, False)])
def test_an_objective_needs_three_questions_for_each_one_served(small: SmallTree, pool: int, enough: bool) -> None:
    found = of(small, asks(*((f"Q{n}", "GRT-1.1", ["E-001"], None) for n in range(pool))))
    (row,) = found.objectives
    assert (row.id, row.served, row.pool, row.enough) == ("GRT-1.1", 1, pool, enough)
    assert found.weak_objectives == ([] if enough else [row])


def test_the_command_prints_fact_and_words_side_by_side(small: SmallTree, capsys: pytest.CaptureFixture[str]) -> None:
    small.replace(UNIT, MARK, "")
    call_command("coverage_report", str(small.root), no_color=True)
    out = capsys.readouterr().out
    assert "  H-001  People come in by a door.\n    taught nowhere\n    asked nowhere\n" in out
    assert (
        f"  E-002  A greeting helps.\n    {UNIT}, line {small.line(UNIT, 'A greeting helps.')}, "
        "Why doors matter [fact block]: A greeting helps.\n" in out
    )
    assert "Untaught facts: H-001.\n" in out
    assert "Article sections that no unit reaches: S01.\n" in out


def test_the_command_writes_a_page(small: SmallTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "coverage.html"
    call_command("coverage_report", str(small.root), html=str(page))
    text = page.read_text(encoding="utf-8")
    assert "E-001. Seven in ten doors are open." in text
    assert "Seven in ten, or 70 percent, are open (The book, 2020)." in text
    assert "style=" not in text
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("coverage_report", str(tmp_path / "nowhere"))


# ---- the courses that ship ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree() -> Tree:
    return compile_tree(CONTENT, check_quiz=compile_quiz, today=TODAY)


def test_the_shipped_courses_teach_every_fact_and_test_most(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("coverage_report", str(CONTENT), json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["facts"] > 200
    assert said["untaught"] == []
    assert said["taught_percent"] == 100.0
    assert said["tested_percent"] >= 85
    assert said["unreached_sections"] == []
    assert said["weak_objectives"] == []
    assert all(row["pool"] >= 3 * row["served"] > 0 for row in said["objectives"])


def test_every_fact_of_a_front_matter_is_anchored_in_its_unit(tree: Tree) -> None:
    for course in tree.courses:
        for unit in course.units:
            assert set(unit.facts) == {anchor["fact"] for anchor in unit.anchors}, unit.file


def test_taking_away_the_words_of_twenty_facts_makes_each_untaught(tree: Tree, tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    shared = load_shared(CONTENT, findings=Findings(), today=TODAY)
    taught = [fact.id for fact in measure(tree).facts]
    for fact in random.Random(seed).sample(taught, 20):
        with_changes = [
            (unit, _without(unit, fact, shared, tmp_path) if fact in unit.facts else unit)
            for course in tree.courses
            for unit in course.units
        ]
        assert any(before is not after for before, after in with_changes)
        changed = {before.file: after for before, after in with_changes}
        before = [(course, course.units) for course in tree.courses]
        for course, units in before:
            course.units = [changed[unit.file] for unit in units]
        try:
            untaught = {row.id for row in measure(tree).untaught}
        finally:
            for course, units in before:
                course.units = units
        assert fact in untaught, f"{fact}, seed {seed}"
        assert untaught != set(taught)


def _without(unit: CompiledUnit, fact: str, shared: Shared, folder: Path) -> CompiledUnit:
    """The unit compiled without the words that teach the fact."""
    source = CONTENT / unit.file
    lines = source.read_text(encoding="utf-8").split("\n")
    gone: set[int] = set()
    for anchor in unit.anchors:
        if anchor["fact"] == fact:
            gone |= _extent(lines, anchor["line"] - 1, anchor["way"])
    course = folder / source.parent.name
    if not course.is_dir():
        shutil.copytree(source.parent, course)
    copy = course / source.name
    copy.write_text("\n".join(line for at, line in enumerate(lines) if at not in gone), encoding="utf-8")
    result = compile_unit(copy, number=unit.number, file=unit.file, shared=shared, findings=Findings()).unit
    assert result is not None
    result.quiz = unit.quiz
    return result


def _extent(lines: list[str], start: int, way: str) -> set[int]:
    """The lines of the paragraph, list item, table row, fact block or section that begins at ``start``."""
    if lines[start].startswith("|"):
        return {start}
    stop = {"fact block": r":::", "section": r"## "}.get(way, r"\s*$|:::|\s*([-*]|\d+\.)\s")
    end = start + 1
    while end < len(lines) and not re.match(stop, lines[end]):
        end += 1
    return set(range(start + (way == "section"), end))
