"""What a person decides about a message: retry, discard, resend."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lms.outbox import actions, tasks
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion

pytestmark = pytest.mark.django_db(transaction=True)
BY = uuid.UUID("00000000-0000-4000-8000-000000000001")
STATES = MessageState.values


def put(message: Message, state: str, **changes: Any) -> None:
    Message.objects.filter(pk=message.pk).update(state=state, **changes)
    message.refresh_from_db()


@pytest.mark.parametrize("state", STATES)
def test_retry(
    note: Any, at: dt.datetime, announced: Callable[..., Message], rings: list[Any], letters: Any, state: str
) -> None:
    message = announced(note)
    rings.clear()
    put(message, state, tries=8, next_try_at=at + dt.timedelta(days=1), settled_at=at)
    allowed = state in {"held", "queued", "dead", "failed", "uncertain"}
    words = "Send now" if state == "held" else "Try again"
    assert actions.retry(message, at=at, by=BY, reason="The server\nis back") is allowed
    assert (message.state == MessageState.QUEUED) is (allowed or state == "queued")
    assert rings == ([(tasks.DELIVER, str(message.pk))] if allowed else [])
    if allowed:
        assert (message.tries, message.next_try_at, message.settled_at) == (0, at, None)
        assert (message.decision, message.decided_by) == (f"{words}: The server is back", BY)
        actions.deliver(message.pk, at=at)
        (mail,) = letters()
        assert mail["Message-ID"] == message.message_id


@pytest.mark.parametrize("state", STATES)
def test_discard(note: Any, at: dt.datetime, announced: Callable[..., Message], letters: Any, state: str) -> None:
    message = announced(note)
    put(message, state)
    allowed = state in {"waiting", "held", "queued", "dead", "failed", "uncertain"}
    assert actions.discard(message, at=at, by=BY, reason="She was told in person") is allowed
    assert message.state == (MessageState.SUPPRESSED if allowed else state)
    if allowed:
        assert message.decision == "Discarded: She was told in person"
        actions.deliver(message.pk, at=at)
        assert letters() == []


@pytest.mark.parametrize("action", [actions.retry, actions.discard, actions.resend])
def test_a_decision_needs_a_reason(
    note: Any, at: dt.datetime, announced: Callable[..., Message], action: Callable[..., object]
) -> None:
    message = announced(note)
    put(message, "dead")
    with pytest.raises(ValidationError, match="why"):
        action(message, at=at, by=BY, reason=" \n ")
    message.refresh_from_db()
    assert (message.state, message.decision) == (MessageState.DEAD, "")


def test_resend_makes_a_new_message_with_the_next_key(
    note: Any, at: dt.datetime, announced: Callable[..., Message], letters: Any
) -> None:
    first = announced(note, key="note:1")
    actions.deliver(first.pk, at=at)
    second = actions.resend(first, at=at, by=BY, reason="It was lost")
    assert second is not None
    assert actions.resend(first, at=at, by=BY, reason="Pressed twice") is None
    assert (second.decision, second.decided_by) == ("Sent again: It was lost", BY)
    actions.deliver(second.pk, at=at)
    third = actions.resend(second, at=at, by=BY, reason="And again")
    assert third is not None
    assert list(Occasion.objects.values_list("key", flat=True)) == ["note:1", "note:1:r2", "note:1:r3"]
    assert Message.objects.count() == 3
    assert len({mail["Message-ID"] for mail in letters()}) == 2


@pytest.mark.parametrize("state", ["waiting", "queued", "claimed", "handing_over"])
def test_what_is_on_its_way_is_not_sent_again(
    note: Any, at: dt.datetime, announced: Callable[..., Message], state: str
) -> None:
    message = announced(note)
    put(message, state)
    with pytest.raises(ValidationError, match="still on its way"):
        actions.resend(message, at=at, by=BY, reason="Impatience")
    assert Message.objects.count() == 1
