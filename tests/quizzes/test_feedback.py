"""What a result opens at which moment. What is closed reaches no page."""

import json
import random
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from lms.lib import clock
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.feedback import Level, Moment, level_at, moment_of, opened, opens_later
from quizzes.models import Attempt
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.kinds import samples
from tests.quizzes.kinds.samples import SENTINEL

SETTINGS = st.dictionaries(st.sampled_from(list(Moment)), st.sampled_from(list(Level)))
BELIEFS = {
    f"belief-{name}": {"belief": f"Held {name}.", "correction": f"True {name}."} for name in "abcdefghijklmnopqrst"
}


@given(SETTINGS)
def test_a_later_moment_never_shows_less(feedback: dict[str, str]) -> None:
    first = level_at(Moment.AFTER_SUBMIT, feedback)
    for moment in Moment:
        assert level_at(moment, feedback).shows(first)
    said = opens_later(first, feedback)
    assert len(said) == sum(level_at(moment, feedback) != first for moment in Moment if moment != Moment.AFTER_SUBMIT)


def test_everything_is_open_unless_told_and_an_unknown_word_opens_least() -> None:
    assert all(level_at(moment, {}) == Level.ANSWERS for moment in Moment)
    assert level_at(Moment.AFTER_SUBMIT, {"after_submit": "soup"}) == Level.RESULT
    assert moment_of(passed=True, all_used=True) == Moment.AFTER_PASS
    assert moment_of(passed=False, all_used=True) == Moment.AFTER_ATTEMPTS_USED
    assert moment_of(passed=False, all_used=False) == Moment.AFTER_SUBMIT


def shown(slug: str, stored: Any, order: Any, answer: Any, level: Level) -> str:
    return json.dumps(opened(kinds.get(slug).review(stored, order, answer), level, BELIEFS), sort_keys=True)


@pytest.mark.parametrize("slug", samples.SLUGS)
@pytest.mark.parametrize("level", [Level.RESULT, Level.RIGHT])
def test_below_the_reasons_two_keys_look_the_same(slug: str, level: Level) -> None:
    """The same question with another key, reasons and ids: where both answers are wrong, nothing tells the two apart."""
    stored, other = samples.stored(slug), samples.compiled(samples.twin(slug))
    kind, rng, compared = kinds.get(slug), random.Random(5), 0
    for _ in range(200):
        order = kind.serve(stored, rng)
        answer = samples.some_answer(slug, order, rng)
        twin_order = samples.same_order(slug, stored, other, order)
        if kind.grade(stored, order, answer).points or kind.grade(other, twin_order, answer).points:
            continue
        compared += 1
        assert shown(slug, stored, order, answer, level) == shown(slug, other, twin_order, answer, level)
    assert compared > 5


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_the_reasons_for_what_was_chosen_name_no_other(slug: str) -> None:
    """At this level an answer that leaves everything open is explained by nothing."""
    stored = samples.compiled(samples.twin(slug))
    order = kinds.get(slug).serve(stored, random.Random(3))
    assert SENTINEL not in shown(slug, stored, order, None, Level.CHOSEN)
    assert SENTINEL in shown(slug, stored, order, None, Level.ANSWERS)


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_each_level_shows_all_that_the_one_below_shows(slug: str) -> None:
    stored = samples.stored(slug)
    kind, rng = kinds.get(slug), random.Random(7)
    for _ in range(50):
        order = kind.serve(stored, rng)
        review = kind.review(stored, order, samples.some_answer(slug, order, rng))
        counts = [len(_words(opened(review, level, BELIEFS))) for level in Level]
        assert counts == sorted(counts)
        assert _words(opened(review, Level.ANSWERS, BELIEFS)) >= _words(opened(review, Level.CHOSEN, BELIEFS))


def _words(shown: dict[str, Any]) -> set[str]:
    texts = ("html", "given", "why_html", "wanted", "note_html", "belief", "truth")
    return {item[name] for group in shown["groups"] for item in group["items"] for name in texts if item[name]}


def test_a_wrong_choice_names_its_belief_and_what_is_true() -> None:
    stored = samples.stored("single_choice")
    wrong = opened(
        kinds.get("single_choice").review(stored, {"options": [0, 1, 2]}, {"choice": 0}), Level.CHOSEN, BELIEFS
    )
    (own,) = [item for item in wrong["groups"][0]["items"] if item["tag"]]
    assert (own["belief"], own["truth"]) == ("Held a.", "True a.")
    right = opened(
        kinds.get("single_choice").review(stored, {"options": [0, 1, 2]}, {"choice": 1}), Level.ANSWERS, BELIEFS
    )
    assert not any(item["belief"] for item in right["groups"][0]["items"])


# ---- on the page ----------------------------------------------------------------------------------------------------


def failed(client: Client, feedback: dict[str, str], *, attempts_allowed: int = 2) -> Attempt:
    learner = factories.make_user()
    client.force_login(learner)
    compiled = factories.compiled_course(attempts=attempts_allowed, wait_minutes=0)
    quiz = compiled.units[0].quiz
    assert quiz is not None
    quiz["rules"] = {"feedback": feedback}
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    return again(enrollment)


def again(enrollment: Any, *, right: bool = False) -> Attempt:
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    factories.answer_all(attempt, right=right)
    return attempts.submit(attempt, at=clock.now()).attempt


def page(client: Client, attempt: Attempt) -> str:
    response = client.get(f"/attempts/{attempt.public_id}/result/")
    assert response.status_code == 200
    return response.content.decode()


REASON = "Right. That is the role."  # of the right option, which nobody chose


@pytest.mark.django_db
def test_the_page_opens_more_when_the_quiz_is_passed(client: Client) -> None:
    attempt = failed(client, {"after_submit": "right", "after_attempts_used": "right"})
    html = page(client, attempt)
    assert REASON not in html
    assert "Advice belongs" not in html
    assert "It cannot wait" not in html
    assert html.count("Not right") == 3
    assert "The best answers, with all reasons, open when you have passed." in html
    again(attempt.enrollment, right=True)
    assert page(client, attempt).count(REASON) == 3


@pytest.mark.django_db
def test_the_page_opens_more_when_attempts_are_used(client: Client) -> None:
    attempt = failed(client, {"after_submit": "result"})
    html = page(client, attempt)
    assert "Not yet: 0 of 3" in html
    assert "Somebody asks you" not in html
    assert "open when all attempts are used" in html
    again(attempt.enrollment)
    assert page(client, attempt).count(REASON) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("level", [Level.RESULT, Level.RIGHT, Level.CHOSEN])
def test_no_closed_word_of_any_kind_reaches_the_page(client: Client, level: Level) -> None:
    learner = factories.make_user()
    client.force_login(learner)
    attempt = sittings.sit(learner, planted=True)
    attempt.quiz.feedback = dict.fromkeys(Moment, level)
    attempt.quiz.save()
    attempts.submit(attempt, at=clock.now())
    html = page(client, attempt).replace(f"{SENTINEL}-U1", "")
    assert SENTINEL not in html
