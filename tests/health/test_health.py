"""The three addresses for a monitor. The round trip through a real broker is in tests/platform/test_launcher.py."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lms.health import actions, queries, tasks
from lms.health.models import Pulse
from lms.lib import broker, clock
from lms.record import checking

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

MINUTES = dt.timedelta(minutes=1)


@pytest.fixture
def answering_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "ping", lambda url, seconds: True)


@pytest.fixture
def well(answering_broker: None) -> dt.datetime:
    """Every pulse beats now."""
    now = clock.now()
    beat_all(now)
    return now


def beat_all(now: dt.datetime, *, asked: int = 0, answered: int = 0) -> None:
    actions.note_asked(at=now - asked * MINUTES)
    actions.note_answered(at=now - answered * MINUTES)
    assert actions.try_mail(at=now) == ""
    actions.note_run(actions.PLAN, at=now)
    actions.note_run(actions.GATHER, at=now)
    checking.check(now.date(), at=now)


def work(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/health/work")
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()


def test_live_needs_no_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_when_everything_is_in_place(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("part", ["live", "ready", "work"])
def test_only_reading_is_allowed(client: Client, part: str) -> None:
    assert client.post(f"/health/{part}").status_code == 405


def test_missing_migrations_are_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.migrations.executor import MigrationExecutor

    monkeypatch.setattr(queries, "_migrated", False)
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("one", False), ("two", False)])
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["problems"] == {"migrations": "2 migrations are not applied."}


def test_static_files_that_are_not_collected_are_named(client: Client, settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "lms.lib.assets.AssetStorage"},
    }
    assert client.get("/health/ready").json()["problems"] == {"static": "The static files are not collected."}


def test_work_before_the_first_pulse_names_what_has_none(client: Client, answering_broker: None) -> None:
    status, body = work(client)
    assert status == 503
    assert set(body["problems"]) == {"beat", "worker", "smtp", "planner", "record"}
    assert body["beat_seconds"] is None


def test_work_after_a_round_trip_is_well_and_reading_it_writes_nothing(client: Client, answering_broker: None) -> None:
    actions.note_asked()
    tasks.pulse()
    tasks.pulse_mail()
    actions.note_run(actions.PLAN)
    actions.note_run(actions.GATHER)
    checking.check(clock.now().date(), at=clock.now())
    before = list(Pulse.objects.values_list())
    status, body = work(client)
    assert (status, body["status"]) == (200, "ok")
    assert body["worker_seconds"] < 5
    assert body["smtp_seconds"] < 5
    assert before == list(Pulse.objects.values_list())


@pytest.mark.parametrize(
    ("asked", "answered", "named"),
    [(0, 0, set()), (0, 5, {"worker"}), (5, 0, {"beat"}), (5, 5, {"beat", "worker"})],
)
def test_old_pulses_are_named(
    client: Client, answering_broker: None, asked: int, answered: int, named: set[str]
) -> None:
    beat_all(clock.now(), asked=asked, answered=answered)
    status, body = work(client)
    assert status == (503 if named else 200)
    assert set(body.get("problems", {})) == named


def test_a_dead_broker_is_named_beside_good_pulses(client: Client, settings: Any) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    beat_all(clock.now())
    status, body = work(client)
    assert status == 503
    assert body["problems"] == {"broker": "The broker does not answer."}


@pytest.mark.parametrize(("minutes", "late"), [(14, False), (16, True)])
def test_mail_that_waits_too_long_is_named(
    client: Client, well: dt.datetime, monkeypatch: pytest.MonkeyPatch, minutes: int, late: bool
) -> None:
    since = clock.now() - minutes * MINUTES
    monkeypatch.setattr(queries, "oldest_waiting", lambda at: since)
    status, body = work(client)
    assert body["oldest_mail_seconds"] >= minutes * 60
    assert body.get("problems", {}) == ({"mail": "The oldest unsent mail has waited 16 minutes."} if late else {})
    assert status == (503 if late else 200)


def test_pulses_are_one_row_each_however_often_they_come() -> None:
    for _ in range(3):
        beat_all(clock.now())
    assert sorted(Pulse.objects.values_list("name", flat=True)) == ["gather", "mail", "plan", "work"]


def test_a_worker_that_is_there_but_takes_nothing_is_seen_within_three_minutes(
    client: Client, well: dt.datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7: the broker answers and beat rings on, but nobody takes the work. The clock of every process is moved, not its time."""
    hands = tmp_path / "clock"
    monkeypatch.setenv("LMS_TEST_CLOCK", str(hands))
    seen = None
    for seconds in range(0, 181, 15):
        hands.write_text(str(seconds))
        actions.note_asked()
        status, body = work(client)
        if status == 503:
            seen = seconds
            break
    assert seen is not None, "three minutes went by"
    assert body["problems"] == {"worker": f"The last pulse of the worker was {seen} seconds ago."}
    tasks.pulse()
    tasks.pulse_mail()
    assert work(client)[0] == 200


@pytest.mark.parametrize("planner", [actions.PLAN, actions.GATHER])
@pytest.mark.parametrize(("minutes", "named"), [(179, False), (181, True)])
def test_a_planner_that_does_not_run_is_named(
    client: Client, well: dt.datetime, planner: str, minutes: int, named: bool
) -> None:
    actions.note_run(planner, at=well - minutes * MINUTES)
    problems = work(client)[1].get("problems", {})
    assert problems == ({"planner": "The planner last ran 3 hours ago."} if named else {})


def test_a_run_of_the_planner_is_noted_when_it_ends_well_and_only_then() -> None:
    from celery.signals import task_success

    from courses import tasks as courses
    from lms.outbox import tasks as outbox

    task_success.send(sender=courses.sweep, result=None)
    assert not Pulse.objects.exists()
    task_success.send(sender=courses.plan_reminders, result=None)
    task_success.send(sender=outbox.gather, result=None)
    assert {pulse.name for pulse in Pulse.objects.all()} == {actions.PLAN, actions.GATHER}
