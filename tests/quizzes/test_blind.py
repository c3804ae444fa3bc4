"""The blind check: the sheet gives nothing away, and the answers of the second reader still agree with the keys."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from courses.authoring.compiled import Tree
from courses.authoring.course import compile_tree
from quizzes import blind, kinds
from quizzes.authoring import compile_quiz
from tests.factories import stored_question

ROOT = Path(settings.BASE_DIR)
REVIEW = ROOT / "docs" / "review"
ANSWERED = sorted(REVIEW.glob("*.answers.json"))


@pytest.fixture(scope="module")
def tree() -> Tree:
    return compile_tree(ROOT / "courses" / "content", check_quiz=compile_quiz)


def quizzes_of(tree: Tree, slug: str) -> list[dict[str, Any]]:
    course = next(c for c in tree.courses if c.slug == slug)
    return [unit.quiz for unit in course.units if unit.quiz]


def quiz(*numbers: int) -> dict[str, Any]:
    return {"questions": [stored_question(n) for n in numbers]}


def full(items: list[blind.Item]) -> dict[str, Any]:
    return {i.digest: kinds.get(i.stored["kind"]).model_answer(i.stored, i.order) for i in items}


def test_a_change_of_one_question_leaves_the_others_as_they_were() -> None:
    before = blind.sheet([quiz(1, 2, 3)], seed=5)
    changed = quiz(1, 2, 3, 4)
    changed["questions"][1]["options"][2] |= {"html": "Something else entirely.", "text": "Something else entirely."}
    after = blind.sheet([changed], seed=5)
    outcome = blind.compare(after, full(before))
    assert outcome.agreed == 2
    assert outcome.disagreed == ()
    assert outcome.stale == ("T-U1-Q02", "T-U1-Q04")


def test_a_changed_key_makes_the_answer_stale_and_a_wrong_answer_differs() -> None:
    items = blind.sheet([quiz(1, 2)], seed=5)
    answers = full(items)
    keyed_anew = quiz(1, 2)
    options = keyed_anew["questions"][0]["options"]
    options[0]["correct"], options[1]["correct"] = False, True
    assert blind.compare(blind.sheet([keyed_anew], seed=5), answers).stale == ("T-U1-Q01",)
    other = next(i for i in items if i.stored["id"] == "T-U1-Q02")
    answers[other.digest] = {"choice": (answers[other.digest]["choice"] + 1) % 3}
    assert blind.compare(items, answers).disagreed == ("T-U1-Q02",)


def test_the_sheet_gives_nothing_away(tree: Tree) -> None:
    planted = quiz(1, 2)
    for question in planted["questions"]:
        for option in question["options"]:
            option["why"] = option["why_html"] = "SENTINEL"
    text = "\n".join(line for item in blind.sheet([planted], seed=9) for line in blind.lines(item, 1))
    assert "SENTINEL" not in text
    assert "misconception" not in text
    for item in blind.sheet(quizzes_of(tree, "stigma-reduction"), seed=9):
        assert item.stored["id"] not in "\n".join(blind.lines(item, 1))


def test_the_command_prints_and_compares(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = ROOT / "courses" / "content"
    out = io.StringIO()
    call_command("blind_check", "role-and-privacy", "--seed", "4", stdout=out)
    assert out.getvalue().count("\n## ") == 19
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"seed": 4, "answers": {}}))
    out = io.StringIO()
    call_command("blind_check", "role-and-privacy", "--answers", str(file), stdout=out)
    assert out.getvalue().count("not answered since it changed") == 19
    with pytest.raises(CommandError, match="no course"):
        call_command("blind_check", "nothing")


@pytest.mark.parametrize("path", ANSWERED, ids=lambda path: path.name.split(".")[0])
def test_the_second_reader_agrees_with_every_key(path: Path, tree: Tree) -> None:
    """A question that was changed after it was answered fails here too: it has to be answered again."""
    given = json.loads(path.read_text())
    outcome = blind.compare(blind.sheet(quizzes_of(tree, path.name.split(".")[0]), given["seed"]), given["answers"])
    assert outcome.stale == ()
    assert outcome.disagreed == ()
