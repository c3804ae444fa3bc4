"""The pages about questions: what they show, what they keep back, how many queries they ask."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from lms.people.models import User
from quizzes.actions import attempts
from quizzes.models import Dispute, ItemReview, Question, Response
from quizzes.queries.statistics import quiz_rows
from tests import factories
from tests.quizzes import crowd

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(factories.make_coordinator())
    return client


def words(response: Any) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")


def page(desk: Client, course: Any, number: int = 1) -> str:
    question = Question.objects.get(quiz__unit__version=course.current, author_id=f"T-U1-Q{number:02}")
    return words(desk.get(f"/coordinator/questions/{question.pk}/"))


def test_with_nothing_published_the_list_says_so(desk: Client) -> None:
    assert "No quiz is published yet" in words(desk.get("/coordinator/questions/"))


def test_with_no_answers_each_page_says_so(desk: Client, at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    assert "No answers yet" in words(desk.get("/coordinator/questions/"))
    assert "No answers yet" in page(desk, course)
    shown = words(desk.get(f"/coordinator/questions/of/{course.slug}/unit-1/"))
    assert "No alpha yet" in shown
    assert shown.count("not yet") == 18


def test_under_ten_answers_nothing_of_an_answer_shows(desk: Client, at: dt.datetime) -> None:
    """The pages are the same to the letter whatever the nine people chose."""
    seen = []
    for slug, pick in (("one", 0), ("two", 2)):
        course = factories.make_course(factories.compiled_course(slug, serve=2, pool=2, title="Same"), at=at)
        crowd.sit(crowd.enroll(course, crowd.make_people(9), at), [[pick, pick]] * 9, at=at, seconds=[50] * 9)
        for question in Question.objects.filter(quiz__unit__version=course.current).order_by("position"):
            seen.append(words(desk.get(f"/coordinator/questions/{question.pk}/")))
        listed = words(desk.get(f"/coordinator/questions/of/{slug}/unit-1/"))
        assert listed.count("not yet") == 4
    assert "9 answers. Figures appear from 10." in seen[0]
    plain = [re.sub(r"(ONE|TWO)-U1-Q\d\d|number \d", "", one) for one in seen]
    assert plain[0] == plain[2]
    assert plain[1] == plain[3]


def test_from_ten_answers_the_figures_appear_without_a_name(desk: Client, at: dt.datetime) -> None:
    course = factories.make_course(serve=2, pool=2, at=at)
    people = crowd.make_people(12)
    picks = [[0, 0]] * 6 + [[1, 0]] * 3 + [[1, 1]] * 3
    enrollments = crowd.enroll(course, people, at)
    crowd.sit(enrollments, picks, at=at, seconds=[40] * 12, confidence=["sure"] * 11 + ["guessing"])
    crowd.sit(enrollments, [[0, 0]] * 12, at=at, number=2)
    shown = page(desk, course)
    assert "50% of the points are earned (25% to 75%)" in shown
    assert "0.58 how well it tells learners apart" in shown
    assert "40 s on average; half took 40 s or less" in shown
    assert "12 first answers, and 12 later" in shown
    assert "caring-means-advising 50% 0%" in shown
    assert "Sure 6 5 Fairly sure 0 0 Guessing 0 1" in shown
    assert not any(person.name in shown for person in people)


def test_from_a_hundred_answers_there_is_no_interval(desk: Client, at: dt.datetime) -> None:
    course = factories.make_course(serve=2, pool=2, at=at)
    crowd.sit(crowd.enroll(course, crowd.make_people(100), at), [[n % 2, n % 3 % 2] for n in range(100)], at=at)
    shown = page(desk, course)
    assert "50% of the points are earned 0" in shown or "of the points are earned (" not in shown
    assert "In brackets" not in shown


def test_alpha_and_disputes_and_an_open_review_show(desk: Client, at: dt.datetime) -> None:
    course, sat = crowd.planted(at)
    question = Question.objects.get(author_id="T-U1-Q01")
    review = ItemReview.objects.create(question=question, opened_at=at, opened_by=sat[0].enrollment.learner.subject)
    for attempt in sat[:3]:
        response = Response.objects.get(attempt=attempt, question=question)
        Dispute.objects.create(response=response, review=review, reason="My unit says b.", made_at=at)
    shown = page(desk, course)
    assert "3 learners say that something is wrong with this question." in shown
    assert "A review is open" in shown
    assert "My unit says b." not in shown
    assert re.search(
        r"Alpha −?\d\.\d\d from 41 first attempts", words(desk.get(f"/coordinator/questions/of/{course.slug}/unit-1/"))
    )


def test_an_older_edition_leads_to_the_figures_of_both(desk: Client, at: dt.datetime) -> None:
    course = factories.make_course(serve=2, pool=2, at=at)
    old = Question.objects.get(author_id="T-U1-Q01")
    crowd.sit(crowd.enroll(course, crowd.make_people(6), at), [[0, 0]] * 6, at=at)
    newer = factories.make_course(serve=2, pool=2, at=at, summary="Said anew.")
    newer.refresh_from_db()
    crowd.sit(crowd.enroll(newer, crowd.make_people(6), at), [[1, 0]] * 6, at=at)
    (row,) = quiz_rows(at)
    assert [one.figures.n for one in row.questions] == [12, 12]
    assert "12 first answers" in words(desk.get(f"/coordinator/questions/{old.pk}/"))


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow(desk: Client, at: dt.datetime, number: int, django_assert_num_queries: Any) -> None:
    for n in range(number):
        compiled = factories.compiled_course(f"course-{n}", serve=2, pool=2 + number, title=f"Course {n}")
        course = factories.make_course(compiled, at=at)
        questions = list(Question.objects.filter(quiz__unit__version=course.current).order_by("position")[:2])
        people = crowd.make_people(10 * number)
        crowd.sit(crowd.enroll(course, people, at), [[0, 1]] * len(people), at=at, questions=questions)
    question = Question.objects.first()
    assert question
    desk.get("/training/")
    with django_assert_num_queries(11):
        desk.get("/coordinator/questions/")
    with django_assert_num_queries(11):
        desk.get("/coordinator/questions/of/course-0/unit-1/")
    with django_assert_num_queries(16):
        desk.get(f"/coordinator/questions/{question.pk}/")


class TestSeconds:
    """How long the first answer took, from the save before it."""

    @pytest.fixture
    def attempt(self, at: dt.datetime) -> Any:
        enrollment = factories.make_enrollment(factories.make_user(), factories.make_course(at=at), at=at)
        return attempts.start(enrollment, enrollment.version.units.get(), at=at)

    def save(self, attempt: Any, position: int, at: dt.datetime, choice: int = 0) -> int | None:
        response = attempt.responses.get(position=position)
        saved = attempts.save(attempt, position, {"choice": choice}, revision=response.revision, at=at)
        return saved.seconds

    def test_from_the_start_then_from_the_save_before(self, attempt: Any, at: dt.datetime) -> None:
        second = dt.timedelta(seconds=1)
        assert self.save(attempt, 2, at + 40 * second) == 40
        assert self.save(attempt, 1, at + 65 * second) == 25
        assert self.save(attempt, 2, at + 300 * second, choice=1) == 40, "a change says nothing about the first answer"
        assert self.save(attempt, 3, at + 310 * second) == 10

    def test_a_long_pause_and_a_clock_that_went_back_say_nothing(self, attempt: Any, at: dt.datetime) -> None:
        assert self.save(attempt, 1, at + dt.timedelta(minutes=31)) is None
        assert self.save(attempt, 2, at + dt.timedelta(minutes=1)) is None


def test_the_desk_leads_there(desk: Client) -> None:
    assert 'href="/coordinator/questions/"' in desk.get("/coordinator/").content.decode()
    assert User.objects.filter(is_coordinator=True).count() == 1
