"""The result of an attempt: at once after hand-in, never before, for its learner alone."""

import re
from typing import Any

import pytest
from django.test import Client

from courses.actions import assigning, issuing
from courses.authoring.compiled import CompiledCourse
from courses.models import Certificate
from lms.lib import clock
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests import factories
from tests.quizzes import sittings

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner(client: Client) -> User:
    user = factories.make_user("Maya Quist")
    client.force_login(user)
    return user


def critical_course() -> CompiledCourse:
    compiled = factories.compiled_course(pool=5, serve=5)
    quiz = compiled.units[0].quiz
    assert quiz is not None
    quiz["questions"] = [
        {**factories.stored_question(n, critical=n == 1), "section_id": "section-first-part"} for n in range(1, 6)
    ]
    quiz["draw"] = [
        {"objective": "T-1.1", "take": 1, "critical": True},
        {"objective": "T-1.1", "take": 4, "critical": False},
    ]
    return compiled


def handed_in(learner: User, course: Any = None, *, wrong: Any = lambda response: False) -> Attempt:
    enrollment = factories.make_enrollment(learner, course or factories.make_course())
    attempt = attempts.start(enrollment, enrollment.version.units.get(position=1), at=clock.now())
    for response in attempt.responses.select_related("question"):
        answer = factories.wrong_answer(response) if wrong(response) else factories.right_answer(response)
        attempts.save(attempt, response.position, answer, revision=0, at=clock.now())
    return attempts.submit(attempt, at=clock.now()).attempt


def page(client: Client, attempt: Attempt) -> str:
    response = client.get(f"/attempts/{attempt.public_id}/result/")
    assert response.status_code == 200
    return response.content.decode()


def questions(html: str) -> list[int]:
    return [int(n) for n in re.findall(r'<span class="eyebrow">Question (\d+)', html)]


def test_before_hand_in_it_leads_back_to_the_quiz(client: Client, learner: User) -> None:
    attempt = sittings.sit(learner)
    response = client.get(f"/attempts/{attempt.public_id}/result/")
    assert response["Location"] == f"/attempts/{attempt.public_id}/questions/1/"


def test_a_pass_completes_and_offers_the_certificate(client: Client, learner: User) -> None:
    html = page(client, handed_in(learner))
    certificate = Certificate.objects.get()
    assert "You passed: 3 of 3" in html
    assert "Test course is complete" in html
    assert f'href="/certificates/{certificate.public_id}/"' in html
    assert "We also mail it to you" in html


def test_a_pass_of_the_first_unit_leads_to_the_second(client: Client, learner: User) -> None:
    html = page(client, handed_in(learner, factories.make_course(units=2)))
    assert "1 of 2 units done" in html
    assert "Unit 2" in html
    assert "See my certificate" not in html
    assert not Certificate.objects.exists()


def test_without_an_address_no_mail_is_promised(client: Client) -> None:
    person = factories.make_user(email=None)
    client.force_login(person)
    assert (
        "mail"
        not in re.sub(r"<footer.*", "", page(client, handed_in(person)), flags=re.DOTALL).split("<main")[1].lower()
    )


def test_missed_ones_come_first_the_critical_before_all(client: Client, learner: User) -> None:
    course = factories.make_course(critical_course())
    attempt = handed_in(learner, course, wrong=lambda r: r.question.critical or r.position in {2, 4})
    html = page(client, attempt)
    critical = attempt.responses.get(question__critical=True).position
    missed = sorted(attempt.responses.filter(right=False).exclude(position=critical).values_list("position", flat=True))
    right = sorted(attempt.responses.filter(right=True).values_list("position", flat=True))
    assert questions(html) == [critical, *missed, *right]
    assert "Not yet:" in html


def test_the_critical_rule_is_explained(client: Client, learner: User) -> None:
    attempt = handed_in(learner, factories.make_course(critical_course()), wrong=lambda r: r.question.critical)
    html = page(client, attempt)
    assert "Not yet: 4 of 5" in html
    assert "You reached the mark, and the critical question was not right" in html


def test_every_question_has_its_reasons_and_the_section_to_reread(client: Client, learner: User) -> None:
    attempt = handed_in(learner, factories.make_course(critical_course()), wrong=lambda r: True)
    html = page(client, attempt)
    for response in attempt.responses.select_related("question"):
        for option in response.question.stored["options"]:
            assert option["why_html"] in html
    unit = f"/courses/{attempt.enrollment.public_id}/units/{attempt.unit.slug}/"
    assert html.count(f'href="{unit}#section-first-part"') >= 5
    assert "Try again from" in html
    assert "2 attempts left" in html
    assert "The wait" not in html


def test_after_the_last_attempt_the_supervisor_helps(client: Client, learner: User) -> None:
    course = factories.make_course(attempts=1)
    html = page(client, handed_in(learner, course, wrong=lambda r: True))
    assert "Talk with your supervisor" in html
    assert "Try again" not in html
    assert "the next attempt brings other questions" not in html


def test_a_later_pass_is_not_undone_on_the_older_page(client: Client, learner: User) -> None:
    """The result of a failed attempt stays as it was, and invites to nothing any more once the quiz is passed."""
    first = handed_in(learner, wrong=lambda r: True)
    Attempt.objects.update(submitted_at=clock.now().replace(year=2020))
    factories.pass_unit(first.enrollment)
    html = page(client, first)
    assert "Not yet: 0 of 3" in html
    assert "You have passed since" in html
    assert "attempts left" not in html
    assert "Try again" not in html


def test_an_open_attempt_is_what_comes_next(client: Client, learner: User) -> None:
    first = handed_in(learner, wrong=lambda r: True)
    Attempt.objects.update(submitted_at=clock.now().replace(year=2020))
    attempts.start(first.enrollment, first.unit, at=clock.now())
    html = page(client, first)
    assert "Go on with attempt 2" in html
    assert "Continue the quiz" in html


def test_a_withdrawn_course_invites_to_nothing(client: Client, learner: User) -> None:
    first = handed_in(learner, wrong=lambda r: True)
    assigning.withdraw(first.enrollment.assignments.get(), reason="x", by=SYSTEM, at=clock.now())
    html = page(client, first)
    assert "This quiz is closed" in html
    assert "Try again" not in html
    assert "other questions" not in html


def test_a_revoked_certificate_is_not_offered_as_new(client: Client, learner: User) -> None:
    attempt = handed_in(learner)
    issuing.revoke(Certificate.objects.get(), reason="x", by=factories.make_coordinator().subject, at=clock.now())
    assert "is complete" in page(client, attempt)


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_of_a_result(client: Client, learner: User, number: int, django_assert_num_queries: Any) -> None:
    attempt = handed_in(learner, factories.make_course(serve=number, pool=9))
    client.get("/training/")
    with django_assert_num_queries(19):
        page(client, attempt)
