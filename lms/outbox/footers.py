"""What stands under a mail: why it comes, and how to switch it off where that is possible."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from lms.outbox import preferences
from lms.outbox.kinds import Kind, SecretLink, sender_of, why_of


@dataclasses.dataclass(frozen=True)
class Footer:
    """``values`` go to the templates, ``headers`` into the mail."""

    values: dict[str, Any]
    headers: dict[str, str]


def footer_of(reasons: Sequence[Kind], recipient: Any) -> Footer:
    """The footer of a mail that carries reasons of these kinds.

    One-click unsubscribe (RFC 8058) only where every reason is optional: what is required cannot be switched off, so a mail that
    carries both kinds points to the profile page.
    """
    sender = sender_of(recipient)
    whys = list(dict.fromkeys(why for kind in reasons if (why := why_of(kind, sender))))
    values: dict[str, Any] = {"whys": whys, "compulsory": not any(kind.optional for kind in reasons)}
    if not all(kind.optional for kind in reasons):
        values["profile_url"] = f"{settings.SITE_URL}{reverse('people:profile')}"
        return Footer(values, {})
    off_url = SecretLink(preferences.link(recipient, [kind.slug for kind in reasons]))
    headers = {"List-Unsubscribe": f"<{off_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Footer({**values, "off_url": off_url, "several_kinds": len({kind.slug for kind in reasons}) > 1}, headers)
