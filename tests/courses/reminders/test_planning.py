"""Reminders over simulated days: what the planner notes, and what a late worker no longer sends."""

import datetime as dt
import threading
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connections

from courses.actions import assigning, excepting, filing
from courses.enums import ExceptionKind, RenewalKind
from courses.models import Assignment, Course, Enrollment
from courses.reminders import planner
from courses.reminders.planner import duty_reasons, plan
from courses.requirements.facts import Renewal
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.actions import people
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ZONES = ["America/Denver", "Europe/London", "Australia/Lord_Howe"]
MOVED = "The date it is about has moved, or the days on which it was true are over."


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
def test_each_reminder_is_said_from_its_local_day_on(zone: str, due_on: dt.date) -> None:
    """Around the days that change the clock in each zone; these due dates are Mondays, so that three days before is a Friday."""
    start = noon(due_on - 12 * DAY, zone)
    course = factories.make_course(at=start)
    learner = factories.make_user(site=factories.make_site(zone, zone))
    give(course, due_on, start, learner)
    first: dict[str, dt.date] = {}
    last: dict[str, dt.date] = {}
    for hour in range(0, 24 * 23, 2):
        at = start + dt.timedelta(hours=hour)
        for due in duty_reasons(at):
            today = dates.local_date(at, zone)
            first.setdefault(f"{due.kind} {due.key.rsplit(':', 1)[1]}", today)
            last[f"{due.kind} {due.key.rsplit(':', 1)[1]}"] = today
    assert first == {
        "due_soon 3": due_on - 3 * DAY, "due_soon 0": due_on, "overdue 1": due_on + DAY, "overdue 7": due_on + 7 * DAY,
    }  # fmt: skip
    assert last["due_soon 3"] == due_on - DAY
    assert last["due_soon 0"] == due_on
    assert last["overdue 1"] == due_on + 6 * DAY


def test_twice_the_same_plan_makes_nothing_new(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    then = noon(dt.date(2026, 12, 4))
    assert [plan(at=then), plan(at=then), plan(at=then + dt.timedelta(hours=3))] == [1, 0, 0]
    assert planned() == {"due_soon": 1}


def test_weeks_of_planning_note_each_reason_once(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    for hour in range(0, 24 * 40, 4):
        plan(at=at + dt.timedelta(hours=hour))
    keys = Occasion.objects.exclude(kind="course_assigned").order_by("created_at").values_list("key", flat=True)
    assert [key.split(":")[0] + " " + key.rsplit(":", 1)[1] for key in keys] == [
        "due_soon 14", "due_soon 3", "due_soon 0", "overdue 1", "overdue 7", "overdue 21",
    ]  # fmt: skip


def test_a_course_given_today_and_due_in_three_days_is_not_reminded_today(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 11, 26), at)
    assert plan(at=at + dt.timedelta(hours=1)) == 0


def test_a_planner_that_was_away_says_only_what_is_true(course: Course, at: dt.datetime) -> None:
    give(course, dt.date(2026, 12, 9), at)
    assert plan(at=noon(dt.date(2026, 12, 7))) == 1
    assert Occasion.objects.get(kind="due_soon").key.endswith(":3"), "two days remain, and the mail says two"
    assert plan(at=noon(dt.date(2026, 12, 20))) == 1
    assert Occasion.objects.get(kind="overdue").key.endswith(":7"), "one day late is long ago"


@pytest.mark.parametrize("how", ["complete", "withdraw", "deactivate", "no email", "exempt", "leave"])
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
    elif how in ("exempt", "leave"):
        kind = ExceptionKind.EXEMPTION if how == "exempt" else ExceptionKind.LEAVE
        coordinator = factories.make_coordinator()
        today = dates.local_date(at, learner.zone)
        excepting.grant(learner, kind, starts_on=today, ends_on=None, reason="x", by=coordinator, at=at)
    for day in range(40):
        assert plan(at=at + day * DAY) == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_assigned_during_a_leave_is_told_after_it(course: Course, at: dt.datetime) -> None:
    learner, coordinator = factories.make_user(), factories.make_coordinator()
    today = dates.local_date(at, learner.zone)
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=today, ends_on=today + 5 * DAY, reason="x", by=coordinator, at=at
    )
    give(course, dt.date(2027, 1, 20), at, learner)
    for day in range(6):
        assert outbox.gather(at=at + day * DAY) == {"written": 0, "held": 0, "dropped": 0}
    back = at + 7 * DAY  # a Monday
    assert outbox.gather(at=back) == {"written": 1, "held": 0, "dropped": 0}


def test_a_moved_date_has_reminders_of_its_own(course: Course, at: dt.datetime) -> None:
    assignment = give(course, dt.date(2026, 12, 9), at)
    day = noon(dt.date(2026, 12, 4))
    plan(at=day)
    old = Occasion.objects.get(kind="due_soon")
    assigning.move_due_date(assignment, dt.date(2026, 12, 20), reason="Leave", by=SYSTEM, at=day)
    assert kinds.get("due_soon").still_wanted(old, day) == MOVED
    plan(at=noon(dt.date(2026, 12, 17)))
    assert planned() == {"due_soon": 2}


def test_of_two_duties_of_a_course_the_one_that_is_due_first_speaks(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    late = give(course, dt.date(2027, 1, 20), at, learner)
    factories.make_requirement(course, at=at)  # due in 30 days
    soon = Assignment.objects.exclude(pk=late.pk).get(learner=learner)
    found = {due.ref for day in range(60) for due in duty_reasons(at + day * DAY) if due.recipient == learner}
    assert found == {str(soon.public_id)}
    assigning.withdraw(soon, reason="x", by=SYSTEM, at=at)
    found = {due.ref for day in range(60) for due in duty_reasons(at + day * DAY) if due.recipient == learner}
    assert found == {str(late.public_id)}


def test_what_was_given_by_hand_and_runs_out_is_said_though_nothing_opens(course: Course, at: dt.datetime) -> None:
    assignment = give(course, dt.date(2026, 12, 9), at)
    assert assignment.enrollment is not None
    factories.pass_unit(assignment.enrollment, at=at)
    ends = assignment.enrollment.certificates.get().expires_on
    assert ends is not None
    found: dict[str, dt.date] = {}
    for day in range((ends - at.date()).days - 45, (ends - at.date()).days + 30):
        for due in duty_reasons(at + day * DAY):
            found.setdefault(due.kind, (at + day * DAY).date())
    assert set(found) == {"expires", "expired"}
    assert found["expired"] > ends > found["expires"]
    kind, when = kinds.get("expires"), at + ((ends - at.date()).days - 20) * DAY
    plan(at=when)
    occasion = Occasion.objects.get(kind="expires")
    assert kind.still_wanted(occasion, when) is None
    assert "Ask your training coordinator" in kind.line(occasion, when)


def test_what_was_completed_again_since_says_nothing_of_the_older_end(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    first = give(course, dt.date(2026, 12, 9), at, learner)
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at)
    ends = first.enrollment.certificates.get().expires_on
    assert ends is not None
    soon = at + ((ends - at.date()).days - 25) * DAY
    assert [due.kind for due in duty_reasons(soon)] == ["expires"]
    second = give(course, dt.date(2028, 12, 9), soon, learner)
    assert second.enrollment is not None
    factories.pass_unit(second.enrollment, at=soon)
    assert list(duty_reasons(soon)) == []


def test_a_renewal_is_told_when_it_opens_and_its_evidence_when_it_ends(course: Course, at: dt.datetime) -> None:
    from courses.actions.cycles import reconcile

    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 12, window=60))
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    opens = at + (365 - 60) * DAY
    reconcile(learner, at=opens)
    occasion = Occasion.objects.get(kind="renewal_opens")
    assert kinds.get("renewal_opens").still_wanted(occasion, opens) is None
    assert kinds.get("renewal_opens").still_wanted(occasion, opens + 20 * DAY) is not None
    found = Counter(due.key.split(":")[0] for day in range(130) for due in duty_reasons(opens + day * DAY))
    assert set(found) == {"expires", "expired", "due_soon", "overdue"}
    assert not any(due.kind == "course_assigned" for due in duty_reasons(opens))


def test_a_renewal_that_was_completed_speaks_of_its_own_end_and_no_more_of_the_one_before(
    course: Course, at: dt.datetime
) -> None:
    """The window is shorter than the first reminder: nothing is open yet when it is due."""
    from courses.actions.cycles import reconcile

    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 12, window=10))
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    opens = at + (365 - 10) * DAY
    reconcile(learner, at=opens)
    plan(at=opens + 4 * DAY)
    old = Occasion.objects.get(kind="expires")
    kind = kinds.get("expires")
    assert kind.still_wanted(old, opens + 4 * DAY) is None
    renewal = Enrollment.objects.get(learner=learner, completed_at__isnull=True)
    factories.pass_unit(renewal, at=opens + 5 * DAY)
    assert kind.still_wanted(old, opens + 5 * DAY) == "The course is complete."
    again = opens + (365 - 10) * DAY
    plan(at=again)
    new = Occasion.objects.exclude(pk=old.pk).get(kind="expires", ref=str(renewal.assignments.get().public_id))
    assert kind.still_wanted(new, again) is None
    assert kind.answers(new) == []
    facts = kind.context(new, again)
    assert (facts["renewal"], facts["ends_on"] > again.date()) == (False, True)


def test_one_reason_that_fails_keeps_no_other_back(
    course: Course, at: dt.datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = give(course, dt.date(2026, 12, 9), at), give(course, dt.date(2026, 12, 9), at)
    real = outbox.note

    def note(kind: str, *, key: str, **more: object) -> bool:
        if str(bad.public_id) in key:
            raise RuntimeError("poison")
        return real(kind, key=key, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(planner.outbox, "note", note)
    assert plan(at=noon(dt.date(2026, 12, 4))) == 1
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

    def test_days_are_said_until_the_next_number_begins(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 4)
        occasion, kind = self.occasion("due_soon", noon(day)), kinds.get("due_soon")
        assert kind.still_wanted(occasion, noon(day)) is None
        assert "in 5 days" in kind.line(occasion, noon(day))
        assert kind.still_wanted(occasion, noon(day + 4 * DAY)) is None
        assert "tomorrow" in kind.line(occasion, noon(day + 4 * DAY))
        assert kind.still_wanted(occasion, noon(day + 5 * DAY)) == MOVED

    def test_late_by_a_day_is_not_said_after_a_week(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 10)
        occasion, kind = self.occasion("overdue", noon(day)), kinds.get("overdue")
        assert kind.still_wanted(occasion, noon(day)) is None
        assert kind.still_wanted(occasion, noon(day + 5 * DAY)) is None
        assert kind.still_wanted(occasion, noon(day + 6 * DAY)) == MOVED

    @pytest.mark.parametrize("slug", ["course_assigned", "due_soon"])
    def test_not_after_completion_or_withdrawal(self, assignment: Assignment, slug: str) -> None:
        day = noon(dt.date(2026, 12, 4))
        plan(at=day)
        occasion, kind = Occasion.objects.get(kind=slug), kinds.get(slug)
        assert kind.still_wanted(occasion, day) is None
        assert assignment.enrollment is not None
        factories.pass_unit(assignment.enrollment, at=day)
        assert kind.still_wanted(occasion, day) == "The course is complete."
        Assignment.objects.update(withdrawn_at=day)
        assert kind.still_wanted(occasion, day) == "The course is no longer assigned."

    def test_a_resent_message_is_asked_the_same(self, assignment: Assignment) -> None:
        day = dt.date(2026, 12, 4)
        occasion, kind = self.occasion("due_soon", noon(day)), kinds.get("due_soon")
        occasion.key += ":r2"
        assert kind.still_wanted(occasion, noon(day)) is None


@pytest.mark.django_db(transaction=True)
class TestDelivery:
    """The same through the outbox, with the real templates."""

    def deliver_all(self, at: dt.datetime) -> None:
        outbox.gather(at=at)
        for pk in Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True):
            outbox.deliver(pk, at=at)

    def test_what_is_sent_says_the_date_the_zone_and_the_days(self, course: Course, at: dt.datetime) -> None:
        give(course, dt.date(2026, 12, 9), at, factories.make_user("Maya Quist"))
        self.deliver_all(at)
        for day in (dt.date(2026, 12, 4), dt.date(2026, 12, 10), dt.date(2026, 12, 16)):
            plan(at=noon(day))
            self.deliver_all(noon(day))
        messages = list(Message.objects.order_by("pk"))
        assert [m.state for m in messages] == [MessageState.SENT] * 4
        assert [m.kind for m in messages] == ["course_assigned", "due_soon", "overdue", "overdue"]
        for body in (m.body_text for m in messages):
            assert "December 9" in body
            assert "Denver time" in body
            assert "Maya" in body
            assert "http" in body

    def test_a_late_worker_suppresses_a_stale_reminder(self, course: Course, at: dt.datetime) -> None:
        give(course, dt.date(2026, 12, 9), at)
        self.deliver_all(at)
        plan(at=noon(dt.date(2026, 12, 4)))
        outbox.gather(at=noon(dt.date(2026, 12, 4)))
        self.deliver_all(noon(dt.date(2026, 12, 9)))
        message = Message.objects.get(kind="due_soon")
        assert message.state == MessageState.SUPPRESSED
        assert message.last_reply == MOVED

    def test_a_completed_course_suppresses_what_is_queued(self, course: Course, at: dt.datetime) -> None:
        assignment = give(course, dt.date(2026, 12, 9), at)
        assert assignment.enrollment is not None
        day = noon(dt.date(2026, 12, 4))
        plan(at=day)
        outbox.gather(at=day)
        factories.pass_unit(assignment.enrollment, at=day)
        self.deliver_all(day)
        assert Message.objects.get(kind="digest").state == MessageState.SUPPRESSED

    def test_a_deactivated_person_is_not_written_to(self, course: Course, at: dt.datetime, tmp_path: Path) -> None:
        learner = factories.make_user()
        give(course, dt.date(2026, 12, 9), at, learner)
        day = noon(dt.date(2026, 12, 4))
        plan(at=day)
        outbox.gather(at=day)
        people.deactivate(learner, "Left", by=SYSTEM, at=day)
        self.deliver_all(day)
        assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SUPPRESSED}
        assert not list(tmp_path.glob("mail/*"))

    def test_evidence_and_renewals_in_their_own_words(self, course: Course, at: dt.datetime) -> None:
        from courses.actions.cycles import reconcile

        learner = factories.make_user("Maya Quist")
        factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 12, window=60))
        factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
        begins = at + (365 - 61) * DAY
        for day in range(90):
            now = begins + day * DAY
            reconcile(learner, at=now)
            plan(at=now)
            self.deliver_all(now)
        sent = [m for m in Message.objects.order_by("pk") if m.state == MessageState.SENT]
        assert {"renewal_opens", "expires", "expired"} <= {m.kind for m in sent} | {
            o.kind for m in sent for o in m.occasions.all()
        }
        for message in sent:
            assert "November 23" in message.body_text or "December" in message.body_text
            assert "{{" not in message.body_text
            assert "None" not in message.body_text


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_four_planners_at_once_note_each_reason_once(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    for _ in range(5):
        give(course, dt.date(2026, 12, 9), at)
    start, made, errors = threading.Barrier(4), [], []
    day = noon(dt.date(2026, 12, 4))

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
    assert Occasion.objects.filter(kind="due_soon").count() == 5


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
