"""The coordinator's navigation, in groups. Apps above add their pages to it in ``AppConfig.ready``."""

import enum
from typing import NamedTuple, TypedDict

from django.http import HttpRequest
from django.urls import reverse

from lms.people.access import may_open


class Group(enum.StrEnum):
    """The headings of the navigation, in their order. What stands under ``NONE`` comes first and has no heading."""

    NONE = ""
    PEOPLE = "People"
    TRAINING = "Training"
    EVIDENCE = "Evidence"
    SYSTEM = "System"


class DeskItem(NamedTuple):
    """``view`` is the name of an address without arguments; everything below that address belongs to the item. ``about`` says on the
    overview what one does there."""

    view: str
    label: str
    icon: str
    about: str = ""
    group: Group = Group.NONE


class NavLink(TypedDict):
    url: str
    label: str
    icon: str
    about: str
    group: str
    current: bool


_items = [
    DeskItem("people:overview", "Overview", "house"),
    DeskItem("my_training", "My training", "list-checks"),
    DeskItem("people:people", "People", "users", "Add, edit, invite, deactivate, and see each person's courses", Group.PEOPLE),
    DeskItem("people:teams", "Teams", "network", "The tree of teams, and who supervises which", Group.PEOPLE),
    DeskItem("people:sites", "Sites", "map-pin", "Places of work and their time zones", Group.PEOPLE),
    DeskItem("people:record", "Training record", "file-check", "Whether it is unchanged, and taking its seals elsewhere", Group.EVIDENCE),
    DeskItem("people:looks", "Who looked", "search", "Who opened whose record, and what auditors read", Group.EVIDENCE),
    DeskItem("people:messages", "Messages", "mail", "Every mail we wrote, sent or not", Group.SYSTEM),
    DeskItem("people:organization", "Organization", "building", "Name, support phone, who signs certificates", Group.SYSTEM),
]  # fmt: skip


def register_items(*items: DeskItem) -> None:
    """Adds pages of the coordinator at the ends of their groups. Registering the same item twice is once."""
    _items.extend(item for item in items if item not in _items)


def nav(request: HttpRequest) -> list[NavLink]:
    """The links of the side navigation to pages that the signed-in person may open, group by group; the one whose address is the longest
    beginning of this page's address is current."""
    items = sorted(_items, key=lambda item: list(Group).index(item.group))
    links = [(reverse(item.view), item) for item in items if may_open(request.user, item.view)]
    here = max(
        (url for url, _ in links if request.path == url or (url != "/" and request.path.startswith(url))),
        key=len,
        default="",
    )
    return [
        {
            "url": url,
            "label": item.label,
            "icon": item.icon,
            "about": item.about,
            "group": item.group.value,
            "current": url == here,
        }
        for url, item in links
    ]
