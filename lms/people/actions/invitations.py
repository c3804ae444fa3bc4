"""Inviting a person, and the one-use link by which they set their password."""

import datetime as dt
import uuid

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from lms.lib import codes
from lms.outbox import actions as outbox
from lms.people.actions.identity import write
from lms.people.links import site_url
from lms.people.models import Invitation, InvitationState, User
from lms.people.queries import invitations as queries
from lms.people.queries.invitations import LinkGoneError
from lms.record import actions as record
from lms.record.enums import EventKind

NO_EMAIL = "This person has no email address, so an invitation cannot reach them. Add an address first."
HAS_JOINED = (
    "This person has already joined. If they forgot the password, they can ask for a new one on the sign-in page."
)
NOT_ACTIVE = "This person is deactivated. Reactivate them first."


def invite(user: User, *, by: uuid.UUID | str, at: dt.datetime, announce: bool = True) -> Invitation:
    """Opens an invitation that ends after ``INVITATION_DAYS``, ends the person's older one, writes PERSON_INVITED, and queues the mail.

    ``announce=False`` queues none, for the first coordinator, who gets the link on the screen. Raises ValidationError for somebody
    who is deactivated, has no address or has joined already.
    """
    with transaction.atomic():
        record.hold(user.subject)  # two invitations at once wait for each other
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        problem = queries.why_not_invited(fresh)
        if problem:
            raise ValidationError({"inactive": NOT_ACTIVE, "joined": HAS_JOINED, "no_email": NO_EMAIL}[problem])
        Invitation.objects.filter(user=fresh, state=InvitationState.OPEN).update(state=InvitationState.ENDED)
        invitation = Invitation.objects.create(
            user=fresh,
            email=fresh.email or "",
            created_at=at,
            expires_at=at + dt.timedelta(days=settings.INVITATION_DAYS),
        )
        write(fresh, EventKind.PERSON_INVITED, {"invitation": str(invitation.public_id)}, at=at, by=by)
        if announce:
            outbox.announce(
                "invitation",
                key=f"invitation:{invitation.public_id}",
                recipient=fresh,
                ref=str(invitation.public_id),
                at=at,
            )
    return invitation


def open_link(invitation: Invitation, at: dt.datetime) -> str:
    """Makes the secret address of an invitation, for the mail that is being sent, and binds it to the address it goes to.

    Only its hash is stored; a link made earlier for the same invitation stops working. Raises LinkGoneError if the invitation is
    not open any more.
    """
    token = codes.token()
    email = User.objects.values_list("email", flat=True).get(pk=invitation.user_id) or ""
    made = Invitation.objects.filter(
        pk=invitation.pk, state=InvitationState.OPEN, expires_at__gt=at, user__is_active=True
    ).update(token_hash=codes.token_hash(token), email=email)
    if not made:
        raise LinkGoneError("ended")
    return site_url(reverse("people:invitation", args=[token]))


def accept(token: str, password: str, at: dt.datetime) -> User:
    """Uses the link up: one conditional UPDATE decides who was first. Sets the password and ``joined_at`` and writes PERSON_JOINED.

    The password was checked by the form. Raises LinkGoneError with ``unknown``, ``used``, ``ended`` or ``expired``.
    """
    hashed = make_password(password)  # slow on purpose, so before the transaction
    with transaction.atomic():
        invitation = queries.usable(token, at)
        record.hold(invitation.user.subject)
        won = Invitation.objects.filter(
            pk=invitation.pk,
            state=InvitationState.OPEN,
            token_hash=invitation.token_hash,
            email=invitation.email,
            expires_at__gt=at,
        ).update(state=InvitationState.USED, used_at=at)
        if not won:
            raise LinkGoneError("used")
        user = User.objects.select_related("site", "team").get(pk=invitation.user_id)
        user.password, user.joined_at = hashed, at
        user.save(update_fields=["password", "joined_at"])
        write(user, EventKind.PERSON_JOINED, {"invitation": str(invitation.public_id)}, at=at, by=user.subject)
    return user
