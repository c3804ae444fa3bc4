"""One change for many people: the preview is the outcome, undoing restores, and nobody's turn comes twice."""

import datetime as dt
import random
import uuid
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ValidationError
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from courses.actions import assigning, batches, excepting
from courses.enums import MOVED_BY_EXCEPTION, BatchKind, BatchState, ExceptionKind, RowState
from courses.models import Assignment, Batch, BatchRow, Course, DutyException, Enrollment
from courses.queries.orders import Order, Preview, judge, preview_of
from courses.queries.status import with_status
from lms.people.models import User
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from lms.record.queries import faults
from tests import factories

pytestmark = pytest.mark.django_db
EVERYBODY: dict[str, Any] = {"state": "everybody"}
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _clock(at: dt.datetime) -> Any:
    with time_machine.travel(at, tick=False):
        yield


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator(category="contractor")


def order(course: Course, kind: str = "assign", **days: Any) -> Order:
    defaults: dict[str, dict[str, Any]] = {
        "assign": {"days": 30},
        "exempt": {"starts_on": TODAY},
        "extend": {"days": 10},
    }
    return Order(kind, course, **(days or defaults[kind]))


def made(asked: Order, by: User, at: dt.datetime, filters: dict[str, Any] | None = None, **more: Any) -> Batch:
    return batches.make(asked, EVERYBODY if filters is None else filters, reason="New rule", by=by, at=at, **more)


def run(batch: Batch, at: dt.datetime) -> int:
    done = batches.work(batch.pk, at=at)
    batch.refresh_from_db()
    return done


def states(batch: Batch) -> dict[str, str]:
    return {row.learner.name: row.state for row in batch.rows.select_related("learner")}


def standing(at: dt.datetime) -> list[tuple[Any, ...]]:
    """What everybody has to do, as pages and rules read it; withdrawn rows are as if they were not there."""
    rows = with_status(Assignment.objects.filter(withdrawn_at__isnull=True), at)
    return sorted(
        (row.learner.name, row.course_id, row.cycle, row.status, row.due_on, row.due_at, bool(row.why.get("moved")))  # type: ignore[attr-defined]
        for row in rows.select_related("learner")
    )


def crowd(course: Course, chance: random.Random, at: dt.datetime, number: int = 14) -> None:
    """People in every state that matters for a batch."""
    for n in range(number):
        user = factories.make_user(f"Person {n:02}", category=chance.choice(["staff", "volunteer"]))
        if chance.random() < 0.2:
            excepting.grant(
                user, ExceptionKind.EXEMPTION, starts_on=TODAY, ends_on=chance.choice([None, dt.date(2026, 12, 24)]),
                reason="x", by=User.objects.get(is_coordinator=True), at=at, course=chance.choice([None, course]),
            )  # fmt: skip
        fate = chance.choice(["nothing", "open", "late", "open", "done", "begun", "withdrawn"])
        if fate != "nothing":
            row = factories.make_assignment(
                user, course, at=at - dt.timedelta(days=40), due_in=20 if fate == "late" else 60
            )
            assert row.enrollment is not None
            if fate == "done":
                factories.pass_unit(row.enrollment, at=at - dt.timedelta(days=30))
            elif fate == "begun":
                Enrollment.objects.filter(pk=row.enrollment.pk).update(started_at=at - dt.timedelta(days=3))
            elif fate == "withdrawn":
                assigning.withdraw(row, reason="x", by=SYSTEM, at=at - dt.timedelta(days=2))
        if chance.random() < 0.15:
            User.objects.filter(pk=user.pk).update(is_active=False)


def asked(chance: random.Random, course: Course) -> Order:
    day = TODAY + dt.timedelta(days=chance.randint(0, 70))
    choices: list[Order] = [
        order(course, "assign", days=chance.randint(1, 90)),
        order(course, "assign", due_on=day),
        order(
            course,
            "exempt",
            starts_on=TODAY - dt.timedelta(days=chance.randint(0, 5)),
            ends_on=chance.choice([None, day]),
        ),
        order(course, "extend", days=chance.randint(1, 60)),
        order(course, "extend", due_on=day),
    ]
    return chance.choice(choices)


@pytest.mark.parametrize("seed", range(12))
def test_the_preview_is_the_outcome_and_undoing_restores_it(
    course: Course, coordinator: User, at: dt.datetime, seed: int
) -> None:
    chance = random.Random(seed)
    crowd(course, chance, at)
    wanted = asked(chance, course)
    filters = chance.choice(
        [EVERYBODY, {}, {"category": "volunteer", "state": "everybody"}, {"search": "Person 0", "state": "everybody"}]
    )
    preview = preview_of(wanted, filters, at)
    before = standing(at)
    if not preview.reached:
        with pytest.raises(ValidationError):
            made(wanted, coordinator, at, filters)
        return
    batch = made(wanted, coordinator, at, filters, seen=preview.fingerprint)
    assert standing(at) == before, "nothing happens before the worker comes"
    assert run(batch, at) == len(preview.rows) == batch.total
    assert batch.state == BatchState.SETTLED
    rows = {row.learner_id: row for row in batch.rows.all()}
    assert set(rows) == {verdict.user.pk for verdict in preview.rows}
    for verdict in preview.rows:
        row = rows[verdict.user.pk]
        if verdict.skip:
            assert (row.state, row.words) == (RowState.SKIPPED, verdict.skip)
            continue
        assert row.state == RowState.DONE, row.words
        if verdict.due_on:
            assert Assignment.objects.get(public_id=str(row.ref)).due_on == verdict.due_on
        for move in verdict.moves:
            assert Assignment.objects.get(pk=move.assignment.pk).due_on == move.due_on
    assert batches.undo(batch, reason="A mistake", by=coordinator, at=at)
    assert not batches.undo(batch, reason="A mistake", by=coordinator, at=at)
    assert run(batch, at) == preview.reached
    assert standing(at) == before
    assert set(batch.rows.values_list("state", flat=True)) <= {RowState.UNDONE, RowState.SKIPPED}
    for user in User.objects.all():
        assert list(faults(user.subject)) == []


def test_each_turn_stands_in_the_record_with_its_batch(course: Course, coordinator: User, at: dt.datetime) -> None:
    learner = factories.make_user("Ann Lee")
    batch = made(order(course), coordinator, at, {"search": "Ann"})
    run(batch, at)
    batches.undo(batch, reason="A mistake", by=coordinator, at=at)
    run(batch, at)
    own = TrainingEvent.objects.filter(subject=learner.subject)
    assert [event.kind for event in own] == [EventKind.COURSE_ASSIGNED, EventKind.ASSIGNMENT_WITHDRAWN]
    assert all(str(batch.public_id) in event.payload and event.actor == str(coordinator.subject) for event in own)
    told = TrainingEvent.objects.filter(subject=coordinator.subject)
    assert [event.kind for event in told] == [EventKind.BATCH_MADE, EventKind.BATCH_UNDONE]
    assert not any("Ann" in event.payload for event in told)


def test_what_people_did_since_then_is_kept(course: Course, coordinator: User, at: dt.datetime) -> None:
    idle, begun, finished = (factories.make_user(name) for name in ("Idle", "Begun", "Finished"))
    batch = made(order(course), coordinator, at, {"category": "staff"})
    run(batch, at)
    later = at + dt.timedelta(hours=2)
    Enrollment.objects.filter(learner=begun).update(started_at=later)
    factories.pass_unit(Enrollment.objects.get(learner=finished), at=later)
    with time_machine.travel(later, tick=False):
        batches.undo(batch, reason="A mistake", by=coordinator, at=later)
        run(batch, later)
    assert states(batch) == {"Idle": RowState.UNDONE, "Begun": RowState.KEPT, "Finished": RowState.KEPT}
    assert "Begun since then" in batch.rows.get(learner=begun).words
    assert "Completed since then" in batch.rows.get(learner=finished).words
    assert Assignment.objects.get(learner=idle).withdrawn_at is not None


def test_a_date_that_somebody_moved_since_is_kept(course: Course, coordinator: User, at: dt.datetime) -> None:
    ann = factories.make_assignment(factories.make_user("Ann"), course, at=at, due_in=14)
    bo = factories.make_assignment(factories.make_user("Bo"), course, at=at, due_in=14)
    old = bo.due_on
    batch = made(order(course, "extend"), coordinator, at)
    run(batch, at)
    assigning.move_due_date(ann, dt.date(2027, 2, 1), reason="Asked", by=SYSTEM, at=at)
    batches.undo(batch, reason="A mistake", by=coordinator, at=at)
    run(batch, at)
    ann.refresh_from_db()
    bo.refresh_from_db()
    assert (ann.due_on, bo.due_on) == (dt.date(2027, 2, 1), old)
    assert "Somebody moved it since then" in batch.rows.get(learner=ann.learner).words
    assert "moved" not in bo.why, "the rule may move it again"


def test_undoing_makes_nobody_late_who_was_not(course: Course, coordinator: User, at: dt.datetime) -> None:
    moved = factories.make_assignment(factories.make_user("Moved"), course, at=at, due_in=5)
    batch = made(order(course, "extend"), coordinator, at)
    run(batch, at)
    later = at + dt.timedelta(days=8)
    with time_machine.travel(later, tick=False):
        batches.undo(batch, reason="A mistake", by=coordinator, at=later)
        run(batch, later)
    moved.refresh_from_db()
    assert moved.due_on == dt.date(2026, 12, 8)
    assert "has passed since then" in batch.rows.get(learner=moved.learner).words


def test_taking_an_exemption_back_gives_two_weeks_to_whoever_became_due_under_it(
    course: Course, coordinator: User, at: dt.datetime
) -> None:
    near = factories.make_assignment(factories.make_user("Near"), course, at=at, due_in=5)
    far = factories.make_assignment(factories.make_user("Far"), course, at=at, due_in=12)
    batch = made(order(course, "exempt"), coordinator, at)
    run(batch, at)
    later = at + dt.timedelta(days=8)
    with time_machine.travel(later, tick=False):
        batches.undo(batch, reason="A mistake", by=coordinator, at=later)
        run(batch, later)
    near.refresh_from_db()
    far.refresh_from_db()
    assert (near.due_on, far.due_on) == (dt.date(2026, 12, 15), dt.date(2026, 12, 5))


def test_undone_in_the_middle_leaves_out_whose_turn_is_to_come(
    course: Course, coordinator: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        factories.make_user(f"Person {n}")
    batch = made(order(course), coordinator, at, {"category": "staff"})
    passes = iter(range(100))

    def undo_after_two(point: str) -> None:
        if point == "batch.after_row" and next(passes) == 1:
            batches.undo(batch, reason="Stop", by=coordinator, at=at)

    monkeypatch.setattr(batches, "failpoint", undo_after_two)
    monkeypatch.setattr(batches, "CHUNK", 2)
    assert run(batch, at) == 2
    assert run(batch, at) == 5
    assert list(batch.rows.values_list("state", flat=True)) == ["undone"] * 2 + ["skipped"] * 3
    assert not Assignment.objects.open().exists()


def test_the_worker_pauses_after_half_a_minute_and_goes_on(
    course: Course, coordinator: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        factories.make_user(f"Person {n}")
    batch = made(order(course), coordinator, at, {"category": "staff"})
    rung: list[Any] = []
    monkeypatch.setattr(batches.leases, "ring_after_commit", lambda *ring: rung.append(ring))
    with time_machine.travel(at, tick=False) as traveller:
        monkeypatch.setattr(
            batches, "failpoint", lambda point: traveller.shift(10) if point == "batch.after_row" else None
        )
        assert run(batch, at) == 3
        assert (batch.state, batch.tries, rung[-1]) == (BatchState.QUEUED, 0, (batches.WORK, batch.pk))
        assert run(batch, at + dt.timedelta(seconds=31)) == 1
    assert batch.state == BatchState.SETTLED


def test_a_row_that_fails_is_said_and_keeps_nobody_back(
    course: Course, coordinator: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ann", "Bo", "Cy"):
        factories.make_user(name)
    batch = made(order(course), coordinator, at, {"category": "staff"})
    assign = assigning.assign

    def broken(learner: User, *args: Any, **kwargs: Any) -> Assignment:
        row = assign(learner, *args, **kwargs)
        if learner.name == "Bo":
            raise RuntimeError("broken")
        if learner.name == "Cy":
            raise ValidationError("Not now.")
        return row

    monkeypatch.setattr(assigning, "assign", broken)
    assert run(batch, at) == 3
    assert states(batch) == {"Ann": "done", "Bo": "failed", "Cy": "skipped"}
    assert batch.rows.get(learner__name="Cy").words == "Not now."
    assert Assignment.objects.get().learner.name == "Ann", "nothing of a failed turn stays"


@pytest.mark.parametrize("error", [OperationalError("gone"), SoftTimeLimitExceeded()])
def test_a_database_that_is_away_or_a_worker_out_of_time_marks_nobody(
    course: Course, coordinator: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    factories.make_user("Ann")
    batch = made(order(course), coordinator, at, {"category": "staff"})

    def away(*args: Any, **kwargs: Any) -> Assignment:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(assigning, "assign", away)
        with pytest.raises(type(error)):
            batches.work(batch.pk, at=at)
    assert states(batch) == {"Ann": "waiting"}
    later = at + dt.timedelta(minutes=2)
    with time_machine.travel(later, tick=False):
        assert run(batch, later) == 1
    assert states(batch) == {"Ann": "done"}


def test_claims_without_any_turn_stop_it_and_the_coordinator_lets_it_go_on(
    course: Course, coordinator: User, at: dt.datetime
) -> None:
    factories.make_user("Ann")
    batch = made(order(course), coordinator, at)
    Batch.objects.filter(pk=batch.pk).update(tries=8)
    assert run(batch, at) == 0
    assert batch.state == BatchState.STOPPED
    assert batches.sweep(at=at + dt.timedelta(days=1)) == 0
    assert batches.go_on(batch, at=at)
    assert not batches.go_on(batch, at=at)
    assert batches.sweep(at=at) == 1
    assert run(batch, at) == 2


def test_a_lease_keeps_others_away(course: Course, coordinator: User, at: dt.datetime) -> None:
    factories.make_user("Ann")
    batch = made(order(course), coordinator, at)
    Batch.objects.filter(pk=batch.pk).update(
        state=BatchState.CLAIMED, lease_token=uuid.uuid4(), lease_until=at + dt.timedelta(seconds=90)
    )
    assert run(batch, at) == 0
    assert batches.sweep(at=at) == 0
    later = at + dt.timedelta(seconds=90)
    assert batches.sweep(at=later) == 1
    with time_machine.travel(later, tick=False):
        assert run(batch, later) == 2


@pytest.mark.parametrize(
    ("kind", "days", "words"),
    [
        ("assign", {}, "Give a due date or a number of days."),
        ("assign", {"due_on": TODAY, "days": 3}, "not both"),
        ("assign", {"due_on": TODAY - dt.timedelta(days=1)}, "This day is over"),
        ("assign", {"due_on": dt.date(2226, 1, 1)}, "five years away"),
        ("extend", {"days": 5000}, "more than five years"),
        ("extend", {"days": -3}, "from 1"),
        ("exempt", {}, "Give the first day."),
        ("exempt", {"starts_on": TODAY, "ends_on": TODAY - dt.timedelta(days=1)}, "before the first day"),
        ("exempt", {"starts_on": dt.date(2026, 1, 1), "ends_on": dt.date(2026, 2, 1)}, "over already"),
    ],
)
def test_nonsense_is_refused_in_words(
    course: Course, coordinator: User, at: dt.datetime, kind: str, days: dict[str, Any], words: str
) -> None:
    factories.make_user()
    with pytest.raises(ValidationError) as refused:
        made(Order(kind, course, **days), coordinator, at)
    assert words in " ".join(refused.value.messages)
    assert not Batch.objects.exists()


def test_no_reason_nobody_or_no_edition_is_refused(course: Course, coordinator: User, at: dt.datetime) -> None:
    factories.make_user("Ann")
    for asked_for, filters, reason, words in (
        (order(course), EVERYBODY, " ", "Say why"),
        (order(course), {"search": "nobody of this name"}, "x", "Nobody is chosen"),
        (order(course, "extend"), EVERYBODY, "x", "Nobody would be reached"),
        (
            order(Course.objects.create(slug="empty", title="Empty", created_at=at)),
            EVERYBODY,
            "x",
            "no published edition",
        ),
    ):
        with pytest.raises(ValidationError) as refused:
            batches.make(asked_for, filters, reason=reason, by=coordinator, at=at)
        assert words in " ".join(refused.value.messages)
    assert not BatchRow.objects.exists()


def test_what_changed_since_the_preview_is_said_and_twice_is_once(
    course: Course, coordinator: User, at: dt.datetime
) -> None:
    learner = factories.make_user("Ann")
    factories.make_assignment(learner, course, at=at)
    wanted, key = order(course, "extend"), uuid.uuid4()
    seen = preview_of(wanted, EVERYBODY, at).fingerprint
    factories.make_user("Bo")
    with pytest.raises(ValidationError, match="Something changed"):
        made(wanted, coordinator, at, seen=seen)
    seen = preview_of(wanted, EVERYBODY, at).fingerprint
    first = made(wanted, coordinator, at, seen=seen, key=key)
    run(first, at)
    assert made(wanted, coordinator, at, seen=seen, key=key) == first, (
        "a second press of the button moves nothing again"
    )
    assert Batch.objects.count() == 1


def test_the_fixed_day_may_be_over_at_another_site(course: Course, coordinator: User, at: dt.datetime) -> None:
    far = factories.make_user("Far", site=factories.make_site("Guam", zone="Pacific/Guam"))
    assert far.zone == "Pacific/Guam"
    (verdict,) = judge(order(course, due_on=TODAY), [far], at)
    assert verdict.skip == "The due date is over where they work."


@pytest.mark.parametrize("kind", [BatchKind.ASSIGN, BatchKind.EXEMPT, BatchKind.EXTEND])
@pytest.mark.parametrize("people", [1, 30])
def test_the_preview_asks_as_often_for_30_people_as_for_1(
    course: Course,
    coordinator: User,
    at: dt.datetime,
    kind: BatchKind,
    people: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(people):
        factories.make_user()
    found: Preview
    with django_assert_num_queries({"assign": 5, "exempt": 3, "extend": 2}[kind]):
        found = preview_of(order(course, kind), {}, at)
    assert len(found.rows) == people + 1


def test_an_exemption_is_granted_once(course: Course, coordinator: User, at: dt.datetime) -> None:
    factories.make_user("Ann")
    run(made(order(course, "exempt"), coordinator, at), at)
    assert DutyException.objects.count() == 2
    (verdict, _) = preview_of(order(course, "exempt"), {}, at).rows
    assert verdict.skip == "Exempt already, without an end."


def test_undoing_an_extension_says_again_what_moved_the_date_before(
    course: Course, coordinator: User, at: dt.datetime
) -> None:
    row = factories.make_assignment(factories.make_user("Ann"), course, at=at)
    Assignment.objects.filter(pk=row.pk).update(why={"moved": MOVED_BY_EXCEPTION})
    batch = made(order(course, "extend", days=10), coordinator, at, {"category": "staff"})
    run(batch, at)
    assert Assignment.objects.get(pk=row.pk).why["moved"] is True, "the coordinator decided"
    assert batches.undo(batch, reason="Wrong people", by=coordinator, at=at)
    run(batch, at)
    assert Assignment.objects.get(pk=row.pk).why["moved"] == MOVED_BY_EXCEPTION
