"""The checks on quiz files: every rule once broken, and the shipped files clean."""

import copy
import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest
from crispy_forms.utils import render_crispy_form
from django.template.loader import render_to_string

from courses.authoring.compiled import CompiledUnit, Tree
from courses.authoring.course import compile_tree
from courses.authoring.findings import Findings
from courses.authoring.shared import Shared, load_shared
from courses.authoring.yamlsafe import Lines, load_yaml
from quizzes import kinds
from quizzes.authoring import compile_quiz
from quizzes.revisions import unannounced_changes
from tests.quizzes.kinds import samples

CONTENT = Path(__file__).resolve().parents[2] / "courses" / "content"
FILE = "stigma-reduction/01-what-stigma-is.quiz.yaml"
Row = dict[str, Any]
HARD = (
    "Organizational stigmatization characteristically operationalizes institutional discrimination, notwithstanding "
    "administrators' considerable determination regarding the implementation of comprehensive antidiscriminatory "
    "regulations and accountability mechanisms throughout participating organizations."
)


@pytest.fixture(scope="module")
def shared() -> Shared:
    return load_shared(CONTENT, findings=Findings(), today=dt.date(2026, 11, 23))


@pytest.fixture(scope="module")
def loaded() -> tuple[Row, Lines]:
    found = load_yaml(CONTENT / FILE, file=FILE, findings=Findings())
    assert found is not None
    return found.data, found.lines


@pytest.fixture
def raw(loaded: tuple[Row, Lines]) -> Row:
    return copy.deepcopy(loaded[0])


@pytest.fixture
def unit() -> CompiledUnit:
    return CompiledUnit(
        author_id="STG-U1", number=1, file="x.md", slug="x", title="x", minutes=12,
        objectives=[{"id": "STG-1.1", "level": "Analyze", "text": "x"}, {"id": "STG-1.2", "level": "Apply", "text": "x"}],
        facts=["E-050", "E-053", "H-006", "H-047", "H-101", "H-102", "H-157"], blocks=[],
        sections=[{"id": "section-1", "title": "Four kinds"}, {"id": "section-2", "title": "How it keeps people from care"},
                  {"id": "section-3", "title": "What stigma is"}],
        glossary=[], sources=[], misconceptions=[], words=900, source_hash="",
    )  # fmt: skip


@pytest.fixture
def check(shared: Shared, unit: CompiledUnit, loaded: tuple[Row, Lines]) -> Any:
    def run(raw: Any, of: CompiledUnit | None = unit) -> tuple[Row | None, list[tuple[str, str, str]]]:
        findings = Findings()
        quiz = compile_quiz(raw, file=FILE, unit=of, shared=shared, findings=findings, lines=loaded[1])
        return quiz, [(one.severity, one.rule, one.place) for one in findings]

    return run


def find(raw: Row, name: str) -> Row:
    return next(one for one in raw["questions"] if one["id"] == f"STG-U1-{name}")


def errors(found: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(rule, place) for severity, rule, place in found if severity == "error"]


@pytest.fixture(scope="module")
def tree() -> Tree:
    return compile_tree(CONTENT, check_quiz=compile_quiz, today=dt.date(2026, 11, 23))


def test_shipped_quizzes_compile_without_a_finding(tree: Tree) -> None:
    found = [f"{one.file} {one.where}: {one.why}" for one in tree.findings if one.file.endswith(".quiz.yaml")]
    assert found == []
    units = [unit for course in tree.courses for unit in course.units]
    assert {unit.author_id for unit in units} >= {"FND-U1", "STG-U1", "STG-U2", "STG-U3", "STG-U4"}
    for unit in units:
        quiz = unit.quiz
        assert quiz is not None
        assert json.loads(json.dumps(quiz)) == quiz
        assert set(quiz) == {"unit", "serve", "draw", "rules", "questions", "misconceptions"}
        assert len(quiz["questions"]) >= 15
        assert all(one["section_id"] for one in quiz["questions"])


def test_shipped_questions_serve_grade_and_review(tree: Tree) -> None:
    """Every real question: full marks for its key, in the order of this seed, from what is stored alone."""
    shipped = [one for course in tree.courses for unit in course.units if unit.quiz for one in unit.quiz["questions"]]
    for stored in shipped:
        kind = kinds.get(stored["kind"])
        order = kind.serve(stored, random.Random(5))
        answer = samples.full_marks(stored["kind"], stored, order)
        assert kind.grade(stored, order, answer).right, stored["id"]
        assert kind.form(stored, order, answer=answer).complete
        shown = render_crispy_form(kind.form(stored, order))
        assert stored["id"] not in shown
        review = render_to_string(kind.review_template, {"review": kind.review(stored, order, answer)})
        assert "is-miss" not in review
        assert "</p></div></li>" in review


def test_the_exemplar_fits_its_unit_and_is_compiled_the_same_twice(check: Any, raw: Row) -> None:
    quiz, found = check(raw)
    assert found == []
    assert quiz == check(raw)[0]
    assert [one["id"] for one in quiz["questions"]] == [one["id"] for one in raw["questions"]]
    assert {one["section_id"] for one in quiz["questions"]} == {"section-1", "section-2", "section-3"}
    assert quiz["draw"] == [
        {"objective": "STG-1.1", "take": 3, "critical": False},
        {"objective": "STG-1.2", "take": 2, "critical": False},
    ]


def test_the_rules_have_defaults_and_reach_the_quiz(check: Any, raw: Row) -> None:
    assert check(raw)[0]["rules"] == {
        "counts": "best",
        "time_limit_minutes": None,
        "confidence": True,
        "practice": True,
        "feedback": {},
    }
    raw.update(
        feedback={"after_submit": "right"}, counts="last", time_limit_minutes="45", confidence="false", practice="false"
    )
    quiz, found = check(raw)
    assert found == []
    assert quiz["rules"] == {
        "counts": "last",
        "time_limit_minutes": 45,
        "confidence": False,
        "practice": False,
        "feedback": {"after_submit": "right"},
    }


def test_without_a_unit_only_its_own_rules_are_checked(check: Any, raw: Row) -> None:
    raw["unit"] = "OTHER"
    find(raw, "Q01")["section"] = "Nowhere"
    assert check(raw, None)[1] == []


BROKEN: list[tuple[str, Any, list[tuple[str, str]]]] = [
    ("wrong unit", lambda raw: raw.update(unit="STG-U2"), [("wrong-unit", "unit")]),
    ("draw does not add up", lambda raw: raw.update(serve="6"), [("draw-sum", "draw")]),
    ("which counts", lambda raw: raw.update(counts="first"), [("bad-value", "counts")]),
    ("no time at all", lambda raw: raw.update(time_limit_minutes="0"), [("bad-value", "time_limit_minutes")]),
    ("more than ten hours", lambda raw: raw.update(time_limit_minutes="601"), [("bad-value", "time_limit_minutes")]),
    ("time in words", lambda raw: raw.update(time_limit_minutes="an hour"), [("bad-value", "time_limit_minutes")]),
    ("part of a minute", lambda raw: raw.update(time_limit_minutes="1.5"), [("bad-value", "time_limit_minutes")]),
    ("confidence", lambda raw: raw.update(confidence="sometimes"), [("bad-value", "confidence")]),
    ("practice", lambda raw: raw.update(practice="2"), [("bad-value", "practice")]),
    ("grace is not the author's", lambda raw: raw.update(grace_seconds="90"), [("unknown-key", "grace_seconds")]),
    ("pool too small", lambda raw: (raw["draw"][1].update(take="3"), raw.update(serve="6")), [("small-pool", "draw STG-1.2")]),
    ("retired questions do not count", lambda raw: [find(raw, f"Q{n}").update(retired="2027-01-01: old") for n in (12, 13)],
     [("small-pool", "draw STG-1.2")]),
    ("line repeated", lambda raw: (raw["draw"].append({"objective": "STG-1.1", "take": "1"}), raw.update(serve="6")),
     [("draw-repeated", "draw STG-1.1")]),
    ("unknown objective in draw", lambda raw: (raw["draw"].append({"objective": "X-1", "take": "1"}), raw.update(serve="6")),
     [("unknown-objective", "draw X-1"), ("small-pool", "draw X-1")]),
    ("unknown objective", lambda raw: find(raw, "Q01").update(objective="STG-9.9"), [("unknown-objective", "STG-U1-Q01")]),
    ("unknown fact", lambda raw: find(raw, "Q01").update(facts=["E-999"]), [("unknown-fact", "STG-U1-Q01")]),
    ("fact not taught", lambda raw: find(raw, "Q01").update(facts=["E-004"]), [("fact-not-taught", "STG-U1-Q01")]),
    ("no fact", lambda raw: find(raw, "Q01").update(facts=[]), [("bad-value", "STG-U1-Q01 facts")]),
    ("unknown section", lambda raw: find(raw, "Q01").update(section="Five kinds"), [("unknown-section", "STG-U1-Q01")]),
    ("unknown misconception", lambda raw: find(raw, "Q01")["options"][0].update(misconception="no-such"),
     [("unknown-misconception", "STG-U1-Q01 option a")]),
    ("missing misconception", lambda raw: find(raw, "Q01")["options"][0].pop("misconception"),
     [("missing-misconception", "STG-U1-Q01 option a")]),
    ("key with misconception", lambda raw: find(raw, "Q01")["options"][2].update(misconception="stigma-is-all-one"),
     [("key-with-misconception", "STG-U1-Q01 option c")]),
    ("missing rationale", lambda raw: find(raw, "Q01")["options"][1].pop("why"), [("missing-key", "STG-U1-Q01 option b why")]),
    ("two keys", lambda raw: (find(raw, "Q01")["options"][0].update(correct="true"), find(raw, "Q01")["options"][0].pop("misconception")),
     [("question-structure", "STG-U1-Q01 options")]),
    ("no key in a reason", lambda raw: find(raw, "Q09")["reasons"][1].update(correct="false", misconception="stigma-is-all-one"),
     [("question-structure", "STG-U1-Q09 reasons")]),
    ("one key in multiple choice", lambda raw: find(raw, "Q07")["options"][1].update(correct="false", misconception="stigma-is-all-one"),
     [("question-structure", "STG-U1-Q07 options")]),
    ("no key in a blank", lambda raw: find(raw, "Q08")["blanks"][0]["options"][0].update(correct="false", misconception="stigma-is-all-one"),
     [("question-structure", "STG-U1-Q08 blank 1 options")]),
    ("blank not in the stem", lambda raw: find(raw, "Q08").update(stem="Finish it: [1] and [2]."), [("question-structure", "STG-U1-Q08 stem")]),
    ("mark without blank", lambda raw: find(raw, "Q08").update(stem="Finish it: [1], [2], [3], [4]."), [("question-structure", "STG-U1-Q08 stem")]),
    ("option id twice", lambda raw: find(raw, "Q01")["options"][1].update(id="a"), [("question-structure", "STG-U1-Q01 options")]),
    ("critical but partial", lambda raw: (find(raw, "Q06").update(critical="true")), [("question-structure", "STG-U1-Q06 scoring")]),
    ("critical ordering but partial", lambda raw: (find(raw, "Q13").update(critical="true")), [("question-structure", "STG-U1-Q13 scoring")]),
    ("matching without a spare option", lambda raw: find(raw, "Q05")["options"].pop(), [("question-structure", "STG-U1-Q05 options")]),
    ("matching answer unknown", lambda raw: find(raw, "Q05")["prompts"][0].update(answer="z"), [("question-structure", "STG-U1-Q05 prompt p1 answer")]),
    ("matching answer twice", lambda raw: find(raw, "Q05")["prompts"][0].update(answer="a"), [("question-structure", "STG-U1-Q05 prompts")]),
    ("accepted and wrong at once", lambda raw: find(raw, "Q10")["wrong"][0]["texts"].append("STRUCTURAL"),
     [("question-structure", "STG-U1-Q10 wrong number 1 texts")]),
    ("forbidden phrase", lambda raw: find(raw, "Q01")["options"][0].update(text="All of the above"), [("forbidden-phrase", "STG-U1-Q01 option a")]),
    ("options by letter", lambda raw: find(raw, "Q01")["options"][0].update(text="A and C"), [("forbidden-phrase", "STG-U1-Q01 option a")]),
    ("always in a distractor", lambda raw: find(raw, "Q11")["options"][0].update(text="Always tell Renee that she may be here."),
     [("absolute-distractor", "STG-U1-Q11 option a")]),
    ("a dose", lambda raw: find(raw, "Q11")["options"][0].update(why="Not 20 mg of it."), [("dose", "STG-U1-Q11 option a why")]),
    ("feedback that takes back", lambda raw: raw.update(feedback={"after_submit": "chosen", "after_pass": "right"}),
     [("feedback-takes-back", "feedback after_pass")]),
    ("feedback at an unknown moment", lambda raw: raw.update(feedback={"after_lunch": "right"}), [("bad-value", "feedback after_lunch")]),
    ("feedback of an unknown level", lambda raw: raw.update(feedback={"after_pass": "all"}), [("bad-value", "feedback after_pass")]),
    ("a time limit that is none", lambda raw: raw.update(time_limit_minutes="0"), [("bad-value", "time_limit_minutes")]),
    ("an unknown rule of what counts", lambda raw: raw.update(counts="first"), [("bad-value", "counts")]),
    ("unknown kind", lambda raw: find(raw, "Q01").update(kind="essay"), [("unknown-kind", "STG-U1-Q01")]),
    ("no kind", lambda raw: find(raw, "Q01").pop("kind"), [("unknown-kind", "STG-U1-Q01")]),
    ("unknown key", lambda raw: find(raw, "Q01").update(hint="x"), [("unknown-key", "STG-U1-Q01 hint")]),
    ("an id that is too long", lambda raw: find(raw, "Q01").update(id="x" * 61), [("bad-value", "x" * 60 + " id")]),
    ("not a mapping", lambda raw: raw["questions"].append("text"), [("bad-value", "question 19")]),
    ("much recall", lambda raw: [one.update(level="Remember") for one in raw["questions"]], [("low-level", "questions")]),
    ("many true or false", lambda raw: raw.update(questions=[one for one in raw["questions"] if one["kind"] == "true_false"] * 1
     + [one for one in raw["questions"] if one["kind"] != "true_false"][:3]), [("many-true-false", "questions"), ("small-pool", "draw STG-1.1"), ("small-pool", "draw STG-1.2")]),
    ("too hard to read", lambda raw: find(raw, "Q11")["options"][0].update(why=HARD), [("reading-grade", "STG-U1-Q11")]),
    ("an unsafe link", lambda raw: find(raw, "Q01")["options"][0].update(why="See [this](http://example.org)."),
     [("link-unsafe", "STG-U1-Q01 option a why")]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_each_broken_rule_is_an_error_at_its_place(
    change: Any, expected: list[tuple[str, str]], check: Any, raw: Row
) -> None:
    change(raw)
    quiz, found = check(raw)
    assert sorted(errors(found)) == sorted(expected)
    structural = {"question-structure", "missing-key", "unknown-kind", "unknown-key", "bad-value"}
    assert (quiz is None) == any(rule in structural for rule, _ in expected)


WARNED: list[tuple[str, Any, tuple[str, str]]] = [
    ("long key", lambda raw: find(raw, "Q01")["options"][2].update(text="Self stigma, which is shame that is taken inward"),
     ("long-key", "STG-U1-Q01 option c")),
    ("similar stems", lambda raw: find(raw, "Q02").update(stem=find(raw, "Q01")["stem"]), ("similar-stems", "STG-U1-Q02")),
    ("negative stem", lambda raw: find(raw, "Q11").update(stem="Which of these does not change the structure?"), ("negative-stem", "STG-U1-Q11")),
    ("no hint in multiple choice", lambda raw: find(raw, "Q06").update(stem="Which are examples of structural stigma?"), ("apply-hint", "STG-U1-Q06")),
    ("shuffle off in ordering", lambda raw: find(raw, "Q13").update(shuffle="false"), ("shuffle-ordering", "STG-U1-Q13")),
    ("never drawn", lambda raw: find(raw, "Q01").update(critical="true"), ("never-drawn", "STG-U1-Q01")),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_each_doubtful_thing_is_a_warning_and_the_quiz_still_compiles(
    change: Any, expected: tuple[str, str], check: Any, raw: Row
) -> None:
    change(raw)
    quiz, found = check(raw)
    assert found == [("warning", *expected)]
    assert quiz is not None


def test_always_may_stand_in_a_distractor_when_the_key_has_it_too(check: Any, raw: Row) -> None:
    for option in find(raw, "Q11")["options"]:
        option["text"] = f"Always: {option['text']}"
    assert check(raw)[1] == []


def test_a_bold_negative_and_a_quoted_one_are_fine(check: Any, raw: Row) -> None:
    find(raw, "Q11")["stem"] = "Which of these does **NOT** change the structure?"
    find(raw, "Q12")["stem"] = 'Which reply to "I do not care about it" is best?'
    assert check(raw)[1] == []


def test_language_is_checked_but_wrong_options_are_quoted_speech(check: Any, raw: Row, shared: Shared) -> None:
    find(raw, "Q11")["options"][1]["text"] = "Tell the addict to leave."
    assert [rule for severity, rule, _ in check(raw)[1] if severity == "error"] == ["T-01"]
    find(raw, "Q11")["options"][1]["text"] = "Take the question off the form."
    find(raw, "Q11")["options"][0]["text"] = "Tell the addict to leave."
    assert check(raw)[1] == []
    assert any(one.place == "STG-U1-Q11 option a" and one.context == "distractor" for one in shared.marked)


def test_all_errors_come_at_once_with_file_and_line(shared: Shared, unit: CompiledUnit, raw: Row, loaded: Any) -> None:
    find(raw, "Q01")["options"][1].pop("why")
    find(raw, "Q02")["section"] = "Nowhere"
    find(raw, "Q05")["prompts"][0]["answer"] = "z"
    findings = Findings()
    assert compile_quiz(raw, file=FILE, unit=unit, shared=shared, findings=findings, lines=loaded[1]) is None
    text = (CONTENT / FILE).read_text(encoding="utf-8").splitlines()
    assert {one.file for one in findings.errors} == {FILE}
    places = {one.place: text[(one.line or 0) - 1].strip() for one in findings.errors}
    assert places == {
        "STG-U1-Q01 option b why": "why: No law, policy or practice keeps Tomas out of the cookout.",
        "STG-U1-Q02": "section: Four kinds",
        "STG-U1-Q05 prompt p1 answer": "answer: b",
    }


@pytest.mark.parametrize(
    "raw",
    [{}, {"questions": "x"}, {"questions": []}, {"unit": "a", "serve": "x", "draw": {}, "questions": [None, 1, []]}],
)
def test_a_shape_that_is_no_quiz_is_reported_and_never_raises(raw: Any, check: Any) -> None:
    quiz, found = check(raw)
    assert quiz is None
    assert errors(found)


def test_every_kind_is_known_to_the_compiler(check: Any, raw: Row) -> None:
    quiz, _ = check(raw)
    shipped = {one["kind"] for one in quiz["questions"]}
    assert {"single_choice", "multiple_choice", "true_false", "matching", "ordering", "cloze", "short_text"} <= shipped
    assert shipped <= {kind.slug for kind in kinds.all()}


def test_material_changes_need_a_raised_revision(check: Any, raw: Row) -> None:
    before = check(raw)[0]
    after = copy.deepcopy(raw)
    find(after, "Q01")["stem"] = "Better words. Which kind of stigma is at work?"
    find(after, "Q02")["options"][1]["why"] = "Right, and said more clearly."
    assert unannounced_changes(before, check(after)[0]) == []
    find(after, "Q10")["accept"].append("built-in")
    find(after, "Q13")["steps"].reverse()
    find(after, "Q03").update(objective="STG-1.2")
    after["questions"].remove(find(after, "Q04"))
    found = {one.question[-3:]: one.fix for one in unannounced_changes(before, check(after)[0])}
    assert found == {
        "Q03": "Write 'revision: 2'.",
        "Q04": "Keep it, with 'retired: \"YYYY-MM-DD: reason\"'.",
        "Q10": "Write 'revision: 2'.",
        "Q13": "Write 'revision: 2'.",
    }
    for name in ("Q03", "Q10", "Q13"):
        find(after, name)["revision"] = "2"
    assert [one.question[-3:] for one in unannounced_changes(before, check(after)[0])] == ["Q04"]
    back = unannounced_changes(check(after)[0], before)
    assert [one.fix for one in back] == ["Write 'revision: 3'."] * 3
