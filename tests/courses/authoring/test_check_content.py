"""``manage.py check_content``: findings by file, one summary line, exit code, no database."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.courses.authoring.smalltree import COURSE, FIGURE, QUIZ, UNIT, SmallTree
from tests.courses.authoring.test_course import CONTENT, PROJECT


@pytest.fixture
def without_questions(small: SmallTree) -> SmallTree:
    """The small tree with a quiz that has the right shape only outside, so that the quiz errors are known."""
    small.replace(QUIZ, "serve: 1\n", "")
    return small


def test_the_shipped_content_passes(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_content", str(CONTENT))
    last = capsys.readouterr().out.strip().split("\n")[-1]
    assert last.startswith("10 courses, 32 units: 0 errors, 0 warnings, 0 notes; 0 waived; ")


def test_findings_are_grouped_by_file_with_place_why_and_fix(
    without_questions: SmallTree, capsys: pytest.CaptureFixture[str]
) -> None:
    small = without_questions
    small.replace(COURSE, "pass_mark: 80", "pass_mark: 800")
    small.replace(UNIT, "(term:door)", "(term:dor)")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_content", str(small.root), no_color=True)
    assert stopped.value.code == 1
    lines = capsys.readouterr().out.split("\n")
    at = lines.index(UNIT)
    assert lines[at + 1 : at + 4] == [
        f"  error line {small.line(UNIT, 'Opening words')} [unknown-term]",
        "    The glossary has no entry 'dor'.",
        "    Did you mean 'door'?",
    ]
    assert lines.index(COURSE) > at
    assert any("[missing-key]" in line for line in lines[lines.index(QUIZ) : lines.index(COURSE)])


def test_marked_terms_are_listed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_content", str(CONTENT), marked=True, no_color=True)
    out = capsys.readouterr().out
    assert "Terms in marked contexts" in out
    assert " as quote" in out


def test_json_needs_no_database(without_questions: SmallTree, tmp_path: Path) -> None:
    var = tmp_path / "var"
    run = subprocess.run(
        [sys.executable, "manage.py", "check_content", str(without_questions.root), "--json"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "LMS_VAR": str(var), "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
        timeout=60,
    )
    assert run.returncode == 1, run.stderr
    said = json.loads(run.stdout)
    assert said["counts"]["error"] == len([f for f in said["findings"] if f["severity"] == "error"]) > 0
    quiz = [finding for finding in said["findings"] if finding["file"] == QUIZ]
    assert {"severity", "file", "line", "place", "rule", "why", "fix", "where"} == set(quiz[0])
    assert list(said["courses"]) == ["greeting"]
    assert said["marked"][0]["context"] == "quote"
    assert said["waived"] == []


@pytest.mark.parametrize("named", ["greeting", "greeting/01-at-the-door.md", "_draft"])
def test_one_course_folder_is_checked_with_the_shared_lists(
    small: SmallTree, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (COURSE, UNIT, QUIZ, FIGURE):
        small.write(file.replace("greeting/", "_draft/"), small.read(file))
    small.replace(COURSE, "pass_mark: 80", "pass_mark: 800")
    small.write("other/course.yaml", "slug: other")
    with pytest.raises(SystemExit):  # the quiz of the small tree has no questions that hold
        call_command("check_content", str(small.root / named), no_color=True)
    folder = named.split("/")[0]
    out = capsys.readouterr().out
    assert "missing-file" not in out
    assert "other/" not in out
    assert ("greeting/course.yaml" in out) is (folder == "greeting")
    assert f"{folder}/01-at-the-door.quiz.yaml\n" in out
    assert " error line 6, GRT-U1-Q01 " in out
    assert "errors elsewhere in the content folder" in out


def test_waived_findings_come_last_with_their_reason(small: SmallTree, capsys: pytest.CaptureFixture[str]) -> None:
    small.replace(UNIT, "A greeting helps.\n:::\n", "A greeting helps after detox.\n:::\n")
    waive = 'waive: [{rule: T-03, where: after detox, reason: everyday name, until: "2099-01-01"}]\n---\n\nOpening'
    small.replace(UNIT, "---\n\nOpening", waive)
    with pytest.raises(SystemExit):  # the quiz of the small tree has no questions that hold
        call_command("check_content", str(small.root), no_color=True)
    lines = capsys.readouterr().out.strip().split("\n")
    at = lines.index("Waived findings")
    assert lines[at + 1] == (
        f"  {UNIT}, line {small.line(UNIT, 'waive:')}, waive: T-03 is waived for 'after detox' until 2099-01-01: everyday name"
    )
    assert lines[at + 2].startswith("1 courses, 1 units: ")
    assert "; 1 waived; " in lines[at + 2]


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("check_content", str(tmp_path / "nowhere"))
    assert "There is no such folder." in capsys.readouterr().out
