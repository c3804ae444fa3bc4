"""Reading invitations."""

import datetime as dt

from django.db.models import QuerySet

from lms.lib import codes
from lms.people.models import Invitation, InvitationState, User


class LinkGoneError(Exception):
    """A link cannot be used. ``why`` is one word: unknown, used, ended or expired."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def usable(token: str, at: dt.datetime) -> Invitation:
    """The open invitation of a link, or LinkGoneError. An invitation is bound to the address it was sent to: if the person has
    another one now, it counts as ended."""
    invitation = (
        Invitation.objects.filter(token_hash=codes.token_hash(token)).select_related("user", "user__site").first()
    )
    if invitation is None:
        raise LinkGoneError("unknown")
    if invitation.state == InvitationState.USED:
        raise LinkGoneError("used")
    user = invitation.user
    if invitation.state == InvitationState.ENDED or not user.is_active or invitation.email != (user.email or ""):
        raise LinkGoneError("ended")
    if not invitation.usable(at):
        raise LinkGoneError("expired")
    return invitation


def why_not_invited(user: User) -> str:
    """Why a person cannot be invited now, as one word (inactive, joined, no_email); empty if they can."""
    if not user.is_active:
        return "inactive"
    if user.joined_at is not None:
        return "joined"
    if not user.email:
        return "no_email"
    return ""


def ran_out(at: dt.datetime) -> QuerySet[Invitation]:
    """Open invitations of active people whose time is over and who have not joined."""
    return Invitation.objects.filter(
        state=InvitationState.OPEN, expires_at__lte=at, user__is_active=True, user__joined_at=None
    )
