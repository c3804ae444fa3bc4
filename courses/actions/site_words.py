"""Entering the site's own words, and letting a place for them stay empty."""

import datetime as dt
import uuid

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from courses.actions.publishing import follow_current
from courses.models import SiteWords, SlotWaiver
from lms.people.actions.identity import write
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind


def enter_words(slot: str, text: str, *, by: uuid.UUID, at: dt.datetime) -> SiteWords:
    """Adds a new version of a slot's words; the same text as now changes nothing. Older versions stay, since people were shown them."""
    with transaction.atomic():
        last = SiteWords.objects.filter(slot=slot).order_by("-number").first()
        if last is not None and last.text == text.strip():
            return last
        words = SiteWords.objects.create(
            slot=slot, number=(last.number if last else 0) + 1, text=text.strip(), entered_at=at, entered_by=str(by)
        )
    follow_current(at=at)
    return words


def waive_slot(slot: str, *, reason: str, by: User, at: dt.datetime) -> SlotWaiver:
    """Lets a slot stay empty: courses that have it can be required of people. Writes an event on the record of who waived.

    Raises ValidationError without a reason, and when the slot is waived already.
    """
    if not reason.strip():
        raise ValidationError("Say why this place may stay empty.")
    try:
        with transaction.atomic():
            record.hold(by.subject)
            waiver = SlotWaiver.objects.create(slot=slot, waived_by=by, reason=reason.strip(), at=at)
            write(by, EventKind.SLOT_WAIVED, {"slot": slot, "reason": waiver.reason}, at=at, by=by.subject)
    except IntegrityError as error:
        raise ValidationError("This place is waived already.") from error
    follow_current(at=at)
    return waiver


def end_waiver(waiver: SlotWaiver, *, reason: str, by: User, at: dt.datetime) -> bool:
    """The slot counts as empty again, unless it has words. False if the waiver was ended before; ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError("Say why the waiver ends.")
    with transaction.atomic():
        record.hold(waiver.waived_by.subject)
        won = SlotWaiver.objects.filter(pk=waiver.pk, ended_at__isnull=True).update(
            ended_at=at, ended_by=str(by.subject), ended_reason=reason.strip()
        )
        if won:
            payload = {"slot": waiver.slot, "reason": reason.strip()}
            write(waiver.waived_by, EventKind.SLOT_WAIVER_ENDED, payload, at=at, by=by.subject)
    return bool(won)
