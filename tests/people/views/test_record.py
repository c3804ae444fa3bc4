"""The coordinator's page of the training record."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from lms.people.actions.record import keep
from lms.record import sealfile
from lms.record.models import RecordCheck, TrainingEvent
from tests.lifting import lift
from tests.people.conftest import ROLES, House

pytestmark = pytest.mark.django_db

PAGE = "/coordinator/record/"
EXPORT = "/coordinator/record/seals/"


def text(desk: Client) -> str:
    response = desk.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("role", ROLES)
def test_it_is_for_coordinators(house: House, role: str, at: dt.datetime) -> None:
    keep(at=at)
    client = house.client(role)
    if role == "stranger":
        assert client.get(PAGE)["Location"] == f"/account/login/?next={PAGE}"
        assert client.post(EXPORT).status_code == 302
    else:
        expected = 200 if role == "coordinator" else 404
        assert client.get(PAGE).status_code == expected
        assert client.post(EXPORT).status_code == expected
    assert TrainingEvent.objects.filter(kind="seals.exported").exists() == (role == "coordinator")


def test_before_the_first_seal(desk: Client) -> None:
    page = text(desk)
    assert "Not checked yet" in page
    assert "There is no seal yet." in page
    assert EXPORT not in page
    response = desk.post(EXPORT, follow=True)
    assert "There is no seal yet." in response.content.decode()
    assert not TrainingEvent.objects.filter(kind="seals.exported").exists()


def test_how_it_stands(house: House, desk: Client, at: dt.datetime) -> None:
    keep(at=at)
    page = text(desk)
    assert "Unchanged" in page
    assert "everything fits" in page
    assert "Number 1, " in page
    assert "No seal was taken elsewhere yet." in page


def test_an_export_is_a_file_and_the_page_says_who_took_it(house: House, desk: Client, at: dt.datetime) -> None:
    keep(at=at)
    response = desk.post(EXPORT)
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"].startswith('attachment; filename="seals-20')
    body = response.content.decode()
    assert [seal.number for seal in sealfile.read(body)] == [1]
    for person in (house.ordinary, house.newcomer, house.coordinator):
        assert person.name not in body
    page = text(desk)
    assert f"by <bdi>{house.coordinator.name}</bdi>, up to seal 1" in page
    assert "Every seal is in an exported file." in page
    keep(at=at + dt.timedelta(days=1))
    assert "1 seal is in no exported file yet." in text(desk)
    assert desk.get(EXPORT).status_code == 405


def test_faults_are_shown_with_names(house: House, desk: Client, at: dt.datetime) -> None:
    lift()
    TrainingEvent.objects.filter(subject=house.newcomer.subject, seq=1).update(actor="x")
    keep(at=at)
    page = text(desk)
    assert "Does not fit" in page
    assert "Event 1 of Maya Okafor was changed." in page
    RecordCheck.objects.update(faults=77)
    assert "These are the first 1." in text(desk)
    RecordCheck.objects.update(sentences=["event 1 of <script> was changed"])
    assert "<script> was" not in text(desk)


def test_it_takes_few_queries(house: House, queries_of: Callable[[str], int], at: dt.datetime) -> None:
    assert reverse("people:record") == PAGE
    assert queries_of(PAGE) == 9
    keep(at=at)
    assert queries_of(PAGE) == 9
