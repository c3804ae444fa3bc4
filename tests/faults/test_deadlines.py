"""Quizzes whose time is over, while processes die: each is closed once, with what was stored, and nobody needs to come back."""

import datetime as dt

import pytest

from courses.models import Certificate
from lms.lib import clock
from lms.record.queries import events_of, faults
from quizzes.enums import AttemptState, ClosedBy
from quizzes.models import Attempt
from tests.faults import making
from tests.faults.harness import Children, House, chances
from tests.faults.outcome import assert_one_certificate
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]
HOUR = dt.timedelta(hours=1)


def overdue(number: int) -> list[Attempt]:
    """Attempts with all answers right, whose time was over an hour ago."""
    found = [making.answered() for _ in range(number)]
    for attempt in found:
        attempt.started_at, attempt.deadline_at = attempt.started_at - 2 * HOUR, attempt.started_at - HOUR
        attempt.save(update_fields=["started_at", "deadline_at"])
    return found


def assert_closed_once(attempt: Attempt) -> None:
    attempt.refresh_from_db()
    assert (attempt.state, attempt.closed_by, attempt.right) == (AttemptState.SUBMITTED, ClosedBy.DEADLINE, 3)
    assert attempt.submitted_at == attempt.deadline_at
    subject = attempt.enrollment.learner.subject
    assert [event.kind for event in events_of(subject)].count("quiz.submitted") == 1
    assert list(faults(subject)) == []


@pytest.mark.parametrize(("point", "closed"), [("quiz.before_commit", 0), ("quiz.after_commit", 1)])
def test_a_sweep_that_dies_leaves_whole_attempts_and_the_next_goes_on(
    house: House, children: Children, point: str, closed: int
) -> None:
    found = overdue(3)
    children.run_killed(house, "task", "quizzes.tasks.sweep", point=point)
    assert Attempt.objects.filter(state=AttemptState.SUBMITTED).count() == closed
    assert Certificate.objects.count() == closed
    children.run(house, "catch_up")
    for attempt in found:
        assert_closed_once(attempt)
        assert_one_certificate(attempt.enrollment, house.mail)


def test_sweeps_and_hand_ins_that_die_at_chance_close_once(house: House, children: Children) -> None:
    for chance in chances():
        (attempt,) = overdue(1)
        for _ in range(chance.randint(0, 3)):
            if Attempt.objects.get(pk=attempt.pk).state == AttemptState.SUBMITTED:
                break
            job: tuple[object, ...] = chance.choice([("task", "quizzes.tasks.sweep"), ("submit", attempt.pk)])
            children.run_killed(
                house, str(job[0]), *job[1:], point=chance.choice(["quiz.before_commit", "quiz.after_commit"])
            )
        children.run(house, "catch_up")
        children.run(house, "submit", attempt.pk)
        assert_closed_once(attempt)
        assert_one_certificate(attempt.enrollment, house.mail)


def test_a_worker_closes_it_though_nobody_returns(house: House) -> None:
    """The clock of every process passes the deadline and its grace; one ring of beat is enough."""
    attempt = making.answered()
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=clock.now() + HOUR)
    attempt.refresh_from_db()
    house.broker.start()
    house.worker()
    house.move_clock(HOUR.total_seconds() + 31)
    house.ring("quizzes.tasks.sweep")
    wait_for(lambda: Attempt.objects.get().state == AttemptState.SUBMITTED, 60, "the attempt is closed")
    assert_closed_once(attempt)
