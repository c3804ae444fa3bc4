"""Where the one button of a mail with several reasons leads, and what that mail says it is about."""

import datetime as dt

import pytest
from django.urls import reverse

from courses.actions import replying
from courses.enums import Answer
from lms.outbox.models import Message, Occasion
from lms.people.models import Team, User
from tests import factories
from tests.letters import gather_and_deliver
from tests.quizzes import timed
from tests.quizzes.timed import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return factories.make_team()


def happen(team: Team, at: dt.datetime) -> None:
    """Somebody of the team uses all attempts and somebody answers a reminder; the learners' own mail is left out."""
    maya, noor = (factories.make_user(name, team=team, email=None) for name in ("Maya", "Noor"))
    timed.use_up(timed.enroll(at - 9 * DAY, maya), at)
    row = timed.enroll(at - 9 * DAY, noor).assignments.get()
    replying.give(row, Answer.NOT_MY_ROLE, at=at, by=noor.subject)


def mail_to(person: User, at: dt.datetime) -> Message:
    gather_and_deliver(at)
    return Message.objects.get(recipient=person, kind="digest")


def test_a_supervisors_goes_to_today(team: Team, at: dt.datetime) -> None:
    boss = factories.make_supervisor(team, email="boss@example.org")
    happen(team, at)
    assert set(Occasion.objects.filter(recipient=boss).values_list("kind", flat=True)) == {
        "attempts_used", "reply_given",
    }  # fmt: skip
    message = mail_to(boss, at)
    assert message.subject == "2 things about your team"
    assert f"Open Today:\nhttp://127.0.0.1:8000{reverse('today')}\n" in message.body_text
    assert "Open my training" not in message.body_text + message.body_html


def test_a_coordinators_goes_to_the_overview(team: Team, at: dt.datetime) -> None:
    desk = factories.make_coordinator(email="desk@example.org")
    happen(team, at)
    message = mail_to(desk, at)
    assert message.subject == "2 things about training"
    assert f"Open the overview:\nhttp://127.0.0.1:8000{reverse('people:overview')}\n" in message.body_text


def test_a_mixed_one_goes_to_the_own_training(team: Team, at: dt.datetime) -> None:
    boss = factories.make_supervisor(team, email="boss@example.org")
    happen(team, at)
    factories.make_assignment(boss, at=at)
    message = mail_to(boss, at)
    assert message.subject == "3 things about your training"
    assert f"Open my training:\nhttp://127.0.0.1:8000{reverse('my_training')}\n" in message.body_text
