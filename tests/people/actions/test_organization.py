"""Sites, teams, supervision, settings."""

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError

from lms.people import hooks
from lms.people.actions import organization as actions
from lms.people.actions import people
from lms.people.models import Supervision, Team, User
from lms.record.actions import SYSTEM
from lms.record.models import IdentitySnapshot, TrainingEvent
from lms.record.queries import events_of
from tests.factories import make_coordinator, make_organization, make_site, make_team, make_user

pytestmark = pytest.mark.django_db


def test_supervising_is_noted_in_the_supervisors_record(at: dt.datetime) -> None:
    coordinator, team, supervisor = make_coordinator(), make_team("Night team"), make_user("Denise Whitaker")
    row = actions.start_supervising(team, supervisor, by=coordinator.subject, at=at)
    assert actions.stop_supervising(row, by=coordinator.subject, at=at + dt.timedelta(days=1)) is True
    assert actions.stop_supervising(row, by=coordinator.subject, at=at + dt.timedelta(days=2)) is False
    events = events_of(supervisor.subject)
    assert [(event.kind, event.actor) for event in events] == [
        ("supervision.started", str(coordinator.subject)),
        ("supervision.ended", str(coordinator.subject)),
    ]
    for event in events:
        payload = json.loads(event.payload)
        assert payload["team"] == str(team.public_id)
        assert IdentitySnapshot.objects.filter(hash=payload["identity"], subject=supervisor.subject).exists()
    row.refresh_from_db()
    assert row.ended_at == at + dt.timedelta(days=1)


def test_nobody_supervises_a_team_twice_and_no_deactivated_person_does(at: dt.datetime) -> None:
    team, supervisor = make_team(), make_user()
    actions.start_supervising(team, supervisor, by=SYSTEM, at=at)
    with pytest.raises(ValidationError) as twice:
        actions.start_supervising(team, supervisor, by=SYSTEM, at=at)
    assert twice.value.messages == ["This person already supervises this team."]
    with pytest.raises(ValidationError) as inactive:
        actions.start_supervising(team, make_user(is_active=False), by=SYSTEM, at=at)
    assert "deactivated" in inactive.value.messages[0]
    assert (Supervision.objects.count(), TrainingEvent.objects.count()) == (1, 1)


def test_a_new_zone_reaches_everybody_of_the_site_in_order_of_subjects(
    at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[User, str]] = []
    monkeypatch.setattr(hooks, "_zone_callbacks", [])
    hooks.on_zone_change(lambda user, *, at, by: calls.append((user, user.site.zone)))
    site = make_site()
    people = [make_user() for _ in range(4)]
    make_user(site=make_site("Westside", "America/New_York"))
    actions.change_site(site, zone="America/Chicago", by=SYSTEM, at=at)
    expected = sorted(people, key=lambda user: user.subject.hex)
    assert calls == [(user, "America/Chicago") for user in expected]
    event = events_of(people[0].subject)[-1]
    payload = json.loads(event.payload)
    del payload["identity"]
    assert (event.kind, payload) == (
        "person.changed",
        {"changed": ["zone"], "zone": {"from": "America/Denver", "to": "America/Chicago"}},
    )
    assert TrainingEvent.objects.count() == 4
    actions.change_site(site, name="Eastgate", zone="America/Chicago", by=SYSTEM, at=at)
    assert (len(calls), TrainingEvent.objects.count()) == (4, 4)


def test_a_zone_that_does_not_exist_is_refused(at: dt.datetime) -> None:
    with pytest.raises(ValidationError) as error:
        actions.change_site(make_site(), zone="Mars/Olympus", by=SYSTEM, at=at)
    assert "Choose a time zone" in error.value.message_dict["zone"][0]


@pytest.mark.parametrize("name", ["Eastgate House", "EASTGATE  house"])
def test_site_names_are_unique_in_any_case(name: str) -> None:
    make_site()
    with pytest.raises(ValidationError) as error:
        actions.add_site(name=name, zone="UTC")
    assert error.value.messages == ["There is already a site with this name."]


def test_team_names_are_unique_at_a_site() -> None:
    site, other = make_site(), make_site("Westside")
    actions.add_team(name="Night team", site=site)
    actions.add_team(name="Night team", site=other)
    with pytest.raises(ValidationError) as error:
        actions.add_team(name="night TEAM", site=site)
    assert error.value.messages == ["This site already has a team with this name."]


def test_a_team_lies_at_the_site_of_the_team_above_and_not_below_itself() -> None:
    top = make_team("Top")
    below = make_team("Below", parent=top)
    with pytest.raises(ValidationError) as elsewhere:
        actions.add_team(name="New", site=make_site("Westside"), parent=top)
    assert "same site" in elsewhere.value.message_dict["parent"][0]
    with pytest.raises(ValidationError) as circle:
        actions.change_team(top, parent=below)
    assert "above itself" in circle.value.message_dict["parent"][0]
    top.refresh_from_db()
    assert top.parent is None


def test_what_is_in_use_stays_in_use(at: dt.datetime) -> None:
    site, team = make_site(), make_team("Night team")
    make_team("Kitchen", parent=team)
    user = make_user(team=team)
    with pytest.raises(ValidationError) as error:
        actions.change_team(team, active=False)
    assert error.value.message_dict["active"] == [
        "This team still has 1 active person and 1 active team below it. Move or deactivate them first."
    ]
    with pytest.raises(ValidationError) as error:
        actions.change_site(site, active=False, by=SYSTEM, at=at)
    assert error.value.message_dict["active"] == [
        "This site still has 1 active person and 2 active teams. Move or deactivate them first."
    ]
    User.objects.filter(pk=user.pk).update(is_active=False)
    team.children.update(active=False)
    assert actions.change_team(team, active=False).active is False
    assert actions.change_site(site, active=False, by=SYSTEM, at=at).active is False


def test_the_organization_is_checked_and_saved() -> None:
    organization = make_organization()
    actions.change_organization(organization, name="  Alderford   Services ", signatory="Priya Raman")
    organization.refresh_from_db()
    assert organization.name == "Alderford Services"
    with pytest.raises(ValidationError) as error:
        actions.change_organization(organization, signatory="山田")
    assert "The certificate cannot show" in error.value.message_dict["signatory"][0]


@pytest.mark.django_db
def test_whoever_was_deactivated_meanwhile_supervises_nothing(at: dt.datetime) -> None:
    team: Team = make_team()
    stale = make_user()
    people.deactivate(User.objects.get(pk=stale.pk), "Left", by=SYSTEM, at=at)
    with pytest.raises(ValidationError, match="deactivated"):
        actions.start_supervising(team, stale, by=SYSTEM, at=at)
    assert not Supervision.objects.filter(supervisor=stale).exists()
