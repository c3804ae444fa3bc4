"""The coordinator erases the identity of somebody who has left."""

import datetime as dt

import pytest
from django.test import Client

from lms.people.actions.people import deactivate
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests.people.conftest import ROLES, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(house: House, at: dt.datetime) -> User:
    return deactivate(house.ordinary, "left", by=SYSTEM, at=at)


def url(person: User, what: str = "erase/") -> str:
    return f"/coordinator/people/{person.public_id}/{what}"


@pytest.mark.parametrize("role", ROLES)
def test_it_is_for_coordinators(house: House, role: str, at: dt.datetime) -> None:
    gone = deactivate(house.newcomer, "left", by=SYSTEM, at=at)
    client = house.client(role)
    response = client.post(url(gone), {"reason": "asked", "name": "Maya Okafor"})
    assert response.status_code == (404 if role in ("supervisor", "ordinary") else 302)
    assert (User.objects.get(pk=gone.pk).erased_at is not None) == (role == "coordinator")


def test_the_name_has_to_be_written_once_more(desk: Client, gone: User) -> None:
    for name in ("", "Darnell", "Maya Okafor"):
        response = desk.post(url(gone), {"reason": "asked", "name": name})
        assert response.status_code == 422
        assert User.objects.get(pk=gone.pk).name == "Darnell Hughes"
    assert "Nothing was erased." in desk.post(url(gone), {"reason": "asked", "name": "x"}).content.decode()
    assert desk.post(url(gone), {"name": "Darnell Hughes"}).status_code == 422, "without a reason"
    response = desk.post(url(gone), {"reason": "asked", "name": "  darnell   hughes "}, follow=True)
    page = response.content.decode()
    assert "The identity is erased." in page
    assert "Erased on November" in page
    assert "Darnell" not in page
    assert url(gone, "edit/") not in page
    assert url(gone, "reactivate/") not in page
    assert url(gone) not in page


def test_a_look_erases_nobody(desk: Client, gone: User) -> None:
    page = desk.get(url(gone)).content.decode()
    assert "This cannot be undone" in page
    assert User.objects.get(pk=gone.pk).erased_at is None
    assert url(gone) in desk.get(url(gone, "")).content.decode()


def test_only_people_who_have_left(desk: Client, house: House) -> None:
    response = desk.post(url(house.newcomer), {"reason": "asked", "name": "Maya Okafor"}, follow=True)
    assert "Deactivate this person first." in response.content.decode()
    assert User.objects.get(pk=house.newcomer.pk).erased_at is None
    assert url(house.newcomer) not in desk.get(url(house.newcomer, "")).content.decode()


@pytest.mark.parametrize("what", ["erase/", "edit/", "reactivate/"])
def test_afterwards_nothing_can_be_changed(desk: Client, gone: User, what: str) -> None:
    desk.post(url(gone), {"reason": "asked", "name": gone.name})
    response = desk.post(url(gone, what), {"reason": "asked", "name": gone.name}, follow=True)
    assert "was erased for good" in response.content.decode()
    assert not User.objects.get(pk=gone.pk).is_active


def test_people_lists_and_search_do_not_find_the_name(desk: Client, gone: User) -> None:
    assert "Darnell Hughes" in desk.get("/coordinator/people/?state=everybody").content.decode()
    desk.post(url(gone), {"reason": "asked", "name": gone.name})
    page = desk.get("/coordinator/people/?state=everybody").content.decode()
    assert "Darnell" not in page
    assert "Erased on " in page
