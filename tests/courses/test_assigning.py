"""Assigning by hand, moving due dates, withdrawing, and what a change of zone does."""

import datetime as dt
import json
import threading
import zoneinfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction

from courses.actions import assigning
from courses.actions.assigning import assign, move_due_date, withdraw
from courses.models import Assignment, Course, Enrollment
from lms.lib import dates
from lms.outbox.models import Occasion
from lms.people.actions import organization, people
from lms.record import queries as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def kinds_of(learner: object) -> list[str]:
    return [e.kind for e in record.events_of(learner.subject)]  # type: ignore[attr-defined]


def give(learner: object, course: Course, at: dt.datetime, **changes: object) -> Assignment:
    values = {"due_on": dt.date(2026, 12, 9), "reason": "Onboarding", "by": SYSTEM, "at": at, **changes}
    return assign(learner, course, **values)  # type: ignore[arg-type]


def test_assigning_writes_assignment_enrollment_event_and_message(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    row = give(learner, course, at)
    assert row.enrollment is not None
    assert (row.cycle, row.reason, row.assigned_by) == (1, "Onboarding", "system")
    assert row.enrollment.version == course.current
    assert row.due_at == dt.datetime(2026, 12, 10, 7, 0, tzinfo=dt.UTC), "midnight in Denver"
    assert row.opens_at <= at
    (event,) = record.events_of(learner.subject)
    payload = json.loads(event.payload)
    assert event.kind == EventKind.COURSE_ASSIGNED
    assert payload["due_on"] == "2026-12-09"
    assert payload["zone"] == "America/Denver"
    assert learner.name not in event.payload
    occasion = Occasion.objects.get()
    assert occasion.key == f"course_assigned:{row.public_id}"
    assert (occasion.message, occasion.dropped_at) == (None, None)
    assert list(record.faults(learner.subject)) == []


def test_what_cannot_be_is_said_in_words(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user("Ann Example")
    gone = factories.make_user("Gone Person", is_active=False)
    bare = Course.objects.create(slug="bare", title="Bare", created_at=at)
    cases: list[tuple[object, Course, dict[str, object], str]] = [
        (gone, course, {}, "Gone Person is deactivated. Reactivate the person first."),
        (learner, bare, {}, "Bare has no published edition yet."),
        (learner, course, {"reason": "  "}, "Say why this course is assigned."),
        (learner, course, {"due_on": dt.date(2026, 11, 22)}, "The due date cannot be before the day the course opens."),
        (
            learner,
            course,
            {"opens_on": dt.date(2026, 12, 10)},
            "The due date cannot be before the day the course opens.",
        ),
        (learner, course, {"due_on": dt.date.max}, "This date is more than 20 years away. Check the year."),
        (learner, course, {"opens_on": dt.date.min}, "This date is more than 20 years away. Check the year."),
    ]
    for who, what, changes, sentence in cases:
        with pytest.raises(ValidationError) as refused:
            give(who, what, at, **changes)
        assert refused.value.messages == [sentence]
    assert not Assignment.objects.exists()
    assert not Enrollment.objects.exists()
    assert not Occasion.objects.exists()
    assert kinds_of(learner) == []


def test_the_same_course_twice_is_refused(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user("Ann Example")
    give(learner, course, at)
    with pytest.raises(ValidationError, match="Ann Example already has Test course to do"):
        give(learner, course, at)
    assert Assignment.objects.count() == 1
    assert Occasion.objects.count() == 1


def test_after_completion_the_next_cycle_opens_a_new_enrollment(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    first = give(learner, course, at)
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at)
    second = give(learner, course, at + DAY, due_on=dt.date(2027, 1, 9))
    assert second.cycle == 2
    assert second.enrollment != first.enrollment
    first.refresh_from_db()
    assert first.enrollment is not None
    assert first.enrollment.completed_at == at, "nothing is reset"


def test_after_a_withdrawal_the_open_run_goes_on(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    first = give(learner, course, at)
    assert withdraw(first, reason="Left the team", by=SYSTEM, at=at)
    second = give(learner, course, at + DAY)
    assert second.cycle == 2
    assert second.enrollment == first.enrollment, "at most one open enrollment"


def test_opening_later(course: Course, at: dt.datetime) -> None:
    row = give(factories.make_user(), course, at, opens_on=dt.date(2026, 12, 1))
    assert row.opens_at == dt.datetime(2026, 12, 1, 7, 0, tzinfo=dt.UTC)


def test_today_is_the_learners_today(course: Course, at: dt.datetime) -> None:
    """At this instant it is the 24th in Tokyo and the 23rd in Denver."""
    late = at + dt.timedelta(hours=3)
    tokyo = factories.make_user(site=factories.make_site("East", "Asia/Tokyo"))
    with pytest.raises(ValidationError):
        give(tokyo, course, late, due_on=dt.date(2026, 11, 23))
    assert give(tokyo, course, late, due_on=dt.date(2026, 11, 24)).opens_on == dt.date(2026, 11, 24)
    assert give(factories.make_user(), course, late, due_on=dt.date(2026, 11, 23)).opens_on == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    "zone",
    ["America/Denver", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"],
)
def test_due_is_local_midnight_on_days_that_change_the_clock(course: Course, zone: str) -> None:
    """Two years of days: the due instant is the first of the following local day, and one tick before is still the day."""
    tick = dt.timedelta(microseconds=1)
    day = dt.date(2026, 1, 1)
    for n in range(730):
        due_on = day + n * DAY
        due_at = dates.end_of_day(due_on, zone)
        assert dates.local_date(due_at, zone) == due_on + DAY
        assert dates.local_date(due_at - tick, zone) == due_on
    spring = dt.datetime(2026, 2, 20, 18, tzinfo=dt.UTC)
    learner = factories.make_user(site=factories.make_site(zone, zone))
    row = give(learner, course, spring, due_on=dt.date(2026, 3, 8))
    local = row.due_at.astimezone(zoneinfo.ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == (dt.date(2026, 3, 9), 0, 0)


class TestMoving:
    def test_moves_date_and_instant_with_an_event(self, course: Course, at: dt.datetime) -> None:
        learner = factories.make_user()
        row = give(learner, course, at)
        move_due_date(row, dt.date(2026, 12, 20), reason="On leave", by=SYSTEM, at=at)
        assert row.due_on == dt.date(2026, 12, 20)
        assert row.due_at == dates.end_of_day(row.due_on, "America/Denver")
        payload = json.loads(record.events_of(learner.subject)[-1].payload)
        assert (payload["from"], payload["to"], payload["reason"]) == ("2026-12-09", "2026-12-20", "On leave")
        assert payload["course"] == course.slug

    def test_the_same_date_changes_nothing(self, course: Course, at: dt.datetime) -> None:
        learner = factories.make_user()
        row = give(learner, course, at)
        move_due_date(row, row.due_on, reason="None", by=SYSTEM, at=at)
        assert kinds_of(learner) == [EventKind.COURSE_ASSIGNED]

    def test_refusals(self, course: Course, at: dt.datetime) -> None:
        row = give(factories.make_user(), course, at)
        with pytest.raises(ValidationError, match="cannot be before"):
            move_due_date(row, dt.date(2026, 11, 1), reason="x", by=SYSTEM, at=at)
        with pytest.raises(ValidationError, match="Say why"):
            move_due_date(row, dt.date(2026, 12, 20), reason=" ", by=SYSTEM, at=at)
        with pytest.raises(ValidationError, match="20 years"):
            move_due_date(row, dt.date.max, reason="x", by=SYSTEM, at=at)
        assert withdraw(row, reason="Over", by=SYSTEM, at=at)
        with pytest.raises(ValidationError, match="completed or withdrawn before"):
            move_due_date(row, dt.date(2026, 12, 20), reason="x", by=SYSTEM, at=at)
        row.refresh_from_db()
        assert row.due_on == dt.date(2026, 12, 9)


class TestWithdrawing:
    def test_once_with_an_event(self, course: Course, at: dt.datetime) -> None:
        learner = factories.make_user()
        row = give(learner, course, at)
        assert withdraw(row, reason=" Changed role ", by=SYSTEM, at=at)
        assert not withdraw(row, reason="again", by=SYSTEM, at=at + DAY)
        row.refresh_from_db()
        assert (row.withdrawn_at, row.withdrawn_reason) == (at, "Changed role")
        assert kinds_of(learner).count(EventKind.ASSIGNMENT_WITHDRAWN) == 1
        assert Enrollment.objects.count() == 1, "what was done stays"

    def test_not_without_a_reason(self, course: Course, at: dt.datetime) -> None:
        row = give(factories.make_user(), course, at)
        with pytest.raises(ValidationError, match="Say why"):
            withdraw(row, reason="", by=SYSTEM, at=at)

    def test_not_after_completion(self, course: Course, at: dt.datetime) -> None:
        row = give(factories.make_user(), course, at)
        assert row.enrollment is not None
        factories.pass_unit(row.enrollment, at=at)
        assert not withdraw(row, reason="x", by=SYSTEM, at=at)


class TestZones:
    def test_a_corrected_zone_moves_the_instant_and_keeps_the_date(self, course: Course, at: dt.datetime) -> None:
        site = factories.make_site("Ridge", "America/Denver")
        learner = factories.make_user(site=site)
        row = give(learner, course, at)
        organization.change_site(site, name=site.name, zone="America/New_York", active=True, by=SYSTEM, at=at)
        row.refresh_from_db()
        assert row.due_on == dt.date(2026, 12, 9)
        assert row.due_at == dates.end_of_day(row.due_on, "America/New_York")
        assert row.opens_at == dates.end_of_day(row.opens_on - DAY, "America/New_York")
        last = record.events_of(learner.subject)[-1]
        assert last.kind == EventKind.ASSIGNMENT_MOVED
        assert json.loads(last.payload)["zone"] == "America/New_York"

    def test_a_move_to_another_site_moves_it_too(self, course: Course, at: dt.datetime) -> None:
        learner = factories.make_user()
        row = give(learner, course, at)
        people.change_person(
            learner, site=factories.make_site("Coast", "America/Los_Angeles"), team=None, by=SYSTEM, at=at
        )
        row.refresh_from_db()
        assert row.due_at == dates.end_of_day(row.due_on, "America/Los_Angeles")

    def test_what_is_over_stays(self, course: Course, at: dt.datetime) -> None:
        site = factories.make_site("Ridge", "America/Denver")
        done, gone = factories.make_user(site=site), factories.make_user(site=site)
        finished, withdrawn = give(done, course, at), give(gone, course, at)
        assert finished.enrollment is not None
        factories.pass_unit(finished.enrollment, at=at)
        withdraw(withdrawn, reason="x", by=SYSTEM, at=at)
        site.zone = "Asia/Tokyo"
        site.save()
        for learner in (done, gone):
            learner.refresh_from_db()
            with transaction.atomic():
                assigning.zone_changed(learner, by=SYSTEM, at=at)
        for row, before in ((finished, finished.due_at), (withdrawn, withdrawn.due_at)):
            row.refresh_from_db()
            assert row.due_at == before


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_eight_hands_assign_once(at: dt.datetime) -> None:
    course, learner = factories.make_course(at=at), factories.make_user()
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def run() -> None:
        try:
            start.wait(20)
            give(learner, course, at)
            outcomes.append("assigned")
        except ValidationError as refused:
            outcomes.append(refused.messages[0])
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert outcomes.count("assigned") == 1
    assert len(outcomes) == 8
    assert Assignment.objects.count() == Enrollment.objects.count() == Occasion.objects.count() == 1
