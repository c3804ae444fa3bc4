"""How a person is spelled now, for the record."""

import datetime as dt
import uuid
from typing import Any

from lms.people.models import User
from lms.people.queries.teams import supervisors_of
from lms.record import actions as record
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, TrainingEvent


def snapshot_of(user: User, at: dt.datetime) -> IdentitySnapshot:
    """The identity snapshot of a person as spelled now: the latest one if nothing changed, else a new row.

    Call it inside the transaction of the change and after the change, so that it shows the new spelling. Where it differs from the
    latest one the person is read again, so that nothing comes back of somebody who was erased since ``user`` was read.
    """
    latest = record.latest_snapshot(user.subject)
    fields = _spelling(user)
    if latest is not None and latest.fields != fields:
        fields = _spelling(User.objects.select_related("site", "team").get(pk=user.pk))
    return record.snapshot(user.subject, fields, at=at, latest=latest)


def _spelling(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "latin_name": user.latin_name,
        "email": user.email or "",
        "category": str(user.category),
        "job_role": user.job_role,
        "site": user.site.name,
        "team": user.team.name if user.team else "",
        "supervisors": [supervisor.name for supervisor in supervisors_of(user)],
    }


def write(
    user: User, kind: EventKind, payload: dict[str, Any] | None = None, *, at: dt.datetime, by: uuid.UUID | str
) -> TrainingEvent:
    """Appends an event to the person's record with ``identity`` (the snapshot's hash) in its payload. Inside a transaction."""
    return record.append(user.subject, kind, {"identity": snapshot_of(user, at).hash, **(payload or {})}, at=at, by=by)
