"""Spans follow the record event by event, and are at any time what a replay of the whole record says."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from courses.actions import assigning, excepting, issuing, learning, spans
from courses.enums import ExceptionKind, Status
from courses.models import Assignment, Certificate, PlaceSpan, SpanBook, StatusSpan
from courses.queries.status import with_status
from lms.lib import dates
from lms.people.actions import organization, people
from lms.people.models import User
from lms.record import actions as record
from lms.record import hooks
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from tests import factories
from tests.lifting import lifted

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _as_told() -> Iterator[None]:
    with record.recorded_as_told():
        yield


@pytest.fixture
def learner(at: dt.datetime) -> User:
    return factories.make_recorded_person(at=at - 40 * DAY)


def wrong() -> list[str]:
    return [sentence for subject in spans.subjects() for sentence in spans.differences(subject)]


def now_of(assignment: Assignment) -> list[tuple[str, dt.datetime, dt.datetime | None]]:
    rows = StatusSpan.objects.filter(assignment=assignment, recorded_to=None).order_by("valid_from")
    return [(row.status, row.valid_from, row.valid_to) for row in rows]


def test_an_assignment_is_a_line_into_the_future(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at, due_in=14)
    due = dates.end_of_day(assignment.due_on, learner.zone)
    assert now_of(assignment) == [("not_started", at, due), ("overdue", due, None)]
    enrollment = assignment.enrollment
    assert enrollment is not None
    learning.open_unit(enrollment, enrollment.version.units.get(), at=at + DAY)
    assert now_of(assignment) == [("not_started", at, at + DAY), ("in_progress", at + DAY, due), ("overdue", due, None)]
    factories.pass_unit(enrollment, at=at + 3 * DAY)
    ends = Certificate.objects.get().expires_at
    assert ends is not None
    assert now_of(assignment)[2:] == [
        ("complete", at + 3 * DAY, ends - 60 * DAY), ("expiring", ends - 60 * DAY, ends), ("expired", ends, None),
    ]  # fmt: skip
    known = StatusSpan.objects.filter(assignment=assignment, recorded_to=at + DAY, status="not_started")
    assert [(row.status, row.valid_to) for row in known] == [("not_started", due)]
    assert wrong() == []


def test_a_moved_date_holds_from_its_move_on(learner: User, at: dt.datetime) -> None:
    """What was overdue for a week was overdue for that week, however often the date is moved later."""
    assignment = factories.make_assignment(learner, at=at, due_in=2)
    due = assignment.due_at
    later = at + 10 * DAY
    assigning.move_due_date(assignment, (at + 20 * DAY).date(), reason="Shifts", by=SYSTEM, at=later)
    assert now_of(assignment) == [
        ("not_started", at, due), ("overdue", due, later), ("not_started", later, assignment.due_at),
        ("overdue", assignment.due_at, None),
    ]  # fmt: skip
    assert list(StatusSpan.objects.filter(recorded_to=None).values_list("due_on", flat=True).distinct().order_by("due_on")) == [
        (at + 2 * DAY).date(), (at + 20 * DAY).date(),
    ]  # fmt: skip
    assert wrong() == []


def test_attempts_used_and_given_again(learner: User, at: dt.datetime) -> None:
    course = factories.make_course(attempts=1, at=at)
    enrollment = factories.make_enrollment(learner, course, at=at)
    unit = enrollment.version.units.get()
    attempt = factories.attempts.start(enrollment, unit, at=at)
    factories.answer_all(attempt, right=False, at=at)
    factories.attempts.submit(attempt, at=at + DAY)
    (assignment,) = Assignment.objects.all()
    assert Status.ATTEMPTS_USED in [status for status, *_ in now_of(assignment)]
    enrollment.refresh_from_db()
    learning.attempts_used(enrollment, at=at + 2 * DAY)  # it was so already
    with transaction.atomic():
        record.hold(learner.subject)
        learning.attempts_opened(enrollment, at=at + 3 * DAY)
        learning.attempts_opened(enrollment, at=at + 3 * DAY)
    kinds = list(
        TrainingEvent.objects.filter(subject=learner.subject, kind__startswith="attempts.").values_list(
            "kind", flat=True
        )
    )
    assert kinds == ["attempts.used", "attempts.restored"]
    assert [(status, start) for status, start, _ in now_of(assignment)][:3] == [
        ("in_progress", at), ("attempts_used", at + DAY), ("in_progress", at + 3 * DAY),
    ]  # fmt: skip
    assert wrong() == []


def test_a_back_dated_leave_changes_what_we_know_of_then_and_not_what_was_known(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at, due_in=2)
    told = at + 12 * DAY
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=(at + DAY).date(), ends_on=(at + 30 * DAY).date(), reason="Ill",
        by=factories.make_coordinator(), at=told,
    )  # fmt: skip
    moment = at + 5 * DAY
    then = StatusSpan.objects.get(
        assignment=assignment, valid_from__lte=moment, valid_to=None, recorded_from__lte=moment, recorded_to__gt=moment
    )
    assert then.status == "overdue"
    assert [
        status for status, start, end in now_of(assignment) if start <= moment and (end is None or moment < end)
    ] == ["on_leave"]
    assert wrong() == []


def test_a_revoked_certificate_never_counted(learner: User, at: dt.datetime) -> None:
    enrollment = factories.make_enrollment(learner, at=at)
    factories.pass_unit(enrollment, at=at + DAY)
    issuing.revoke(Certificate.objects.get(), reason="Somebody else sat there", by=learner.subject, at=at + 9 * DAY)
    (assignment,) = Assignment.objects.all()
    assert [status for status, *_ in now_of(assignment)] == ["not_started", "expired"]
    revoked = StatusSpan.objects.get(recorded_to=None, status="expired")
    assert (revoked.valid_from, revoked.certificate_revoked_at) == (at + DAY, at + 9 * DAY)
    was = StatusSpan.objects.get(recorded_to=at + 9 * DAY, status="complete")
    assert was.valid_from == at + DAY
    assert wrong() == []


def test_learning_elsewhere_counts_from_its_day(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at - 20 * DAY, due_in=5)
    row = excepting.grant(
        learner, ExceptionKind.PRIOR_LEARNING, starts_on=(at - 18 * DAY).date(), ends_on=(at + 100 * DAY).date(),
        reason="County course", evidence="Paper seen", course=assignment.course, by=factories.make_coordinator(), at=at,
    )  # fmt: skip
    learned = dates.end_of_day((at - 19 * DAY).date(), learner.zone)
    assert [(status, start) for status, start, _ in now_of(assignment)][:2] == [
        ("not_started", at - 20 * DAY), ("complete", learned),
    ]  # fmt: skip
    excepting.end(row, reason="Forged", by=factories.make_coordinator(name="Other"), at=at + 3 * DAY)
    assert now_of(assignment)[-1][:2] == ("expired", at + 3 * DAY)
    assert wrong() == []


def test_ended_and_asked_again_and_withdrawn(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at)
    assigning.withdraw(assignment, reason="By mistake", by=SYSTEM, at=at + DAY)
    assert [status for status, *_ in now_of(assignment)] == ["not_started", "not_required"]
    assert wrong() == []


def test_the_place_follows_the_person(at: dt.datetime) -> None:
    first, second = factories.make_team("First"), factories.make_team("Second")
    person = factories.make_recorded_person(team=first, at=at)
    people.change_person(person, team=second, by=SYSTEM, at=at + DAY)
    people.deactivate(person, "Left", by=SYSTEM, at=at + 2 * DAY)
    people.reactivate(person, by=SYSTEM, at=at + 3 * DAY)
    rows = PlaceSpan.objects.filter(recorded_to=None).order_by("valid_from")
    assert [(row.team, row.active, row.valid_from) for row in rows] == [
        (first, True, at), (second, True, at + DAY), (second, False, at + 2 * DAY), (second, True, at + 3 * DAY),
    ]  # fmt: skip
    assert wrong() == []


def test_another_zone_moves_the_ends_of_days(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at, due_in=5)
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=(at + 2 * DAY).date(), ends_on=(at + 3 * DAY).date(), reason="Family",
        by=factories.make_coordinator(), at=at,
    )  # fmt: skip
    organization.change_site(learner.site, zone="Europe/London", by=SYSTEM, at=at + DAY)
    assignment.refresh_from_db()
    assert assignment.due_at == dates.end_of_day(assignment.due_on, "Europe/London")
    starts = dates.end_of_day((at + DAY).date(), "Europe/London")
    assert ("on_leave", starts, dates.end_of_day((at + 3 * DAY).date(), "Europe/London")) in now_of(assignment)
    assert now_of(assignment)[-1] == ("overdue", assignment.due_at, None)
    assert wrong() == []


def test_what_fails_in_a_follower_undoes_the_event(learner: User, at: dt.datetime) -> None:
    def fails(event: TrainingEvent) -> None:
        raise RuntimeError("no")

    before = TrainingEvent.objects.count()
    hooks.on_append([EventKind.COURSE_ASSIGNED], fails)
    try:
        with pytest.raises(RuntimeError):
            factories.make_assignment(learner, at=at)
        hooks.on_append([], fails)  # wants none any more
        assert (TrainingEvent.objects.count(), Assignment.objects.count(), StatusSpan.objects.count()) == (before, 0, 0)
        factories.make_assignment(learner, at=at)
    finally:
        hooks._followers[:] = [one for one in hooks._followers if one[1] is not fails]
    assert StatusSpan.objects.count() == 2


def test_what_cannot_be_understood_is_not_written(learner: User, at: dt.datetime) -> None:
    with pytest.raises(KeyError), transaction.atomic():
        record.append(learner.subject, EventKind.COURSE_STARTED, {"n": 1}, at=at, by=SYSTEM)
    assert not TrainingEvent.objects.filter(kind=EventKind.COURSE_STARTED).exists()


def test_a_record_of_nobody_has_no_spans(at: dt.datetime) -> None:
    with transaction.atomic():
        record.append(uuid.uuid4(), EventKind.COURSE_STARTED, {"n": 1}, at=at, by=SYSTEM)
    assert StatusSpan.objects.count() == 0


def test_a_spoiled_line_stops_nobody_and_is_named(learner: User, at: dt.datetime) -> None:
    assignment = factories.make_assignment(learner, at=at)
    with lifted():
        TrainingEvent.objects.filter(subject=learner.subject, kind=EventKind.PERSON_ADDED).update(payload="{}")
    assigning.withdraw(assignment, reason="By mistake", by=SYSTEM, at=at + DAY)
    assert any("cannot be read" in sentence for sentence in wrong())


@pytest.mark.parametrize("spoil", [
    lambda rows: rows.filter(recorded_to=None, status="overdue").update(status="complete"),
    lambda rows: rows.filter(recorded_to=None, status="overdue").update(due_on=dt.date(2027, 1, 1)),
    lambda rows: rows.exclude(recorded_to=None).delete(),
    lambda rows: rows.filter(recorded_to=None, status="overdue").update(recorded_from=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
])  # fmt: skip
def test_check_finds_a_planted_wrong_span_and_rebuild_mends_it(
    learner: User, at: dt.datetime, spoil: Any, capsys: Any
) -> None:
    assignment = factories.make_assignment(learner, at=at)
    assigning.move_due_date(assignment, (at + 30 * DAY).date(), reason="Shifts", by=SYSTEM, at=at + DAY)
    before = set(
        StatusSpan.objects.values_list(
            "status", "due_on", "valid_from", "valid_to", "recorded_from", "recorded_to", "seq"
        )
    )
    call_command("rebuild_status", "--check")
    assert spoil(StatusSpan.objects.all())
    with pytest.raises(CommandError, match=r"difference"):
        call_command("rebuild_status", "--check")
    assert f"assignment {assignment.pk}" in capsys.readouterr().out
    call_command("rebuild_status")
    call_command("rebuild_status", "--check")
    after = set(
        StatusSpan.objects.values_list(
            "status", "due_on", "valid_from", "valid_to", "recorded_from", "recorded_to", "seq"
        )
    )
    assert after == before
    assert spans.up_to_date()
    assert SpanBook.objects.count() == 1


def test_older_events_are_completed_by_a_later_note(learner: User, at: dt.datetime) -> None:
    """As a system of before wrote them: without the run, without the end that a renewal follows, without attempts."""
    assignment = factories.make_assignment(learner, at=at)
    Assignment.objects.update(
        renews_until_on=(at + 3 * DAY).date(), renews_until_at=dates.end_of_day((at + 3 * DAY).date(), learner.zone)
    )
    enrollment = assignment.enrollment
    assert enrollment is not None
    type(enrollment).objects.update(attempts_used_at=at + DAY)
    event = TrainingEvent.objects.get(subject=learner.subject, kind=EventKind.COURSE_ASSIGNED)
    old = {
        name: value for name, value in json.loads(event.payload).items() if name not in ("renews_until", "enrollment")
    }
    with lifted():
        TrainingEvent.objects.filter(pk=event.pk).update(payload=json.dumps(old))
    spans.rebuild_all(at=at + 2 * DAY)
    spans.rebuild_all(at=at + 2 * DAY)
    assert TrainingEvent.objects.filter(kind=EventKind.ASSIGNMENT_NOTED).count() == 1
    row = with_status(Assignment.objects.all(), at + 2 * DAY).get()
    found = [
        status
        for status, start, end in now_of(assignment)
        if start <= at + 2 * DAY and (end is None or at + 2 * DAY < end)
    ]
    assert found == [row.status] == ["attempts_used"]  # type: ignore[attr-defined]
    learning.open_unit(enrollment, enrollment.version.units.get(), at=at + 2 * DAY)
    assert wrong() == []


def test_the_clock_may_go_back(at: dt.datetime) -> None:
    person = factories.make_recorded_person(at=at)
    assignment = factories.make_assignment(person, at=at)
    assigning.move_due_date(assignment, (at + 30 * DAY).date(), reason="Shifts", by=SYSTEM, at=at - DAY)
    assert wrong() == []


def test_a_batch_of_people_costs_the_same_for_each(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    counts = []
    for _ in range(3):
        person = factories.make_recorded_person(at=at)
        with CaptureQueriesContext(connection) as found:
            factories.make_assignment(person, course, at=at)
        counts.append(len(found))
    assert len(set(counts[1:])) == 1


def test_recorded_as_told_is_refused_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(RuntimeError), record.recorded_as_told():
        pass


def test_without_it_the_clock_says_when(at: dt.datetime) -> None:
    token = record._as_told.set(False)
    try:
        with time_machine.travel(at + DAY, tick=False):
            factories.make_recorded_person(at=at)
    finally:
        record._as_told.reset(token)
    assert PlaceSpan.objects.get(recorded_to=None).recorded_from == at + DAY
    assert PlaceSpan.objects.get(recorded_to=None).valid_from == at


def test_after_an_upgrade_the_spans_are_made_once(learner: User, at: dt.datetime) -> None:
    """As ``make run`` does it at each start: the first time on what an older system left, then no more."""
    factories.make_assignment(learner, at=at)
    StatusSpan.objects.all().delete()
    PlaceSpan.objects.all().delete()
    call_command("rebuild_status", "--if-needed")
    assert (StatusSpan.objects.count(), PlaceSpan.objects.filter(recorded_to=None).count()) == (2, 1)
    StatusSpan.objects.all().delete()
    call_command("rebuild_status", "--if-needed")
    assert StatusSpan.objects.count() == 0
    SpanBook.objects.update(version=0)  # made by another reading of the record
    call_command("rebuild_status", "--if-needed")
    assert StatusSpan.objects.count() == 2
