"""Keeping the training record: the daily seal, the daily check, and taking the seals elsewhere."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction

from lms.lib import dates
from lms.people.actions.identity import write
from lms.people.models import Organization, User
from lms.record import checking, sealfile, sealing
from lms.record.enums import EventKind
from lms.record.models import Seal

NO_SEAL = "There is no seal yet. The first one is made within ten minutes of the start."


def keep(*, at: dt.datetime) -> None:
    """First the seal of this day in the zone of the organization, then the check, each if it was not done yet. Skipped before there is
    an organization. Must not run inside a transaction."""
    organization = Organization.objects.first()
    if organization is None:
        return
    day = dates.local_date(at, organization.zone)
    sealing.seal(day, at=at)
    checking.check(day, at=at)


def export_seals(*, by: User, at: dt.datetime) -> str:
    """The text of a file with every seal. Writes SEALS_EXPORTED into the record of whoever took it. Raises ValidationError while there
    is no seal."""
    seals = list(Seal.objects.order_by("number"))
    if not seals:
        raise ValidationError(NO_SEAL)
    organization = Organization.objects.first()
    with transaction.atomic():
        write(by, EventKind.SEALS_EXPORTED, {"seals": len(seals), "last": seals[-1].hash}, at=at, by=by.subject)
    return sealfile.write(seals, organization=organization.name if organization else "", at=at)
