"""What apps above register with people: navigation, panels, hooks."""

import pytest
from django.test import RequestFactory

from lms.people import desk, hooks, panels
from lms.people.models import User


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/coordinator/", "Overview"),
        ("/coordinator/people/", "People"),
        ("/coordinator/people/add/", "People"),
        ("/coordinator/teams/add/", "Teams"),
        ("/coordinator/something-new/", "Overview"),
        ("/elsewhere/", ""),
    ],
)
def test_the_current_page_is_marked_once(path: str, label: str) -> None:
    request = RequestFactory().get(path)
    request.user = User(is_coordinator=True)
    links = desk.nav(request)
    assert [link["label"] for link in links if link["current"]] == ([label] if label else [])


def test_registering_twice_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_items", list(desk._items))
    monkeypatch.setattr(hooks, "_zone_callbacks", [])
    monkeypatch.setattr(panels, "_panels", [])
    before = len(desk._items)
    item = desk.DeskItem("people:profile", "Profile", "user", "", desk.Group.PEOPLE)
    desk.register_items(item)
    desk.register_items(item)
    assert len(desk._items) == before + 1
    request = RequestFactory().get("/")
    request.user = User(is_coordinator=True)
    assert [link["label"] for link in desk.nav(request) if link["group"] == "People"] == [
        "People",
        "Teams",
        "Sites",
        "Profile",
    ]

    def zone_changed(user: User, **_: object) -> None: ...

    def panel(request: object, person: User) -> str:
        return "panel"

    hooks.on_zone_change(zone_changed)
    hooks.on_zone_change(zone_changed)
    panels.register_panel(panel)
    panels.register_panel(panel)
    assert (hooks._zone_callbacks, panels._panels) == ([zone_changed], [panel])
