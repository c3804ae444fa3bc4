"""Taking out of the post room what names a person who was erased."""

from typing import Any

from django.core.exceptions import ValidationError

from lms.outbox.enums import FINAL, MessageState
from lms.outbox.models import Message

BEING_SENT = "A mail to this person is being sent just now. Please try again in some minutes."


def erase_mail(recipient: Any) -> int:
    """Empties address, subject, bodies and last reply of every message to this person, and returns of how many. That a mail was sent,
    when, and for which reasons stays. What is not sent yet is suppressed. Inside the transaction of the erasure. Raises ValidationError
    while a message is on its way to the mail server, whose text would be stored afterwards."""
    mine = Message.objects.filter(recipient=recipient)
    if mine.filter(state__in=(MessageState.CLAIMED, MessageState.HANDING_OVER)).exists():
        raise ValidationError(BEING_SENT)
    mine.exclude(state__in=FINAL).update(state=MessageState.SUPPRESSED, surge=None)
    return mine.update(to_email="", subject="Erased", body_text="", body_html="", last_reply="The identity was erased.")
