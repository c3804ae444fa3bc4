"""A link to a saved view of people and courses, every week or every month, to whoever keeps it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from courses.enums import Rhythm
from courses.models import SavedView
from courses.reminders.base import Due, Reminder
from courses.reminders.helping import helpers_home
from courses.reminders.moments import working_after
from courses.reminders.team_digest import first_day, week_of
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.models import User
from lms.people.permissions import Action


class ViewReady(Reminder):
    """``ref`` is the view's public id. The mail holds no names and no file: behind its links, after signing in, is what the view shows then."""

    slug = "view_ready"
    label = "A view that you keep"
    optional = True
    why_it_comes = "you asked for a link to a view that you keep"

    def home(self, recipient: User) -> kinds.Home:
        return helpers_home(recipient)

    def concerns(self, recipient: User) -> bool:
        return roles.may(recipient, Action.KEEP_VIEWS)

    def due(self, at: dt.datetime) -> Iterator[Due]:
        """On the owner's first working day of the week or the month."""
        rows = SavedView.objects.exclude(mailed=Rhythm.NEVER).filter(owner__is_active=True, owner__email__isnull=False)
        for view in rows.select_related("owner__site"):
            today = dates.local_date(at, view.owner.zone)
            if today == first_day_of(view.mailed, today, view.owner.working_days):
                key = f"view_ready:{view.public_id}:{period_of(view.mailed, today)}"
                yield Due(self.slug, key, view.owner, str(view.public_id))

    def view(self, occasion: Occasion) -> SavedView | None:
        return SavedView.objects.filter(public_id=occasion.ref, owner=occasion.recipient_id).first()

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        view, recipient = self.view(occasion), occasion.recipient
        if view is None or not view.mailed:
            return "The view was deleted, or its mail switched off."
        if not self.concerns(recipient):
            return "The recipient does not see people and courses any more."
        today = dates.local_date(at, recipient.zone)
        if occasion.key.rpartition(":")[2] != period_of(view.mailed, today):
            return "The week or month it is about is over; the next one has a mail of its own."
        return None

    def reason(self, occasion: Occasion) -> str:
        return "A week or month began, and you asked for a link to your view."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        view = self.view(occasion)
        assert view is not None
        return f"Your view “{view.name}” of people and courses, as it stands when you open it."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        view = self.view(occasion)
        assert view is not None
        query = f"?{view.query}" if view.query else ""
        return {
            "view": view,
            "excel_url": site_url(reverse("team_table_xlsx") + query),
            "button_url": site_url(reverse("team") + query),
            "button_label": "Open the view",
        }


def period_of(rhythm: str, day: dt.date) -> str:
    """2026-W48, or 2026-11"""
    return week_of(day) if rhythm == Rhythm.WEEKLY else f"{day:%Y-%m}"


def first_day_of(rhythm: str, day: dt.date, working_days: str) -> dt.date:
    """The first day of the day's week or month on which the person works."""
    return first_day(day, working_days) if rhythm == Rhythm.WEEKLY else working_after(day.replace(day=1), working_days)


kinds.register(ViewReady())
