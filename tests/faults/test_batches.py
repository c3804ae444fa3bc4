"""A worker dies in the middle of a batch. In the end everybody had one turn, and undoing takes each back once."""

import uuid
from collections import Counter

import pytest

from courses.actions import batches
from courses.actions.batches import WORK
from courses.enums import BatchState, RowState
from courses.models import Assignment, Batch
from courses.queries.orders import Order
from lms.lib import clock
from lms.people.models import User
from lms.record.queries import events_of, faults
from tests.factories import make_coordinator, make_user
from tests.faults import making
from tests.faults.harness import CALM, Children, House, chances
from tests.faults.together import together
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]
POINTS = ["batch.in_row", "batch.after_row"]


def made(people: int) -> Batch:
    """A batch that assigns the course to so many new people, and nothing of it done."""
    by = User.objects.filter(is_coordinator=True).first() or make_coordinator(category="contractor")
    role = f"Role {User.objects.count()}"
    for _ in range(people):
        make_user(job_role=role)
    order = Order("assign", making.course(), days=30)
    return batches.make(order, {"job_role": role}, reason="New rule", by=by, at=clock.now())


def assert_once(batch: Batch, *, undone: bool = False) -> None:
    """Everybody had one turn (and one back): one assignment, one event of each kind, one mail; the chains have no faults."""
    batch.refresh_from_db()
    assert batch.state == BatchState.SETTLED
    kinds = ["course.assigned", "assignment.withdrawn"] if undone else ["course.assigned"]
    for row in batch.rows.select_related("learner"):
        assert row.state == (RowState.UNDONE if undone else RowState.DONE), row.words
        assignment = Assignment.objects.get(learner=row.learner)
        assert assignment.public_id == row.ref
        assert (assignment.withdrawn_at is not None) is undone
        told = Counter(event.kind for event in events_of(row.learner.subject) if event.kind != "message.sent")
        assert told == Counter(kinds)
        assert list(faults(row.learner.subject)) == []
        assert row.learner.occasions.count() == 1


def test_two_presses_at_once_make_one_batch(house: House) -> None:
    by, key = make_coordinator(category="contractor"), uuid.uuid4()
    make_user("Ann Lee")
    order = Order("assign", making.course(), days=30)

    def press() -> Batch:
        return batches.make(order, {"category": "staff"}, reason="New rule", by=by, at=clock.now(), key=key)

    first, second = together(press, press)
    assert first == second
    assert Batch.objects.get().rows.count() == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_in_the_middle_of_a_batch(house: House, point: str) -> None:
    """A real worker dies at the third person; after its lease another one is rung by beat and goes on."""
    batch = made(6)
    house.broker.start()
    doomed = house.worker(failpoint=f"{point}:kill:3")
    house.ring(WORK, str(batch.pk))
    doomed.wait_killed()
    assert batch.rows.filter(state=RowState.DONE).count() == (2 if point == "batch.in_row" else 3)
    house.move_clock(CALM)
    house.worker()
    house.start("beat")

    def settled() -> bool:
        batch.refresh_from_db()
        return batch.state == BatchState.SETTLED

    wait_for(settled, 40, "the batch is worked through")
    assert_once(batch)


def test_deaths_in_any_order_double_nothing(house: House, children: Children) -> None:
    """Rounds of chance: some deaths on the way forth, then on the way back."""
    for chance in chances():
        batch = made(8)
        for undone in (False, True):
            if undone:
                batches.undo(batch, reason="A mistake", by=User.objects.get(is_coordinator=True), at=clock.now())
            for _ in range(chance.randint(1, 5)):
                children.run_killed(house, "task", WORK, str(batch.pk), point=chance.choice(POINTS))
                house.move_clock(CALM)
            children.run(house, "catch_up")
            assert_once(batch, undone=undone)


def test_undone_while_a_worker_hangs_in_it(house: House, children: Children) -> None:
    """The worker wakes after the batch was undone and settled, and changes nothing more."""
    batch = made(4)
    zombie = children.begin(house, "task", WORK, str(batch.pk), failpoint="batch.after_row:hang:2")
    wait_for(lambda: house.reached().get("batch.after_row") == 2, 30, "the worker hangs after the second person")
    batches.undo(batch, reason="A mistake", by=User.objects.get(is_coordinator=True), at=clock.now())
    children.run(house, "catch_up")
    states = list(batch.rows.values_list("state", flat=True))
    assert states == [RowState.UNDONE] * 2 + [RowState.SKIPPED] * 2
    house.let_go("batch.after_row")
    assert children.end(zombie) == 0
    assert list(batch.rows.values_list("state", flat=True)) == states
    batch.refresh_from_db()
    assert batch.state == BatchState.SETTLED
    assert not Assignment.objects.open().exists()


def test_two_workers_at_once_share_one_batch(house: House, children: Children) -> None:
    """The lease of one ends while it still works; both go on, and nobody's turn comes twice."""
    batch = made(12)
    slow = children.begin(house, "task", WORK, str(batch.pk), failpoint="batch.in_row:hang:2")
    wait_for(lambda: house.reached().get("batch.in_row") == 2, 30, "the worker hangs inside a turn")
    house.move_clock(CALM)
    quick = children.begin(house, "task", WORK, str(batch.pk))
    house.let_go("batch.in_row")
    assert children.end(slow) == 0
    children.end(quick)
    house.move_clock(CALM)
    children.run(house, "catch_up")
    assert_once(batch)
