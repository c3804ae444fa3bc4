"""The mail that says several reasons at once: one line each, one button."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from lms.outbox import kinds
from lms.outbox.models import Message, Occasion

SLUG = "digest"


class Digest(kinds.Kind):
    """It has no occasions of its own: each line is said by the kind of its occasion."""

    slug = SLUG
    label = "Several reasons in one"
    gathered = True

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        return {
            "line": kinds.get(occasion.kind).line(occasion, at),
            "own_why_url": f"{settings.SITE_URL}{why}" if (why := kinds.why_url_of(occasion)) else "",
            "own_answers": kinds.get(occasion.kind).answers(occasion),
        }

    def shared(self, occasions: Sequence[Occasion], at: dt.datetime) -> dict[str, Any]:
        """One button: to the page that all kinds of its occasions name, else to the recipient's own training."""
        slugs = dict.fromkeys(occasion.kind for occasion in occasions)
        homes = {kinds.get(slug).home(occasions[0].recipient) for slug in slugs}
        own = kinds.Home(reverse("my_training"), "Open my training", "your training")
        home = (homes.pop() if len(homes) == 1 else None) or own
        return {
            "button_url": f"{settings.SITE_URL}{home.path}",
            "button_label": home.label,
            "about": home.about,
        }

    def attachments(self, message: Message) -> list[kinds.Attachment]:
        """What the kinds of its occasions attach to it; what two of them attach alike goes along once."""
        slugs = dict.fromkeys(message.occasions.values_list("kind", flat=True))
        return list(dict.fromkeys(file for slug in slugs for file in kinds.get(slug).attachments(message)))


kinds.register(Digest())
