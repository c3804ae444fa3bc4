"""States of a message, and the families that queries and pages use."""

from django.db.models import TextChoices


class MessageState(TextChoices):
    WAITING = "waiting", "Waits for its attachment"
    QUEUED = "queued", "Queued"
    CLAIMED = "claimed", "Being prepared"
    HANDING_OVER = "handing_over", "Being handed over"
    SENT = "sent", "Sent"
    UNCERTAIN = "uncertain", "Uncertain: it may have arrived"
    FAILED = "failed", "Refused by the mail server"
    SUPPRESSED = "suppressed", "Not sent, no longer wanted"
    DEAD = "dead", "Gave up after many tries"


OPEN = (MessageState.WAITING, MessageState.QUEUED, MessageState.CLAIMED, MessageState.HANDING_OVER)
NEEDS_A_PERSON = (MessageState.DEAD, MessageState.FAILED, MessageState.UNCERTAIN)
FINAL = (MessageState.SENT, MessageState.SUPPRESSED, *NEEDS_A_PERSON)
