"""The training record is watched: its triggers, what the last check found, and that there is one."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from lms.health import actions, queries
from lms.lib import broker, clock
from lms.record import actions as record
from lms.record import checking, guards
from lms.record.enums import EventKind
from lms.record.models import RecordCheck, TrainingEvent
from tests.lifting import lift
from tests.people.conftest import House

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

HOURS = dt.timedelta(hours=1)
SUBJECT = uuid.UUID(int=5)


@pytest.fixture
def now(house: House, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """Every other part is well."""
    monkeypatch.setattr(broker, "ping", lambda url, seconds: True)
    now = clock.now()
    type(house.message).objects.update(created_at=now, next_try_at=now)
    actions.note_asked(at=now)
    actions.note_answered(at=now)
    actions.note_run(actions.PLAN, at=now)
    actions.note_run(actions.GATHER, at=now)
    assert actions.try_mail(at=now) == ""
    return now


def problem(client: Client) -> str:
    body = client.get("/health/work").json()
    assert set(body.get("problems", {})) <= {"record"}
    return str(body.get("problems", {}).get("record", ""))


def test_before_the_first_check(now: dt.datetime, desk: Client) -> None:
    assert problem(desk) == "The training record was not checked yet."
    checking.check(now.date(), at=now)
    assert problem(desk) == ""
    assert desk.get("/health/work").status_code == 200


@pytest.mark.parametrize(("hours", "words"), [(49, ""), (51, "The training record was last checked 2 days ago.")])
def test_a_check_that_does_not_come(now: dt.datetime, desk: Client, hours: int, words: str) -> None:
    checking.check(now.date(), at=now)
    RecordCheck.objects.update(ended_at=now - hours * HOURS)
    assert problem(desk) == words


def test_missing_triggers(now: dt.datetime, desk: Client) -> None:
    checking.check(now.date(), at=now)
    lift()
    number = len(list(guards.guards(connection)))
    words = f"The database no longer refuses changes to the training record ({number} triggers are missing)."
    assert problem(desk) == words
    for page in ("/coordinator/health/", "/coordinator/"):
        text = desk.get(page).content.decode()
        assert words in text
        assert "run the command migrate" in text
    call_command("migrate", verbosity=0, interactive=False)
    assert problem(desk) == ""


def test_faults(now: dt.datetime, desk: Client) -> None:
    with transaction.atomic():
        record.append(SUBJECT, EventKind.COURSE_STARTED, {}, at=now, by=record.SYSTEM)
    lift()
    TrainingEvent.objects.filter(subject=SUBJECT).update(payload="[]")
    guards.make(connection)
    checking.check(dt.date(2026, 11, 29), at=now)
    assert problem(desk) == "The check of November 29, 2026 found 1 fault in the training record."


def test_it_takes_two_queries(now: dt.datetime, queries_of: Callable[[str], int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole = queries_of("/coordinator/health/")
        patch.setattr(queries, "_record", lambda at: queries.Part("record", "x", "y"))
        assert whole - queries_of("/coordinator/health/") == 2
