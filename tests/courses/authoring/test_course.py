"""The whole folder: ids across courses, files, quizzes, paths, hash; and the content that ships."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from courses.authoring.compiled import CompiledUnit
from courses.authoring.course import compile_tree
from courses.authoring.findings import Findings
from courses.authoring.shared import Shared
from courses.authoring.yamlsafe import Lines
from tests.courses.authoring.smalltree import COURSE, FIGURE, QUIZ, QUIZ_TEXT, UNIT, UNIT_TEXT, SmallTree

PROJECT = Path(__file__).resolve().parents[3]
CONTENT = PROJECT / "courses" / "content"


def rules(small: SmallTree) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.rule, finding.file) for finding in small.compile().findings]


def second_unit(small: SmallTree) -> None:
    """Adds a unit 02 with ids of its own."""
    text = (
        UNIT_TEXT.replace("GRT-U1", "GRT-U2").replace("GRT-1.1", "GRT-2.1").replace("slug: at-the-door", "slug: inside")
    )
    small.write("greeting/02-inside.md", text)
    quiz = QUIZ_TEXT.replace("GRT-U1", "GRT-U2").replace("GRT-1.1", "GRT-2.1")
    small.write("greeting/02-inside.quiz.yaml", quiz)


def test_the_shipped_content_has_no_errors() -> None:
    tree = compile_tree(CONTENT)
    assert [str(finding) for finding in tree.findings.errors] == []
    assert {course.slug: len(course.units) for course in tree.courses} == {
        "dual-diagnosis": 4,
        "mat-facts": 4,
        "overdose-response": 1,
        "recovery-support": 4,
        "risks-and-harms": 3,
        "role-and-privacy": 1,
        "stigma-reduction": 4,
        "supervising": 3,
        "treatment-options": 4,
        "understanding-heroin-addiction": 4,
    }
    for course in tree.courses:
        for unit in course.units:
            assert 800 <= unit.words <= 1000
            assert unit.sections
            assert unit.sources
            assert unit.blocks[-1]["type"] == "monday"
            assert {block["objective"] for block in unit.blocks if block["type"] == "practice"} == {
                objective["id"] for objective in unit.objectives
            }
    assert any(mark.context == "quote" for mark in tree.marked)


def test_what_a_unit_carries(small: SmallTree) -> None:
    unit = small.compile().courses[0].units[0]
    assert (unit.author_id, unit.number, unit.file, unit.slug, unit.minutes) == ("GRT-U1", 1, UNIT, "at-the-door", 12)
    assert unit.objectives == [{"id": "GRT-1.1", "level": "Apply", "text": "Greet people at the door."}]
    assert unit.sections == [
        {"id": "section-why-doors-matter", "title": "Why doors matter"},
        {"id": "section-what-to-say", "title": "What to say"},
    ]
    assert [entry["id"] for entry in unit.glossary] == ["door", "greeting"]
    assert unit.glossary[1]["definition_html"] == "Words said at a door."
    assert [source["id"] for source in unit.sources] == ["BOOK"]
    assert [block["type"] for block in unit.blocks] == [
        *("html", "callout", "vignette", "pair", "protocol", "html", "figure", "html", "practice", "monday"),
    ]
    practice = unit.blocks[8]
    assert practice == {
        "type": "practice",
        "number": 1,
        "objective": "GRT-1.1",
        "stem_html": "<p>Somebody comes in. What do you say?</p>",
        "multiple": False,
        "options": [
            {"html": "Nothing.", "right": False, "feedback_html": "<p>Silence is not a greeting.</p>"},
            {"html": '"Good morning."', "right": True, "feedback_html": "<p>Yes. That is a greeting.</p>"},
        ],
    }
    assert unit.blocks[4] == {
        "type": "protocol",
        "slot": "privacy",
        "html": '<p>Ask your site. Call <a href="tel:988">988</a>.</p>',
    }
    assert '<th scope="col">You hear</th>' in unit.blocks[7]["html"]
    assert 'role="region" tabindex="0" aria-label="Table: You hear, You say"' in unit.blocks[7]["html"]


def test_a_table_of_two_columns_is_bold_on_the_right_unless_it_holds_sentences(small: SmallTree) -> None:
    def look() -> str:
        return next(b["html"] for b in small.compile().courses[0].units[0].blocks if "<table" in b.get("html", ""))

    assert '<table class="swap">' in look()
    small.replace(UNIT, "| Hello | Good morning |", f"| Hello | {'A long sentence goes on. ' * 4}|\n\n{'Below. ' * 30}")
    assert '<table class="swap swap-sentences">' in look()
    small.replace(UNIT, "A long sentence goes on. " * 4, "Short ")
    assert '<table class="swap">' in look(), "what stands below the table is no cell"


def test_more_than_one_right_option_means_choose_all(small: SmallTree) -> None:
    small.replace(UNIT, "- [ ] Nothing.", "- [X] Nothing.")
    practice = next(block for block in small.compile().courses[0].units[0].blocks if block["type"] == "practice")
    assert practice["multiple"] is True


@pytest.mark.parametrize(
    ("kept", "rule", "file"),
    [
        (("id: GRT-U2", "id: GRT-U1"), "duplicate-unit-id", "greeting/02-inside.md"),
        (("slug: inside", "slug: at-the-door"), "duplicate-unit-slug-of-greeting", "greeting/02-inside.md"),
        (("id: GRT-2.1", "id: GRT-1.1"), "duplicate-objective-id", "greeting/02-inside.md"),
        (("GRT-U2-Q01", "GRT-U1-Q01"), "duplicate-question-id", "greeting/02-inside.quiz.yaml"),
    ],
)
def test_ids_are_given_once(small: SmallTree, kept: tuple[str, str], rule: str, file: str) -> None:
    second_unit(small)
    assert rules(small) == []
    small.replace(file, *kept)
    if rule == "duplicate-objective-id":
        small.replace(file, "::: practice GRT-2.1", "::: practice GRT-1.1")
    assert rules(small) == [("error", rule, file)]


def test_a_question_id_is_given_once_inside_one_quiz(small: SmallTree) -> None:
    small.replace(QUIZ, "GRT-U1-Q02", "GRT-U1-Q01")
    (finding,) = small.compile().findings
    assert (finding.rule, finding.line, finding.place) == ("duplicate-question-id", 8, "GRT-U1-Q01")
    assert "line 6" in finding.why


def test_course_slugs_and_ids_are_given_once_across_courses(small: SmallTree) -> None:
    for file in (COURSE, UNIT, QUIZ, FIGURE):
        small.write(file.replace("greeting/", "welcome/"), small.read(file))
    assert sorted(rules(small)) == [
        ("error", "duplicate-course-slug", "welcome/course.yaml"),
        ("error", "duplicate-objective-id", "welcome/01-at-the-door.md"),
        ("error", "duplicate-question-id", "welcome/01-at-the-door.quiz.yaml"),
        ("error", "duplicate-question-id", "welcome/01-at-the-door.quiz.yaml"),
        ("error", "duplicate-unit-id", "welcome/01-at-the-door.md"),
    ]


def test_missing_and_stray_files(small: SmallTree) -> None:
    (small.root / QUIZ).rename(small.root / "greeting/03-other.quiz.yaml")
    small.write("greeting/notes.md", "Notes")
    small.write("greeting/figures/unused.svg", "<svg/>")
    small.write("greeting/.hidden", "x")
    assert sorted(rules(small)) == [
        ("error", "missing-file", QUIZ),
        ("error", "missing-unit", "greeting/03-other.quiz.yaml"),
        ("info", "unused-figure", "greeting/figures/unused.svg"),
        ("warning", "stray-file", "greeting/notes.md"),
    ]


def test_numbers_give_the_order_and_gaps_are_named(small: SmallTree) -> None:
    second_unit(small)
    for suffix in ("md", "quiz.yaml"):
        (small.root / f"greeting/02-inside.{suffix}").rename(small.root / f"greeting/10-inside.{suffix}")
    tree = small.compile()
    assert [(unit.number, unit.slug) for unit in tree.courses[0].units] == [(1, "at-the-door"), (10, "inside")]
    (finding,) = tree.findings
    assert (finding.severity, finding.rule, finding.file) == ("info", "number-gap", "greeting")
    assert "02, 03, 04, 05, 06, 07, 08, 09" in finding.why


def test_a_number_is_given_once(small: SmallTree) -> None:
    second_unit(small)
    for suffix in ("md", "quiz.yaml"):
        (small.root / f"greeting/02-inside.{suffix}").rename(small.root / f"greeting/01-inside.{suffix}")
    assert rules(small) == [("error", "duplicate-number", "greeting/01-inside.md")]


def test_a_folder_without_courses_or_units(tmp_path: Path, small: SmallTree) -> None:
    tree = compile_tree(tmp_path / "nowhere")
    assert [finding.rule for finding in tree.findings] == ["missing-folder"]
    (small.root / UNIT).unlink()
    (small.root / QUIZ).unlink()
    assert ("error", "no-units", "greeting") in rules(small)
    (small.root / COURSE).unlink()
    assert ("error", "missing-file", COURSE) in rules(small)


@pytest.mark.parametrize("name", ["facts", "supplement", "terms", "misconceptions", "glossary", "sources"])
def test_a_missing_shared_file_is_named(small: SmallTree, name: str) -> None:
    (small.root / f"{name}.yaml").unlink()
    assert ("error", "missing-file", f"{name}.yaml") in rules(small)


@pytest.mark.parametrize("name", ["facts", "supplement", "terms", "misconceptions", "glossary", "sources", "paths"])
@pytest.mark.parametrize("text", ["", "- [1, {a: b}]", "a: b", "just text", "null", "- null", "terms: {}\nfacts: 3"])
def test_files_of_a_wrong_shape_are_findings_and_never_crash(small: SmallTree, name: str, text: str) -> None:
    small.write(f"{name}.yaml", text)
    assert any(finding.file == f"{name}.yaml" for finding in small.compile().findings.errors)


@pytest.mark.parametrize("file", [COURSE, QUIZ, UNIT, FIGURE])
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"\x00", b"- 1\n- 2\n", b"---\n- 1\n---\n", b"---\n---\n::: callout"]
)
def test_course_files_of_a_wrong_shape_are_findings_and_never_crash(small: SmallTree, file: str, data: bytes) -> None:
    (small.root / file).write_bytes(data)
    assert any(finding.file == file for finding in small.compile().findings.errors)


def test_the_quiz_function_gets_plain_text_lines_and_the_unit(small: SmallTree) -> None:
    seen: list[tuple[Any, ...]] = []

    def check(
        raw: dict[str, Any], *, file: str, unit: CompiledUnit | None, shared: Shared, findings: Findings, lines: Lines
    ) -> dict[str, Any] | None:
        seen.append(
            (raw, file, unit and unit.author_id, lines.at("questions", 1, "kind"), sorted(shared.misconceptions))
        )
        findings.warning("seen", file, why="Seen.", fix="Nothing.")
        return {"serve": raw["serve"], "misconceptions": ["doors-do-not-matter"]}

    small.replace(UNIT, "::: myth doors-do-not-matter", "::: myth other")
    small.write(
        "misconceptions.yaml",
        small.read("misconceptions.yaml").replace("doors-do", "other-do") + small.read("misconceptions.yaml"),
    )
    small.replace(UNIT, "::: myth other", "::: myth other-do-not-matter")
    tree = small.compile(check)
    raw, *rest = seen[0]
    assert rest == [QUIZ, "GRT-U1", 9, ["doors-do-not-matter", "other-do-not-matter"]]
    assert raw["serve"] == "1"
    assert [finding.rule for finding in tree.findings] == ["seen"]
    assert tree.courses[0].units[0].quiz == {"serve": "1", "misconceptions": ["doors-do-not-matter"]}
    assert sorted(tree.courses[0].misconceptions) == ["doors-do-not-matter", "other-do-not-matter"]
    small.replace(UNIT, "minutes: 12", "minutes: soon")
    small.compile(check)
    assert seen[1][2] is None


def test_the_hash_is_the_same_in_another_folder_and_another_process(small: SmallTree, tmp_path: Path) -> None:
    first = small.compile().courses[0].content_hash()
    other = SmallTree(tmp_path / "elsewhere" / "deep")
    assert other.compile().courses[0].content_hash() == first
    code = (
        "import sys; from pathlib import Path; from courses.authoring.course import compile_tree;"
        "print(*[c.content_hash() for c in compile_tree(Path(sys.argv[1])).courses])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(small.root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert run.stdout.strip() == first


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        (COURSE, "note: First edition.", "note: First edition of all.", True),
        (COURSE, "changes:\n", "changes:\n  - {date: 2026-12-01, kind: minor, note: Spelling.}\n", True),
        (COURSE, "changes:\n", "waive: []\nchanges:\n", True),
        (COURSE, "hours: 0.5", "hours: 0.50", True),
        (UNIT, "We say hello and hold it open. We say", "We say hello and hold it open.\nWe say", False),
        (COURSE, "pass_mark: 80", "pass_mark: 75", False),
        (COURSE, "hours: 0.5", "hours: 0.75", False),
        (COURSE, "notice: This", "notice: That", False),
        (UNIT, "Silence is not", "Silence is hardly", False),
        (UNIT, "minutes: 12", "minutes: 13", False),
        ("glossary.yaml", "A way in.", "A way out.", False),
        ("sources.yaml", "The book of doors", "A book of doors", False),
        ("misconceptions.yaml", "A greeting helps.", "A greeting always helps.", False),
        (FIGURE, "Come in", "Come on in", False),
        (FIGURE, "<rect", "<!-- a note --><rect", True),
        ("facts.yaml", "An advertisement.", "Another advertisement.", True),
    ],
)
def test_the_hash_covers_what_learners_and_graders_need(
    small: SmallTree, file: str, old: str, new: str, same: bool
) -> None:
    before = small.compile().courses[0].content_hash()
    text = small.read(file)
    small.write(file, text.replace(old, new, 1))
    assert text != small.read(file)
    tree = small.compile()
    assert tree.findings.errors == []
    assert (tree.courses[0].content_hash() == before) is same


def test_changes_and_source_hash_are_kept_beside_the_content(small: SmallTree) -> None:
    course = small.compile().courses[0]
    assert course.changes == [{"date": "2026-11-22", "kind": "material", "note": "First edition."}]
    assert "changes" not in course.content()
    assert len(course.units[0].source_hash) == 64
    assert "source_hash" not in course.content()["units"][0]
