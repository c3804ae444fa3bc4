"""Nothing was sent in two days, though messages were due."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

from lms.health import actions, queries
from lms.lib import broker, clock
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.people.models import User
from lms.record import checking
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

HOURS = dt.timedelta(hours=1)


@pytest.fixture
def now(db: None, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    monkeypatch.setattr(broker, "ping", lambda url, seconds: True)
    now = clock.now()
    actions.note_asked(at=now)
    actions.note_answered(at=now)
    actions.note_run(actions.PLAN, at=now)
    actions.note_run(actions.GATHER, at=now)
    checking.check(now.date(), at=now)
    assert actions.try_mail(at=now) == ""
    return now


@pytest.fixture
def people(db: None) -> list[User]:
    return [make_user(f"Person {number}") for number in range(3)]


def write(person: User, state: str, hours_ago: float, now: dt.datetime, **changes: Any) -> Message:
    when = now - hours_ago * HOURS
    values: dict[str, Any] = {"created_at": when, "next_try_at": when, **changes}
    if state not in ("queued", "waiting"):
        values.setdefault("settled_at", when)
    if state == "sent":
        values.setdefault("sent_at", when)
    return Message.objects.create(
        recipient=person, kind="due_soon", state=state, message_id=f"<{uuid.uuid4()}@localhost>", **values
    )


def silence(now: dt.datetime) -> str:
    return queries.work_report(now)[1].get("silence", "")


def test_the_alarm_says_how_many(client: Client, now: dt.datetime, people: list[User]) -> None:
    write(people[0], "sent", 49, now)
    for number in range(12):
        write(people[number % 3], MessageState.DEAD if number % 2 else MessageState.FAILED, 2 + number, now)
    response = client.get("/health/work")
    assert response.status_code == 503
    assert response.json()["problems"] == {"silence": "Nothing was sent in two days, though 12 messages were due."}


def test_one_that_was_sent_in_the_two_days_breaks_the_silence(now: dt.datetime, people: list[User]) -> None:
    write(people[0], MessageState.DEAD, 5, now)
    write(people[1], MessageState.UNCERTAIN, 5, now)
    assert "2 messages" in silence(now)
    write(people[2], "sent", 47, now)
    assert silence(now) == ""


def test_a_system_in_which_nothing_was_due_is_well(now: dt.datetime, people: list[User]) -> None:
    assert silence(now) == ""
    write(people[0], "sent", 500, now)
    for person in people:
        write(person, MessageState.SUPPRESSED, 5, now)
        write(
            person, MessageState.DEAD, 60, now
        )  # of an earlier trouble; it waits for a decision, and is shown as such
        write(person, MessageState.QUEUED, -5, now)  # later today
        write(person, MessageState.QUEUED, 0.5, now)  # on its way, after a quiet weekend
    assert silence(now) == ""


def test_what_waits_for_days_counts(now: dt.datetime, people: list[User]) -> None:
    for person in people:
        write(person, MessageState.QUEUED, 60, now)
    write(people[0], MessageState.QUEUED, 60, now, tries=4, next_try_at=now + HOURS)
    assert "4 messages" in silence(now)


def test_one_bad_address_is_no_silence(now: dt.datetime, people: list[User]) -> None:
    write(people[0], MessageState.FAILED, 5, now)
    write(people[0], MessageState.DEAD, 5, now)
    assert silence(now) == ""
