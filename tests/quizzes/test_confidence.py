"""How sure a learner says they are: stored with the answer, asked for by nobody, worth no point, and used to teach."""

from typing import Any

import pytest
from django.test import Client

from lms.lib import clock
from lms.people.models import User
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner(client: Client) -> User:
    user = factories.make_user()
    client.force_login(user)
    return user


def opened(learner: User, **rules: Any) -> Attempt:
    compiled = factories.compiled_course()
    quiz = compiled.units[0].quiz
    assert quiz is not None
    quiz["rules"] = rules
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    return attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())


def url(attempt: Attempt, position: int = 1, tail: str = "") -> str:
    return f"/attempts/{attempt.public_id}/questions/{position}/{tail}"


def row(attempt: Attempt, position: int = 1) -> Response:
    return attempt.responses.select_related("question").get(position=position)


def test_it_is_stored_with_the_answer_and_shown_again(client: Client, learner: User) -> None:
    attempt = opened(learner)
    client.post(url(attempt), {"choice": "1", "confidence": "fairly", "revision": "0"})
    assert (row(attempt).answer, row(attempt).confidence, row(attempt).revision) == ({"choice": 1}, "fairly", 1)
    html = client.get(url(attempt)).content.decode()
    assert 'value="fairly" checked' in html
    assert 'value="sure" checked' not in html


def test_a_change_of_it_alone_is_a_save_and_the_same_again_is_not(client: Client, learner: User) -> None:
    attempt = opened(learner)
    data = {"choice": "1", "confidence": "sure", "revision": "0"}
    first = client.post(url(attempt, tail="answer/"), data).json()
    again = client.post(url(attempt, tail="answer/"), data).json()
    assert (first["revision"], again["revision"], again["receipt"]) == (1, 1, first["receipt"])
    changed = client.post(url(attempt, tail="answer/"), {**data, "confidence": "guessing", "revision": "1"}).json()
    assert changed["revision"] == 2
    assert row(attempt).confidence == "guessing"


def test_a_page_that_says_nothing_of_it_leaves_it(client: Client, learner: User) -> None:
    attempt = opened(learner)
    client.post(url(attempt), {"choice": "1", "confidence": "sure", "revision": "0"})
    client.post(url(attempt), {"choice": "2", "revision": "1"})
    assert (row(attempt).answer, row(attempt).confidence) == ({"choice": 2}, "sure")


def test_an_older_page_does_not_overwrite_it(client: Client, learner: User) -> None:
    attempt = opened(learner)
    client.post(url(attempt), {"choice": "1", "confidence": "sure", "revision": "0"})
    stale = client.post(url(attempt, tail="answer/"), {"choice": "1", "confidence": "guessing", "revision": "0"})
    assert stale.status_code == 409
    assert row(attempt).confidence == "sure"


@pytest.mark.parametrize("word", ["certain", "SURE", "sure\0", "x" * 500, "1"])
def test_any_other_word_is_refused_and_nothing_is_stored(client: Client, learner: User, word: str) -> None:
    attempt = opened(learner)
    data = {"choice": "1", "confidence": word, "revision": "0"}
    assert client.post(url(attempt), data).status_code == 422
    refused = client.post(url(attempt, tail="answer/"), data)
    assert refused.status_code == 422
    assert "or leave it open" in refused.json()["error"]
    assert (row(attempt).answer, row(attempt).revision) == (None, 0)


def test_a_refused_page_keeps_what_was_said(client: Client, learner: User) -> None:
    attempt = opened(learner)
    refused = client.post(url(attempt), {"choice": "77", "confidence": "guessing", "revision": "0"})
    assert refused.status_code == 422
    assert 'value="guessing" checked' in refused.content.decode()
    assert row(attempt).confidence == ""


def test_a_quiz_that_does_not_ask_stores_none(client: Client, learner: User) -> None:
    attempt = opened(learner, confidence=False)
    assert "How sure" not in client.get(url(attempt)).content.decode()
    client.post(url(attempt), {"choice": "1", "confidence": "sure", "revision": "0"})
    assert (row(attempt).answered, row(attempt).confidence) == (True, "")


def test_it_changes_no_score(learner: User) -> None:
    scores = []
    for word in ("sure", "fairly", "guessing", ""):
        enrollment = factories.make_enrollment(factories.make_user())
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
        for response in attempt.responses.select_related("question"):
            answer = factories.right_answer(response) if response.position < 3 else factories.wrong_answer(response)
            attempts.save(attempt, response.position, answer, revision=0, at=clock.now(), confidence=word)
        scores.append(attempts.submit(attempt, at=clock.now()).attempt.points)
    assert scores == [2, 2, 2, 2]


def test_sure_and_wrong_comes_first(client: Client, learner: User) -> None:
    attempt = opened(learner)
    for response in attempt.responses.select_related("question"):
        word = {1: "guessing", 2: "fairly", 3: "sure"}[response.position]
        wrong = factories.wrong_answer(response)
        attempts.save(attempt, response.position, wrong, revision=0, at=clock.now(), confidence=word)
    attempts.submit(attempt, at=clock.now())
    html = client.get(f"/attempts/{attempt.public_id}/result/").content.decode()
    places = [html.index(f'class="eyebrow">Question {n} ') for n in (3, 1, 2)]
    assert places == sorted(places)
    assert "You were sure of question 3, and it was not right." in html
    assert "you said: guessing" in html


def test_nobody_else_sees_it(client: Client, learner: User) -> None:
    attempt = opened(learner)
    attempts.save(attempt, 1, {"choice": 0}, revision=0, at=clock.now(), confidence="guessing")
    attempts.submit(attempt, at=clock.now())
    team = factories.make_team()
    learner.team = team
    learner.save()
    client.force_login(factories.make_supervisor(team))
    html = client.get(f"/team/people/{learner.public_id}/").content.decode()
    assert "guessing" not in html.lower()
    client.force_login(factories.make_user())
    assert client.get(f"/attempts/{attempt.public_id}/result/").status_code == 404
