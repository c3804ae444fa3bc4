"""The mail about a quiz that was begun and left."""

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from courses.actions import assigning, excepting, replying
from courses.enums import Answer, ExceptionKind
from courses.models import Enrollment
from courses.reminders.planner import plan
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Occasion
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.actions import attempts
from quizzes.mail.attempt_unfinished import AttemptUnfinished
from quizzes.models import Attempt
from tests import factories
from tests.letters import letter
from tests.quizzes import timed
from tests.quizzes.timed import DAY, HOUR, MINUTE

pytestmark = pytest.mark.django_db
KIND = AttemptUnfinished()


@pytest.fixture
def left(at: dt.datetime) -> Attempt:
    """Begun at 10 in Denver, its first question answered five minutes later, and left. Three questions in all."""
    enrollment = timed.enroll(at, factories.make_user("Maya Quist", email="maya@example.org"), limit=None)
    attempt = timed.start(enrollment, at)
    answer(attempt, 1, at + 5 * MINUTE)
    return attempt


def answer(attempt: Attempt, position: int, at: dt.datetime) -> None:
    response = attempt.responses.get(position=position)
    attempts.save(attempt, position, factories.right_answer(response), revision=response.revision, at=at)


def refs(at: dt.datetime) -> list[str]:
    return [due.ref for due in KIND.due(at)]


def noted(at: dt.datetime) -> Occasion:
    plan(at=at)
    return Occasion.objects.get(kind="attempt_unfinished")


@pytest.mark.parametrize(
    ("later", "there"),
    [
        (DAY, False),
        (DAY + 13 * HOUR, False),  # 23 h of the next day
        (DAY + 14 * HOUR, True),  # midnight: the second local day
        (2 * DAY, True),
        (15 * DAY + 13 * HOUR, True),
        (15 * DAY + 14 * HOUR, False),
        (60 * DAY, False),
    ],
)
def test_it_is_true_from_the_second_day_for_thirteen_more(
    left: Attempt, at: dt.datetime, later: dt.timedelta, there: bool
) -> None:
    assert refs(at + later) == ([str(left.public_id)] if there else [])


def test_the_days_count_from_the_last_answer(left: Attempt, at: dt.datetime) -> None:
    answer(left, 2, at + 30 * HOUR)
    assert refs(at + 2 * DAY) == []
    assert refs(at + 3 * DAY) == [str(left.public_id)]


def test_without_an_answer_they_count_from_the_start(at: dt.datetime) -> None:
    attempt = timed.start(timed.enroll(at, limit=None), at)
    assert refs(at + 2 * DAY) == [str(attempt.public_id)]


def test_never_with_a_time_limit_or_after_the_hand_in(left: Attempt, at: dt.datetime) -> None:
    attempts.submit(left, at=at + HOUR)
    assert refs(at + 2 * DAY) == []
    limited = timed.make_course(at, slug="limited", limit=45)
    timed.start(factories.make_enrollment(factories.make_user(), limited, at=at), at)
    assert refs(at + 2 * DAY) == []


def withdrawn(enrollment: Enrollment, at: dt.datetime) -> None:
    assigning.withdraw(enrollment.assignments.get(), reason="x", by=SYSTEM, at=at)


def complete(enrollment: Enrollment, at: dt.datetime) -> None:
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=at)


def gone(enrollment: Enrollment, at: dt.datetime) -> None:
    User.objects.filter(pk=enrollment.learner_id).update(is_active=False)


def without_an_address(enrollment: Enrollment, at: dt.datetime) -> None:
    User.objects.filter(pk=enrollment.learner_id).update(email=None)


def exempt(enrollment: Enrollment, at: dt.datetime, kind: ExceptionKind = ExceptionKind.EXEMPTION) -> None:
    by = factories.make_coordinator(email=None)
    excepting.grant(enrollment.learner, kind, starts_on=at.date(), ends_on=None, reason="x", by=by, at=at)


def on_leave(enrollment: Enrollment, at: dt.datetime) -> None:
    exempt(enrollment, at, ExceptionKind.LEAVE)


def answered(enrollment: Enrollment, at: dt.datetime) -> None:
    row = enrollment.assignments.get()
    replying.give(row, Answer.NOT_MY_ROLE, at=at, by=row.learner.subject)


@pytest.mark.parametrize(
    "change", [withdrawn, complete, gone, without_an_address, exempt, on_leave, answered], ids=lambda f: f.__name__
)
def test_nobody_is_asked_who_has_not_to_do_it_now(left: Attempt, at: dt.datetime, change: object) -> None:
    assert refs(at + 2 * DAY)
    occasion = noted(at + 2 * DAY)
    assert callable(change)
    change(left.enrollment, at + DAY)
    assert refs(at + 2 * DAY) == []
    message = letter(occasion, at + 2 * DAY)
    assert message.state == MessageState.SUPPRESSED
    assert message.last_reply


def test_it_says_what_is_answered_and_leads_to_the_quiz(left: Attempt, at: dt.datetime) -> None:
    occasion = noted(at + 2 * DAY)
    assert occasion.recipient == left.enrollment.learner
    assert "answered 1 of 3 questions" in kinds.get(occasion.kind).line(occasion, at + 2 * DAY)
    message = letter(occasion, at + 2 * DAY)
    assert message.state == MessageState.SENT
    assert message.subject == "Your quiz waits for you: Unit 1"
    for words in (
        "You have answered 1 of 3 questions.",
        "last there on November 23, 2026",
        "Your answers are kept.",
        f"/courses/{left.enrollment.public_id}/units/unit-1/quiz/",
        "You can switch this kind of mail off:",
    ):
        assert words in message.body_text, words
    assert "Go on with the quiz" in message.body_html
    assert kinds.get(occasion.kind).answers(occasion) == []


def test_without_an_answer_it_does_not_speak_of_answers(at: dt.datetime) -> None:
    timed.start(timed.enroll(at, factories.make_user(email="maya@example.org"), limit=None), at)
    occasion = noted(at + 2 * DAY)
    assert (
        kinds.get(occasion.kind).line(occasion, at + 2 * DAY).endswith("(Test course) and can go on where you stopped.")
    )
    message = letter(occasion, at + 2 * DAY)
    assert "You have not answered a question yet." in message.body_text
    assert "Your answers" not in message.body_text + message.body_html


def test_once_an_attempt(left: Attempt, at: dt.datetime) -> None:
    letter(noted(at + 2 * DAY), at + 2 * DAY)
    plan(at=at + 3 * DAY)
    answer(left, 2, at + 3 * DAY)
    plan(at=at + 6 * DAY)
    assert Occasion.objects.filter(kind="attempt_unfinished").count() == 1


def test_not_after_the_hand_in(left: Attempt, at: dt.datetime) -> None:
    occasion = noted(at + 2 * DAY)
    attempts.submit(left, at=at + 2 * DAY)
    assert letter(occasion, at + 2 * DAY).last_reply == "The quiz was handed in since."


def test_who_went_on_is_left_alone_and_may_be_asked_when_it_rests_again(left: Attempt, at: dt.datetime) -> None:
    occasion = noted(at + 2 * DAY)
    answer(left, 2, at + 2 * DAY)
    assert "went on since" in letter(occasion, at + 2 * DAY).last_reply
    plan(at=at + 3 * DAY)
    assert Occasion.objects.filter(kind="attempt_unfinished").count() == 1
    plan(at=at + 4 * DAY)
    again = Occasion.objects.get(kind="attempt_unfinished", message=None)
    assert letter(again, at + 4 * DAY).state == MessageState.SENT


@pytest.mark.parametrize("people", [1, 3])
def test_two_queries_however_many_there_are(
    at: dt.datetime, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        timed.start(timed.enroll(at, limit=None), at)
    with django_assert_num_queries(2):
        assert len(refs(at + 2 * DAY)) == people
