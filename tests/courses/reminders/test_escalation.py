"""Those who answer for a learner are told when something is overdue for days; never before the learner, and once."""

import datetime as dt
from typing import Any

import pytest

from courses.actions import assigning, excepting, replying
from courses.enums import Answer, ExceptionKind
from courses.models import Assignment, Course
from courses.queries.escalations import who_is_told
from courses.queries.why import why_of
from courses.reminders.planner import plan
from lms.lib import doorbell
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import Organization, User
from lms.record.actions import SYSTEM
from tests import factories
from tests.letters import written

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture
def course(at: dt.datetime) -> Course:
    factories.make_organization()
    return factories.make_course(at=at)


@pytest.fixture
def boss() -> User:
    return factories.make_supervisor(factories.make_team(), name="Denise Whitaker")


@pytest.fixture
def learner(boss: User) -> User:
    return factories.make_user(name="Maya Quist", team=boss.supervisions.get().team)


def give(learner: User, course: Course, at: dt.datetime) -> Assignment:
    """Due on a Wednesday, two days on."""
    return assigning.assign(learner, course, due_on=at.date() + 2 * DAY, reason="New", by=SYSTEM, at=at)


def live(at: dt.datetime, first: int, last: int) -> list[tuple[int, str, str]]:
    """Days on which mails went out: (day, kind, to whom)."""
    with doorbell.silent():
        for day in range(first, last):
            now = at + day * DAY
            excepting.settle_ended(at=now)
            plan(at=now)
            outbox.gather(at=now)
            for pk in Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True):
                outbox.deliver(pk, at=now)
    return [
        ((message.sent_at - at).days, occasion.kind, message.recipient.name)
        for message in Message.objects.filter(state=MessageState.SENT).order_by("sent_at", "pk")
        for occasion in message.occasions.all()
        if message.sent_at is not None
    ]


def told(sent: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    return [row for row in sent if row[1] == "escalation"]


def test_the_supervisor_is_told_once_seven_days_after_the_due_date_and_not_before_the_learner(
    course: Course, boss: User, learner: User, at: dt.datetime
) -> None:
    row = give(learner, course, at)
    assert who_is_told(row, at.date() + 3 * DAY) == (
        "If it is still open on Wednesday, December 2, Denise Whitaker will be told."
    )
    sent = live(at, 0, 40)
    assert told(sent) == [(9, "escalation", "Denise Whitaker")]
    assert min(day for day, kind, name in sent if kind == "overdue") < 9
    assert who_is_told(row, at.date() + 12 * DAY) == "Denise Whitaker was told that it is late."
    assert "Denise Whitaker was told that it is late." in why_of(row, at + 40 * DAY).state
    first, second = Message.objects.filter(occasions__kind="overdue").order_by("sent_at")[:2]
    assert "If it is still open on Wednesday, December 2, Denise Whitaker will be told." in first.body_text
    assert "Denise Whitaker" in second.body_text


def test_nobody_is_told_of_what_was_finished_moved_excused_answered_or_left(
    course: Course, boss: User, at: dt.datetime
) -> None:
    team = boss.supervisions.get().team
    people = [factories.make_user(team=team) for _ in range(5)]
    rows = [give(person, course, at) for person in people]
    live(at, 0, 5)
    with doorbell.silent():
        assert rows[0].enrollment is not None
        factories.pass_unit(rows[0].enrollment, at=at + 5 * DAY)
        assigning.move_due_date(rows[1], at.date() + 60 * DAY, reason="Shifts", by=SYSTEM, at=at + 5 * DAY)
        excepting.grant(
            people[2], ExceptionKind.EXEMPTION, starts_on=at.date() + 5 * DAY, ends_on=None, course=course, reason="x",
            by=factories.make_coordinator(), at=at + 5 * DAY,
        )  # fmt: skip
        replying.give(rows[3], Answer.BLOCKED, by=people[3].subject, at=at + 5 * DAY)
        assigning.withdraw(rows[4], reason="x", by=SYSTEM, at=at + 5 * DAY)
    assert told(live(at, 5, 20)) == []


def test_a_learner_without_an_address_is_told_of_all_the_same(course: Course, boss: User, at: dt.datetime) -> None:
    silent = factories.make_user(team=boss.supervisions.get().team, email=None)
    give(silent, course, at)
    sent = told(live(at, 0, 15))
    assert sent == [(9, "escalation", "Denise Whitaker")]
    assert "no email address" in Message.objects.get(occasions__kind="escalation").body_text


def test_when_the_learners_mail_does_not_go_out_others_are_told_a_week_later(
    course: Course, boss: User, learner: User, at: dt.datetime
) -> None:
    give(learner, course, at)
    with doorbell.silent():
        for day in range(20):
            plan(at=at + day * DAY)
            noted = Occasion.objects.filter(kind="escalation").exists()
            assert noted == (day >= 2 + 7 + 7), day
    words = " ".join(written(Occasion.objects.get(kind="escalation"), at + 20 * DAY).text.split())
    assert "Their own mail about it has not gone out, so they may not know." in words
    assert "They were reminded" not in words


def test_a_person_who_supervises_alone_is_told_of_nothing_about_themselves(
    course: Course, boss: User, at: dt.datetime
) -> None:
    User.objects.filter(pk=boss.pk).update(team=boss.supervisions.get().team)
    boss.refresh_from_db()
    give(boss, course, at)
    desk = factories.make_coordinator()
    assert told(live(at, 0, 20)) == [(9, "escalation", desk.name)]


@pytest.mark.parametrize(("days", "on"), [(0, None), (1, 4), (14, 16)])
def test_the_number_of_days_is_the_organizations(  # after one day: at the first run after the learner was told
    course: Course, boss: User, learner: User, at: dt.datetime, days: int, on: int | None
) -> None:
    Organization.objects.update(escalate_after_days=days)
    give(learner, course, at)
    found = told(live(at, 0, 25))
    assert found == ([] if on is None else [(on, "escalation", "Denise Whitaker")])


def test_what_is_true_is_asked_again_before_it_is_sent(
    course: Course, boss: User, learner: User, at: dt.datetime
) -> None:
    row = give(learner, course, at)
    live(at, 0, 9)
    with doorbell.silent():
        plan(at=at + 9 * DAY)
    occasion = Occasion.objects.get(kind="escalation")
    kind = kinds.get("escalation")
    now = at + 9 * DAY
    assert kind.still_wanted(occasion, now) is None
    assert kind.line(occasion, now) == (
        f"Maya Quist has not finished {course.title}. It was due on Wednesday, November 25, 7 days ago."
    )
    assert kind.context(occasion, now)["button_url"].endswith(f"/team/people/{learner.public_id}/")
    with doorbell.silent():
        replying.give(row, Answer.BLOCKED, by=learner.subject, at=now)
    assert kind.rests(occasion, now + DAY)
    boss.supervisions.update(ended_at=now)
    assert kind.still_wanted(occasion, now) == "The recipient no longer supervises this person."


def test_the_queries_do_not_grow_with_the_people(
    course: Course, boss: User, at: dt.datetime, django_assert_num_queries: Any
) -> None:
    team = boss.supervisions.get().team
    kind = kinds.get("escalation")
    give(factories.make_user(team=team, email=None), course, at)
    plan(at=at + 12 * DAY)
    with django_assert_num_queries(4):
        assert list(kind.due(at + 13 * DAY)) == []  # type: ignore[attr-defined]
    for _ in range(2):
        give(factories.make_user(team=team, email=None), course, at)
    plan(at=at + 12 * DAY)
    with django_assert_num_queries(4):
        assert list(kind.due(at + 13 * DAY)) == []  # type: ignore[attr-defined]
