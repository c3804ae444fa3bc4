"""Asks every reminder kind what is due and notes it. Twice the same plan notes nothing twice: the keys are unique."""

import datetime as dt
import logging
from collections.abc import Iterator

from django.db import transaction

from courses.reminders.base import Due, DutyReminder, Reminder
from courses.reminders.duties import duties
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.models import Occasion

log = logging.getLogger(__name__)
CHUNK = 500


def plan(*, at: dt.datetime) -> int:
    """Notes what is due at this instant; returns how many new reasons that made. What is written of it, and when, the outbox decides
    (``lms.outbox.actions.gather``).

    Each reason is its own transaction. One that fails is logged, keeps no other back, and is tried again by the next plan.
    """
    found = list({due.key: due for due in reasons(at)}.values())
    made = 0
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        known = set(Occasion.objects.filter(key__in=[due.key for due in part]).values_list("key", flat=True))
        for due in part:
            if due.key in known:
                continue
            try:
                with transaction.atomic():
                    made += outbox.note(due.kind, key=due.key, recipient=due.recipient, ref=due.ref, at=at)
            except Exception:
                log.exception("reminder %s could not be noted", due.key)
    return made


def reasons(at: dt.datetime) -> Iterator[Due]:
    """Every reason to write that is true at the instant. A kind that fails is logged and keeps no other back."""
    yield from duty_reasons(at)
    for other in kinds.all_kinds():
        if isinstance(other, Reminder):
            try:
                yield from list(other.due(at))
            except Exception:
                log.exception("reminders of the kind %s could not be found", other.slug)


def duty_reasons(at: dt.datetime) -> Iterator[Due]:
    """Those to write to a learner about a duty of theirs."""
    speaking = duty_kinds()
    for person, duty in duties(at):
        today = dates.local_date(at, person.zone)
        if duty.asleep(today):
            continue
        for kind in speaking:
            for moment in kind.moments(duty, today):
                if moment.holds(today):
                    yield Due(kind.slug, moment.key, person, duty.ref)


def duty_kinds() -> list[DutyReminder]:
    return [kind for kind in kinds.all_kinds() if isinstance(kind, DutyReminder)]
