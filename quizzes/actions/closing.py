"""Closing attempts whose time is over though nobody returned."""

import datetime as dt
import logging

from celery.exceptions import SoftTimeLimitExceeded

from quizzes.actions import attempts
from quizzes.queries.deadlines import overdue

log = logging.getLogger(__name__)


def sweep(*, at: dt.datetime) -> dict[str, int]:
    """Closes and grades every overdue attempt, longest over first, each in a transaction of its own. Returns counts: closed, failed.

    One that cannot be closed is logged (without its answers), left for the next sweep, and holds up no other.
    """
    counts = {"closed": 0, "failed": 0}
    rows = overdue(at).select_related("enrollment__learner__site", "enrollment__version", "enrollment__course", "unit")
    for attempt in list(rows):
        try:
            counts["closed"] += attempts.close_if_over(attempt, at=at)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            counts["failed"] += 1
            log.error("attempt %s could not be closed: %s", attempt.public_id, type(error).__name__)
    return counts
