"""Where people go on who got several mails about others."""

from typing import Any

from django.urls import reverse

from lms.outbox import kinds
from lms.people import roles


def helpers_home(recipient: Any) -> kinds.Home:
    """Today for who supervises a team, else the coordinator's overview."""
    if roles.is_supervisor(recipient):
        return kinds.Home(reverse("today"), "Open Today", "your team")
    return desk_home()


def desk_home() -> kinds.Home:
    """The coordinator's overview."""
    return kinds.Home(reverse("people:overview"), "Open the overview", "training")
