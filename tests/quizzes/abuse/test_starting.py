"""Abuse of starting: cases 1 to 4, 9 and 12 of the list in reliability.md, section 6, over HTTP with the real views."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from courses.actions import assigning
from courses.models import Certificate, Enrollment
from lms.lib import clock
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.models import Attempt
from tests import factories
from tests.quizzes.abuse.conftest import LIMIT, every_row, rows_of, timed_course
from tests.quizzes.kinds import samples

pytestmark = pytest.mark.django_db


def door(enrollment: Enrollment, unit: str = "unit-1") -> str:
    return f"/courses/{enrollment.public_id}/units/{unit}/quiz/"


def enrolled(learner: User, **changes: Any) -> Enrollment:
    return factories.make_enrollment(learner, factories.make_course(timed_course()), **changes)


def test_01_start_what_is_not_assigned(mine: Client, learner: User) -> None:
    """A stranger's enrollment is absent; one's own that was taken back is closed, and says so."""
    foreign = enrolled(factories.make_user())
    before = every_row()
    for method in (mine.get, mine.post):
        assert method(door(foreign)).status_code == 404
        assert method(f"/courses/00000000-0000-4000-8000-{foreign.pk:012}/units/unit-1/quiz/").status_code == 404
    assert every_row() == before
    own = factories.make_enrollment(learner)
    assigning.withdraw(own.assignments.get(), reason="A plan changed.", by=SYSTEM, at=clock.now())
    assert "no longer assigned" in mine.post(door(own), follow=True).content.decode()
    assert not Attempt.objects.exists()


def test_02_start_before_it_opens_and_after_it_is_over(mine: Client, learner: User) -> None:
    course = factories.make_course(timed_course())
    today = clock.today(learner.zone)
    row = factories.make_assignment(learner, course, opens_on=today + dt.timedelta(days=3))
    assert row.enrollment is not None
    page = mine.post(door(row.enrollment), {"opens_on": "2020-01-01", "at": "2030-01-01"}, follow=True)
    assert "not open yet" in page.content.decode()
    assert not Attempt.objects.exists()
    with time_machine.travel(row.opens_at - dt.timedelta(seconds=1), tick=False):
        mine.force_login(learner)
        mine.post(door(row.enrollment))
    assert not Attempt.objects.exists()
    with time_machine.travel(row.opens_at, tick=False):
        mine.force_login(learner)
        mine.post(door(row.enrollment))
        assert Attempt.objects.get().number == 1
    done = factories.make_enrollment(learner, factories.make_course())
    factories.pass_unit(done)
    before = Attempt.objects.count()
    assert "You have passed this quiz" in mine.post(door(done), follow=True).content.decode()
    assert Attempt.objects.count() == before


def test_03_start_over_the_limit(mine: Client, learner: User) -> None:
    """One after the other; fifty at once are in tests/faults/test_attempt_races.py."""
    enrollment = enrolled(learner)
    with time_machine.travel(clock.now(), tick=False) as travel:
        for number in (1, 2, 3):
            assert "/questions/1/" in mine.post(door(enrollment))["Location"]
            attempt = Attempt.objects.get(number=number)
            mine.post(f"/attempts/{attempt.public_id}/hand-in/")
            assert mine.post(door(enrollment))["Location"] == door(enrollment), "the wait"
            travel.shift(dt.timedelta(hours=2))
        before = every_row()
        for _ in range(5):
            page = mine.post(door(enrollment), {"attempts": "99", "allowed": "99"}, follow=True)
            assert "All 3 attempts are used" in page.content.decode()
        assert every_row() == before


def test_04_start_with_what_the_server_owns(mine: Client, learner: User) -> None:
    enrollment = enrolled(learner)
    other = enrolled(factories.make_user())
    forged = {
        "number": "9", "deadline_at": "2099-01-01T00:00Z", "started_at": "2001-01-01T00:00Z", "version": "1",
        "enrollment": str(other.public_id), "learner": str(other.learner_id), "unit": "unit-2", "quiz": "1",
        "state": "submitted", "passed": "1", "points": "8", "out_of": "1", "pass_mark": "0", "time_factor": "10",
        "closed_by": "learner", "public_id": "00000000-0000-4000-8000-000000000000",
    }  # fmt: skip
    query = "?" + "&".join(f"{name}={value}" for name, value in forged.items())
    with time_machine.travel(clock.now(), tick=False):
        mine.post(door(enrollment) + query, forged)
        now = clock.now()
    attempt = Attempt.objects.get()
    assert (attempt.enrollment_id, attempt.number, attempt.state) == (enrollment.pk, 1, "in_progress")
    assert (attempt.started_at, attempt.deadline_at) == (now, now + dt.timedelta(minutes=LIMIT))
    assert (attempt.out_of, attempt.pass_mark, attempt.closed_by) == (8, 80, "")
    assert (attempt.passed, attempt.points, attempt.submitted_at) == (None, None, None)
    response = attempt.responses.get(position=1)
    before = rows_of(attempt)
    mine.post(
        f"/attempts/{attempt.public_id}/questions/1/answer/",
        {**forged, "revision": "x", "receipt": "AAAA-BB", "right": "1", "answered": "1"},
    )
    assert rows_of(attempt) == before
    mine.post(f"/attempts/{attempt.public_id}/hand-in/" + query, forged)
    attempt.refresh_from_db()
    response.refresh_from_db()
    assert (attempt.passed, attempt.points, attempt.out_of, attempt.pass_mark) == (False, Decimal(0), 8, 80)
    assert (response.points, response.right, response.receipt) == (Decimal(0), False, "")
    assert not Certificate.objects.exists()


def test_09_skip_the_beginning(mine: Client, learner: User) -> None:
    """Nothing of a question is shown before the attempt exists, and the clock begins with it whatever is sent along."""
    enrollment = enrolled(learner)
    course = f"/courses/{enrollment.public_id}/"
    words = (
        "Offer a chair",
        "Which of these help",
        "The prescriber",
        "Walk over",
        "How many minutes",
        "Which word fits",
    )
    asked = str([row["stem"] for row in samples.AUTHORED.values()]) + str(samples.AUTHORED)
    assert all(word in asked for word in words)
    for path in (course, f"{course}units/unit-1/", door(enrollment), f"{door(enrollment)}?begin=0&preview=1"):
        html = mine.get(path).content.decode()
        assert not [word for word in words if word in html]
    assert not Attempt.objects.exists(), "looking begins nothing"
    for forged in ({"begin": "0"}, {"begin": ""}, {"no_timer": "1", "time_limit_minutes": ""}):
        mine.post(door(enrollment), forged)
    attempt = Attempt.objects.get()
    assert attempt.deadline_at is not None
    assert attempt.deadline_at - attempt.started_at == dt.timedelta(minutes=LIMIT)
    assert abs((clock.now() - attempt.started_at).total_seconds()) < 120


def test_12_a_question_of_another_edition(mine: Client, attempt: Attempt) -> None:
    """A new edition with other questions is published while the attempt is open; nothing of it can be reached or answered."""
    before = rows_of(attempt)
    newer = factories.compiled_course("all-kinds", title="All kinds", units=2)
    factories.make_course(newer)
    old = [r.question_id for r in attempt.responses.all()]
    for position in range(1, 9):
        html = mine.get(f"/attempts/{attempt.public_id}/questions/{position}/").content.decode()
        assert "matter number" not in html
    course = f"/courses/{attempt.enrollment.public_id}/units"
    for method in (mine.get, mine.post):
        assert method(f"{course}/unit-2/quiz/").status_code == 404
    assert rows_of(attempt) == before
    answer = {"choice": "0", "revision": "0", "version": "2", "edition": "2", "question": "999"}
    single = attempt.responses.get(question__kind="single_choice")
    assert mine.post(f"/attempts/{attempt.public_id}/questions/{single.position}/answer/", answer).status_code == 200
    assert [r.question_id for r in attempt.responses.all()] == old
    mine.post(f"/attempts/{attempt.public_id}/hand-in/")
    attempt.refresh_from_db()
    assert (attempt.out_of, attempt.unit.version_id) == (8, attempt.enrollment.version_id)
    assert attempt.enrollment.version.number == 1
