"""What a crash left behind is found by looking at rows."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from lms.outbox import actions, delivery, queries, tasks
from lms.outbox.enums import MessageState
from lms.outbox.models import Message

pytestmark = [pytest.mark.both_db, pytest.mark.django_db(transaction=True)]
Announced = Callable[..., Message]
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def in_state(announced: Announced, note: Any, at: dt.datetime, rings: list[Any]) -> Callable[..., Message]:
    def make(state: str, key: str, kind: Any = None, **changes: Any) -> Message:
        message = announced(kind or note, key=key)
        Message.objects.filter(pk=message.pk).update(state=state, **changes)
        rings.clear()
        return message

    return make


def leased(at: dt.datetime, until: dt.datetime) -> dict[str, Any]:
    return {"lease_token": uuid.uuid4(), "lease_until": until, "next_try_at": until, "tries": 1}


def test_only_what_is_due_is_rung(
    in_state: Callable[..., Message], at: dt.datetime, rings: list[tuple[str, str]]
) -> None:
    due = in_state("queued", "1", next_try_at=at - MINUTE)
    crashed = in_state("claimed", "2", **leased(at, at - 2 * MINUTE))
    in_state("queued", "3", next_try_at=at + MINUTE)
    in_state("claimed", "4", **leased(at, at + MINUTE))
    for number, state in enumerate(["waiting", "sent", "uncertain", "failed", "suppressed", "dead"], start=5):
        in_state(state, str(number), next_try_at=at - MINUTE)
    assert actions.sweep(at=at) == {"rung": 2, "uncertain": 0, "again": 0}
    assert rings == [(tasks.DELIVER, str(crashed.pk)), (tasks.DELIVER, str(due.pk))]


def test_a_crash_while_claimed_is_sent_by_the_next_hand(
    in_state: Callable[..., Message], at: dt.datetime, letters: Any
) -> None:
    message = in_state("claimed", "1", **leased(at, at))
    actions.sweep(at=at)
    actions.deliver(message.pk, at=at)
    message.refresh_from_db()
    assert (message.state, message.tries) == (MessageState.SENT, 2)
    assert len(letters()) == 1


def test_a_crash_while_handing_over_becomes_uncertain(
    in_state: Callable[..., Message], at: dt.datetime, rings: list[Any], letters: Any
) -> None:
    still_held = in_state("handing_over", "1", **leased(at, at + MINUTE))
    message = in_state("handing_over", "2", **leased(at, at))
    assert actions.sweep(at=at) == {"rung": 0, "uncertain": 1, "again": 0}
    message.refresh_from_db()
    still_held.refresh_from_db()
    assert (message.state, message.settled_at, message.lease_token) == (MessageState.UNCERTAIN, at, None)
    assert still_held.state == MessageState.HANDING_OVER
    actions.deliver(message.pk, at=at + dt.timedelta(days=1))
    assert letters() == []
    assert rings == []
    assert list(queries.needs_a_person()) == [message]


def test_a_certificate_that_was_cut_off_is_queued_once_more_and_rung_at_once(
    in_state: Callable[..., Message], paper: Any, at: dt.datetime, rings: list[tuple[str, str]]
) -> None:
    message = in_state("handing_over", "1", kind=paper, **leased(at, at))
    assert actions.sweep(at=at) == {"rung": 1, "uncertain": 0, "again": 1}
    assert rings == [(tasks.DELIVER, str(message.pk))]
    Message.objects.filter(pk=message.pk).update(state="handing_over", **leased(at, at))
    assert actions.sweep(at=at) == {"rung": 0, "uncertain": 1, "again": 0}


def test_a_kind_that_is_gone_becomes_uncertain(in_state: Callable[..., Message], at: dt.datetime) -> None:
    message = in_state("handing_over", "1", **leased(at, at))
    Message.objects.filter(pk=message.pk).update(kind="forgotten")
    assert actions.sweep(at=at)["uncertain"] == 1


def test_the_task_sweeps_now(in_state: Callable[..., Message], at: dt.datetime, rings: list[Any]) -> None:
    in_state("queued", "1", next_try_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    tasks.sweep()
    assert len(rings) == 1


def test_oldest_waiting(in_state: Callable[..., Message], at: dt.datetime) -> None:
    assert queries.oldest_waiting(at) is None
    in_state("sent", "1", created_at=at - 9 * MINUTE)
    in_state("queued", "2", next_try_at=at + MINUTE)
    assert queries.oldest_waiting(at) is None
    in_state("waiting", "3", next_try_at=at - 3 * MINUTE)
    assert queries.oldest_waiting(at) == at - 3 * MINUTE
    failing = in_state("queued", "4", tries=4, created_at=at - 5 * MINUTE, next_try_at=at + 8 * MINUTE)
    assert queries.oldest_waiting(at) == at - 5 * MINUTE
    in_state("claimed", "5", **leased(at, at + MINUTE), created_at=at - 7 * MINUTE)
    assert queries.oldest_waiting(at) == at - 7 * MINUTE
    assert queries.oldest_waiting(at - 10 * MINUTE) is None
    assert failing.created_at == at


def test_the_pages_lists(in_state: Callable[..., Message], at: dt.datetime) -> None:
    states = ["waiting", "queued", "claimed", "handing_over", "sent", "uncertain", "failed", "suppressed", "dead"]
    for number, state in enumerate(states):
        in_state(state, str(number))

    def shown(show: str) -> list[str]:
        return sorted(message.state for message in queries.messages_for_page(show))

    assert shown("") == shown("nonsense") == shown("kind:note") == sorted(states)
    assert shown("kind:other") == []
    assert shown("open") == ["claimed", "handing_over", "queued", "waiting"]
    assert shown("needs_a_person") == ["dead", "failed", "uncertain"]
    assert shown("sent") == ["sent"]
    assert delivery.lease() == dt.timedelta(seconds=120)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_twice_however_long_it_is(
    in_state: Callable[..., Message], rows: int, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        in_state("sent", str(number))
    with django_assert_num_queries(2):
        assert [(m.recipient.name, len(m.occasions.all())) for m in queries.messages_for_page()] == [
            ("Maya Ortiz", 1)
        ] * rows
