"""The profile and the invitation page."""

import datetime as dt
import json
import re

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.outbox import preferences
from lms.outbox.models import Message
from lms.people.actions import people
from lms.people.actions.invitations import invite, open_link
from lms.people.adapter import AccountAdapter
from lms.people.models import Invitation, User
from lms.record.actions import SYSTEM
from lms.record.models import TrainingEvent
from lms.record.queries import events_of
from tests.factories import make_user
from tests.people.conftest import House

PASSWORD = "seven quiet river stones"


@pytest.fixture
def newcomer(db: None) -> User:
    return make_user("Maya Okafor", email="maya.okafor@example.org", joined_at=None)


@pytest.fixture
def link(newcomer: User) -> str:
    """The path of a fresh link."""
    now = clock.now()
    url = open_link(invite(newcomer, by=SYSTEM, at=now), now)
    return "/" + url.split("/", 3)[3]


def both(password: str) -> dict[str, str]:
    return {"password": password, "again": password}


# --- profile ------------------------------------------------------------------------------------------------------------------
def test_the_profile_shows_what_is_known_and_whom_to_ask(house: House) -> None:
    text = house.client("ordinary").get(reverse("people:profile")).content.decode()
    for words in ("Darnell Hughes", "darnell@example.org", "Priya Raman", "Change password"):
        assert words in text


def test_the_profile_is_for_people_who_are_signed_in(client: Client, db: None) -> None:
    assert client.get(reverse("people:profile")).headers["Location"] == "/account/login/?next=/account/profile/"


@pytest.mark.parametrize(("sent", "stored"), [("dark", "dark"), ("contrast", "contrast"), ("system", "")])
def test_choosing_the_look(house: House, sent: str, stored: str) -> None:
    User.objects.filter(pk=house.ordinary.pk).update(theme="light")
    client = house.client("ordinary")
    client.post(reverse("people:profile"), {"theme": sent})
    assert User.objects.get(pk=house.ordinary.pk).theme == stored
    text = client.get(reverse("people:profile")).content.decode()
    assert (f'data-bs-theme="{stored}"' in text) is bool(stored)


def test_nobody_changes_more_than_the_look(house: House) -> None:
    client = house.client("ordinary")
    before = vars(User.objects.get(pk=house.ordinary.pk))
    response = client.post(
        reverse("people:profile"),
        {
            "theme": "dark",
            "name": "Somebody Else",
            "email": "else@example.org",
            "is_coordinator": "on",
            "subject": "00000000-0000-4000-8000-000000000000",
            "public_id": "00000000-0000-4000-8000-000000000000",
            "team": str(house.below.public_id),
        },
    )
    assert response.status_code == 302
    after = vars(User.objects.get(pk=house.ordinary.pk))
    assert {field for field in after if after[field] != before[field]} - {"_state"} == {"theme"}


@pytest.mark.parametrize("theme", ["pink", "", "Dark"])
def test_an_unknown_look_is_refused(house: House, theme: str) -> None:
    assert house.client("ordinary").post(reverse("people:profile"), {"theme": theme}).status_code == 422
    assert User.objects.get(pk=house.ordinary.pk).theme == ""


@pytest.mark.parametrize(("sent", "stored"), [(["5", "1"], "15"), (["7", "7"], "7"), (list("1234567"), "1234567")])
def test_choosing_the_days_for_mail(house: House, sent: list[str], stored: str) -> None:
    client = house.client("ordinary")
    page = client.get(reverse("people:profile")).content.decode()
    assert re.findall(r'value="(\d)"[^>]* checked', page) == list("12345")
    client.post(reverse("people:working_days"), {"working_days": sent, "theme": "dark"})
    fresh = User.objects.get(pk=house.ordinary.pk)
    assert (fresh.working_days, fresh.theme) == (stored, "")
    newest = events_of(house.ordinary.subject)[-1]
    assert (newest.kind, newest.actor) == ("person.changed", str(house.ordinary.subject))
    assert json.loads(newest.payload)["changed"] == ["working_days"]
    page = client.get(reverse("people:profile")).content.decode()
    assert re.findall(r'value="(\d)"[^>]* checked', page) == list(stored)


@pytest.mark.parametrize("sent", [[], ["8"], ["1", "x"]])
def test_days_that_are_none_are_refused(house: House, sent: list[str]) -> None:
    response = house.client("ordinary").post(reverse("people:working_days"), {"working_days": sent})
    assert response.status_code == 422
    words = "Choose days from the list." if sent else "Choose at least one day on which mail may come."
    assert words in response.content.decode()
    assert User.objects.get(pk=house.ordinary.pk).working_days == "12345"


def test_the_days_are_for_people_who_are_signed_in(client: Client, db: None) -> None:
    response = client.post(reverse("people:working_days"), {"working_days": ["1"]})
    assert response.headers["Location"].startswith("/account/login/")


# --- which mail ---------------------------------------------------------------------------------------------------------------
def test_the_profile_lists_what_can_be_switched_off_and_why_the_rest_comes(house: House) -> None:
    response = house.client("ordinary").get(reverse("people:profile"))
    text = response.content.decode()
    assert [value for value, _ in response.context["mail"].fields["kinds"].choices] == [
        "attempt_unfinished",
        "certificate_ready",
        "dispute_answered",
        "renewal_opens",
        "result_raised",
    ]
    assert response.context["mail"]["kinds"].value() == [
        "attempt_unfinished", "certificate_ready", "dispute_answered", "renewal_opens", "result_raised",
    ]  # fmt: skip
    assert re.search(r"Because \S[^.<]* requires a course of you\.", text)
    assert "this course" not in text
    assert "you coordinate training" not in text


def test_mail_about_a_role_is_listed_for_those_who_have_it(house: House) -> None:
    def listed(role: str) -> set[str]:
        response = house.client(role).get(reverse("people:profile"))
        return {label for _, labels in response.context["compulsory"] for label in labels}

    everybody = {
        "A supervisor asks about a course",
        "Another attempt opened",
        "Course assigned",
        "Due soon",
        "Has run out",
        "Runs out soon",
        "Invitation",
        "Overdue",
        "Password reset",
    }
    assert listed("ordinary") == everybody
    helping = {"Somebody used all attempts", "Somebody answered a reminder", "Somebody is overdue"}
    assert listed("supervisor") == everybody | helping
    assert listed("coordinator") == everybody | helping | {"A question is disputed"}


def test_choosing_which_mail_one_gets(house: House) -> None:
    client, url = house.client("ordinary"), reverse("people:mail_kinds")
    assert client.post(url, {"kinds": ["result_raised"]}).headers["Location"] == reverse("people:profile")
    assert preferences.off(house.ordinary) == {
        "attempt_unfinished", "certificate_ready", "dispute_answered", "renewal_opens",
    }  # fmt: skip
    assert preferences.off(house.supervisor) == set()
    shown = client.get(reverse("people:profile")).context["mail"]["kinds"].value()
    assert shown == ["result_raised"]
    everything = ["attempt_unfinished", "certificate_ready", "dispute_answered", "renewal_opens", "result_raised"]
    client.post(url, {"kinds": everything})
    assert preferences.off(house.ordinary) == set()


@pytest.mark.parametrize("kind", ["overdue", "review_opened", "junk"])
def test_what_is_required_cannot_be_chosen(house: House, kind: str) -> None:
    response = house.client("ordinary").post(reverse("people:mail_kinds"), {"kinds": [kind]})
    assert response.status_code == 422
    assert preferences.off(house.ordinary) == set()


def test_the_choice_of_mail_is_for_people_who_are_signed_in(house: House) -> None:
    response = house.client("stranger").post(reverse("people:mail_kinds"), {"kinds": []})
    assert response.headers["Location"].startswith("/account/login/")
    assert house.client("ordinary").get(reverse("people:mail_kinds")).status_code == 405


# --- invitation ---------------------------------------------------------------------------------------------------------------
def test_opening_a_link_changes_nothing_however_often(client: Client, link: str) -> None:
    before = (list(User.objects.values()), list(Invitation.objects.values()), TrainingEvent.objects.count())
    for _ in range(3):
        response = client.get(link)
        assert response.status_code == 200
    assert client.head(link).status_code == 200
    assert (list(User.objects.values()), list(Invitation.objects.values()), TrainingEvent.objects.count()) == before
    assert Session.objects.count() == 0
    text = response.content.decode()
    assert "Maya Okafor" in text
    assert "maya.okafor@example.org" in text


def test_a_link_tells_nobody_its_secret(client: Client, link: str) -> None:
    response = client.get(link)
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert '<meta name="robots" content="noindex, nofollow">' in response.content.decode()
    assert link not in response.content.decode()


def test_accepting_signs_in_and_uses_the_link_up(client: Client, link: str, newcomer: User) -> None:
    response = client.post(link, both(PASSWORD))
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.get(reverse("people:profile")).context["request"].user == newcomer
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)
    again = Client().get(link)
    assert again.status_code == 404
    assert "This link was used already" in again.content.decode()
    assert Client().post(link, both("another long password")).status_code == 404
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)


def test_a_link_needs_the_token_of_the_form(link: str, newcomer: User) -> None:
    assert Client(enforce_csrf_checks=True).post(link, both(PASSWORD)).status_code == 403
    newcomer.refresh_from_db()
    assert newcomer.joined_at is None


def test_no_log_holds_a_link(link: str, caplog: pytest.LogCaptureFixture) -> None:
    Client(enforce_csrf_checks=True).post(link, both(PASSWORD))
    Client().post(link, both("short"))
    Client().delete(link)
    Client().post(link, both(PASSWORD))
    Client().get(link)
    token = link.split("/")[2]
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("django.")]
    assert len([line for line in lines if "/invitation/[hidden]/" in line]) == 4
    assert token not in "".join(lines)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (both("short"), "at least 12 characters"),
        (both("maya okafor 12"), "too similar"),
        (both("password1234"), "too common"),
        ({"password": PASSWORD, "again": "something else"}, "The two passwords differ."),
        ({}, "Choose a password."),
        (both("x" * 129), "at most 128 characters"),
    ],
)
def test_a_weak_password_leaves_the_link_open(client: Client, link: str, data: dict[str, str], sentence: str) -> None:
    response = client.post(link, data)
    text = response.content.decode()
    assert response.status_code == 422
    assert sentence in text
    assert PASSWORD not in text
    assert client.post(link, both(PASSWORD)).status_code == 302


def test_fields_that_are_not_on_the_form_are_ignored(client: Client, link: str, newcomer: User) -> None:
    client.post(link, {**both(PASSWORD), "is_coordinator": "on", "email": "evil@example.org", "user": "1"})
    newcomer.refresh_from_db()
    assert (newcomer.is_coordinator, newcomer.email) == (False, "maya.okafor@example.org")


def test_links_that_do_not_work_say_what_to_do(client: Client, link: str, newcomer: User) -> None:
    now = clock.now()
    for path in ("/invitation/no-such-token/", "/invitation/" + "x" * 3000 + "/", "/invitation/%00/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "It may be incomplete" in response.content.decode()
    with time_machine.travel(now + dt.timedelta(days=7, seconds=5), tick=False):
        response = client.get(link)
        assert response.status_code == 404
        assert "It was good for 7 days" in response.content.decode()
        assert client.post(link, both(PASSWORD)).status_code == 404
    invite(newcomer, by=SYSTEM, at=now)
    response = client.get(link)
    assert response.status_code == 404
    assert "A newer invitation took its place" in response.content.decode()


def test_somebody_else_who_is_signed_in_is_told_and_signed_out(house: House, link: str, newcomer: User) -> None:
    client = house.client("ordinary")
    assert "Darnell Hughes</bdi> is signed in on this device" in client.get(link).content.decode()
    client.post(link, both(PASSWORD))
    assert client.get(reverse("people:profile")).context["request"].user == newcomer


def test_the_person_signs_in_with_the_password_afterwards(client: Client, link: str) -> None:
    cache.clear()
    client.post(link, both(PASSWORD))
    fresh = Client()
    response = fresh.post(reverse("account_login"), {"login": "Maya.Okafor@Example.org", "password": PASSWORD})
    assert response.status_code == 302
    assert fresh.get(reverse("people:profile")).status_code == 200


# --- sign-in and password ---------------------------------------------------------------------------------------------------------
def test_slips_of_others_at_the_same_address_lock_nobody_out(client: Client, house: House) -> None:
    cache.clear()
    house.ordinary.set_password(PASSWORD)
    house.ordinary.save()
    for number in range(30):
        client.post(reverse("account_login"), {"login": f"nobody{number}@example.org", "password": "a wrong password"})
    response = client.post(reverse("account_login"), {"login": "darnell@example.org", "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_guesses_at_one_account_are_stopped(client: Client, house: House) -> None:
    cache.clear()
    house.ordinary.set_password(PASSWORD)
    house.ordinary.save()
    for _ in range(5):
        client.post(reverse("account_login"), {"login": "darnell@example.org", "password": "a wrong password"})
    response = client.post(reverse("account_login"), {"login": "darnell@example.org", "password": PASSWORD})
    assert response.status_code == 200
    assert "too many tries to sign in" in response.content.decode()


def test_a_changed_password_leads_to_sign_in_and_then_home(client: Client, house: House) -> None:
    house.ordinary.set_password(PASSWORD)
    house.ordinary.save()
    client.force_login(house.ordinary)
    other = house.client("ordinary")
    new = "eight quiet river stones"
    response = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )
    assert response.redirect_chain == [("/", 302), ("/account/login/?next=/", 302)]
    assert "Your new password is set." in response.content.decode()
    assert other.get(reverse("people:profile")).status_code == 302


def test_no_log_holds_a_link_to_a_new_password(db: None, caplog: pytest.LogCaptureFixture) -> None:
    link = "/account/password/reset/key/1-abcdef-0123456789/"
    Client(enforce_csrf_checks=True).post(link)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("django.")]
    assert any("/account/password/reset/key/[hidden]/" in line for line in lines)
    assert "0123456789" not in "".join(lines)


def test_a_stranger_cannot_flood_somebody_with_mail_about_a_password(client: Client, house: House) -> None:
    cache.clear()
    house.ordinary.set_password(PASSWORD)
    house.ordinary.save()
    start = clock.now()
    for minutes in range(10):
        with time_machine.travel(start + dt.timedelta(minutes=2 * minutes)):
            client.post(reverse("account_reset_password"), {"email": "darnell@example.org"})
    assert Message.objects.filter(kind="password_reset", recipient=house.ordinary).count() == 5


# --- name and zone ----------------------------------------------------------------------------------------------------
def test_a_person_corrects_their_name_and_zone(house: House) -> None:
    client = house.client("ordinary")
    page = client.get(reverse("people:profile")).content.decode()
    assert "Those that you have keep the name they were printed with" in page
    response = client.post(reverse("people:details"), {"name": "  Darnell  J. Hughes ", "own_zone": "America/New_York"})
    assert response.status_code == 302
    user = User.objects.get(pk=house.ordinary.pk)
    assert (user.name, user.own_zone, user.zone) == ("Darnell J. Hughes", "America/New_York", "America/New_York")
    event = events_of(user.subject)[-1]
    assert (event.kind, event.actor) == ("person.changed", str(user.subject))
    payload = json.loads(event.payload)
    assert payload["changed"] == ["name", "own_zone"]
    assert payload["zone"] == {"from": "America/Denver", "to": "America/New_York"}
    client.post(reverse("people:details"), {"name": "Darnell J. Hughes", "own_zone": ""})
    assert User.objects.get(pk=user.pk).zone == "America/Denver"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": "", "own_zone": ""}, "Type your name as it should be printed"),
        ({"name": "小林", "own_zone": ""}, "The certificate cannot show"),
        ({"name": "x" * 121, "own_zone": ""}, "at most 120 characters"),
        ({"name": "Darnell", "own_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_a_name_or_zone_that_cannot_be(house: House, sent: dict[str, str], sentence: str) -> None:
    response = house.client("ordinary").post(reverse("people:details"), sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert User.objects.get(pk=house.ordinary.pk).name == "Darnell Hughes"
    assert not TrainingEvent.objects.filter(subject=house.ordinary.subject).exists()


def test_nothing_but_name_and_zone_is_changed_there(house: House) -> None:
    sent = {
        "name": "Darnell Hughes",
        "own_zone": "",
        "email": "else@example.org",
        "is_coordinator": "on",
        "job_role": "Boss",
    }
    assert house.client("ordinary").post(reverse("people:details"), sent).status_code == 302
    user = User.objects.get(pk=house.ordinary.pk)
    assert (user.email, user.is_coordinator, user.job_role) == ("darnell@example.org", False, "")


def test_a_new_password_brings_nothing_else_back(house: House, at: dt.datetime) -> None:
    """Hashing takes time: whoever was deactivated and moved meanwhile stays so."""
    stale = User.objects.get(pk=house.ordinary.pk)
    people.change_person(house.ordinary, job_role="Cook", by=SYSTEM, at=at)
    people.deactivate(house.ordinary, "Left", by=SYSTEM, at=at)
    AccountAdapter().set_password(stale, "another long pass phrase")
    now = User.objects.get(pk=stale.pk)
    assert (now.is_active, now.job_role) == (False, "Cook")
    assert now.check_password("another long pass phrase")


def test_a_change_keeps_a_password_that_was_set_meanwhile(
    house: House, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = User.full_clean

    def meanwhile(self: User, *args: object, **more: object) -> None:
        check(self, *args, **more)  # type: ignore[arg-type]
        User.objects.filter(pk=self.pk).update(password="set meanwhile")

    monkeypatch.setattr(User, "full_clean", meanwhile)
    people.change_person(house.ordinary, job_role="Cook", by=SYSTEM, at=at)
    assert User.objects.get(pk=house.ordinary.pk).password == "set meanwhile"
