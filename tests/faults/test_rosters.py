"""A worker dies in the middle of a roster. In the end every line had one turn, and undoing takes each back once."""

import io
from collections import Counter

import pytest

from lms.lib import clock
from lms.people.actions import roster_work, rosters
from lms.people.actions.rosters import WORK
from lms.people.enums import RosterRowState, RosterState
from lms.people.models import RosterImport, User
from lms.people.roster import columns
from lms.people.roster.cells import Options
from lms.record.queries import events_of, faults
from tests.factories import make_coordinator
from tests.faults.harness import CALM, Children, House, chances
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]
POINTS = ["roster.in_row", "roster.after_row"]


def uploaded(people: int) -> RosterImport:
    """A roster of so many new people whose columns are chosen, and nothing of it judged."""
    by = User.objects.filter(is_coordinator=True).first() or make_coordinator(category="contractor")
    first = User.objects.count()
    rows = "".join(f"n{first + n}@example.org,Newcomer {first + n},{by.site.name}\r\n" for n in range(people))
    data = ("Email,Name,Site\r\n" + rows).encode()
    made = rosters.take_in(io.BytesIO(data), size=len(data), name="roster.csv", by=by, at=clock.now())
    rosters.choose_columns(made, columns.suggest(made.head), Options(), at=clock.now())
    return made


def confirmed(people: int) -> RosterImport:
    made = uploaded(people)
    roster_work.work(made.pk, at=clock.now())
    made.refresh_from_db()
    by = User.objects.get(is_coordinator=True)
    rosters.confirm(made, mode="right", invite=True, seen=rosters.stamp(made), by=by, at=clock.now())
    return made


def assert_once(made: RosterImport, *, undone: bool = False) -> None:
    """Every line had one turn (and one back): one person, one event of each kind, one invitation; the chains have no faults."""
    made.refresh_from_db()
    assert (made.state, made.table) == (RosterState.SETTLED, None)
    kinds = ["person.added", "person.invited", *(["person.deactivated"] if undone else [])]
    for row in made.rows.select_related("user"):
        assert row.state == (RosterRowState.UNDONE if undone else RosterRowState.DONE), row.outcome
        assert row.user is not None
        assert User.objects.filter(name=row.name).count() == 1
        assert row.user.is_active is not undone
        told = Counter(event.kind for event in events_of(row.user.subject) if event.kind != "message.sent")
        assert told == Counter(kinds)
        assert list(faults(row.user.subject)) == []
        assert row.user.occasions.count() == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_in_the_middle_of_a_roster(house: House, point: str) -> None:
    """A real worker dies at the third line; after its lease another one is rung by beat and goes on."""
    made = confirmed(6)
    house.broker.start()
    doomed = house.worker(failpoint=f"{point}:kill:3")
    house.ring(WORK, str(made.pk))
    doomed.wait_killed()
    done = made.rows.filter(state=RosterRowState.DONE).count()
    assert done == (2 if point == "roster.in_row" else 3)
    assert User.objects.filter(name__startswith="Newcomer").count() == done
    house.move_clock(CALM)
    house.worker()
    house.start("beat")

    def settled() -> bool:
        made.refresh_from_db()
        return made.state == RosterState.SETTLED

    wait_for(settled, 40, "the roster is worked through")
    assert_once(made)


def test_killed_while_it_is_judged(house: House, children: Children) -> None:
    made = uploaded(5)
    children.run_killed(house, "task", WORK, str(made.pk), point="roster.judged")
    made.refresh_from_db()
    assert made.checked_at is None
    assert not User.objects.filter(name__startswith="Newcomer").exists()
    house.move_clock(CALM)
    children.run(house, "task", WORK, str(made.pk))
    made.refresh_from_db()
    assert (made.state, made.checked_at is not None) == (RosterState.SETTLED, True)
    assert list(made.rows.values_list("effect", flat=True)) == ["new"] * 5


def test_deaths_in_any_order_double_nothing(house: House, children: Children) -> None:
    """Rounds of chance: some deaths on the way forth, then on the way back."""
    for chance in chances():
        made = confirmed(6)
        for undone in (False, True):
            if undone:
                rosters.undo(made, by=User.objects.get(is_coordinator=True), at=clock.now())
            for _ in range(chance.randint(1, 4)):
                children.run_killed(house, "task", WORK, str(made.pk), point=chance.choice(POINTS))
                house.move_clock(CALM)
            for _ in range(2):
                children.run(house, "task", WORK, str(made.pk))
                house.move_clock(CALM)
            assert_once(made, undone=undone)
