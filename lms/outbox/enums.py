"""States of a message, and the families that queries and pages use."""

from django.db.models import TextChoices


class MessageState(TextChoices):
    WAITING = "waiting", "Waits for its attachment"
    HELD = "held", "Held: a person must say send"
    QUEUED = "queued", "Queued"
    CLAIMED = "claimed", "Being prepared"
    HANDING_OVER = "handing_over", "Being handed over"
    SENT = "sent", "Sent"
    UNCERTAIN = "uncertain", "Uncertain: it may have arrived"
    FAILED = "failed", "Refused by the mail server"
    SUPPRESSED = "suppressed", "Not sent, no longer wanted"
    DEAD = "dead", "Gave up after many tries"


class SurgeDecision(TextChoices):
    OPEN = "", "Nobody has decided yet"
    SEND = "send", "Sent"
    DISCARD = "discard", "Discarded"


class Hindrance(TextChoices):
    """Why what is to be written to a person waits."""

    UNSENT = "unsent", "The mail before it is not sent yet"
    TODAY = "today", "A mail was sent to this person today"
    WEEK = "week", "Two mails were sent to this person in seven days"
    HOURS = "hours", "Mail comes between 8 am and 6 pm on working days"


OPEN = (MessageState.WAITING, MessageState.QUEUED, MessageState.CLAIMED, MessageState.HANDING_OVER)
UNSENT = (MessageState.HELD, *OPEN)
NEEDS_A_PERSON = (MessageState.DEAD, MessageState.FAILED, MessageState.UNCERTAIN)
FINAL = (MessageState.SENT, MessageState.SUPPRESSED, *NEEDS_A_PERSON)
