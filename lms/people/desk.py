"""The coordinator's navigation. Apps above add their pages to it in ``AppConfig.ready``."""

from typing import NamedTuple, TypedDict

from django.http import HttpRequest
from django.urls import reverse

from lms.people import roles
from lms.people.access import may_open


class DeskItem(NamedTuple):
    """``view`` is the name of an address without arguments; everything below that address belongs to the item. ``about`` says on the
    overview what one does there."""

    view: str
    label: str
    icon: str
    about: str = ""


class NavLink(TypedDict):
    url: str
    label: str
    icon: str
    about: str
    current: bool


_items = [
    DeskItem("people:overview", "Overview", "house"),
    DeskItem("people:people", "People", "users", "Add, edit, invite, deactivate, and see each person's courses"),
    DeskItem("people:teams", "Teams", "network", "The tree of teams, and who supervises which"),
    DeskItem("people:sites", "Sites", "map-pin", "Places of work and their time zones"),
    DeskItem("people:messages", "Messages", "mail", "Every mail we wrote, sent or not"),
    DeskItem("people:looks", "Who looked", "search", "Who opened whose record, and what auditors read"),
    DeskItem("people:organization", "Organization", "building", "Name, support phone, who signs certificates"),
    DeskItem(
        "people:record", "Training record", "file-check", "Whether it is unchanged, and taking its seals elsewhere"
    ),
    DeskItem("my_training", "My training", "list-checks"),
]


FOR_AUDITORS = DeskItem("team", "Everybody", "users-round")


def register_item(item: DeskItem) -> None:
    """Adds a page of the coordinator, before Messages. Registering the same item twice is once."""
    if item not in _items:
        _items.insert(next(place for place, known in enumerate(_items) if known.view == "people:messages"), item)


def nav(request: HttpRequest) -> list[NavLink]:
    """The links of the side navigation to pages that the signed-in person may open; the one whose address is the longest beginning of
    this page's address is current."""
    items = [FOR_AUDITORS, *_items] if roles.is_auditor(request.user) else _items
    links = [(reverse(item.view), item) for item in items if may_open(request.user, item.view)]
    here = max(
        (url for url, _ in links if request.path == url or (url != "/" and request.path.startswith(url))),
        key=len,
        default="",
    )
    return [
        {"url": url, "label": item.label, "icon": item.icon, "about": item.about, "current": url == here}
        for url, item in links
    ]
