"""Entering the site's own words."""

import datetime as dt
import uuid

from django.db import transaction

from courses.models import SiteWords


def enter_words(slot: str, text: str, *, by: uuid.UUID, at: dt.datetime) -> SiteWords:
    """Adds a new version of a slot's words; the same text as now changes nothing. Older versions stay, since people were shown them."""
    with transaction.atomic():
        last = SiteWords.objects.filter(slot=slot).order_by("-number").first()
        if last is not None and last.text == text.strip():
            return last
        return SiteWords.objects.create(
            slot=slot, number=(last.number if last else 0) + 1, text=text.strip(), entered_at=at, entered_by=str(by)
        )
