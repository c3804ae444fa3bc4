"""Writing the pulse. No evidence: these rows are overwritten, and no TrainingEvent is written."""

import datetime as dt
import logging

from django.db import DatabaseError, transaction

from lms.health.models import Pulse
from lms.lib import clock

log = logging.getLogger(__name__)
WORK = "work"


def note_asked(*, at: dt.datetime | None = None) -> None:
    """Beat is about to ring for a pulse. A database that is away is logged and forgiven: beat must ring on."""
    try:
        _note(asked_at=at or clock.now())
    except DatabaseError as error:
        log.warning("the pulse was not noted: %s", error.__class__.__name__)


def note_answered(*, at: dt.datetime | None = None) -> None:
    """A worker has taken the pulse."""
    _note(answered_at=at or clock.now())


def _note(**values: dt.datetime) -> None:
    if not Pulse.objects.filter(name=WORK).update(**values):
        with transaction.atomic():
            Pulse.objects.update_or_create(name=WORK, defaults=values)
