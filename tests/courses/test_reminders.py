"""Reminders over simulated days: what the planner announces, and what a late worker no longer sends."""

import datetime as dt
import threading
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connections

from courses.actions import assigning, filing
from courses.models import Assignment, Course
from courses.reminders import due_soon, overdue
from courses.reminders.planner import plan
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.delivery import NOT_ACTIVE
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.actions import people
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests import factories
from tests.letters import gather_and_deliver

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ZONES = ["America/Denver", "Europe/London", "Australia/Lord_Howe"]


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def give(course: Course, due_on: dt.date, at: dt.datetime, learner: User | None = None) -> Assignment:
    learner = learner or factories.make_user()
    return assigning.assign(learner, course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=at)


def planned() -> Counter[str]:
    return Counter(Occasion.objects.exclude(kind="course_assigned").values_list("kind", flat=True))


def noon(day: dt.date, zone: str = "America/Denver") -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "due_on",
    [
        dt.date(2026, 3, 9),
        dt.date(2026, 3, 30),
        dt.date(2026, 4, 6),
        dt.date(2026, 10, 5),
        dt.date(2026, 10, 26),
        dt.date(2026, 11, 2),
    ],
)
def test_every_plan_of_weeks_says_each_reminder_on_its_local_day(zone: str, due_on: dt.date) -> None:
    """Around the days that change the clock in each zone: three days before, one after, seven after, and never else."""
    start = noon(due_on - 12 * DAY, zone)
    course = factories.make_course(at=start)
    learner = factories.make_user(site=factories.make_site(zone, zone))
    assignment = give(course, due_on, start, learner)
    wanted = {due_on - 3 * DAY: due_soon.key(assignment)} | {
        due_on + n * DAY: overdue.key(assignment, n) for n in (1, 7)
    }
    found: dict[dt.date, set[str]] = {}
    for hour in range(0, 24 * 23, 2):
        at = start + dt.timedelta(hours=hour)
        for slug in ("due_soon", "overdue"):
            for due in kinds.get(slug).due(at):  # type: ignore[attr-defined]
                found.setdefault(dates.local_date(at, zone), set()).add(due.key)
    assert {day: {key} for day, key in wanted.items()} == found


def test_twice_the_same_plan_makes_nothing_new(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    then = noon(dt.date(2026, 12, 6))
    assert [plan(at=then), plan(at=then), plan(at=then + dt.timedelta(hours=3))] == [1, 0, 0]
    assert planned() == {"due_soon": 1}


def test_days_of_planning_send_each_reason_once(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    for hour in range(0, 24 * 40, 4):
        plan(at=at + dt.timedelta(hours=hour))
    assert planned() == {"due_soon": 1, "overdue": 2}
    assert sorted(
        key.rsplit(":", 1)[1] for key in Occasion.objects.filter(kind="overdue").values_list("key", flat=True)
    ) == ["1", "7"]


def test_a_course_given_today_and_due_in_three_days_is_not_reminded_today(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 11, 26), at)
    assert plan(at=at + dt.timedelta(hours=1)) == 0


def test_a_planner_that_was_away_says_only_what_is_true(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    assert plan(at=noon(dt.date(2026, 12, 7))) == 0, "two days remain: 'due in 3 days' would be wrong"
    assert plan(at=noon(dt.date(2026, 12, 12))) == 0, "three days late: neither one nor seven"
    assert plan(at=noon(dt.date(2026, 12, 16))) == 1


@pytest.mark.parametrize("how", ["complete", "withdraw", "deactivate", "no email"])
def test_who_has_nothing_to_do_or_cannot_be_reached_gets_nothing(course: Course, at: dt.datetime, how: str) -> None:
    learner = factories.make_user(email=None if how == "no email" else "learner@example.org")
    assignment = give(course, dt.date(2026, 12, 9), at, learner)
    assert assignment.enrollment is not None
    if how == "complete":
        factories.pass_unit(assignment.enrollment, at=at)
    elif how == "withdraw":
        assigning.withdraw(assignment, reason="x", by=SYSTEM, at=at)
    elif how == "deactivate":
        people.deactivate(learner, "Left", by=SYSTEM, at=at)
    for day in range(40):
        assert plan(at=at + day * DAY) == 0


def test_a_moved_date_has_reminders_of_its_own(course: Course, at: dt.datetime) -> None:
    assignment = give(course, dt.date(2026, 12, 9), at)
    plan(at=noon(dt.date(2026, 12, 6)))
    old = Occasion.objects.get(kind="due_soon")
    assigning.move_due_date(assignment, dt.date(2026, 12, 20), reason="Leave", by=SYSTEM, at=noon(dt.date(2026, 12, 6)))
    assert kinds.get("due_soon").still_wanted(old, noon(dt.date(2026, 12, 6))) == "The due date has changed."
    plan(at=noon(dt.date(2026, 12, 17)))
    assert planned() == {"due_soon": 2}


def test_one_reason_that_fails_keeps_no_other_back(
    course: Course, at: dt.datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = give(course, dt.date(2026, 12, 9), at), give(course, dt.date(2026, 12, 9), at)
    real = outbox.note

    def note(kind: str, *, key: str, **more: object) -> bool:
        if str(bad.public_id) in key:
            raise RuntimeError("poison")
        return real(kind, key=key, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "note", note)
    assert plan(at=noon(dt.date(2026, 12, 6))) == 1
    assert Occasion.objects.get(kind="due_soon").ref == str(good.public_id)
    assert str(bad.public_id) in caplog.text


class TestStillWanted:
    """What the worker asks just before it sends."""

    @pytest.fixture
    def assignment(self, course: Course, at: dt.datetime) -> Assignment:
        return give(course, dt.date(2026, 12, 9), at)

    def occasion(self, kind: str, at: dt.datetime) -> Occasion:
        plan(at=at)
        return Occasion.objects.get(kind=kind)

    def test_three_days_are_said_on_that_day_alone(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 6)
        occasion, kind = self.occasion("due_soon", noon(day)), kinds.get("due_soon")
        assert kind.still_wanted(occasion, noon(day)) is None
        assert kind.still_wanted(occasion, noon(day + DAY)) == "It says 3 days, and 2 remain."
        assert kind.still_wanted(occasion, noon(day + 9 * DAY)) == "It says 3 days, and 0 remain."

    def test_one_day_late_is_said_on_that_day_alone(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 10)
        occasion, kind = self.occasion("overdue", noon(day)), kinds.get("overdue")
        assert kind.still_wanted(occasion, noon(day)) is None
        assert kind.still_wanted(occasion, noon(day + DAY)) == "It says 1 day overdue, and it is 2 now."

    @pytest.mark.parametrize("slug", ["course_assigned", "due_soon"])
    def test_not_after_completion_or_withdrawal(self, assignment: Assignment, slug: str) -> None:
        day = noon(dt.date(2026, 12, 6))
        plan(at=day)
        occasion, kind = Occasion.objects.get(kind=slug), kinds.get(slug)
        assert kind.still_wanted(occasion, day) is None
        assert assignment.enrollment is not None
        factories.pass_unit(assignment.enrollment, at=day)
        assert kind.still_wanted(occasion, day) == "The course is complete."
        Assignment.objects.update(withdrawn_at=day)
        assert kind.still_wanted(occasion, day) == "The course is no longer assigned."

    def test_a_resent_message_is_asked_the_same(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 6)
        occasion, kind = self.occasion("due_soon", noon(day)), kinds.get("due_soon")
        occasion.key += ":r2"
        assert kind.still_wanted(occasion, noon(day)) is None


@pytest.mark.django_db(transaction=True)
class TestDelivery:
    """The same through the outbox, with the real templates."""

    def test_what_is_sent_says_the_date_the_zone_and_the_days(self, course: Course, at: dt.datetime) -> None:
        give(course, dt.date(2026, 12, 10), at, factories.make_user("Maya Quist"))
        gather_and_deliver(at)
        for day in (dt.date(2026, 12, 7), dt.date(2026, 12, 11), dt.date(2026, 12, 17)):
            plan(at=noon(day))
            gather_and_deliver(noon(day))
        messages = list(Message.objects.order_by("pk"))
        assert [m.state for m in messages] == [MessageState.SENT] * 4
        assert [m.kind for m in messages] == ["course_assigned", "due_soon", "overdue", "overdue"]
        for body in (m.body_text for m in messages):
            assert "December 10" in body
            assert "Denver time" in body
            assert "Maya" in body
            assert "http" in body

    def test_a_late_worker_suppresses_a_stale_reminder(self, course: Course, at: dt.datetime) -> None:
        give(course, dt.date(2026, 12, 10), at)
        gather_and_deliver(at)
        plan(at=noon(dt.date(2026, 12, 7)))
        outbox.gather(at=noon(dt.date(2026, 12, 7)))
        gather_and_deliver(noon(dt.date(2026, 12, 8)))
        message = Message.objects.get(kind="due_soon")
        assert message.state == MessageState.SUPPRESSED
        assert message.last_reply == "It says 3 days, and 2 remain."

    def test_a_completed_course_suppresses_what_is_queued(self, course: Course, at: dt.datetime) -> None:
        assignment = give(course, dt.date(2026, 12, 10), at)
        assert assignment.enrollment is not None
        day = noon(dt.date(2026, 12, 7))
        plan(at=day)
        outbox.gather(at=day)
        factories.pass_unit(assignment.enrollment, at=day)
        gather_and_deliver(day)
        message = Message.objects.get(kind="digest")
        assert set(message.occasions.values_list("kind", flat=True)) == {"course_assigned", "due_soon"}
        assert (message.state, message.last_reply) == (MessageState.SUPPRESSED, "The course is complete.")

    def test_two_reasons_on_one_day_are_one_mail_with_a_line_each(self, course: Course, at: dt.datetime) -> None:
        give(course, dt.date(2026, 12, 10), at)
        day = noon(dt.date(2026, 12, 7))
        plan(at=day)
        gather_and_deliver(day)
        message = Message.objects.get()
        assert (message.kind, message.state) == ("digest", MessageState.SENT)
        assert "Test course is yours to finish by Thursday, December 10, end of day (Denver time)." in message.body_text
        assert "Test course is due in three days: Thursday, December 10, end of day (Denver time)." in message.body_text

    def test_a_deactivated_person_is_not_written_to(self, course: Course, at: dt.datetime, tmp_path: Path) -> None:
        learner = factories.make_user()
        give(course, dt.date(2026, 12, 10), at, learner)
        day = noon(dt.date(2026, 12, 7))
        plan(at=day)
        people.deactivate(learner, "Left", by=SYSTEM, at=day)
        gather_and_deliver(day)
        assert not Message.objects.exists()
        assert set(Occasion.objects.values_list("dropped_reason", flat=True)) == {NOT_ACTIVE}
        assert not list(tmp_path.glob("mail/*"))


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_four_planners_at_once_announce_each_reason_once(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    for _ in range(5):
        give(course, dt.date(2026, 12, 9), at)
    start, made, errors = threading.Barrier(4), [], []
    day = noon(dt.date(2026, 12, 6))

    def run() -> None:
        try:
            start.wait(20)
            made.append(plan(at=day))
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    assert sum(made) == 5
    assert planned() == {"due_soon": 5}


@pytest.mark.django_db(transaction=True)
def test_a_certificate_mail_never_goes_without_its_file(at: dt.datetime) -> None:
    """Discarded while it waited and sent again by a person, it still waits for the file."""
    factories.make_course(at=at)
    factories.pass_unit(factories.make_enrollment(at=at), at=at)
    waiting = Message.objects.get(kind="certificate_ready")
    assert outbox.discard(waiting, at=at, by=SYSTEM, reason="By mistake")
    again = outbox.resend(waiting, at=at, by=SYSTEM, reason="It was a mistake")
    assert again is not None
    outbox.deliver(again.pk, at=at)
    again.refresh_from_db()
    assert again.state == MessageState.QUEUED
    assert not list(Path(settings.EMAIL_FILE_PATH).glob("*"))
    filing.sweep(at=at)
    outbox.deliver(again.pk, at=at + DAY)
    again.refresh_from_db()
    assert again.state == MessageState.SENT
