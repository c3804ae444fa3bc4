"""A deadline is decided at the start, kept by the server's clock alone, and closed by whoever comes first."""

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.test import Client

from courses.models import Certificate, Enrollment
from lms.celery import BEAT_SCHEDULE
from lms.lib import clock
from lms.people.models import User
from lms.record.queries import events_of, faults
from quizzes import tasks
from quizzes.actions import attempts, closing, granting
from quizzes.actions.attempts import AttemptClosedError, TimeOverError
from quizzes.enums import AttemptState, ClosedBy
from quizzes.models import Attempt
from quizzes.queries import deadlines
from quizzes.rules import GRACE, time_is_over
from tests import factories
from tests.faults.together import together
from tests.quizzes import sittings, timed
from tests.quizzes.timed import DAY, HOUR, MINUTE, SECOND

pytestmark = pytest.mark.django_db
TICK = dt.timedelta(microseconds=1)


@pytest.fixture
def enrollment(at: dt.datetime) -> Enrollment:
    return timed.enroll(at)


@pytest.fixture
def attempt(enrollment: Enrollment, at: dt.datetime) -> Attempt:
    return timed.start(enrollment, at)


def test_the_deadline_is_decided_once_at_the_start(enrollment: Enrollment, attempt: Attempt, at: dt.datetime) -> None:
    assert attempt.deadline_at == at + 45 * MINUTE
    assert timed.start(enrollment, at + 10 * MINUTE) == attempt
    assert Attempt.objects.get().deadline_at == at + 45 * MINUTE
    started = [e for e in events_of(enrollment.learner.subject) if e.kind == "quiz.started"]
    assert "2026-11-23T17:45:00+00:00" in started[0].payload


def test_no_limit_is_no_deadline(at: dt.datetime) -> None:
    attempt = timed.start(timed.enroll(at, limit=None), at)
    assert attempt.deadline_at is None
    assert not attempts.close_if_over(attempt, at=at + 1000 * DAY)
    assert closing.sweep(at=at + 1000 * DAY) == {"closed": 0, "failed": 0}
    assert attempts.save(attempt, 1, {"choice": 0}, revision=0, at=at + 1000 * DAY).answered


class TestTheService:
    def test_the_last_save_comes_through_in_the_grace_and_no_later(self, attempt: Attempt, at: dt.datetime) -> None:
        over = at + 45 * MINUTE + GRACE
        saved = attempts.save(attempt, 1, {"choice": 1}, revision=0, at=over - TICK)
        assert saved.answered
        with pytest.raises(TimeOverError):
            attempts.save(attempt, 2, {"choice": 1}, revision=0, at=over)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.closed_by) == (AttemptState.SUBMITTED, ClosedBy.DEADLINE)
        assert attempt.submitted_at == attempt.deadline_at == at + 45 * MINUTE
        assert [r.answer for r in attempt.responses.all()] == [{"choice": 1}, None, None]

    def test_a_hand_in_in_time_and_in_the_grace_is_the_learners(self, at: dt.datetime) -> None:
        for after in (10 * MINUTE, 45 * MINUTE + 29 * SECOND):
            attempt = timed.start(timed.enroll(at), at)
            handed = attempts.submit(attempt, at=at + after)
            assert (handed.attempt.closed_by, handed.attempt.submitted_at) == (ClosedBy.LEARNER, at + after)

    def test_a_late_hand_in_is_the_deadlines(self, attempt: Attempt, at: dt.datetime) -> None:
        """What was stored counts, dated at the deadline, and another hand-in gives the same result."""
        factories.answer_all(attempt, at=at + 5 * MINUTE)
        first = attempts.submit(attempt, at=at + 2 * DAY)
        assert first.first_time
        assert first.attempt.passed
        assert (first.attempt.closed_by, first.attempt.submitted_at) == (ClosedBy.DEADLINE, at + 45 * MINUTE)
        assert first.certificate == Certificate.objects.get()
        assert Enrollment.objects.get().completed_at == at + 45 * MINUTE
        again = attempts.submit(attempt, at=at + 3 * DAY)
        assert not again.first_time
        assert again.attempt.submitted_at == at + 45 * MINUTE
        event = next(e for e in events_of(attempt.enrollment.learner.subject) if e.kind == "quiz.submitted")
        assert (event.actor, event.effective_at) == ("system", at + 45 * MINUTE)
        assert '"closed_by":"deadline"' in event.payload
        assert list(faults(attempt.enrollment.learner.subject)) == []

    def test_a_start_closes_what_is_overdue_first(
        self, enrollment: Enrollment, attempt: Attempt, at: dt.datetime
    ) -> None:
        second = timed.start(enrollment, at + 2 * HOUR)
        assert (second.number, second.deadline_at) == (2, at + 2 * HOUR + 45 * MINUTE)
        assert Attempt.objects.get(number=1).closed_by == ClosedBy.DEADLINE

    def test_the_wait_counts_from_the_deadline(self, enrollment: Enrollment, attempt: Attempt, at: dt.datetime) -> None:
        with pytest.raises(attempts.NotAllowedError, match="wait"):
            timed.start(enrollment, at + 45 * MINUTE + HOUR - TICK)
        assert timed.start(enrollment, at + 45 * MINUTE + HOUR).number == 2

    def test_an_object_read_before_cannot_get_around_it(self, attempt: Attempt, at: dt.datetime) -> None:
        """Whatever the caller holds, the row decides."""
        attempt.deadline_at = None
        with pytest.raises(TimeOverError):
            attempts.save(attempt, 1, {"choice": 1}, revision=0, at=at + HOUR)
        attempt.deadline_at = at - HOUR
        assert not attempts.close_if_over(attempt, at=at + MINUTE)
        assert Attempt.objects.get().state == AttemptState.IN_PROGRESS


@pytest.mark.parametrize("seconds", [-3000, -31, -30, -1, 0, 1, 29, 30, 31, 3000])
@pytest.mark.parametrize("micro", [-1, 0, 1])
def test_rows_and_rule_agree_on_what_is_over(attempt: Attempt, seconds: int, micro: int) -> None:
    assert attempt.deadline_at is not None
    instant = attempt.deadline_at + seconds * SECOND + micro * TICK
    over = time_is_over(attempt.deadline_at, instant)
    assert deadlines.overdue(instant).exists() is over
    assert Attempt.objects.filter(deadlines.in_time(instant)).exists() is not over


class TestTheSweep:
    def test_it_closes_and_grades_though_nobody_returns(self, attempt: Attempt, at: dt.datetime) -> None:
        factories.answer_all(attempt, at=at + MINUTE)
        assert closing.sweep(at=at + 45 * MINUTE + GRACE - TICK) == {"closed": 0, "failed": 0}
        assert closing.sweep(at=at + 45 * MINUTE + GRACE) == {"closed": 1, "failed": 0}
        attempt.refresh_from_db()
        assert (attempt.passed, attempt.right, attempt.submitted_at) == (True, 3, attempt.deadline_at)
        assert Certificate.objects.count() == 1
        assert closing.sweep(at=at + DAY) == {"closed": 0, "failed": 0}
        assert [e.kind for e in events_of(attempt.enrollment.learner.subject)].count("quiz.submitted") == 1

    def test_beat_rings_often_enough(self) -> None:
        """Deadline, grace, one interval and the time of a task are less than two minutes."""
        entry = BEAT_SCHEDULE["sweep quizzes"]
        assert entry["task"] == tasks.sweep.name == "quizzes.tasks.sweep"
        assert GRACE.total_seconds() + entry["schedule"] < 90

    def test_the_task_sweeps(self, attempt: Attempt) -> None:
        assert attempt.deadline_at is not None
        assert attempt.deadline_at < clock.now(), "the fixed instant lies in the past"
        tasks.sweep()
        assert Attempt.objects.get().closed_by == ClosedBy.DEADLINE

    def test_one_that_fails_holds_up_no_other(
        self, at: dt.datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        opened = [timed.start(timed.enroll(at), at + n * MINUTE) for n in range(3)]
        factories.answer_all(opened[1], at=at + 2 * MINUTE)
        real = attempts.grade

        def grade(attempt: Attempt, responses: Any, **when: Any) -> Any:
            if attempt.pk == opened[0].pk:
                raise ValueError("the answer is a secret")
            return real(attempt, responses, **when)

        monkeypatch.setattr(attempts, "grade", grade)
        assert closing.sweep(at=at + DAY) == {"closed": 2, "failed": 1}
        assert [a.state for a in Attempt.objects.order_by("pk")] == ["in_progress", "submitted", "submitted"]
        assert Attempt.objects.get(pk=opened[1].pk).passed
        assert str(opened[0].public_id) in caplog.text
        assert "secret" not in caplog.text
        monkeypatch.undo()
        assert closing.sweep(at=at + DAY) == {"closed": 1, "failed": 0}

    @pytest.mark.parametrize("number", [1, 3])
    def test_looking_is_one_query(self, at: dt.datetime, number: int, django_assert_num_queries: Any) -> None:
        for _ in range(number):
            timed.start(timed.enroll(at), at)
        with django_assert_num_queries(1):
            closing.sweep(at=at + MINUTE)


# --- the pages -----------------------------------------------------------------------------------------------------------
class TestPages:
    @pytest.fixture
    def late(self, client: Client) -> Attempt:
        """An open attempt whose time was over ten minutes ago, with one answer stored; its learner is signed in."""
        began = clock.now() - 55 * MINUTE
        attempt = timed.start(timed.enroll(began), began)
        response = attempt.responses.select_related("question").get(position=1)
        attempts.save(attempt, 1, factories.right_answer(response), revision=0, at=began + MINUTE)
        client.force_login(attempt.enrollment.learner)
        return attempt

    PATHS = [
        ("get", "questions/1/"),
        ("post", "questions/2/"),
        ("post", "questions/2/answer/"),
        ("get", "hand-in/"),
        ("post", "hand-in/"),
        ("get", "time/"),
        ("start", ""),
        ("restart", ""),
    ]

    @pytest.mark.parametrize(("method", "path"), PATHS)
    def test_every_way_closes_it_with_what_was_stored(
        self, late: Attempt, client: Client, method: str, path: str
    ) -> None:
        """The forged fields are what a page with a wrong clock, or a person with ideas, would send."""
        forged = {
            "choice": "1",
            "revision": "0",
            "go": "next",
            "deadline_at": "2099-01-01T00:00:00Z",
            "now": "2020-01-01T00:00:00Z",
            "at": "2020-01-01T00:00:00Z",
            "data-left": "9999999",
            "time_factor": "10",
        }
        headers = {"Date": "Wed, 01 Jan 2020 00:00:00 GMT", "lms.arrived_at": "2020-01-01T00:00:00Z"}
        result = f"/attempts/{late.public_id}/result/"
        quiz = f"/courses/{late.enrollment.public_id}/units/{late.unit.slug}/quiz/"
        if method == "start":
            answer = client.get(quiz, headers=headers)
            assert answer["Location"] == result
        elif method == "restart":
            answer = client.post(quiz, forged, headers=headers)
            assert answer["Location"] == quiz, "the wait between attempts runs"
        else:
            answer = getattr(client, method)(f"/attempts/{late.public_id}/{path}", forged, headers=headers)
            if path.endswith(("answer/", "time/")):
                assert answer.status_code == 410
                assert answer.json()["url"] == result
                assert "The time was over at" in answer.json()["error"]
            else:
                assert answer["Location"] == result
        late.refresh_from_db()
        assert (late.state, late.closed_by, late.submitted_at) == ("submitted", "deadline", late.deadline_at)
        assert [r.answered for r in late.responses.order_by("position")] == [True, False, False]
        page = client.get(result).content.decode()
        assert "The time was over at" in page
        assert "handed in" in page

    def test_an_answer_that_came_too_late_is_said_to_be_not_stored(self, late: Attempt, client: Client) -> None:
        page = client.post(f"/attempts/{late.public_id}/questions/2/", {"choice": "1", "revision": "0"}, follow=True)
        assert "What came later is not stored." in page.content.decode()

    def test_a_request_is_judged_by_when_it_arrived(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        """A page that takes a minute to be worked on is not the learner's loss."""
        began = clock.now() - 45 * MINUTE - 25 * SECOND
        attempt = timed.start(timed.enroll(began), began)
        client.force_login(attempt.enrollment.learner)
        real = attempts.save

        def slow(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + MINUTE)
            return real(*args, **kwargs)

        monkeypatch.setattr(attempts, "save", slow)
        answer = client.post(f"/attempts/{attempt.public_id}/questions/1/answer/", {"choice": "1", "revision": "0"})
        assert answer.status_code == 200
        assert attempt.responses.get(position=1).answered

    def test_in_time_the_page_says_until_when_without_a_script(self, client: Client) -> None:
        now = clock.now()
        attempt = timed.start(timed.enroll(now), now - 23 * MINUTE)
        client.force_login(attempt.enrollment.learner)
        for path in ("questions/1/", "hand-in/"):
            html = client.get(f"/attempts/{attempt.public_id}/{path}").content.decode()
            assert "Time until" in html
            assert "22 minutes left" in html
            assert "quizzes/clock.js" in html
        told = client.get(f"/attempts/{attempt.public_id}/time/").json()
        assert 21 * 60_000 < told["left"] <= 22 * 60_000
        assert told["closes"] - told["left"] == 30_000
        start = client.get(f"/courses/{attempt.enrollment.public_id}/units/unit-1/quiz/").content.decode()
        assert "22 minutes left" in start

    def test_without_a_limit_there_is_no_clock(self, client: Client) -> None:
        now = clock.now()
        attempt = timed.start(timed.enroll(now, limit=None), now)
        client.force_login(attempt.enrollment.learner)
        html = client.get(f"/attempts/{attempt.public_id}/questions/1/").content.decode()
        assert 'id="clock"' not in html
        assert "clock.js" not in html
        assert client.get(f"/attempts/{attempt.public_id}/time/").json() == {"left": None}

    def test_the_time_is_its_learners_alone(self, client: Client) -> None:
        now = clock.now()
        attempt = timed.start(timed.enroll(now), now)
        url = f"/attempts/{attempt.public_id}/time/"
        assert client.get(url).status_code == 401
        for user in (factories.make_user(), factories.make_coordinator()):
            client.force_login(user)
            assert client.get(url).status_code == 404
        assert client.post(url).status_code == 405

    def test_a_stranger_closes_nothing(self, late: Attempt, client: Client) -> None:
        client.force_login(factories.make_user())
        for method, path in self.PATHS[:6]:
            assert getattr(client, method)(f"/attempts/{late.public_id}/{path}").status_code == 404
        late.refresh_from_db()
        assert late.state == AttemptState.IN_PROGRESS


def test_the_rules_are_said_before_the_start(client: Client) -> None:
    now = clock.now()
    enrollment = timed.enroll(now, limit=90, counts="last")
    client.force_login(enrollment.learner)
    html = client.get(f"/courses/{enrollment.public_id}/units/unit-1/quiz/").content.decode()
    for words in (
        "<b>3 questions</b>",
        "You have <b>1 hour 30 minutes</b>",
        "the answers stored until then are handed in for you",
        "up to 30 seconds later",
        "<b>3 of 3</b> pass",
        "You have <b>3 attempts</b>",
        "you wait one hour",
        "One pass is enough",
        "the <b>last</b> one counts",
        "When all attempts are used",
    ):
        assert words in html, words
    assert "no time limit" not in html


def test_which_attempt_counts_is_said(client: Client, learner_with_two: tuple[User, list[Attempt]]) -> None:
    learner, (first, second) = learner_with_two
    client.force_login(learner)
    quiz = client.get(f"/courses/{first.enrollment.public_id}/units/unit-1/quiz/").content.decode()
    assert "So far that is attempt 1, with 2 of 3" in quiz
    assert "This is the result that counts" in client.get(f"/attempts/{first.public_id}/result/").content.decode()
    other = client.get(f"/attempts/{second.public_id}/result/").content.decode()
    assert "Attempt 1</a> counts, with 2 of 3" in other
    record = client.get("/record/").content.decode()
    assert record.count('<span class="meta">this one counts</span>') == 1
    assert record.index('<span class="meta">this one counts</span>') < record.index("0 of 3")


@pytest.fixture
def learner_with_two() -> tuple[User, list[Attempt]]:
    """Two of three right, then none; the wait is over."""
    now = clock.now()
    enrollment = timed.enroll(now - 2 * DAY, limit=None)
    first = timed.start(enrollment, now - 2 * DAY)
    for response in first.responses.select_related("question").order_by("position")[:2]:
        attempts.save(first, response.position, factories.right_answer(response), revision=0, at=now - 2 * DAY)
    attempts.submit(first, at=now - 2 * DAY)
    second = timed.fail(enrollment, now - DAY)
    return enrollment.learner, [first, second]


# --- races ---------------------------------------------------------------------------------------------------------------
@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_sweeps_hand_ins_pages_and_saves_come_to_one_result(self, at: dt.datetime) -> None:
        for _ in range(3):
            attempt = timed.start(timed.enroll(at), at)
            answers = {r.position: factories.right_answer(r) for r in attempt.responses.select_related("question")}
            attempts.save(attempt, 1, answers[1], revision=0, at=at + MINUTE)
            over = at + 45 * MINUTE + GRACE

            mine = partial(Attempt.objects.get, pk=attempt.pk)
            found = together(
                partial(closing.sweep, at=over),
                partial(closing.sweep, at=over),
                partial(attempts.submit, mine(), at=over),
                partial(attempts.submit, mine(), at=over - SECOND),
                partial(attempts.close_if_over, mine(), at=over),
                partial(attempts.save, mine(), 2, answers[2], revision=0, at=over - SECOND),
                partial(attempts.save, mine(), 3, answers[3], revision=0, at=over),
            )
            assert isinstance(found[6], AttemptClosedError), found
            in_grace = not isinstance(found[5], AttemptClosedError)
            closers = [f.get("closed", 0) for f in found[:2]] + [f.first_time for f in found[2:4]] + [found[4]]
            row = mine()
            assert sum(map(int, closers)) + _late_save_closed(found, closers) == 1, found
            assert row.state == AttemptState.SUBMITTED
            assert row.right == 1 + in_grace
            assert [r.answered for r in row.responses.order_by("position")] == [True, in_grace, False]
            kinds = [e.kind for e in events_of(row.enrollment.learner.subject)]
            assert kinds.count("quiz.submitted") == 1
            assert list(faults(row.enrollment.learner.subject)) == []
            Enrollment.objects.filter(pk=row.enrollment_id).update(completed_at=at)

    def test_more_time_beside_a_sweep_either_extends_or_comes_too_late(self, at: dt.datetime) -> None:
        for n in range(4):
            attempt = timed.start(timed.enroll(at), at)
            learner = attempt.enrollment.learner
            assert attempt.deadline_at is not None
            over = attempt.deadline_at + GRACE
            given_at = over - SECOND if n % 2 else over + SECOND
            give = partial(granting.set_accommodation, time_factor=Decimal(2), extra_attempts=0, by=learner.subject)
            found = together(partial(give, learner, at=given_at), partial(closing.sweep, at=over))
            assert found[0] is True, found
            row = Attempt.objects.get(pk=attempt.pk)
            if found[1]["closed"]:
                assert (row.state, row.deadline_at) == ("submitted", attempt.deadline_at)
            else:
                assert (row.state, row.deadline_at) == ("in_progress", at + 90 * MINUTE)
                assert n % 2, "an extension after the end resurrects nothing"
            attempts.submit(row, at=over + SECOND)
            assert list(faults(learner.subject)) == []


def _late_save_closed(found: list[Any], closers: list[Any]) -> int:
    """A late save closes the attempt too, and then says TimeOverError."""
    return int(not any(closers) and isinstance(found[6], TimeOverError))


def test_sittings_of_all_kinds_close_too(at: dt.datetime) -> None:
    """A half-answered attempt of every kind is graded by the sweep without a word of complaint."""
    attempt = sittings.sit()
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=attempt.started_at + MINUTE)
    assert closing.sweep(at=attempt.started_at + HOUR) == {"closed": 1, "failed": 0}
