"""The private calendar: its address is made, and made anew."""

import datetime as dt
import secrets

from courses.models import CalendarFeed
from lms.people.models import User


def make_address(user: User, *, at: dt.datetime) -> CalendarFeed:
    """Gives the person a new address; the one before, if any, answers 404 from now on."""
    feed, _ = CalendarFeed.objects.update_or_create(
        user=user, defaults={"nonce": secrets.token_urlsafe(16), "made_at": at}
    )
    return feed
