"""The page of system health, and the red band on the coordinator's overview."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from lms.health import actions, queries
from lms.lib import broker, clock
from lms.people import alarms
from lms.people.alarms import Alarm
from lms.record import checking
from tests.people.conftest import ROLES, House

pytestmark = pytest.mark.django_db

BAND = 'id="alarms"'


@pytest.fixture
def now(house: House, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """Every part is well."""
    monkeypatch.setattr(broker, "ping", lambda url, seconds: True)
    now = clock.now()
    type(house.message).objects.update(created_at=now, next_try_at=now)
    actions.note_asked(at=now)
    actions.note_answered(at=now)
    actions.note_run(actions.PLAN, at=now)
    actions.note_run(actions.GATHER, at=now)
    checking.check(now.date(), at=now)
    assert actions.try_mail(at=now) == ""
    return now


def overview(desk: Client) -> str:
    return desk.get(reverse("people:overview")).content.decode()


@pytest.mark.parametrize("role", ROLES)
def test_the_page_is_for_coordinators(house: House, role: str) -> None:
    url = reverse("system_health")
    response = house.client(role).get(url)
    if role == "stranger":
        assert (response.status_code, response.headers["Location"]) == (302, f"/account/login/?next={url}")
    else:
        assert response.status_code == (200 if role == "coordinator" else 404)


def test_all_is_well(now: dt.datetime, desk: Client) -> None:
    assert BAND not in overview(desk)
    text = desk.get(reverse("system_health")).content.decode()
    assert "All 10 parts work." in text
    for label in ("Web pages", "Database", "Broker", "Beat", "Worker", "Mail server", "Planner", "Mail that waits"):
        assert label in text
    assert "Needs help" not in text


def test_monitor_band_and_page_say_the_same_words(now: dt.datetime, desk: Client) -> None:
    actions.note_answered(at=now - dt.timedelta(hours=5))
    problems = desk.get("/health/work").json()["problems"]
    assert set(problems) == {"worker"}
    band, page = overview(desk), desk.get(reverse("system_health")).content.decode()
    assert "One part of the system needs help" in band
    assert f'href="{reverse("system_health")}"' in band
    for text in (band, page):
        assert problems["worker"] in text
        assert "Ask IT to start it again." in text
    assert "1 of 10 parts needs help" in page
    assert page.count("Needs help") == 1
    assert "Since " in page


def test_the_words_of_a_mail_server_are_shown_as_words(
    now: dt.datetime, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions.sending, "try_out", lambda: "554 <script>alert(1)</script>")
    actions.try_mail()
    for text in (overview(desk), desk.get(reverse("system_health")).content.decode()):
        assert "554 &lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text


def test_a_part_that_never_worked_says_so(now: dt.datetime, desk: Client) -> None:
    queries.Pulse.objects.filter(name="plan").delete()
    text = desk.get(reverse("system_health")).content.decode()
    assert "No run of the planner yet." in text
    assert "Never worked yet" in text


def test_the_page_takes_few_queries(now: dt.datetime, queries_of: Callable[[str], int]) -> None:
    assert queries_of(reverse("system_health")) == 11


def test_registering_a_source_twice_is_once(monkeypatch: pytest.MonkeyPatch, at: dt.datetime) -> None:
    def one(at: dt.datetime) -> list[Alarm]:
        return [Alarm("One", "It is ill.", "Help it.")]

    monkeypatch.setattr(alarms, "_sources", [])
    alarms.register_source(one)
    alarms.register_source(one)
    assert alarms.alarms(at) == [("One", "It is ill.", "Help it.")]
