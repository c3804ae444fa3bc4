"""Parts of the coordinator's pages of people that apps above draw, such as the person's courses."""

from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.safestring import SafeString

from lms.people.models import User

Panel = Callable[[HttpRequest, User], SafeString | str]
_panels: list[Panel] = []


class ListLink(NamedTuple):
    """A link above the list of people; its page gets the list's filters. ``view``: the name of an address without arguments."""

    view: str
    label: str
    icon: str


_links: list[ListLink] = []


def register_list_link(link: ListLink) -> None:
    """Adds a link in ``AppConfig.ready``. Registering the same link twice is once."""
    if link not in _links:
        _links.append(link)


def list_links() -> list[ListLink]:
    return list(_links)


def register_panel(panel: Panel) -> None:
    """Registers ``panel(request, person) -> html`` in ``AppConfig.ready``. Panels stand in the order of registration; an empty text is
    left out. Text that is not a SafeString is escaped. Registering the same panel twice is once."""
    if panel not in _panels:
        _panels.append(panel)


def render_all(request: HttpRequest, person: User) -> list[SafeString | str]:
    return [html for html in (panel(request, person) for panel in _panels) if html]
