"""Claiming rows for work, the same for mail and for certificates, on SQLite and PostgreSQL.

A row that is worked on has the columns ``state``, ``tries``, ``next_try_at``, ``lease_token`` and ``lease_until``. Whoever gets a
row count of 1 from the conditional UPDATE owns the row until the lease ends; a late zombie's token no longer matches, so it
changes nothing. Tries are counted at the claim, so a row that kills its worker runs out of tries.
"""

import datetime as dt
import functools
import random
import uuid
from typing import Any

from django.db import models, transaction
from django.db.models import F

from lms.lib import doorbell

MAX_TRIES = 8


def backoff(tries: int) -> dt.timedelta:
    """The wait after so many tries: 30 s * 2^(tries-1), at most six hours, with up to a quarter more by chance."""
    seconds = min(30 * 2 ** max(0, tries - 1), 6 * 3600)
    return dt.timedelta(seconds=seconds * random.uniform(1, 1.25))


def claim(
    rows: models.QuerySet[Any], *, ready: str, claimed: str, lease: dt.timedelta, at: dt.datetime
) -> uuid.UUID | None:
    """Claims the one row of ``rows`` that is ``ready`` and due, or ``claimed`` with an ended lease. Returns its lease token.

    None means that there is nothing to do: the row is gone, finished, not due, or somebody else has it.
    """
    token = uuid.uuid4()
    won = rows.filter(
        models.Q(state=ready, next_try_at__lte=at) | models.Q(state=claimed, lease_until__lte=at),
    ).update(state=claimed, tries=F("tries") + 1, lease_token=token, lease_until=at + lease, next_try_at=at + lease)
    return token if won == 1 else None


def move(rows: models.QuerySet[Any], token: uuid.UUID, **changes: Any) -> bool:
    """Changes the claimed row, if the token still holds it. False means that the lease was lost: change nothing more."""
    return rows.filter(lease_token=token).update(**changes) == 1


def due(rows: models.QuerySet[Any], *, ready: str, claimed: str, at: dt.datetime) -> models.QuerySet[Any]:
    """The rows that want work now, oldest duty first. Twin of ``claim``'s condition."""
    return rows.filter(
        models.Q(state=ready, next_try_at__lte=at) | models.Q(state=claimed, lease_until__lte=at)
    ).order_by("next_try_at", "pk")


def ring_after_commit(task: str, row_id: object) -> None:
    """Rings the worker for a row once the transaction has committed. Never raises, never touches the broker itself."""
    transaction.on_commit(functools.partial(doorbell.ring, task, str(row_id)), robust=True)
