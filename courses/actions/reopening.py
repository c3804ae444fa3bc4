"""Asking those who hold an older edition to take a changed course again, or leaving it as it is."""

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.actions.assigning import open_duty
from courses.enums import ChangeKind, EditionChoice
from courses.models import Assignment, Batch, CourseVersion, EditionDecision
from courses.queries.editions import HeldDuty
from lms.lib import dates, names
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind

LONGEST = 200  # of Assignment.reason


def reopen(
    held: HeldDuty, edition: CourseVersion, *, due_on: dt.date, by: uuid.UUID | str, at: dt.datetime, batch: str
) -> Assignment:
    """Opens the next cycle of a fulfilled duty on the current edition, under the same requirement or by hand. Runs in a transaction that
    holds the record's head. The older certificate and its validity stay as they are."""
    row = held.assignment
    learner = row.learner
    why: dict[str, Any] = {name: fact for name, fact in row.why.items() if name not in ("moved", "because")}
    why["reopened"] = {"edition": edition.number, "held": held.edition, "note": edition.change_note}
    return open_duty(
        learner,
        edition.course,
        reason=reason_of(edition),
        opens_on=dates.local_date(at, learner.zone),
        due_on=due_on,
        by=by,
        at=at,
        requirement=row.requirement,
        rule=row.requirement.current if row.requirement is not None else None,
        why=why,
        batch=batch,
    )


def reason_of(edition: CourseVersion) -> str:
    """As the learner reads it in the mail and on the page, cut at a word where it is too long."""
    words = f"What this course teaches has changed: {edition.change_note}"
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def decide_to_ask(edition: CourseVersion, batch: Batch, *, by: User, at: dt.datetime) -> None:
    """Stores the decision beside the batch that asks, inside its transaction. A later batch, for those who completed an older edition
    since then, belongs to the decision that is there. Raises ValidationError when it was decided to leave it as it is."""
    before = EditionDecision.objects.filter(version=edition).first()
    if before is None:
        _decide(edition, EditionChoice.ASK, batch.reason, batch, by=by, at=at)
    elif before.choice != EditionChoice.ASK:
        raise ValidationError("It was decided in the meantime to leave it as it is.")


def leave(edition: CourseVersion, *, reason: str, by: User, at: dt.datetime) -> EditionDecision:
    """Decides that nobody is asked to take the course again because of this edition. Raises ValidationError without a reason, for an
    edition that is not a material change, and when it was decided before."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError({"reason": "Say why. The reason stays in the record."})
    with transaction.atomic():
        record.hold(by.subject)
        return _decide(edition, EditionChoice.LEAVE, reason, None, by=by, at=at)


def _decide(
    edition: CourseVersion, choice: EditionChoice, reason: str, batch: Batch | None, *, by: User, at: dt.datetime
) -> EditionDecision:
    if edition.change != ChangeKind.MATERIAL:
        raise ValidationError("This edition did not change what is taught, so there is nothing to decide.")
    decision, made = EditionDecision.objects.get_or_create(
        version=edition,
        defaults={"choice": choice, "batch": batch, "reason": reason, "decided_by": by, "decided_at": at},
    )
    if not made:
        raise ValidationError("This was decided before.")
    payload = {
        "course": edition.course.slug,
        "edition": edition.content_hash,
        "choice": str(choice),
        "reason": reason,
        "batch": str(batch.public_id) if batch else "",
        "identity": snapshot_of(by, at=at).hash,
    }
    record.append(by.subject, EventKind.EDITION_DECIDED, payload, at=at, by=by.subject)
    return decision
