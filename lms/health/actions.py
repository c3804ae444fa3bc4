"""Writing the pulses. No evidence: these rows are overwritten, and no TrainingEvent is written."""

import datetime as dt
import logging
from typing import Any

from django.db import DatabaseError, transaction

from lms.health.models import Pulse
from lms.lib import clock
from lms.outbox import sending

log = logging.getLogger(__name__)
WORK = "work"
MAIL = "mail"
PLAN = "plan"
GATHER = "gather"


def note_asked(*, at: dt.datetime | None = None) -> None:
    """Beat is about to ring for a pulse. A database that is away is logged and forgiven: beat must ring on."""
    try:
        _note(WORK, asked_at=at or clock.now())
    except DatabaseError as error:
        log.warning("the pulse was not noted: %s", error.__class__.__name__)


def note_answered(*, at: dt.datetime | None = None) -> None:
    """A worker has taken the pulse."""
    _note(WORK, answered_at=at or clock.now())


def note_run(name: str, *, at: dt.datetime | None = None) -> None:
    """A planner ran to its end. A database that is away is logged and forgiven: the run itself was good."""
    now = at or clock.now()
    try:
        _note(name, asked_at=now, answered_at=now)
    except DatabaseError as error:
        log.warning("the run of %s was not noted: %s", name, error.__class__.__name__)


def try_mail(*, at: dt.datetime | None = None) -> str:
    """Tries the mail line out, without sending anything, and notes how that went. Returns what is wrong, "" if nothing is.

    Must not run inside a transaction: a server that hangs is waited for some seconds a step. A try that is cut off notes nothing, so
    that its pulse grows old.
    """
    try:
        problem = sending.try_out()
    except Exception as error:  # whatever it is, mail does not work, and somebody has to know
        log.exception("the mail line could not be tried")
        problem = f"It could not be tried ({error.__class__.__name__})."
    now = at or clock.now()
    _note(MAIL, asked_at=now, problem=problem[:500], **({} if problem else {"answered_at": now}))
    return problem


def _note(name: str, **values: Any) -> None:
    if not Pulse.objects.filter(name=name).update(**values):
        with transaction.atomic():
            Pulse.objects.update_or_create(name=name, defaults=values)
