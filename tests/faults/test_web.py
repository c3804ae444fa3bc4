"""The web process dies. What it had acknowledged is there, what it had not can be sent again, and nothing is doubled."""

import functools
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from courses.models import Certificate
from lms.lib import clock
from quizzes.actions import attempts
from quizzes.enums import AttemptState
from quizzes.models import Attempt, Response
from tests.factories import right_answer
from tests.faults import making
from tests.faults.browsing import Browser, Gone
from tests.faults.harness import Children, House, chances
from tests.faults.outcome import assert_one_certificate
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

KILLED = "SIGKILL"  # gunicorn's own words about a child that signal 9 ended


def rows(attempt: Attempt) -> list[Response]:
    return list(Response.objects.filter(attempt=attempt).select_related("question").order_by("position"))


@pytest.mark.parametrize(
    ("point", "state"),
    [("quiz.before_commit", AttemptState.IN_PROGRESS), ("quiz.after_commit", AttemptState.SUBMITTED)],
)
def test_the_web_process_killed_while_a_quiz_is_handed_in(
    house: House, children: Children, point: str, state: str
) -> None:
    attempt = making.answered()
    web = house.web(failpoint=f"{point}:kill:1")
    browser = Browser(house.port, attempt.enrollment.learner)
    with pytest.raises(Gone):
        browser.hand_in(attempt)
    web.wait_for_text(KILLED)
    assert house.reached() == {point: 1}
    attempt.refresh_from_db()
    assert attempt.state == state
    assert Certificate.objects.count() == (state == AttemptState.SUBMITTED)
    assert all(row.answered for row in rows(attempt))

    for _ in range(2):  # the learner presses the button again, and once more
        page = browser.hand_in(attempt)
        assert (page.status, page.address) == (200, f"/attempts/{attempt.public_id}/result/")
    children.run(house, "catch_up")
    assert_one_certificate(attempt.enrollment, house.mail)


def test_hand_ins_that_die_at_chance_complete_once(house: House, children: Children) -> None:
    """Rounds of chance: up to four deaths of the handing-in process, then one that lives."""
    for chance in chances():
        attempt = making.answered()
        for _ in range(chance.randint(0, 4)):
            attempt.refresh_from_db()
            if attempt.state == AttemptState.SUBMITTED:
                break
            point = chance.choice(["quiz.before_commit", "quiz.after_commit"])
            children.run_killed(house, "submit", attempt.pk, point=point)
        children.run(house, "submit", attempt.pk)
        children.run(house, "catch_up")
        assert_one_certificate(attempt.enrollment, house.mail)


def test_what_the_page_calls_stored_survives_signal_9_right_afterwards(house: House, children: Children) -> None:
    enrollment = making.new_enrollment()
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    for row in rows(attempt):
        web = house.web()
        browser = Browser(house.port, enrollment.learner)
        said = browser.store(attempt, row.position, revision=0, **right_answer(row))
        house.ends(web)
        assert (said.status, said.json()["answered"], said.json()["revision"]) == (200, True, 1)
        stored = Response.objects.get(pk=row.pk)
        assert (stored.answer, stored.receipt) == (right_answer(row), said.json()["receipt"])
    house.web()
    page = Browser(house.port, enrollment.learner).hand_in(attempt)
    assert page.address.endswith("/result/")
    children.run(house, "catch_up")
    assert_one_certificate(enrollment, house.mail)


def test_an_answer_whose_acknowledgement_was_lost_is_sent_again_and_taken(house: House) -> None:
    enrollment = making.new_enrollment()
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    row = rows(attempt)[0]
    web = house.web(failpoint="quiz.after_save_commit:kill:1")
    browser = Browser(house.port, enrollment.learner)
    with pytest.raises(Gone):
        browser.store(attempt, row.position, revision=0, choice=1)
    web.wait_for_text(KILLED)
    stored = Response.objects.get(pk=row.pk)
    assert (stored.answer, stored.revision) == ({"choice": 1}, 1)

    again = browser.store(attempt, row.position, revision=0, choice=1)
    assert (again.status, again.json()["revision"], again.json()["receipt"]) == (200, 1, stored.receipt)
    other = browser.store(attempt, row.position, revision=0, choice=2)
    assert (other.status, other.json()["revision"]) == (409, 1)
    assert Response.objects.get(pk=row.pk).answer == {"choice": 1}


def written(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 200


def test_no_acknowledged_answer_is_lost_whenever_signal_9_comes(
    house: House, children: Children, tmp_path: Path
) -> None:
    """Rounds of chance: one process stores answers as fast as it can and is killed after a time of chance."""
    for number, chance in enumerate(chances()):
        enrollment = making.new_enrollment()
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
        log = tmp_path / f"acknowledged-{number}"
        pid = children.begin(house, "save_for_ever", attempt.pk, str(log))
        wait_for(functools.partial(written, log), 30, "some answers are stored")
        time.sleep(chance.uniform(0, 0.1))
        assert children.kill(pid) == -signal.SIGKILL
        last: dict[int, tuple[int, int, str]] = {}
        for line in log.read_text().splitlines():
            words = line.split()
            last[int(words[0])] = (int(words[1]), int(words[2]), words[3])
        for row in rows(attempt):
            revision, choice, receipt = last[row.position]
            assert row.answer is not None
            if row.revision == revision:
                assert (row.answer, row.receipt) == ({"choice": choice}, receipt)
            else:  # stored, but it died before it could say so
                assert (row.revision, row.answer["choice"]) == (revision + 1, (choice + 1) % 3)
        assert list(last) == [row.position for row in rows(attempt)]


def test_one_button_pressed_twenty_times_hands_in_once(house: House, children: Children) -> None:
    """Over HTTP, on two web processes."""
    attempt = making.answered()
    house.web(WEB_CONCURRENCY="2")
    pressing = [Browser(house.port, attempt.enrollment.learner) for _ in range(20)]
    random.Random(1).shuffle(pressing)
    pages = []
    threads = [threading.Thread(target=lambda b=b: pages.append(b.hand_in(attempt))) for b in pressing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(page.status, page.address) for page in pages] == [(200, f"/attempts/{attempt.public_id}/result/")] * 20
    children.run(house, "catch_up")
    assert_one_certificate(attempt.enrollment, house.mail)


def test_a_second_hand_in_waits_for_the_first_and_gets_its_result(house: House, children: Children) -> None:
    """The first holds the database just before its commit, in a process of its own; the second comes in between."""
    attempt = making.answered()
    first = children.begin(house, "submit", attempt.pk, failpoint="quiz.before_commit:hang")
    wait_for(lambda: house.reached().get("quiz.before_commit"), 30, "the first is about to commit")
    assert Certificate.objects.count() == 0
    second = children.begin(house, "submit", attempt.pk)
    house.let_go("quiz.before_commit")
    assert [children.end(first), children.end(second)] == [0, 0]
    children.run(house, "catch_up")
    assert_one_certificate(attempt.enrollment, house.mail)
