"""Exemption, leave, learning from elsewhere: what they still, and what follows from their end."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from courses.actions import cycles, excepting
from courses.enums import ExceptionKind, RenewalKind, Status
from courses.models import Assignment, Course, DutyException
from courses.queries.status import with_status
from courses.queries.training import training_of
from courses.reminders.planner import reasons
from courses.requirements.facts import Renewal
from lms.people.models import User
from lms.record import queries as record
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
D = dt.date


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator()


def status(row: Assignment, at: dt.datetime) -> str:
    return with_status(Assignment.objects.filter(pk=row.pk), at).get().status  # type: ignore[attr-defined]


def give(learner: User, kind: ExceptionKind, by: User, at: dt.datetime, **changes: Any) -> DutyException:
    values: dict[str, Any] = {"starts_on": D(2026, 11, 24), "ends_on": D(2026, 12, 13), "reason": "Agreed", **changes}
    return excepting.grant(learner, kind, by=by, at=at, **values)


def test_after_a_leave_the_due_date_has_moved(course: Course, coordinator: User, at: dt.datetime) -> None:
    row = factories.make_assignment(at=at, due_in=14)
    late = factories.make_assignment(row.learner, factories.make_course(slug="o", at=at), at=at, due_in=0)
    leave = give(row.learner, ExceptionKind.LEAVE, coordinator, at)
    during = at + 5 * DAY
    assert status(row, during) == Status.ON_LEAVE
    assert [r.status for r in training_of(row.learner, during).paused] == [Status.ON_LEAVE, Status.ON_LEAVE]
    assert not list(reasons(during)), "nobody is written to"
    assert excepting.settle_ended(at=during) == 0
    back = at + 21 * DAY
    assert excepting.settle_ended(at=back) == 1
    assert excepting.settle_ended(at=back) == 0
    row.refresh_from_db()
    late.refresh_from_db()
    assert row.due_on == D(2026, 12, 27), "13 days were left on November 24; 13 days from December 14"
    assert late.due_on == D(2026, 11, 23), "what was overdue before stays so"
    leave.refresh_from_db()
    assert leave.settled_at == back
    kinds = [e.kind for e in record.events_of(row.learner.subject)]
    assert kinds[-2:] == ["exception.granted", "assignment.moved"]


def test_ending_a_leave_early_moves_by_the_days_that_passed(course: Course, coordinator: User, at: dt.datetime) -> None:
    row = factories.make_assignment(at=at, due_in=14)
    leave = give(row.learner, ExceptionKind.LEAVE, coordinator, at, ends_on=None)
    assert excepting.end(leave, reason="Back sooner", by=coordinator, at=at + 6 * DAY)
    row.refresh_from_db()
    assert row.due_on == D(2026, 12, 12)
    assert status(row, at + 6 * DAY) == Status.NOT_STARTED
    assert not excepting.end(leave, reason="Twice", by=coordinator, at=at + 7 * DAY)


def test_an_exemption_of_one_course_stills_that_one(course: Course, coordinator: User, at: dt.datetime) -> None:
    row = factories.make_assignment(at=at, due_in=3)
    other = factories.make_assignment(row.learner, factories.make_course(slug="o", at=at), at=at, due_in=3)
    give(row.learner, ExceptionKind.EXEMPTION, coordinator, at, starts_on=D(2026, 11, 23), course=course)
    assert (status(row, at), status(other, at)) == (Status.EXEMPT, Status.NOT_STARTED)
    assert status(row, at + 10 * DAY) == Status.EXEMPT, "not overdue"
    excepting.settle_ended(at=at + 21 * DAY)
    row.refresh_from_db()
    assert row.due_on == D(2026, 12, 28), "two weeks once it is over"


def test_learning_from_elsewhere_fulfils_and_has_its_own_end(
    course: Course, coordinator: User, at: dt.datetime
) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, by=coordinator, renewal=Renewal(RenewalKind.MONTHS, 24, window=30))
    row = Assignment.objects.get(learner=learner)
    seen = {
        "starts_on": D(2026, 6, 1),
        "ends_on": D(2027, 6, 1),
        "evidence": "Certificate of the county, seen on paper",
    }
    accepted = give(learner, ExceptionKind.PRIOR_LEARNING, coordinator, at, course=course, **seen)
    row.refresh_from_db()
    assert (row.accepted, row.satisfied_at, row.valid_until_on) == (accepted, at, D(2027, 6, 1))
    assert status(row, at) == Status.COMPLETE
    assert [r.assignment for r in training_of(learner, at).done] == [row]
    assert cycles.reconcile_all(at=at + 100 * DAY) == 0
    window = dt.datetime(2027, 5, 2, 12, tzinfo=dt.UTC)
    assert cycles.reconcile_all(at=window) == 1
    assert [a.cycle for a in Assignment.objects.filter(learner=learner).order_by("cycle")] == [1, 2]
    later = factories.make_requirement(course, at=at, by=coordinator, name="Another")
    assert Assignment.objects.get(learner=learner, requirement=later).accepted == accepted


def test_evidence_taken_back_asks_again(course: Course, coordinator: User, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, by=coordinator)
    accepted = give(
        learner, ExceptionKind.PRIOR_LEARNING, coordinator, at, course=course, starts_on=D(2026, 6, 1), ends_on=None,
        evidence="Seen",
    )  # fmt: skip
    assert excepting.end(accepted, reason="It was another course", by=coordinator, at=at + DAY)
    first, second = Assignment.objects.filter(learner=learner).order_by("cycle")
    assert status(first, at + DAY) == Status.EXPIRED
    assert status(second, at + DAY) in (Status.EXPIRING, Status.EXPIRED, Status.NOT_STARTED)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("leave", {"reason": " "}, "Say why"),
        ("leave", {"ends_on": D(2026, 11, 1)}, "The last day is before the first day"),
        ("exemption", {"starts_on": D(2026, 11, 1), "ends_on": D(2026, 11, 2)}, "This is over already"),
        ("leave", {"starts_on": D(2099, 1, 1), "ends_on": None}, "Check the year"),
        ("prior_learning", {"evidence": "Seen"}, "Choose the course"),
        ("prior_learning", {"course": True, "starts_on": D(2026, 1, 1)}, "Say what you saw"),
        ("prior_learning", {"course": True, "evidence": "Seen"}, "still to come"),
        (
            "prior_learning",
            {"course": True, "evidence": "Seen", "starts_on": D(2024, 1, 1), "ends_on": D(2025, 1, 1)},
            "ran out",
        ),
    ],
)
def test_what_cannot_be_is_said_in_words(
    course: Course, coordinator: User, at: dt.datetime, kind: str, changes: dict[str, Any], words: str
) -> None:
    values = {**changes, **({"course": course} if changes.get("course") else {})}
    with pytest.raises(ValidationError) as refused:
        give(factories.make_user(), ExceptionKind(kind), coordinator, at, **values)
    assert words in " ".join(refused.value.messages)
    assert not DutyException.objects.exists()


def test_two_leaves_over_the_same_days_are_refused(course: Course, coordinator: User, at: dt.datetime) -> None:
    learner = factories.make_user()
    give(learner, ExceptionKind.LEAVE, coordinator, at)
    with pytest.raises(ValidationError, match="over these days already"):
        give(learner, ExceptionKind.LEAVE, coordinator, at, starts_on=D(2026, 12, 1), ends_on=None)
    give(learner, ExceptionKind.LEAVE, coordinator, at, starts_on=D(2027, 1, 1), ends_on=None)


def test_the_same_exemption_twice_is_one(course: Course, coordinator: User, at: dt.datetime) -> None:
    """A second click stores nothing; longer or another course is another decision."""
    learner = factories.make_user()
    first = give(learner, ExceptionKind.EXEMPTION, coordinator, at, course=course)
    with pytest.raises(ValidationError, match="exempt over these days already"):
        give(learner, ExceptionKind.EXEMPTION, coordinator, at, course=course)
    give(learner, ExceptionKind.EXEMPTION, coordinator, at, course=factories.make_course(slug="other", at=at))
    give(learner, ExceptionKind.EXEMPTION, coordinator, at, course=course, ends_on=None)
    with pytest.raises(ValidationError, match="exempt over these days already"):
        give(learner, ExceptionKind.EXEMPTION, coordinator, at, course=course, ends_on=D(2031, 1, 1))
    assert excepting.end(first, reason="x", by=coordinator, at=at)
