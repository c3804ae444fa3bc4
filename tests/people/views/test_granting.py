"""Who may give which role to whom, in the form about a person; and what an administrator may change about somebody."""

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from lms.people.actions.organization import start_supervising
from lms.people.actions.people import add_person, change_person
from lms.people.models import User
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from tests import factories

pytestmark = pytest.mark.django_db
FLAGS = ("is_coordinator", "is_auditor", "is_administrator")


@pytest.fixture
def maya() -> User:
    return factories.make_user("Maya Okafor", email="maya@example.org", hire_date=dt.date(2026, 1, 5))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def edit(person: User) -> str:
    return reverse("people:edit_person", args=[person.public_id])


def details(person: User, **changes: str) -> dict[str, str]:
    """The form as it is filled in when nothing was changed; a role that is held is ticked."""
    plain = {
        "name": person.name,
        "email": person.email or "",
        "hire_date": str(person.hire_date or ""),
        "category": person.category,
        "site": str(person.site_id),
        "working_days": list(person.working_days),
        **{flag: "on" for flag in FLAGS if getattr(person, flag)},
    }
    return {**plain, **changes}  # type: ignore[dict-item]


def flags(person: User) -> set[str]:
    fresh = User.objects.get(pk=person.pk)
    return {flag for flag in FLAGS if getattr(fresh, flag)}


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("giver", ["coordinator", "administrator"])
def test_office_gives_and_takes_a_role_and_it_stands_in_the_record(maya: User, flag: str, giver: str) -> None:
    office = {"coordinator": factories.make_coordinator, "administrator": factories.make_administrator}[giver]()
    if giver == "administrator":
        factories.make_coordinator()
    client = client_of(office)
    assert client.post(edit(maya), details(maya, **{flag: "on"})).status_code == 302
    assert flags(maya) == {flag}
    maya.refresh_from_db()
    taken = details(maya)
    del taken[flag]
    assert client.post(edit(maya), taken).status_code == 302
    assert flags(maya) == set()
    events = TrainingEvent.objects.filter(subject=maya.subject, kind=EventKind.ROLE_CHANGED).order_by("seq")
    name = flag.removeprefix("is_")
    assert [json.loads(event.payload)[name] for event in events] == [
        {"from": False, "to": True},
        {"from": True, "to": False},
    ]
    assert {event.actor for event in events} == {str(office.subject)}


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("role", ["learner", "supervisor", "auditor"])
def test_nobody_else_gives_a_role(maya: User, flag: str, role: str) -> None:
    team = factories.make_team()
    User.objects.filter(pk=maya.pk).update(team=team)
    makers = {
        "learner": factories.make_user,
        "supervisor": lambda: factories.make_supervisor(team),
        "auditor": factories.make_auditor,
    }
    client = client_of(makers[role]())
    assert client.get(edit(maya)).status_code == 404
    assert client.post(edit(maya), details(maya, **{flag: "on"})).status_code == 404
    assert flags(maya) == set()


@pytest.mark.parametrize("flag", ["is_coordinator", "is_auditor"])
def test_an_administrator_gives_no_role_to_themselves(flag: str) -> None:
    factories.make_coordinator()
    tom = factories.make_administrator(email="tom@example.org")
    client = client_of(tom)
    assert f'name="{flag}"' not in client.get(edit(tom)).content.decode()
    assert client.post(edit(tom), details(tom, **{flag: "on"})).status_code == 302
    assert flags(tom) == {"is_administrator"}


def test_a_role_of_ones_own_can_be_given_up() -> None:
    factories.make_coordinator()
    tom = factories.make_administrator(email="tom@example.org")
    sent = details(tom)
    del sent["is_administrator"]
    assert client_of(tom).post(edit(tom), sent).status_code == 302
    assert flags(tom) == set()


def test_the_last_coordinator_stays_one() -> None:
    """Whoever tries: themselves or an administrator."""
    priya = factories.make_coordinator(email="priya@example.org")
    sent = details(priya)
    del sent["is_coordinator"]
    for who in (priya, factories.make_administrator()):
        answer = client_of(who).post(edit(priya), sent)
        assert answer.status_code == 422
        assert "last active coordinator" in answer.content.decode()
    assert flags(priya) == {"is_coordinator"}


def test_an_administrator_changes_address_and_roles_and_nothing_else(maya: User) -> None:
    factories.make_coordinator()
    client = client_of(factories.make_administrator())
    text = client.get(edit(maya)).content.decode()
    assert 'name="email"' in text
    for field in ("name", "latin_name", "hire_date", "category", "job_role", "site", "team", "working_days"):
        assert f' name="{field}"' not in text, field
    sent = details(maya, name="Somebody Else", email="new@example.org", hire_date="2020-01-01", job_role="Boss")
    assert client.post(edit(maya), sent).status_code == 302
    fresh = User.objects.get(pk=maya.pk)
    assert (fresh.name, fresh.email, fresh.hire_date, fresh.job_role) == (
        "Maya Okafor",
        "new@example.org",
        dt.date(2026, 1, 5),
        "",
    )


@pytest.mark.parametrize("other", ["is_coordinator", "is_administrator"])
def test_an_auditor_holds_no_role_that_changes_something(maya: User, other: str) -> None:
    client = client_of(factories.make_coordinator())
    answer = client.post(edit(maya), details(maya, is_auditor="on", **{other: "on"}))
    assert answer.status_code == 422
    assert "An auditor changes nothing" in answer.content.decode()
    assert flags(maya) == set()


def test_an_auditor_supervises_nobody_and_a_supervisor_does_not_become_one(maya: User, at: dt.datetime) -> None:
    team = factories.make_team()
    with pytest.raises(ValidationError, match="auditor"):
        start_supervising(team, factories.make_auditor(), by=SYSTEM, at=at)
    start_supervising(team, maya, by=SYSTEM, at=at)
    with pytest.raises(ValidationError, match="supervises a team"):
        change_person(maya, is_auditor=True, by=SYSTEM, at=at)
    assert flags(maya) == set()


def test_roles_stand_in_the_event_of_a_new_person(at: dt.datetime) -> None:
    person = add_person(name="Noor Haddad", site=factories.make_site(), is_auditor=True, by=SYSTEM, at=at)
    payload = json.loads(TrainingEvent.objects.get(subject=person.subject, kind=EventKind.PERSON_ADDED).payload)
    assert (payload["coordinator"], payload["auditor"], payload["administrator"]) == (False, True, False)


@pytest.mark.parametrize(
    ("maker", "first"),
    [
        (factories.make_user, "my_training"),
        (lambda: factories.make_supervisor(factories.make_team()), "today"),
        (factories.make_coordinator, "people:overview"),
        (factories.make_auditor, "team"),
        (factories.make_administrator, "system_health"),
    ],
)
def test_each_role_has_its_first_page(maker: object, first: str) -> None:
    client = client_of(maker())  # type: ignore[operator]
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, reverse(first))
    assert client.get(reverse(first)).status_code == 200


def test_navigation_leads_an_auditor_and_an_administrator_only_where_they_may_go(maya: User) -> None:
    for maker, there, absent in (
        (factories.make_auditor, ("people:people", "requirements", "certificates", "people:messages"), ("people:overview", "people:teams", "system_health", "batches", "people:looks")),
        (factories.make_administrator, ("people:people", "people:messages", "people:organization", "system_health"), ("people:overview", "requirements", "certificates", "people:looks")),
    ):  # fmt: skip
        text = client_of(maker()).get(reverse("people:people")).content.decode()
        for name in there:
            assert f'href="{reverse(name)}"' in text, name
        for name in absent:
            assert f'href="{reverse(name)}"' not in text, name
