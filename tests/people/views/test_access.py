"""Every address with every role: coordinator, supervisor, ordinary person, stranger."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from lms.lib import clock
from lms.outbox.models import Surge
from lms.people import urls
from lms.people.models import Site, Team, User
from lms.record.models import TrainingEvent
from tests.factories import make_roster
from tests.people.conftest import ROLES, House

READ = ["overview", "people", "add_person", "person", "edit_person", "deactivate", "teams", "add_team", "team", "sites", "add_site", "site", "organization", "messages", "message", "reasons", "rosters", "roster", "roster_columns", "roster_lines", "record", "looks"]  # fmt: skip
WRITE_ONLY = [
    "invite",
    "add_supervisor",
    "remove_supervisor",
    "retry_message",
    "discard_message",
    "resend_message",
    "decide_messages",
    "decide_surge",
    "resume_roster",
    "discard_roster",
    "export_seals",
]
WRITE = [
    *WRITE_ONLY,
    "add_person",
    "edit_person",
    "deactivate",
    "reactivate",
    "erase",
    "add_team",
    "team",
    "add_site",
    "site",
    "organization",
    "rosters",
    "roster",
    "roster_columns",
    "undo_roster",
]
OPEN_TO_OTHERS = {"profile", "details", "working_days", "mail_kinds", "invitation", "my_looks"}


def address(house: House, name: str) -> str:
    arguments: dict[str, list[Any]] = {
        "team": [house.team.public_id],
        "add_supervisor": [house.team.public_id],
        "remove_supervisor": [house.team.public_id, house.supervision.pk],
        "site": [house.site.pk],
        "message": [house.message.public_id],
        "retry_message": [house.message.public_id],
        "discard_message": [house.message.public_id],
        "resend_message": [house.message.public_id],
        "decide_surge": [Surge.objects.create(opened_at=clock.now(), usual=60, limit=300).public_id]
        if name == "decide_surge"
        else [],
    }
    if name != "rosters" and "roster" in name:
        return reverse(f"people:{name}", args=[make_roster(by=house.coordinator).public_id])
    about_a_person = {"person", "edit_person", "invite", "deactivate", "reactivate", "erase"}
    return reverse(
        f"people:{name}", args=arguments.get(name, [house.newcomer.public_id] if name in about_a_person else [])
    )


def test_every_address_is_tried_here() -> None:
    names = {pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert names == {*READ, *WRITE} | OPEN_TO_OTHERS


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", READ)
def test_who_may_read(house: House, name: str, role: str) -> None:
    url = address(house, name)
    response = house.client(role).get(url)
    if role == "stranger":
        assert (response.status_code, response.headers["Location"]) == (302, f"/account/login/?next={url}")
    else:
        assert response.status_code == (200 if role == "coordinator" else 404)


@pytest.mark.parametrize("role", ["supervisor", "ordinary", "stranger"])
@pytest.mark.parametrize("name", WRITE)
def test_who_may_not_write(house: House, name: str, role: str) -> None:
    before = (TrainingEvent.objects.count(), User.objects.count(), Team.objects.count(), Site.objects.count())
    data = {
        "name": "Somebody New",
        "site": str(house.site.pk),
        "category": "staff",
        "zone": "UTC",
        "reason": "left",
        "is_coordinator": "on",
        "supervisor": str(house.ordinary.public_id),
    }
    response = house.client(role).post(address(house, name), data)
    assert response.status_code == (302 if role == "stranger" else 404)
    if role == "stranger":
        assert response.headers["Location"].startswith("/account/login/")
    assert (TrainingEvent.objects.count(), User.objects.count(), Team.objects.count(), Site.objects.count()) == before
    assert not User.objects.filter(is_coordinator=True).exclude(pk=house.coordinator.pk).exists()


@pytest.mark.parametrize("name", [*WRITE, "profile", "details", "working_days", "mail_kinds"])
def test_nothing_is_written_without_the_token_of_the_form(house: House, name: str) -> None:
    client = house.client("coordinator", enforce_csrf_checks=True)
    url = address(house, name)
    before = TrainingEvent.objects.count()
    assert client.post(url, {"reason": "left"}).status_code == 403
    assert TrainingEvent.objects.count() == before


@pytest.mark.parametrize("name", WRITE_ONLY)
def test_what_only_writes_answers_no_get(house: House, name: str) -> None:
    before = TrainingEvent.objects.count()
    assert house.client("coordinator").get(address(house, name)).status_code == 405
    assert TrainingEvent.objects.count() == before


@pytest.mark.parametrize("name", READ)
def test_reading_changes_nothing(house: House, desk: Client, name: str) -> None:
    before = TrainingEvent.objects.count()
    state = list(User.objects.order_by("pk").values())
    desk.get(address(house, name))
    assert TrainingEvent.objects.count() == before
    assert list(User.objects.order_by("pk").values()) == state


def test_unknown_ids_are_not_here(desk: Client) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for url in (
        reverse("people:person", args=[nobody]),
        reverse("people:team", args=[nobody]),
        reverse("people:message", args=[nobody]),
        reverse("people:site", args=[999_999]),
    ):
        assert desk.get(url).status_code == 404


def test_a_supervision_belongs_to_the_team_in_the_address(house: House, desk: Client) -> None:
    other = reverse("people:remove_supervisor", args=[house.elsewhere.public_id, house.supervision.pk])
    assert desk.post(other).status_code == 404
    house.supervision.refresh_from_db()
    assert house.supervision.ended_at is None


def test_personal_pages_are_stored_nowhere(house: House, desk: Client) -> None:
    response = desk.get(address(house, "person"))
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
