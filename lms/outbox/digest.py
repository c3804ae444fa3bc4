"""The mail that says several reasons at once: one line each, one button."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.urls import reverse

from lms.outbox import kinds
from lms.outbox.models import Occasion

SLUG = "digest"


class Digest(kinds.Kind):
    """It has no occasions of its own: each line is said by the kind of its occasion."""

    slug = SLUG
    label = "Several reasons in one"
    gathered = True

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        return {
            "line": kinds.get(occasion.kind).line(occasion, at),
            "button_url": f"{settings.SITE_URL}{reverse('my_training')}",
            "button_label": "Open my training",
        }


kinds.register(Digest())
