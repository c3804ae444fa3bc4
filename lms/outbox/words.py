"""How a reason to write stands, in words for everybody whom it concerns."""

import datetime as dt

from lms.lib import dates
from lms.outbox.enums import MessageState
from lms.outbox.gathering import Wait, Write
from lms.outbox.models import Message, Occasion

SOON = "It goes out within minutes."
_STATES = {
    MessageState.WAITING: "Waits for what is to be attached.",
    MessageState.HELD: "Held: far more mail than usual was to go out, so the training coordinator decides first.",
    MessageState.UNCERTAIN: "It may have arrived: the mail server did not answer.",
    MessageState.FAILED: "It could not be sent. The training coordinator sees it.",
    MessageState.DEAD: "It could not be sent. The training coordinator sees it.",
}


def how_it_stands(occasion: Occasion, waits: Wait | Write | None, zone: str) -> str:
    """Sent, on its way, waiting (``waits`` is what ``lms.outbox.queries.waits`` says of the person), or why it was not written. What a mail
    server said is left out: it is for the post room."""
    if occasion.dropped_at is not None:
        return f"Not sent: {occasion.dropped_reason}"
    message = occasion.message
    if message is None:
        return waiting(waits, zone)
    if message.sent_at is not None and message.state == MessageState.SENT:
        return f"Sent {moment(message.sent_at, zone)}."
    if message.state == MessageState.SUPPRESSED:
        return f"Not sent: {_why_not(message)}"
    return _STATES.get(MessageState(message.state), "On its way.")


def waiting(waits: Wait | Write | None, zone: str) -> str:
    """Why a reason waits, and until when at the earliest."""
    if isinstance(waits, Wait):
        return f"Waits until {moment(waits.until, zone)} or later. {waits.why.label}."
    return SOON


def moment(instant: dt.datetime, zone: str) -> str:
    """November 24, 2026, 10:42 am"""
    return f"{dates.long_date(dates.local_date(instant, zone))}, {dates.time_of_day(instant, zone)}"


def _why_not(message: Message) -> str:
    if message.decision.startswith("Discarded") or not message.last_reply:
        return "The training coordinator decided against it."
    return message.last_reply
