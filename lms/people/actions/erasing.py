"""Erasing who somebody was, and keeping what they did."""

import datetime as dt
import uuid

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction

from lms.lib import dates
from lms.outbox import actions as outbox
from lms.people import hooks
from lms.people.actions import rosters
from lms.people.actions.sessions import end_sessions
from lms.people.enums import ErasureReason
from lms.people.models import Invitation, InvitationState, Organization, User
from lms.record import actions as record
from lms.record.enums import EventKind

IDENTITY = ("name", "latin_name", "email", "job_role")
STILL_ACTIVE = "Deactivate this person first. Only somebody who has left can be erased."


def erase_identity(user: User, *, reason: str, by: uuid.UUID | str, at: dt.datetime) -> User:
    """Takes name, Latin name, email address, phone, employee number and job role of a deactivated person out of everything that is about them; the training
    record stays, and still verifies. Cannot be undone.

    In this order: the record is held; every identity snapshot of the person is emptied; the row is called "Erased on ..." and gets no
    sign-in; invitations lose their address; ``hooks.on_erasure`` (certificates lose name and file); mail to them and lines of rosters lose address and text;
    PERSON_ERASED with the reason. Skipped if they were erased before. Raises ValidationError while they are active, and while a mail to
    them is on its way. ``reason`` is a word of ``enums.ErasureReason``.

    What stays: dates, team and site, whatever other people were told about them by mail, and their name in the snapshots of people whom
    they supervised, since those are about somebody else.
    """
    with transaction.atomic():
        record.hold(user.subject)
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        if fresh.is_active:
            raise ValidationError(STILL_ACTIVE)
        if fresh.erased_at is None:
            emptied = record.empty_snapshots(fresh.subject, at=at)
            _empty(fresh, at)
            hooks.person_erased(
                fresh, at=at, by=by
            )  # certificates before mail, as the worker that files them takes both
            outbox.erase_mail(fresh)
            rosters.forget(fresh)
            payload = {"reason": str(ErasureReason(reason)), "snapshots": emptied}
            record.append(fresh.subject, EventKind.PERSON_ERASED, payload, at=at, by=by)
    for field in (*IDENTITY, "phone", "employee_number", "own_zone", "erased_at"):
        setattr(user, field, getattr(fresh, field))
    return user


def _empty(user: User, at: dt.datetime) -> None:
    organization = Organization.objects.first()
    day = dates.local_date(at, organization.zone if organization else "UTC")
    user.name, user.latin_name, user.email, user.job_role = f"Erased on {dates.long_date(day)}", "", None, ""
    user.phone, user.employee_number, user.own_zone, user.erased_at = "", None, "", at
    user.set_unusable_password()
    user.save(update_fields=[*IDENTITY, "phone", "employee_number", "own_zone", "erased_at", "password"])
    EmailAddress.objects.filter(user=user).delete()
    Invitation.objects.filter(user=user, state=InvitationState.OPEN).update(state=InvitationState.ENDED)
    Invitation.objects.filter(user=user).update(email="", token_hash=None)
    end_sessions(user)
