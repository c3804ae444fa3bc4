"""The worker of the demonstration's past: draws and sends at the time when it was due, so that the record reads as it would have."""

import datetime as dt

from courses.actions import filing
from courses.enums import FileState
from courses.models import Certificate
from lms.outbox import actions as outbox
from lms.outbox.enums import MessageState
from lms.outbox.models import Message


def catch_up(now: dt.datetime) -> None:
    """Everything that was due more than a day before ``now``; what is newer is left to the real worker."""
    for pk, issued in Certificate.objects.filter(state=FileState.QUEUED).values_list("pk", "issued_at"):
        filing.file_certificate(pk, at=issued)
    for pk, created in Message.objects.filter(state=MessageState.QUEUED).order_by("pk").values_list("pk", "created_at"):
        if created < now - dt.timedelta(days=1):
            outbox.deliver(pk, at=created)
