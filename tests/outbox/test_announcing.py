"""One reason, one message: announce and release."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from lms.outbox import actions, tasks
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from tests.factories import make_user


@pytest.mark.django_db
def test_announce_queues_one_message_with_its_occasion(note: Any, at: dt.datetime) -> None:
    user = make_user()
    message = actions.announce("note", key="note:7", recipient=user, ref="7", at=at)
    assert message is not None
    assert (message.state, message.created_at, message.next_try_at, message.tries) == (MessageState.QUEUED, at, at, 0)
    assert message.message_id == f"<{message.public_id}@127.0.0.1>"
    occasion = Occasion.objects.get()
    assert (occasion.key, occasion.ref, occasion.message, occasion.recipient) == ("note:7", "7", message, user)


@pytest.mark.django_db
def test_the_same_key_is_announced_once(note: Any, at: dt.datetime) -> None:
    user, other = make_user(), make_user()
    assert actions.announce("note", key="note:7", recipient=user, ref="7", at=at)
    assert actions.announce("note", key="note:7", recipient=other, ref="7", at=at + dt.timedelta(days=3)) is None
    assert Message.objects.count() == Occasion.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 191])
def test_a_key_that_does_not_fit_is_refused(note: Any, at: dt.datetime, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 190"):
        actions.announce("note", key=key, recipient=make_user(), ref="7", at=at)


@pytest.mark.django_db
def test_an_unknown_kind_is_refused(at: dt.datetime) -> None:
    with pytest.raises(KeyError):
        actions.announce("carrier_pigeon", key="p:1", recipient=make_user(), ref="7", at=at)


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_the_ring_comes_after_the_commit_and_not_after_a_rollback(
    note: Any, at: dt.datetime, rings: list[tuple[str, str]]
) -> None:
    user = make_user()
    with transaction.atomic():
        message = actions.announce("note", key="note:1", recipient=user, ref="1", at=at)
        assert rings == []
    assert message is not None
    assert rings == [(tasks.DELIVER, str(message.pk))]
    with transaction.atomic():
        actions.announce("note", key="note:2", recipient=user, ref="1", at=at)
        transaction.set_rollback(True)
    assert len(rings) == 1
    assert Message.objects.count() == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_make_one_message(note: Any, at: dt.datetime) -> None:
    user, made, faults = make_user(), [], []
    barrier = threading.Barrier(6)

    def plan() -> None:
        try:
            barrier.wait(10)
            with transaction.atomic():
                made.append(actions.announce("note", key="note:1", recipient=user, ref="1", at=at))
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=plan) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert len([message for message in made if message is not None]) == 1
    assert Message.objects.count() == Occasion.objects.count() == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_a_waiting_message_is_released_once(
    note: Any, at: dt.datetime, announced: Callable[..., Message], rings: list[tuple[str, str]], letters: Any
) -> None:
    message = announced(note, waiting=True)
    assert rings == []
    actions.deliver(message.pk, at=at)
    assert letters() == []
    later = at + dt.timedelta(minutes=2)
    assert actions.release(message.pk, at=later)
    assert not actions.release(message.pk, at=later)
    assert rings == [(tasks.DELIVER, str(message.pk))]
    message.refresh_from_db()
    assert (message.state, message.next_try_at) == (MessageState.QUEUED, later)
    actions.deliver(message.pk, at=later)
    assert len(letters()) == 1
