"""Questions of a whole course together: where the keys lie, and stems that say the same."""

from typing import Any

from courses.authoring.compiled import CompiledCourse, CompiledUnit
from courses.authoring.findings import Findings
from quizzes.pools import check_pools

Stored = dict[str, Any]
RULES = ("key-position", "similar-stems")
"""Each is broken below, with its place."""


def question(name: str, *, key: int = 0, options: int = 4, stem: str = "", **more: Any) -> Stored:
    made = [{"id": str(at), "correct": at == key} for at in range(options)]
    return {"id": name, "kind": "single_choice", "retired": None, "stem": stem or name, "options": made, **more}


def found(*quizzes: list[Stored]) -> list[tuple[str, str, int | None, str]]:
    units = [
        CompiledUnit(
            author_id=f"U{number}", number=number, file=f"greeting/0{number}-unit.md", slug=f"u{number}", title="x", minutes=12,
            objectives=[], facts=[], blocks=[], sections=[], glossary=[], sources=[], misconceptions=[], words=900,
            quiz={"questions": questions},
        )
        for number, questions in enumerate(quizzes, 1)
    ]  # fmt: skip
    course = CompiledCourse.__new__(CompiledCourse)
    course.units = units
    findings = Findings()
    check_pools(course, findings=findings, lines={"B": 7})
    assert all(one.severity == "warning" and one.why and one.fix for one in findings)
    return [(one.rule, one.file, one.line, one.place) for one in findings]


def test_one_position_with_too_many_keys_is_named() -> None:
    keys = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    pool = [question(f"Q{at}", key=key) for at, key in enumerate(keys)]
    assert found(pool[:6], pool[6:]) == [("key-position", "greeting/course.yaml", None, "option 1 of 4")]


def test_small_pools_and_even_ones_are_fine() -> None:
    assert found([question(f"Q{at}") for at in range(11)]) == []
    assert found([question(f"Q{at}", key=at % 4) for at in range(12)]) == []
    mixed = [question(f"A{at}") for at in range(8)] + [question(f"B{at}", options=3) for at in range(8)]
    assert found(mixed) == [], "questions with another number of options are another pool"
    assert found([question(f"Q{at}", options=2) for at in range(20)]) == [], "two options always have a fuller place"


def test_retired_questions_do_not_count() -> None:
    assert found([question(f"Q{at}", retired="2027-01-01: old") for at in range(20)]) == []


SAME = "A neighbor asks whether Ana is a client here and wants to bring soup. What do you say?"


def test_near_duplicates_in_two_units_are_named_with_their_line() -> None:
    one, two = question("A", stem=SAME), question("B", stem=SAME.replace("Ana", "Ben").replace("soup", "bread"))
    assert found([one], [two]) == [("similar-stems", "greeting/02-unit.quiz.yaml", 7, "B")]
    assert found([one, two]) == [], "inside one unit the quiz itself says so"


def test_instructions_alone_do_not_make_stems_alike() -> None:
    ask = "Match each {} with what fits it. Use each answer once; one is left over."
    one = question("A", stem=ask.format("name"), kind="matching", prompts=[{"text": "Methadone"}, {"text": "Naloxone"}])
    two = question(
        "B", stem=ask.format("name"), kind="matching", prompts=[{"text": "Slow breath"}, {"text": "Cold skin"}]
    )
    assert found([one], [two]) == []
    assert found([one], [{**one, "id": "B"}]) == [("similar-stems", "greeting/02-unit.quiz.yaml", 7, "B")]
