"""Adding, changing, deactivating and reactivating people, and the record that each leaves."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client

from lms.people import hooks
from lms.people.actions import invitations
from lms.people.actions.identity import snapshot_of
from lms.people.actions.people import LAST_COORDINATOR, add_person, change_person, deactivate, reactivate
from lms.people.enums import Category
from lms.people.models import InvitationState, Supervision, User
from lms.record.actions import SYSTEM
from lms.record.models import IdentitySnapshot, TrainingEvent
from lms.record.queries import events_of, faults
from tests.factories import PASSWORD, make_coordinator, make_site, make_supervisor, make_team, make_user

pytestmark = pytest.mark.django_db


def kinds_of(user: User) -> list[str]:
    return [event.kind for event in events_of(user.subject)]


def last(user: User) -> tuple[TrainingEvent, dict[str, Any]]:
    event = events_of(user.subject)[-1]
    return event, json.loads(event.payload)


def test_adding_a_person_writes_the_record_with_a_snapshot(at: dt.datetime) -> None:
    coordinator = make_coordinator()
    team = make_team("Night team")
    supervisor = make_supervisor(team, name="Denise Whitaker")
    user = add_person(
        name="  Maya   Okafor ",
        site=team.site,
        team=team,
        email=" Maya@Example.org ",
        hire_date=dt.date(2026, 11, 2),
        category=Category.VOLUNTEER,
        job_role="Kitchen volunteer",
        by=coordinator.subject,
        at=at,
    )
    user.refresh_from_db()
    assert (user.name, user.email, user.joined_at, user.has_usable_password()) == (
        "Maya Okafor",
        "maya@example.org",
        None,
        False,
    )
    assert kinds_of(user) == ["person.added", "team.joined"]
    event, payload = last(user)
    assert (event.actor, event.effective_at, payload["team"]) == (str(coordinator.subject), at, str(team.public_id))
    first = json.loads(events_of(user.subject)[0].payload)
    assert (first["category"], first["hire_date"], first["site"], first["coordinator"]) == (
        "volunteer",
        "2026-11-02",
        team.site.pk,
        False,
    )
    assert first["identity"] == payload["identity"]
    assert IdentitySnapshot.objects.get(hash=payload["identity"]).fields == {
        "name": "Maya Okafor",
        "latin_name": "",
        "email": "maya@example.org",
        "category": "volunteer",
        "job_role": "Kitchen volunteer",
        "site": "Eastgate House",
        "team": "Night team",
        "supervisors": [supervisor.name],
    }
    assert list(faults(user.subject)) == []


def test_no_name_stands_in_an_event(at: dt.datetime) -> None:
    user = add_person(name="Maya Okafor", email="maya@example.org", job_role="Cook", site=make_site(), by=SYSTEM, at=at)
    change_person(user, name="Maya Smith", job_role="Baker", email="smith@example.org", by=SYSTEM, at=at)
    text = "".join(event.payload for event in events_of(user.subject)).lower()
    assert [
        word for word in ("maya", "okafor", "smith", "example.org", "cook", "baker", "eastgate") if word in text
    ] == []


def test_each_meaning_is_an_event_of_its_own(at: dt.datetime) -> None:
    old, new = make_team("Day team"), make_team("Night team")
    user = add_person(name="Maya Okafor", site=old.site, team=old, by=SYSTEM, at=at)
    change_person(
        user,
        name="Maya Smith",
        job_role="Cook",
        category="contractor",
        team=new,
        hire_date=dt.date(2026, 1, 5),
        by=SYSTEM,
        at=at,
    )
    events = [(event.kind, json.loads(event.payload)) for event in events_of(user.subject)[2:]]
    for _, payload in events:
        assert (IdentitySnapshot.objects.get(hash=payload.pop("identity")).fields or {})["name"] == "Maya Smith"
    assert events == [
        ("team.left", {"team": str(old.public_id)}),
        ("team.joined", {"team": str(new.public_id)}),
        ("role.changed", {"changed": ["category", "job_role"], "category": {"from": "staff", "to": "contractor"}}),
        ("person.changed", {"changed": ["name", "hire_date"], "hire_date": {"from": None, "to": "2026-01-05"}}),
    ]
    assert (user.name, user.team, user.category) == ("Maya Smith", new, "contractor")


def test_what_is_already_so_writes_nothing(at: dt.datetime) -> None:
    user = make_user("Maya Okafor", email="maya@example.org")
    change_person(user, name="Maya  Okafor", email="MAYA@example.org", job_role="", by=SYSTEM, at=at)
    assert kinds_of(user) == []


def test_the_snapshot_is_reused_until_something_changes(at: dt.datetime) -> None:
    user = make_user("Maya Okafor")
    first, second = snapshot_of(user, at), snapshot_of(user, at)
    change_person(user, job_role="Cook", by=SYSTEM, at=at)
    assert first.pk == second.pk
    assert snapshot_of(user, at).hash != first.hash


def test_unknown_fields_are_refused(at: dt.datetime) -> None:
    user = make_user()
    with pytest.raises(TypeError):
        change_person(user, subject="x", by=SYSTEM, at=at)


@pytest.mark.parametrize("email", ["maya@example.org", "MAYA@Example.ORG", " maya@example.org "])
def test_an_address_belongs_to_one_person(at: dt.datetime, email: str) -> None:
    make_user(email="maya@example.org")
    with pytest.raises(ValidationError) as error:
        add_person(name="Somebody Else", email=email, site=make_site(), by=SYSTEM, at=at)
    assert error.value.messages == ["Somebody already has this email address."]
    assert User.objects.filter(name="Somebody Else").count() == 0


def test_a_name_that_the_fonts_cannot_print_is_refused_with_a_sentence(at: dt.datetime) -> None:
    with pytest.raises(ValidationError) as error:
        add_person(name="山田太郎", site=make_site(), by=SYSTEM, at=at)
    assert "The certificate cannot show" in error.value.message_dict["name"][0]


def test_a_team_of_another_site_is_refused(at: dt.datetime) -> None:
    team = make_team("Far team", site=make_site("Northgate"))
    with pytest.raises(ValidationError) as error:
        add_person(name="Maya Okafor", site=make_site(), team=team, by=SYSTEM, at=at)
    assert "another site" in error.value.message_dict["team"][0]


def test_a_move_to_another_zone_calls_the_hooks_in_the_transaction(
    at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(hooks, "_zone_callbacks", [])
    hooks.on_zone_change(
        lambda user, *, at, by: calls.append(
            (user.pk, user.site.zone, at, by, connection.in_atomic_block, kinds_of(user)[-1])
        )
    )
    user = make_user()
    change_person(user, site=make_site("Westside", "America/New_York"), by=SYSTEM, at=at)
    assert calls == [(user.pk, "America/New_York", at, SYSTEM, True, "person.changed")]
    change_person(user, site=make_site("Southside", "America/New_York"), by=SYSTEM, at=at)
    change_person(user, name="Maya Okafor", by=SYSTEM, at=at)
    assert len(calls) == 1


def test_what_a_hook_raises_undoes_the_change(at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(user: User, *, at: dt.datetime, by: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(hooks, "_zone_callbacks", [])
    hooks.on_zone_change(refuse)
    user = make_user(site=make_site())
    with pytest.raises(RuntimeError), transaction.atomic():
        change_person(user, site=make_site("Westside", "America/New_York"), by=SYSTEM, at=at)
    assert User.objects.get(pk=user.pk).site.name == "Eastgate House"
    assert kinds_of(user) == []


def test_a_new_address_ends_the_invitation_and_forgets_the_old_address(at: dt.datetime) -> None:
    user = make_user("Maya Okafor", joined_at=None)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    invitation = invitations.invite(user, by=SYSTEM, at=at)
    change_person(user, email="new@example.org", by=SYSTEM, at=at)
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.ENDED
    assert EmailAddress.objects.filter(user=user).count() == 0


def test_taking_the_address_away_signs_the_person_out(at: dt.datetime, client: Client) -> None:
    user = make_user()
    client.force_login(user)
    change_person(user, email=None, by=SYSTEM, at=at)
    assert Session.objects.count() == 0


def test_a_deactivated_person_is_out_at_once_and_stays_in_the_record(at: dt.datetime) -> None:
    make_coordinator()
    user = make_user("Maya Okafor", joined_at=None)
    team = make_team("Night team")
    Supervision.objects.create(team=team, supervisor=user, started_at=at)
    other = make_user()
    mine, phone, colleague = Client(), Client(), Client()
    mine.force_login(user)
    phone.force_login(user)
    colleague.force_login(other)
    invitation = invitations.invite(user, by=SYSTEM, at=at)

    deactivate(user, "left", by=SYSTEM, at=at)

    invitation.refresh_from_db()
    assert (user.is_active, user.deactivated_at, invitation.state) == (False, at, InvitationState.ENDED)
    assert Session.objects.count() == 1
    assert mine.get("/account/profile/").status_code == 302
    assert colleague.get("/account/profile/").status_code == 200
    assert not Client().login(email=user.email, password=PASSWORD)
    assert Supervision.objects.get(supervisor=user).ended_at == at
    assert kinds_of(user) == ["person.invited", "supervision.ended", "person.deactivated"]
    assert last(user)[1]["reason"] == "left"


def test_deactivating_twice_writes_once(at: dt.datetime) -> None:
    user = make_user()
    deactivate(user, "left", by=SYSTEM, at=at)
    deactivate(user, "other", by=SYSTEM, at=at + dt.timedelta(days=1))
    assert kinds_of(user) == ["person.deactivated"]
    assert user.deactivated_at == at


def test_reactivating_lets_the_person_in_again(at: dt.datetime) -> None:
    user = make_user()
    deactivate(user, "leave", by=SYSTEM, at=at)
    reactivate(user, by=SYSTEM, at=at + dt.timedelta(days=30))
    reactivate(user, by=SYSTEM, at=at + dt.timedelta(days=31))
    assert kinds_of(user) == ["person.deactivated", "person.reactivated"]
    assert (user.is_active, user.deactivated_at) == (True, None)
    assert Client().post("/account/login/", {"login": user.email, "password": PASSWORD}).status_code == 302


def test_the_last_active_coordinator_is_protected(at: dt.datetime) -> None:
    last_one, gone = make_coordinator(), make_coordinator(name="Gone Already", is_active=False)
    for change in (
        lambda: deactivate(last_one, "left", by=SYSTEM, at=at),
        lambda: change_person(last_one, is_coordinator=False, by=SYSTEM, at=at),
    ):
        with pytest.raises(ValidationError) as error:
            change()
        assert error.value.messages == [LAST_COORDINATOR]
    second = make_coordinator(name="Second One")
    deactivate(last_one, "left", by=SYSTEM, at=at)
    assert list(User.objects.filter(is_coordinator=True, is_active=True)) == [second]
    assert kinds_of(gone) == []


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_two_coordinators_who_deactivate_each_other_leave_one(at: dt.datetime) -> None:
    pair = [make_coordinator(name="First One"), make_coordinator(name="Second One")]
    start, refused = threading.Barrier(2), []

    def strike(target: User) -> None:
        try:
            start.wait(10)
            deactivate(target, "left", by=SYSTEM, at=at)
        except ValidationError as error:
            refused.append(error.messages)
        finally:
            connection.close()

    threads = [threading.Thread(target=strike, args=(user,)) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused == [[LAST_COORDINATOR]]
    assert User.objects.filter(is_coordinator=True, is_active=True).count() == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_add_the_same_address_at_once_one_succeeds(at: dt.datetime) -> None:
    site, start = make_site(), threading.Barrier(8)
    refused: list[list[str]] = []

    def add(number: int) -> None:
        try:
            start.wait(20)
            add_person(name=f"Person {chr(65 + number)}", email="Maya@example.org", site=site, by=SYSTEM, at=at)
        except ValidationError as error:
            refused.append(error.messages)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused == [["Somebody already has this email address."]] * 7
    user = User.objects.get(email="maya@example.org")
    assert kinds_of(user) == ["person.added"]
    assert TrainingEvent.objects.count() == 1


@pytest.mark.parametrize("days", ["", "0", "8", "21", "11", "1 2", "mon"])
def test_working_days_are_digits_of_weekdays_in_order(db: None, at: dt.datetime, days: str) -> None:
    user = make_user()
    with pytest.raises(ValidationError) as caught:
        change_person(user, working_days=days, by=SYSTEM, at=at)
    assert set(caught.value.message_dict) == {"working_days"}
    assert User.objects.get(pk=user.pk).working_days == "12345"
