"""Mail of a reason that waits to be gathered, for tests that read what it says."""

import datetime as dt

from lms.lib import clock
from lms.outbox import actions as outbox
from lms.outbox.actions.making import new_message
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion


def letter(occasion: Occasion, at: dt.datetime | None = None) -> Message:
    """The message of one open occasion alone, after the delivery was tried, at any hour."""
    at = at or clock.now()
    message = new_message(
        occasion.kind, occasion.recipient, at=at, state=MessageState.QUEUED, decision="Send now: a test"
    )
    assert Occasion.objects.filter(pk=occasion.pk, message=None, dropped_at=None).update(message=message) == 1
    outbox.deliver(message.pk, at=at)
    message.refresh_from_db()
    return message


def gather_and_deliver(at: dt.datetime) -> None:
    """What beat and a worker do at this instant."""
    outbox.gather(at=at)
    for pk in Message.objects.filter(state=MessageState.QUEUED).order_by("pk").values_list("pk", flat=True):
        outbox.deliver(pk, at=at)
