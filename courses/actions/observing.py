"""Observed practice: writing down what an assessor saw, and striking it out. Nothing is edited."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.actions.learning import finish_if_done, start_course
from courses.enums import Observed
from courses.models import Assignment, Certificate, Enrollment, SignOff
from courses.queries.practices import Practice, practice_of
from courses.queries.sign_offs import assessor_on, today_of
from lms.lib import dates, names
from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind

CHANGED = "The course has a new edition since this page was opened. Open the checklist again; nothing was stored."


@dataclasses.dataclass(frozen=True)
class Recorded:
    """What was stored; ``certificate`` if it completed the course."""

    sign_off: SignOff
    certificate: Certificate | None


@dataclasses.dataclass(frozen=True)
class Seen:
    """What an assessor says of one practice: which items of the checklist (from 0) were seen, when and where, and in words."""

    outcome: Observed
    items: Sequence[int]
    observed_on: dt.date
    place: str
    note: str = ""
    work_on: str = ""


def observe(enrollment: Enrollment, practice: Practice, seen: Seen, *, by: User, at: dt.datetime) -> Recorded:
    """Stores what ``by`` saw, and completes the course if nothing else was missing.

    In one transaction: the learner's record is held, so that of two assessors at once the second is told
    that it is done; then the row, its event (without the free texts but the place), the start of the course if it was not begun, which
    pins the edition; then ``finish_if_done``. "Not yet" tells the learner by mail. Raises ValidationError, in words: own practice,
    nobody qualified on that day, a day to come or before the course was theirs, something unticked or not said, no open course.
    """
    place, note, work_on = (names.one_line(text) for text in (seen.place, seen.note, seen.work_on))
    ticked = sorted(set(seen.items))
    with transaction.atomic():
        record.hold(enrollment.learner.subject)
        current = Enrollment.objects.select_related("learner__site", "learner__team", "version", "course").get(
            pk=enrollment.pk
        )
        if current.version_id != enrollment.version_id or practice_of(current.version, practice.id) != practice:
            raise ValidationError(CHANGED)
        _check_run(current, practice, by)
        _check_seen(current, practice, seen, ticked, place, work_on, at)
        basis = assessor_on(by, current, practice, seen.observed_on, at)
        if basis is None:
            raise ValidationError({"observed_on": _unqualified(seen.observed_on, today_of(current, at))})
        row = SignOff(
            enrollment=current,
            learner=current.learner,
            practice=practice.id,
            outcome=seen.outcome,
            items=ticked,
            assessor=by,
            assessor_snapshot=snapshot_of(by, at=at).hash,
            basis=basis.basis,
            observed_on=seen.observed_on,
            place=place,
            note=note,
            work_on=work_on if seen.outcome == Observed.NOT_YET else "",
            recorded_at=at,
        )
        row.full_clean(exclude=["enrollment", "learner", "assessor"])
        row.save()
        start_course(current, current.version_id, at=at, by=by.subject)
        facts = {**row.facts, "of": len(practice.checklist)}
        _event(row, EventKind.SIGN_OFF_RECORDED, facts, by=by.subject, at=at)
        certificate = None
        if seen.outcome == Observed.PASSED:
            certificate = finish_if_done(current, at=at, by=by.subject)
        elif current.learner.email:
            key = f"sign_off_not_yet:{row.public_id}"
            outbox.note("sign_off_not_yet", key=key, recipient=current.learner, ref=str(row.public_id), at=at)
    return Recorded(row, certificate)


def strike_out(row: SignOff, *, reason: str, by: User, at: dt.datetime) -> bool:
    """Says that an observation does not count, with the event; the practice is missing again unless another one passed. False if it was
    struck out before. A course that was completed through it stays completed: its certificate is revoked apart from this. Raises
    ValidationError without a reason."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError({"reason": "Say why it is struck out. The reason stays in the record."})
    with transaction.atomic():
        record.hold(row.learner.subject)
        won = (
            SignOff.objects.standing()
            .filter(pk=row.pk)
            .update(voided_at=at, voided_by=str(by.subject), voided_reason=reason)
        )
        if won:
            row.refresh_from_db(fields=["voided_at", "voided_by", "voided_reason"])
            facts = {"sign_off": str(row.public_id), "practice": row.practice, "outcome": row.outcome, "reason": reason}
            _event(row, EventKind.SIGN_OFF_VOIDED, facts, by=by.subject, at=at)
    return bool(won)


def _check_run(current: Enrollment, practice: Practice, by: User) -> None:
    if by.pk == current.learner_id:
        raise ValidationError("Nobody signs off their own practice. Ask another assessor.")
    if not by.is_active or not current.learner.is_active:
        raise ValidationError("This account is deactivated, so nothing was stored.")
    done = SignOff.objects.passed().filter(enrollment=current, practice=practice.id).select_related("assessor").first()
    if done is not None:
        day = dates.long_date(done.observed_on)
        raise ValidationError(
            f"{done.assessor.name} signed this off already (seen {day}), so yours was not stored. Nothing more is to do."
        )
    if current.completed_at is not None:
        raise ValidationError("The course is complete already, so nothing was stored.")
    if not Assignment.objects.open().filter(enrollment=current).exists():
        raise ValidationError("The course is not this person's to do any more, so nothing was stored.")


def _check_seen(
    current: Enrollment,
    practice: Practice,
    seen: Seen,
    ticked: list[int],
    place: str,
    work_on: str,
    at: dt.datetime,
) -> None:
    total = len(practice.checklist)
    if any(item not in range(total) for item in ticked):
        raise ValidationError(CHANGED)
    if not place:
        raise ValidationError({"place": "Say where it was, for example: training room."})
    if seen.outcome == Observed.PASSED and len(ticked) < total:
        left = total - len(ticked)
        raise ValidationError(
            f"{left} {'item is' if left == 1 else 'items are'} not ticked. All of them must be seen to pass. "
            "Otherwise choose “Not yet”."
        )
    if seen.outcome == Observed.NOT_YET and not work_on:
        raise ValidationError({"work_on": "Say what to work on. The person reads it."})
    if seen.observed_on > today_of(current, at):
        raise ValidationError({"observed_on": "This day is still to come. Give the day on which you saw it."})
    began = dates.local_date(current.opened_at, current.learner.zone)
    if seen.observed_on < began:
        words = f"The course is theirs since {dates.long_date(began)}. What was seen before does not count for it."
        raise ValidationError({"observed_on": words})


def _unqualified(day: dt.date, today: dt.date) -> str:
    if day == today:
        return "You are not qualified to sign this off today. Ask the training coordinator, or one of the assessors."
    return f"You were not qualified to sign this off on {dates.long_date(day)}. Ask the training coordinator."


def _event(row: SignOff, kind: EventKind, payload: dict[str, Any], *, by: uuid.UUID, at: dt.datetime) -> None:
    enrollment = row.enrollment
    base = {
        "enrollment": str(enrollment.public_id),
        "course": enrollment.course.slug,
        "edition": enrollment.version.content_hash,
        "identity": snapshot_of(row.learner, at=at).hash,
    }
    record.append(row.learner.subject, kind, {**base, **payload}, at=at, by=by)
