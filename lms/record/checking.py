"""Reading the whole record once a day, and keeping what was found for page and health."""

import datetime as dt
import itertools

from django.db import IntegrityError, transaction

from lms.lib import clock
from lms.record.models import RecordCheck
from lms.record.verifying import Tally, faults

SENTENCES_KEPT = 50
CUT_OFF_AFTER = dt.timedelta(hours=2)


def check(day: dt.date, *, at: dt.datetime) -> RecordCheck | None:
    """Checks the record, if that was not done on this local day yet, and keeps the first sentences. Returns None when it was, or is
    being done. A check that was cut off is taken up again after two hours. Must not run inside a transaction."""
    if not _claim(day, at):
        return None
    tally = Tally()
    found = faults(tally)
    sentences = list(itertools.islice(found, SENTENCES_KEPT))
    for _ in found:
        pass  # they are counted
    RecordCheck.objects.filter(day=day).update(
        ended_at=max(at, clock.now()),
        events=tally.events,
        seals=tally.seals,
        faults=tally.faults,
        sentences=sentences,
    )
    return RecordCheck.objects.get(day=day)


def _claim(day: dt.date, at: dt.datetime) -> bool:
    try:
        with transaction.atomic():
            RecordCheck.objects.create(day=day, started_at=at)
    except IntegrityError:
        late = RecordCheck.objects.filter(day=day, ended_at=None, started_at__lt=at - CUT_OFF_AFTER)
        return bool(late.update(started_at=at))
    return True
