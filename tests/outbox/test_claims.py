"""Many hands on one message: one mail."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from lms.lib import clock
from lms.outbox import actions, delivery, tasks, work
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.record.models import TrainingEvent
from tests.outbox.conftest import MailServer

pytestmark = [pytest.mark.both_db, pytest.mark.django_db(transaction=True)]


def together(count: int, work_: Callable[[], object]) -> list[Exception]:
    """Runs the same function in so many threads at the same moment; returns what they raised."""
    faults: list[Exception] = []
    barrier = threading.Barrier(count)

    def hand() -> None:
        try:
            barrier.wait(20)
            work_()
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=hand) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return faults


def test_the_same_task_100_times_is_one_mail(
    note: Any, announced: Callable[..., Message], mail_server: MailServer
) -> None:
    message = announced(note, at=clock.now())
    for _ in range(100):
        tasks.deliver(str(message.pk))
    message.refresh_from_db()
    assert (message.state, message.tries) == (MessageState.SENT, 1)
    assert len(mail_server.kept) == TrainingEvent.objects.count() == 1


def test_the_same_task_in_twelve_hands_at_once_is_one_mail(
    note: Any, at: dt.datetime, announced: Callable[..., Message], mail_server: MailServer
) -> None:
    for number in range(3):
        message = announced(note, key=f"note:{number}")
        assert together(12, lambda pk=message.pk: actions.deliver(pk, at=at)) == []  # type: ignore[misc]
        message.refresh_from_db()
        assert (message.state, message.tries) == (MessageState.SENT, 1)
    assert len(mail_server.kept) == TrainingEvent.objects.count() == 3


def test_twelve_hands_on_an_ended_lease_are_one_mail(
    paper: Any, at: dt.datetime, announced: Callable[..., Message], mail_server: MailServer
) -> None:
    message = announced(paper)
    rows = Message.objects.filter(pk=message.pk)
    assert work.claim(rows, ready="queued", claimed="claimed", lease=delivery.lease(), at=at)
    actions.deliver(message.pk, at=at + delivery.lease() - dt.timedelta(seconds=1))
    assert mail_server.kept == []
    assert together(12, lambda: actions.deliver(message.pk, at=at + delivery.lease())) == []
    message.refresh_from_db()
    assert (message.state, message.tries) == (MessageState.SENT, 2)
    assert len(mail_server.kept) == 1


def test_sweeps_at_once_settle_a_doubt_once(paper: Any, at: dt.datetime, announced: Callable[..., Message]) -> None:
    message = announced(paper)
    token = work.claim(
        Message.objects.filter(pk=message.pk), ready="queued", claimed="handing_over", lease=delivery.lease(), at=at
    )
    assert token is not None
    counts: list[dict[str, int]] = []
    assert together(6, lambda: counts.append(actions.sweep(at=at + delivery.lease()))) == []
    assert sum(count["again"] for count in counts) == 1
    message.refresh_from_db()
    assert (message.state, message.resent_after_doubt) == (MessageState.QUEUED, True)
