"""What may be done with mail: announce or note a reason, gather, release, deliver, sweep; and what a person decides: retry, discard,
resend, and whether mail that was held goes out."""

from lms.outbox.actions.erasing import erase_mail
from lms.outbox.actions.gathering import gather, note
from lms.outbox.actions.messages import (
    DISCARD_FROM,
    RETRY_FROM,
    SWEEP_ROWS,
    announce,
    deliver,
    discard,
    release,
    resend,
    retry,
    sweep,
)
from lms.outbox.actions.surges import decide_surge

__all__ = [
    "DISCARD_FROM",
    "RETRY_FROM",
    "SWEEP_ROWS",
    "announce",
    "decide_surge",
    "deliver",
    "discard",
    "erase_mail",
    "gather",
    "note",
    "release",
    "resend",
    "retry",
    "sweep",
]
