"""The coordinator names people who may observe a practice, and ends that."""

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.models import AssessorQualification, Course
from courses.queries.practices import practice_of
from lms.lib import dates, names
from lms.people.actions.identity import snapshot_of
from lms.people.models import Site, User
from lms.record import actions as record
from lms.record.enums import EventKind

LONGEST_YEARS = 5


def name_assessor(
    person: User,
    course: Course,
    practice: str,
    *,
    site: Site | None,
    starts_on: dt.date,
    ends_on: dt.date,
    reason: str,
    by: User,
    at: dt.datetime,
) -> AssessorQualification:
    """Lets a person observe a practice of people of one site, or of all, from a day to a day, with the event in their record. Raises
    ValidationError, in words: deactivated, no such practice, days out of order, over already or too far away, no reason."""
    reason = names.one_line(reason)
    today = dates.local_date(at, person.zone)
    if not person.is_active:
        raise ValidationError(f"{person.name} is deactivated. Reactivate the person first.")
    if course.current is None or practice_of(course.current, practice) is None:
        raise ValidationError("This course has no such practice any more. Choose another one.")
    if not reason:
        raise ValidationError({"reason": "Say what qualifies the person. It stays in the record."})
    if ends_on < starts_on:
        raise ValidationError({"ends_on": "The last day is before the first day. Choose a later last day."})
    if ends_on < today:
        raise ValidationError({"ends_on": "This day is over. Choose today or a later day."})
    if ends_on > dates.add_months(today, 12 * LONGEST_YEARS):
        raise ValidationError({"ends_on": f"This day is more than {LONGEST_YEARS} years away. Choose an earlier day."})
    row = AssessorQualification(
        person=person,
        course=course,
        practice=practice,
        site=site,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
        given_by=str(by.subject),
        given_at=at,
    )
    with transaction.atomic():
        record.hold(person.subject)
        row.full_clean(exclude=["person", "course", "site"])
        row.save()
        facts = {
            "starts_on": str(starts_on),
            "ends_on": str(ends_on),
            "site": site.name if site else "",
            "reason": reason,
        }
        _event(row, EventKind.ASSESSOR_NAMED, facts, by=by.subject, at=at)
    return row


def end_assessor(row: AssessorQualification, *, reason: str, by: User, at: dt.datetime) -> bool:
    """Ends it at once, for every day: what was signed off stays. False if it was ended before. Raises ValidationError without a reason."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError({"reason": "Say why it ends. The reason stays in the record."})
    with transaction.atomic():
        record.hold(row.person.subject)
        won = AssessorQualification.objects.filter(pk=row.pk, ended_at__isnull=True).update(
            ended_at=at, ended_reason=reason
        )
        if won:
            row.refresh_from_db(fields=["ended_at", "ended_reason"])
            _event(row, EventKind.ASSESSOR_ENDED, {"reason": reason}, by=by.subject, at=at)
    return bool(won)


def _event(
    row: AssessorQualification, kind: EventKind, payload: dict[str, Any], *, by: uuid.UUID, at: dt.datetime
) -> None:
    base = {
        "qualification": str(row.public_id),
        "course": row.course.slug,
        "practice": row.practice,
        "identity": snapshot_of(row.person, at=at).hash,
    }
    record.append(row.person.subject, kind, {**base, **payload}, at=at, by=by)
