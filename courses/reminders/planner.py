"""Asks every reminder kind what is due and notes it. Twice the same plan notes nothing twice: the keys are unique."""

import datetime as dt
import logging

from django.db import transaction

from courses.reminders.base import Reminder
from lms.outbox import actions as outbox
from lms.outbox import kinds

log = logging.getLogger(__name__)


def plan(*, at: dt.datetime) -> int:
    """Notes what is due at this instant, to be gathered; returns how many new reasons that made.

    Each reason is its own transaction. One that fails is logged, keeps no other back, and is tried again by the next plan.
    """
    made = 0
    for kind in kinds.all_kinds():
        if not isinstance(kind, Reminder):
            continue
        for due in list(kind.due(at)):
            try:
                with transaction.atomic():
                    new = outbox.note(kind.slug, key=due.key, recipient=due.recipient, ref=due.ref, at=at)
            except Exception:
                log.exception("reminder %s could not be noted", due.key)
                continue
            made += new
    return made
