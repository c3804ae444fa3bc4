"""Which optional kinds of mail a person has switched off, and the link in a mail that switches one off without a sign-in.

The link's token is signed for this purpose alone. It names the person and the kinds, never ends, and can do one thing: switch them
off. Compulsory kinds are in no token and cannot be switched off.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from lms.outbox import kinds
from lms.outbox.models import MailPreference

SALT = "lms.outbox.switch_off"
_CONTENT = re.compile(r"([0-9a-f]{32})\.([a-z0-9_]+(?:\.[a-z0-9_]+)*)")


class NotOptionalError(ValueError):
    """A compulsory kind, or one that there is not, was to be switched."""


def optional_kinds(recipient: Any) -> list[kinds.Kind]:
    """The kinds that this person may switch off."""
    return [kind for kind in kinds.all_kinds() if kind.optional and kind.concerns(recipient)]


def off(recipient: Any) -> set[str]:
    """The slugs of all kinds that the person has switched off."""
    return set(MailPreference.objects.filter(recipient=recipient).values_list("kind", flat=True))


def is_off(recipient: Any, kind: str) -> bool:
    return MailPreference.objects.filter(recipient=recipient, kind=kind).exists()


def is_wanted(recipient: Any, kind: str) -> bool:
    """What ``kinds.register_preference`` is told."""
    return not is_off(recipient, kind)


def switch(recipient: Any, kind: str, on: bool, at: dt.datetime) -> bool:
    """Switches an optional kind on or off for a person. False if it was so already; ``off_at`` is then that of the first time.
    Raises NotOptionalError for any other kind. What is on its way to the mail server is not called back."""
    if not _optional(kind):
        raise NotOptionalError(f"{kind} is not an optional kind of mail")
    rows = MailPreference.objects.filter(recipient=recipient, kind=kind)
    if on:
        return rows.delete()[0] > 0
    return MailPreference.objects.get_or_create(recipient=recipient, kind=kind, defaults={"off_at": at})[1]


def link(recipient: Any, slugs: Iterable[str]) -> str:
    """The address that switches these kinds off for this person. Raises NotOptionalError if one is compulsory."""
    named = sorted(set(slugs))
    if not named or not all(_optional(slug) for slug in named):
        raise NotOptionalError(f"not all of {named} are optional kinds of mail")
    token = signing.Signer(salt=SALT).sign(".".join([recipient.public_id.hex, *named]))
    return f"{settings.SITE_URL}{reverse('mail_off', args=[token])}"


def read(token: str) -> tuple[Any, list[kinds.Kind]] | None:
    """The person and the kinds of a token of ours; None for any other text, and when a kind is not optional (any more)."""
    try:
        content = _CONTENT.fullmatch(signing.Signer(salt=SALT).unsign(token))
    except signing.BadSignature:
        return None
    if content is None:
        return None
    slugs = content[2].split(".")
    recipient = get_user_model().objects.filter(public_id=uuid.UUID(content[1])).first()
    if recipient is None or not all(_optional(slug) for slug in slugs):
        return None
    return recipient, [kinds.get(slug) for slug in slugs]


def _optional(slug: str) -> bool:
    return any(kind.slug == slug and kind.optional for kind in kinds.all_kinds())


def off_of(recipients: Iterable[int]) -> dict[int, set[str]]:
    """The same for several recipients (primary keys); who has switched nothing off is left out. One query."""
    found: dict[int, set[str]] = {}
    rows = MailPreference.objects.filter(recipient__in=set(recipients))
    for recipient, kind in rows.values_list("recipient", "kind"):
        found.setdefault(recipient, set()).add(kind)
    return found
