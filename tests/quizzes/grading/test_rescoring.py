"""Results under corrections: never lower, always the same again, strict only where it is asked for."""

import datetime as dt
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quizzes import kinds
from quizzes.grading.paper import PaperItem, grade_paper
from quizzes.grading.rescoring import Amendment, history, rank, strict
from tests.quizzes.kinds import samples

AT = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
KEYS: dict[str, list[Any]] = {
    "single_choice": [["a"], ["b"], ["c"]],
    "multiple_choice": [["a", "b"], ["c", "d"], ["e"], ["a", "f"]],
    "true_false": [{"options": ["t"], "reasons": ["r1"]}, {"options": ["f"], "reasons": ["r3"]}],
    "matching": [{"p1": "a", "p2": "b", "p3": "c"}, {"p1": "b", "p2": "a", "p3": "c"}],
    "ordering": [list("abcde"), list("edcba"), list("bacde")],
    "cloze": [{"1": ["b"], "2": ["a"]}, {"1": ["a"], "2": ["c"]}],
    "numeric": [{"answer": "90", "tolerance": "1"}, {"answer": "0.25", "tolerance": "0"}],
    "short_text": [["lane"], ["lane", "strasse"]],
}


@st.composite
def sittings(draw: Any) -> tuple[list[PaperItem], list[Amendment], int]:
    rng = random.Random(draw(st.integers(0, 10**6)))
    items = []
    for slug in draw(st.lists(st.sampled_from(samples.SLUGS), min_size=1, max_size=6)):
        stored = {**samples.stored(slug), "critical": rng.random() < 0.2}
        order = kinds.get(slug).serve(stored, rng)
        answer = samples.some_answer(slug, order, rng)
        if rng.random() < 0.4:
            answer = samples.full_marks(slug, stored, order)
        items.append(PaperItem(stored, order, answer))
    amendments = []
    for mark in range(draw(st.integers(0, 5))):
        index = rng.randrange(len(items))
        stored = items[index].stored
        key = rng.choice([None, *KEYS[stored["kind"]]])
        now = None if key is None else kinds.get(stored["kind"]).rekeyed(stored, key)
        amendments.append(Amendment(index, AT + rng.randint(-3, 3) * HOUR, now, mark))
    return items, sorted(amendments, key=lambda one: one.made_at), draw(st.sampled_from([0, 50, 75, 80, 100]))


@settings(max_examples=300, deadline=None)
@given(sittings())
def test_a_later_correction_never_lowers_and_recomputing_gives_the_same(sitting: Any) -> None:
    items, amendments, mark = sitting
    steps = history(items, amendments, pass_mark=mark, submitted_at=AT)
    assert steps == history(items, amendments, pass_mark=mark, submitted_at=AT)
    assert steps[0].amendment is None
    for before, after in pairwise(steps):
        assert rank(after.paper) > rank(before.paper)
        assert after.paper.passed or not before.paper.passed
        assert after.paper.points * before.paper.out_of >= before.paper.points * after.paper.out_of or (
            after.paper.passed and not before.paper.passed
        )
        assert all(new.points >= old.points for new, old in zip(after.paper.results, before.paper.results, strict=True))
    for step in steps:
        assert 1 <= step.paper.out_of <= len(items)
        assert 0 <= step.paper.points <= step.paper.out_of
        assert sum(o.total for o in step.paper.objectives) == step.paper.out_of
    # one more correction at the end never lowers what counts
    for end in range(len(amendments)):
        shorter = history(items, amendments[:end], pass_mark=mark, submitted_at=AT)
        if all(one.made_at >= AT for one in amendments[end:]):
            assert rank(steps[-1].paper) >= rank(shorter[-1].paper)


@settings(max_examples=100, deadline=None)
@given(sittings())
def test_without_corrections_it_is_plain_grading(sitting: Any) -> None:
    items, _, mark = sitting
    (step,) = history(items, [], pass_mark=mark, submitted_at=AT)
    assert step.paper == grade_paper(items, pass_mark=mark)
    assert strict(items, [], pass_mark=mark) == step.paper


def single(choice: int, **changes: Any) -> PaperItem:
    return PaperItem({**samples.stored("single_choice"), **changes}, {"options": [0, 1, 2]}, {"choice": choice})


def void(index: int) -> Amendment:
    return Amendment(index, AT, None)


def mended(index: int, key: str, at: dt.datetime = AT) -> Amendment:
    stored = samples.stored("single_choice")
    return Amendment(index, at, kinds.get("single_choice").rekeyed(stored, [key]))


def last(items: list[PaperItem], *amendments: Amendment, mark: int = 80) -> Any:
    return history(items, amendments, pass_mark=mark, submitted_at=AT)[-1].paper


def test_void_wrong_ones_leave_and_right_ones_stay() -> None:
    paper = last([single(1), single(1), single(0)], void(0), void(2))
    assert (paper.points, paper.out_of, paper.passed, paper.left_out) == (2, 2, True, {2})


def test_a_missed_critical_question_that_is_void_stops_nobody() -> None:
    items = [single(1)] * 4 + [single(0, critical=True)]
    assert not last(items).passed
    paper = last(items, void(4))
    assert (paper.passed, paper.critical_missed, paper.out_of) == (True, (), 4)


def test_a_quiz_of_void_questions_alone_counts_as_it_was() -> None:
    paper = last([single(0)], void(0))
    assert (paper.points, paper.out_of, paper.passed) == (0, 1, False)


def test_the_key_in_force_at_hand_in_counts_and_a_later_one_only_helps() -> None:
    early = history([single(1)], [mended(0, "a", AT - HOUR)], pass_mark=80, submitted_at=AT)
    assert [step.paper.points for step in early] == [Fraction(0)]
    late = history([single(1)], [mended(0, "a", AT + HOUR)], pass_mark=80, submitted_at=AT)
    assert [step.paper.points for step in late] == [Fraction(1)]
    gained = history([single(0)], [mended(0, "a", AT + HOUR)], pass_mark=80, submitted_at=AT)
    assert [step.paper.points for step in gained] == [Fraction(0), Fraction(1)]
    assert strict([single(1)], [mended(0, "a", AT + HOUR)], pass_mark=80).points == 0
