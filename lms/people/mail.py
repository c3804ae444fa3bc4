"""The kinds of mail about a person's own sign-in: invitation and password reset. Both hold a secret link."""

import datetime as dt
import uuid
from typing import Any

from allauth.account import app_settings as allauth_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from lms.lib import dates
from lms.lib.hours import SendingHours
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.models import Message, Occasion
from lms.people.actions.identity import snapshot_of
from lms.people.actions.invitations import open_link
from lms.people.links import site_url
from lms.people.models import Invitation, InvitationState, Organization, User

RESET_REQUEST_STALE_AFTER = dt.timedelta(hours=12)


class InvitationMail(kinds.Kind):
    """``ref`` is the invitation's public id."""

    slug = "invitation"
    label = "Invitation"
    why_it_comes = "you work or volunteer at {organization}"
    secret = True

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        invitation = _invitation(occasion)
        if invitation is None or invitation.state == InvitationState.ENDED:
            return "A newer invitation took its place, or it was ended."
        if invitation.state == InvitationState.USED:
            return "The person has already joined."
        if not invitation.user.is_active:
            return "The account is not active."
        if not invitation.user.email:
            return "There is no email address."
        return None if invitation.usable(at) else "The invitation has run out."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        invitation = _invitation(occasion)
        assert invitation is not None
        zone = invitation.user.zone
        return {
            "button_url": kinds.SecretLink(open_link(invitation, at)),
            "button_label": "Choose your password",
            "last_day": dates.local_date(invitation.expires_at, zone),
            "zone": dates.zone_label(zone),
        }


class PasswordResetMail(kinds.Kind):
    """``ref`` is the user's public id; each request is an occasion of its own."""

    slug = "password_reset"
    label = "Password reset"
    why_it_comes = "your address was typed on our “Forgot your password?” page"
    why_in_general = "somebody may type your address on our “Forgot your password?” page"
    secret = True

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        user = User.objects.filter(public_id=occasion.ref).first()
        if user is None or not may_reset(user):
            return "The account is not active, or has no password yet."
        return "The request is too old." if at - occasion.created_at > RESET_REQUEST_STALE_AFTER else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        user = User.objects.get(public_id=occasion.ref)
        token = allauth_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})
        return {
            "button_url": kinds.SecretLink(site_url(path)),
            "button_label": "Choose a new password",
            "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
        }


def may_reset(user: User) -> bool:
    """Whether a forgotten password may be replaced by mail: active, reachable, and a password was chosen once (by invitation)."""
    return user.is_active and bool(user.email) and bool(user.password) and user.has_usable_password()


def ask_for_reset(user: User, *, at: dt.datetime) -> Message | None:
    """Queues a reset mail to the person's own address; nothing if their password may not be reset by mail."""
    if not may_reset(user):
        return None
    return outbox.announce(
        PasswordResetMail.slug, key=f"password_reset:{uuid.uuid4()}", recipient=user, ref=str(user.public_id), at=at
    )


def letterhead(recipient: User) -> dict[str, Any]:
    """What every mail says about its sender."""
    organization = Organization.objects.first()
    return {
        "organization": organization,
        "demonstration": bool(organization and organization.demonstration),
    }


def hours(recipient: User) -> SendingHours:
    """When mail that can wait is sent to a person: in their zone, on their working days."""
    return SendingHours(recipient.zone, recipient.working_days)


def zone() -> str:
    organization = Organization.objects.first()
    return organization.zone if organization else "UTC"


def _invitation(occasion: Occasion) -> Invitation | None:
    return Invitation.objects.select_related("user__site").filter(public_id=occasion.ref).first()


kinds.register(InvitationMail())
kinds.register(PasswordResetMail())
kinds.register_letterhead(letterhead)
kinds.register_identity(lambda recipient, at: snapshot_of(recipient, at).hash)
kinds.register_hours(hours, relations=("site",))
kinds.register_zone(zone)
