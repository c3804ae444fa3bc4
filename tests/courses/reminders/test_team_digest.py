"""Once a week a supervisor hears who needs attention, only when somebody does, and the numbers are those of the page."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.test import Client

from courses.actions import assigning, replying
from courses.enums import Answer, Status
from courses.models import Course
from courses.queries.attention import NEEDS, attention_of
from courses.queries.matrix import Matrix
from courses.reminders.planner import plan
from courses.reminders.team_digest import first_day, in_words, week_of
from lms.lib import doorbell
from lms.outbox import actions as outbox
from lms.outbox import kinds, preferences
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import Organization, User
from lms.people.queries.teams import people_below
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture
def boss(at: dt.datetime) -> User:
    factories.make_organization()
    Organization.objects.update(escalate_after_days=0)
    return factories.make_supervisor(factories.make_team(), name="Denise Whitaker")


@pytest.fixture
def course(boss: User, at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def late(boss: User, course: Course, at: dt.datetime, number: int = 1) -> list[User]:
    team = boss.supervisions.get().team
    people = [factories.make_user(team=team) for _ in range(number)]
    for person in people:
        assigning.assign(person, course, due_on=at.date() + DAY, reason="New", by=SYSTEM, at=at)
    return people


def digests(at: dt.datetime, first: int, last: int) -> list[tuple[int, str]]:
    with doorbell.silent():
        for day in range(first, last):
            now = at + day * DAY
            plan(at=now)
            outbox.gather(at=now)
            for pk in Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True):
                outbox.deliver(pk, at=now)
    rows = Message.objects.filter(state=MessageState.SENT, occasions__kind="team_digest").order_by("sent_at")
    return [((row.sent_at - at).days, row.recipient.name) for row in rows if row.sent_at is not None]


def test_it_comes_on_mondays_while_somebody_needs_attention(boss: User, course: Course, at: dt.datetime) -> None:
    """The instant is a Monday: nobody is late yet, so nothing is said on it."""
    (person,) = late(boss, course, at)
    assert digests(at, 0, 20) == [(7, "Denise Whitaker"), (14, "Denise Whitaker")]
    mail = Message.objects.filter(occasions__kind="team_digest").earliest("sent_at")
    assert mail.subject == "Your team this week: 1 overdue"
    assert f"- {person.name}: {course.title}, was due November 24, 2026" in mail.body_text
    assert "/mail/off/" not in mail.body_text, "the link that switches it off is the recipient's alone"
    assert "[personal link hidden]" in mail.body_text
    with doorbell.silent():
        factories.pass_unit(person.enrollments.get(), at=at + 20 * DAY)
    assert len(digests(at, 20, 40)) == 2


def test_who_works_on_other_days_hears_of_it_then(boss: User, course: Course, at: dt.datetime) -> None:
    User.objects.filter(pk=boss.pk).update(working_days="367")
    late(boss, course, at)
    assert digests(at, 0, 15) == [(2, "Denise Whitaker"), (9, "Denise Whitaker")]


def test_it_can_be_switched_off_and_comes_to_nobody_who_supervises_no_team(
    boss: User, course: Course, at: dt.datetime
) -> None:
    late(boss, course, at)
    factories.make_coordinator()
    preferences.switch(boss, "team_digest", False, at)
    assert digests(at, 0, 15) == []
    assert not kinds.get("team_digest").concerns(factories.make_user())


def test_the_numbers_are_those_of_the_page(boss: User, course: Course, at: dt.datetime) -> None:
    people = late(boss, course, at, 4)
    now = at + 9 * DAY
    with doorbell.silent():
        factories.pass_unit(people[0].enrollments.get(), at=at)
        replying.give(people[1].assignments.get(), Answer.BLOCKED, by=people[1].subject, at=at)
    page = Matrix(people_below(boss), now)
    counted = Counter(
        cell.status for row in page.rows(0, 100) for cell in row.cells if cell is not None and cell.status in NEEDS
    )
    found = attention_of(boss, now)
    assert dict(found.counts) == dict(counted) == {Status.OVERDUE: 3}
    assert found.people == 3
    assert in_words(found) == "3 overdue, 1 answer waits for you"
    client = Client()
    client.force_login(boss)
    assert client.get("/team/").status_code == 200


def test_ten_stand_by_name(boss: User, course: Course, at: dt.datetime) -> None:
    late(boss, course, at, 12)
    digests(at, 0, 8)
    text = Message.objects.get(occasions__kind="team_digest").body_text
    assert text.count("was due November 24, 2026") == 10
    assert "- and 2 more" in text


def test_what_was_settled_before_it_went_out_is_not_told(boss: User, course: Course, at: dt.datetime) -> None:
    (person,) = late(boss, course, at)
    with doorbell.silent():
        plan(at=at + 7 * DAY)
        occasion = Occasion.objects.get(kind="team_digest")
        kind = kinds.get("team_digest")
        assert kind.still_wanted(occasion, at + 7 * DAY) is None
        assert kind.still_wanted(occasion, at + 14 * DAY) == (
            "The week it is about is over; the next one has a mail of its own."
        )
        factories.pass_unit(person.enrollments.get(), at=at + 7 * DAY)
    assert kind.still_wanted(occasion, at + 7 * DAY) == "Nobody in the teams needs attention any more."


def test_weeks() -> None:
    assert week_of(dt.date(2027, 1, 1)) == "2026-W53"
    assert first_day(dt.date(2026, 11, 26), "12345") == dt.date(2026, 11, 23)
    assert first_day(dt.date(2026, 11, 26), "67") == dt.date(2026, 11, 28)


def test_the_queries_of_a_mail(boss: User, course: Course, at: dt.datetime, django_assert_num_queries: Any) -> None:
    late(boss, course, at)
    with django_assert_num_queries(3):
        attention_of(boss, at + 9 * DAY)
    late(boss, course, at, 2)
    with django_assert_num_queries(3):
        attention_of(boss, at + 9 * DAY)
