"""The coordinator's pages about people, as a browser uses them."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from lms.lib import clock
from lms.outbox.models import Message
from lms.people import panels
from lms.people.actions.invitations import invite
from lms.people.actions.people import change_person, deactivate
from lms.people.models import Invitation, User
from lms.record.actions import SYSTEM
from lms.record.queries import events_of
from tests.factories import make_user
from tests.people.conftest import House


@pytest.fixture(autouse=True)
def _no_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", [])


def names_in(response: Any) -> list[str]:
    return [row.name for row in response.context["page"].object_list]


def filled(house: House, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Ana Lima",
        "email": "ana@example.org",
        "category": "volunteer",
        "site": str(house.site.pk),
        "working_days": list("12345"),
        **changes,
    }


# --- the list ---------------------------------------------------------------------------------------------------------------
def test_the_list_says_how_each_account_stands(house: House, desk: Client) -> None:
    now = clock.now()
    make_user("Without Mail", email=None)
    make_user("Not Invited", joined_at=None)
    late = make_user("Ran Out", joined_at=None)
    Invitation.objects.create(
        user=late, email=late.email or "", created_at=now - dt.timedelta(days=9), expires_at=now - dt.timedelta(days=2)
    )
    Invitation.objects.filter(user=house.newcomer).update(expires_at=now + dt.timedelta(days=1))
    gone = make_user("Gone Away")
    deactivate(gone, "left", by=SYSTEM, at=now)
    response = desk.get(reverse("people:people"), {"state": "everybody"})
    words = {row.name: str(row.sign.word) for row in response.context["page"].object_list}
    assert words == {
        "Darnell Hughes": "Active",
        "Denise Whitaker": "Active",
        "Gone Away": "Deactivated",
        "Maya Okafor": "Invited",
        "Not Invited": "Not invited",
        "Priya Raman": "Active",
        "Ran Out": "Invitation ran out",
        "Without Mail": "Not reachable by mail",
    }
    assert "Gone Away" not in desk.get(reverse("people:people")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "okafor"}, ["Maya Okafor"]),
        ({"q": "maya EXAMPLE.org"}, ["Maya Okafor"]),
        ({"q": "maya nothing"}, []),
        ({"team": "team"}, ["Darnell Hughes", "Denise Whitaker", "Maya Okafor"]),
        ({"job_role": "Gardener"}, ["Ana Lima"]),
        ({"site": "elsewhere"}, ["Ana Lima"]),
        ({"category": "volunteer"}, ["Ana Lima"]),
        ({"state": "invited"}, ["Maya Okafor"]),
        (
            {"site": "junk", "state": "junk", "job_role": "junk", "category": "junk", "team": "junk", "page": "junk"},
            "all",
        ),
        ({"q": "' OR 1=1 --"}, []),
        ({"user__password__startswith": "a", "order_by": "password"}, "all"),
    ],
)
def test_filters(house: House, desk: Client, query: dict[str, str], found: list[str] | str) -> None:
    make_user("Ana Lima", team=house.elsewhere, category="volunteer", job_role="Gardener")
    Invitation.objects.update(expires_at=clock.now() + dt.timedelta(days=1))
    if query.get("team") == "team":
        query = {"team": str(house.team.public_id)}
    if query.get("site") == "elsewhere":
        query = {"site": str(house.elsewhere.site_id)}
    everybody = ["Ana Lima", "Darnell Hughes", "Denise Whitaker", "Maya Okafor", "Priya Raman"]
    response = desk.get(reverse("people:people"), query)
    assert names_in(response) == (everybody if found == "all" else found)
    if not found:
        assert "Nobody matches" in response.content.decode()


def test_fifty_people_a_page(house: House, desk: Client) -> None:
    for number in range(60):
        make_user(f"Extra {number:02}")
    first, second = desk.get(reverse("people:people")), desk.get(reverse("people:people"), {"page": "2", "q": "e"})
    assert (len(names_in(first)), len(names_in(second))) == (50, 14)
    assert "q=e&amp;page=1" in second.content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_queries_however_long(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for number in range(rows):
        make_user(f"Extra {number}", team=house.team)
    assert queries_of(reverse("people:people") + "?q=Extra") == 9


@pytest.mark.parametrize("rows", [1, 3])
def test_a_person_takes_the_same_queries_however_much_happened(
    house: House, queries_of: Callable[[str], int], rows: int, at: dt.datetime
) -> None:
    for number in range(rows):
        invite(house.newcomer, by=house.coordinator.subject, at=at + dt.timedelta(hours=number + 1))
    assert queries_of(reverse("people:person", args=[house.newcomer.public_id])) == 13  # one asks who looked just now


# --- one person -------------------------------------------------------------------------------------------------------------
def test_a_persons_page(house: House, desk: Client) -> None:
    text = desk.get(reverse("people:person", args=[house.newcomer.public_id])).content.decode()
    for words in (
        "Maya Okafor",
        "maya@example.org",
        "Kitchen",
        "Denise Whitaker",
        "Send a new invitation",
        "What happened",
    ):
        assert words in text


def test_panels_of_other_apps_stand_on_the_page_and_are_escaped(
    house: House, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "_panels", [])
    panels.register_panel(lambda request, person: f"<b>Courses of {person.name}</b>")
    panels.register_panel(lambda request, person: "")
    text = desk.get(reverse("people:person", args=[house.newcomer.public_id])).content.decode()
    assert "&lt;b&gt;Courses of Maya Okafor&lt;/b&gt;" in text


def test_adding_a_person_and_inviting_them(house: House, desk: Client) -> None:
    response = desk.post(
        reverse("people:add_person"),
        filled(house, team=str(house.team.public_id), hire_date="2026-11-02", invite_now="on"),
    )
    added = User.objects.get(name="Ana Lima")
    assert response.headers["Location"] == reverse("people:person", args=[added.public_id])
    assert (added.team, added.hire_date, added.is_coordinator, added.joined_at) == (
        house.team,
        dt.date(2026, 11, 2),
        False,
        None,
    )
    events = events_of(added.subject)
    assert [event.kind for event in events] == ["person.added", "team.joined", "person.invited"]
    assert {event.actor for event in events} == {str(house.coordinator.subject)}
    assert all("identity" in json.loads(event.payload) for event in events)
    assert Message.objects.filter(recipient=added, kind="invitation").count() == 1


def test_adding_without_inviting_writes_to_nobody(house: House, desk: Client) -> None:
    desk.post(reverse("people:add_person"), filled(house))
    desk.post(reverse("people:add_person"), filled(house, name="No Address", email="", invite_now="on"))
    assert Message.objects.count() == 1  # that of the newcomer
    assert User.objects.get(name="No Address").email is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Type the name as it should be printed on certificates."),
        ({"name": "山田"}, "The certificate cannot show"),
        ({"name": "Ana\u202eLima"}, "hidden character"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"email": "MAYA@example.org"}, "Maya Okafor already has this email address."),
        ({"email": "a@example.org, b@example.org"}, "This is not one complete email address"),
        ({"email": "ana@example.org\r\nBcc: evil@example.org"}, "This is not one complete email address"),
        ({"site": ""}, "Choose the site where this person works."),
        ({"site": "999999"}, "Choose a site from the list."),
        ({"category": "boss"}, "Select a valid choice"),
        ({"hire_date": "yesterday"}, "Give the day as month, day and year"),
        ({"team": "elsewhere"}, "This team is at another site."),
        ({"team": "junk"}, "Choose one from the list."),
    ],
)
def test_errors_say_what_to_do_and_keep_what_was_typed(
    house: House, desk: Client, changes: dict[str, str], sentence: str
) -> None:
    if changes.get("team") == "elsewhere":
        changes = {"team": str(house.elsewhere.public_id)}
    before = User.objects.count()
    response = desk.post(reverse("people:add_person"), filled(house, job_role="Kept words", **changes))
    text = response.content.decode()
    assert (response.status_code, User.objects.count()) == (422, before)
    assert escape(sentence) in text
    assert "<title>Error: " in text
    assert "Kept words" in text


def test_editing_a_person(house: House, desk: Client) -> None:
    response = desk.post(
        reverse("people:edit_person", args=[house.ordinary.public_id]),
        filled(
            house,
            name="Darnell Hughes-Lee",
            email="darnell@example.org",
            category="staff",
            team=str(house.below.public_id),
            working_days=["6", "7"],
        ),
        follow=True,
    )
    house.ordinary.refresh_from_db()
    assert (house.ordinary.name, house.ordinary.team) == ("Darnell Hughes-Lee", house.below)
    assert house.ordinary.working_days == "67"
    assert "Saturday, Sunday" in response.content.decode()
    assert [event.kind for event in events_of(house.ordinary.subject)] == ["team.left", "team.joined", "person.changed"]
    assert "The details of Darnell Hughes-Lee are saved." in response.content.decode()


def test_an_edit_leaves_alone_what_somebody_else_changed_meanwhile(house: House, desk: Client) -> None:
    """The page was open while a role was given and the person was moved; then a phone number was typed into it."""
    url = reverse("people:edit_person", args=[house.ordinary.public_id])
    fields = desk.get(url).context["form"]
    sent = {name: fields[name].value() for name in fields.fields}
    sent = {name: "" if value is None else value for name, value in sent.items() if value is not False}
    change_person(house.ordinary, is_administrator=True, team=house.below, job_role="Cook", by=SYSTEM, at=clock.now())
    assert desk.post(url, {**sent, "phone": "555-0100"}).status_code == 302
    house.ordinary.refresh_from_db()
    now = house.ordinary
    assert (now.phone, now.is_administrator, now.team, now.job_role) == ("555-0100", True, house.below, "Cook")
    without = json.loads(str(sent["shown"]))
    del without["is_administrator"]
    assert desk.post(url, {**sent, "shown": json.dumps(without), "phone": "555-0101"}).status_code == 302
    house.ordinary.refresh_from_db()
    assert house.ordinary.is_administrator, "a role whose box was not on the page stays"
    assert desk.post(url, {**sent, "job_role": "Driver", "shown": "nonsense"}).status_code == 302
    house.ordinary.refresh_from_db()
    assert house.ordinary.job_role == "Driver"


def test_the_heading_of_a_failed_edit_keeps_the_stored_name(house: House, desk: Client) -> None:
    url = reverse("people:edit_person", args=[house.ordinary.public_id])
    response = desk.post(url, filled(house, name="Typed Name", email="maya@example.org"))
    assert "<h1>Edit <bdi>Darnell Hughes</bdi></h1>" in response.content.decode()


def test_fields_that_are_not_on_the_form_are_ignored(house: House, desk: Client) -> None:
    before = User.objects.values("subject", "public_id", "password", "is_active", "joined_at").get(pk=house.ordinary.pk)
    desk.post(
        reverse("people:edit_person", args=[house.ordinary.public_id]),
        filled(
            house,
            name="New Name",
            email="darnell@example.org",
            subject="00000000-0000-4000-8000-000000000000",
            public_id="00000000-0000-4000-8000-000000000000",
            password="x",
            is_active="",
            joined_at="",
            id=str(house.coordinator.pk),
        ),
    )
    assert (
        User.objects.values("subject", "public_id", "password", "is_active", "joined_at").get(pk=house.ordinary.pk)
        == before
    )
    assert User.objects.get(pk=house.ordinary.pk).name == "New Name"


def test_the_last_coordinator_keeps_the_role_and_the_account(house: House, desk: Client) -> None:
    person = house.coordinator
    edited = desk.post(
        reverse("people:edit_person", args=[person.public_id]),
        filled(house, name=person.name, email=person.email or ""),
    )
    closed = desk.post(reverse("people:deactivate", args=[person.public_id]), {"reason": "left"})
    for response in (edited, closed):
        assert response.status_code == 422
        assert "This is the last active coordinator." in response.content.decode()
    person.refresh_from_db()
    assert (person.is_coordinator, person.is_active) == (True, True)


def test_inviting_again_and_why_not(house: House, desk: Client) -> None:
    first = Invitation.objects.get(user=house.newcomer)
    desk.post(reverse("people:invite", args=[house.newcomer.public_id]))
    first.refresh_from_db()
    assert first.state == "ended"
    assert Invitation.objects.filter(user=house.newcomer, state="open").count() == 1
    nobody = make_user("Without Mail", email=None, joined_at=None)
    page = reverse("people:person", args=[nobody.public_id])
    assert "no invitation can reach this person" in desk.get(page).content.decode()
    text = desk.post(reverse("people:invite", args=[nobody.public_id]), follow=True).content.decode()
    assert "This person has no email address" in text
    assert Invitation.objects.filter(user=nobody).count() == 0


def test_deactivating_asks_first_and_needs_a_reason(house: House, desk: Client) -> None:
    url = reverse("people:deactivate", args=[house.supervisor.public_id])
    page = desk.get(url).content.decode()
    assert "Nothing is deleted" in page
    assert "Day team" in page
    refused = desk.post(url, {})
    assert (refused.status_code, "Choose a reason." in refused.content.decode()) == (422, True)
    house.supervisor.refresh_from_db()
    assert house.supervisor.is_active
    desk.post(url, {"reason": "left"})
    house.supervisor.refresh_from_db()
    assert not house.supervisor.is_active
    assert "Reactivate" in desk.get(reverse("people:person", args=[house.supervisor.public_id])).content.decode()
    assert desk.get(url).status_code == 302


def test_reactivating(house: House, desk: Client, at: dt.datetime) -> None:
    deactivate(house.ordinary, "leave", by=SYSTEM, at=at)
    url = reverse("people:reactivate", args=[house.ordinary.public_id])
    assert "with the password they had" in desk.get(url).content.decode()
    house.ordinary.refresh_from_db()
    assert not house.ordinary.is_active
    desk.post(url)
    house.ordinary.refresh_from_db()
    assert house.ordinary.is_active
    assert desk.post(url).status_code == 302  # pressing twice is harmless


NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7|add:7 }}'


def test_names_are_shown_as_text(house: House, desk: Client) -> None:
    User.objects.filter(pk=house.newcomer.pk).update(name=NASTY, job_role=NASTY, latin_name=NASTY)
    type(house.below).objects.filter(pk=house.below.pk).update(name=NASTY[:80])
    type(house.site).objects.filter(pk=house.site.pk).update(name=NASTY[:80])
    person = house.newcomer.public_id
    for url in (
        reverse("people:people"),
        reverse("people:person", args=[person]),
        reverse("people:edit_person", args=[person]),
        reverse("people:deactivate", args=[person]),
        reverse("people:teams"),
        reverse("people:team", args=[house.below.public_id]),
        reverse("people:sites"),
        reverse("people:messages"),
        reverse("people:message", args=[house.message.public_id]),
    ):
        text = desk.get(url).content.decode()
        assert "<script>alert" not in text, url
        assert "<img src=x" not in text, url
        assert "&lt;script&gt;alert(1)" in text, url


def test_saying_it_back_in_a_notice_is_text_too(house: House, desk: Client) -> None:
    User.objects.filter(pk=house.newcomer.pk).update(name=NASTY)
    response = desk.post(reverse("people:deactivate", args=[house.newcomer.public_id]), {"reason": "left"}, follow=True)
    text = response.content.decode()
    assert "<script>alert" not in text
    assert "is deactivated. The training record stays as it is." in text


def test_an_employee_number_belongs_to_one_person(house: House, desk: Client) -> None:
    User.objects.filter(pk=house.ordinary.pk).update(employee_number="E7")
    sent = {"name": "New One", "site": str(house.site.pk), "category": "staff", "working_days": list("12345")}
    response = desk.post(reverse("people:add_person"), {**sent, "employee_number": " e7 "})
    assert response.status_code == 422
    assert "Darnell Hughes already has this employee number." in response.content.decode()
    response = desk.post(
        reverse("people:add_person"), {**sent, "employee_number": "E8", "own_zone": "America/New_York"}
    )
    assert response.status_code == 302
    added = User.objects.get(employee_number="E8")
    assert added.zone == "America/New_York"
    page = desk.get(reverse("people:person", args=[added.public_id])).content.decode()
    assert "E8" in page
    assert "New York time, instead of the site" in page
    assert list(desk.get(reverse("people:people") + "?q=e8").context["page"].object_list) == [added]
