"""The worker of the demonstration's past: draws and sends at the time when it was due, so that the record reads as it would have."""

import datetime as dt
import itertools

from courses.actions import filing
from courses.enums import FileState
from courses.models import Certificate
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.gathering import Reason, Wait, decide
from lms.outbox.models import Message
from lms.outbox.queries import gathered_log, open_occasions


def catch_up(now: dt.datetime) -> None:
    """Everything that was due more than a day before ``now``; what is newer is left to the real worker."""
    _gather(now - dt.timedelta(days=1))
    for pk, issued in Certificate.objects.filter(state=FileState.QUEUED).values_list("pk", "issued_at"):
        filing.file_certificate(pk, at=issued)
    for pk, created in Message.objects.filter(state=MessageState.QUEUED).order_by("pk").values_list("pk", "created_at"):
        if created < now - dt.timedelta(days=1):
            outbox.deliver(pk, at=created)


def _gather(before: dt.datetime) -> None:
    """Writes what waits, at the instants at which a real worker would have."""
    waiting = list(open_occasions().filter(created_at__lt=before).order_by("recipient_id", "created_at"))
    instants = set()
    for _, group in itertools.groupby(waiting, key=lambda occasion: occasion.recipient_id):
        own = list(group)
        at, hours = own[-1].created_at, kinds.hours_of(own[0].recipient)
        log = gathered_log([own[0].recipient_id], at).get(own[0].recipient_id, [])
        reasons = [Reason(one.key, one.kind, kinds.get(one.kind).urgent, one.created_at) for one in own]
        decision = decide(reasons, log, hours, at)
        instants.add(decision.until if isinstance(decision, Wait) else at)
    for at in sorted(instant for instant in instants if instant < before):
        outbox.gather(at=at)
