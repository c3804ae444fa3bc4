"""Overview, teams, sites and settings, as a browser uses them."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.people import alarms, tasks_list
from lms.people.models import Invitation, Organization, Site, Supervision, Team
from lms.record.queries import events_of
from tests.factories import make_organization, make_site, make_supervisor, make_team, make_user
from tests.people.conftest import House


# --- overview -------------------------------------------------------------------------------------------------------------------
def test_the_overview_lists_what_waits(house: House, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks_list, "_questions", [])
    tasks_list.register_task(lambda at: tasks_list.Waiting("Slots without words", "/coordinator/words/", 4))
    tasks_list.register_task(lambda at: tasks_list.Waiting("Nothing to see", "/nothing/", 0))
    make_user("Without Mail", email=None)
    make_user("Not Invited", joined_at=None)
    make_user("Nobody Leads", team=house.elsewhere)
    Invitation.objects.update(expires_at=clock.now() - dt.timedelta(days=1))
    Message.objects.update(state=MessageState.DEAD)
    response = desk.get(reverse("people:overview"))
    assert [(task.url, task.number) for task in response.context["tasks"]] == [
        ("/coordinator/messages/?show=needs_a_person", 1),
        ("/coordinator/people/?state=ran_out", 1),
        ("/coordinator/people/?state=not_invited", 1),
        ("/coordinator/people/?state=no_mail", 1),
        ("/coordinator/teams/", 1),
        ("/coordinator/words/", 4),
    ]
    for url, number in [(task.url, task.number) for task in response.context["tasks"][:4]]:
        assert desk.get(url).context["page"].paginator.count == number


def test_nothing_waits(house: House, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks_list, "_questions", [])
    monkeypatch.setattr(alarms, "_sources", [])
    Invitation.objects.update(expires_at=clock.now() + dt.timedelta(days=1))
    assert "Nothing waits for you" in desk.get(reverse("people:overview")).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_overview_takes_the_same_queries_however_much_waits(
    house: House, queries_of: Callable[[str], int], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks_list, "_questions", [])
    for number in range(rows):
        make_user(f"Extra {number}", email=None, team=make_team(f"Team {number}"))
    assert queries_of(reverse("people:overview")) == 17


def test_registering_a_task_twice_is_once(monkeypatch: pytest.MonkeyPatch, at: dt.datetime) -> None:
    def one(at: dt.datetime) -> tasks_list.Waiting:
        return tasks_list.Waiting("One", "/one/", 1)

    monkeypatch.setattr(tasks_list, "_questions", [])
    tasks_list.register_task(one)
    tasks_list.register_task(one)
    assert tasks_list.waiting(at) == [("One", "/one/", 1)]


# --- teams ----------------------------------------------------------------------------------------------------------------------
def test_the_tree_shows_teams_under_their_site(house: House, desk: Client) -> None:
    text = desk.get(reverse("people:teams")).content.decode()
    places = [text.index(words) for words in ("Eastgate House", "Day team", "Kitchen", "Westside", "Garden")]
    assert places == sorted(places)
    assert "supervised from above" in text
    assert "no supervisor" in text


@pytest.mark.parametrize("rows", [1, 3])
def test_the_tree_takes_the_same_queries_however_large(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    parent = house.below
    for number in range(rows):
        parent = make_team(f"Team {number}", parent=parent)
        make_supervisor(parent)
    assert queries_of(reverse("people:teams")) == 7


@pytest.mark.parametrize("rows", [1, 3])
def test_a_team_takes_the_same_queries_however_many_lead_it(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for _ in range(rows):
        make_supervisor(house.below)
        make_supervisor(house.team)
    assert queries_of(reverse("people:team", args=[house.below.public_id])) == 11


def test_empty_pages_say_where_to_begin(house: House, desk: Client) -> None:
    Supervision.objects.all().delete()
    for person in (house.ordinary, house.newcomer, house.supervisor):
        type(person).objects.filter(pk=person.pk).update(team=None)
    Team.objects.filter(parent__isnull=False).delete()
    Team.objects.all().delete()
    assert "There are no teams yet" in desk.get(reverse("people:teams")).content.decode()
    Message.objects.update(kind="unknown kind")
    assert "No message matches" in desk.get(reverse("people:messages"), {"kind": "invitation"}).content.decode()
    Site.objects.update(active=False)
    for name in ("teams", "add_team", "add_person"):
        assert "Start with a site" in desk.get(reverse(f"people:{name}")).content.decode()


def test_adding_a_team_and_its_supervisor(house: House, desk: Client) -> None:
    response = desk.post(
        reverse("people:add_team"), {"name": "Night team", "site": house.site.pk, "parent": str(house.team.public_id)}
    )
    team = Team.objects.get(name="Night team")
    page = reverse("people:team", args=[team.public_id])
    assert (response.headers["Location"], team.parent) == (page, house.team)
    assert "Nobody supervises this team itself." in desk.get(page).content.decode()
    add = reverse("people:add_supervisor", args=[team.public_id])
    desk.post(add, {"supervisor": str(house.ordinary.public_id)})
    row = Supervision.objects.get(team=team)
    assert (row.supervisor, row.ended_at) == (house.ordinary, None)
    assert events_of(house.ordinary.subject)[-1].actor == str(house.coordinator.subject)
    again = desk.post(add, {"supervisor": str(house.ordinary.public_id)})
    assert (again.status_code, "Choose a person from the list." in again.content.decode()) == (422, True)
    desk.post(reverse("people:remove_supervisor", args=[team.public_id, row.pk]))
    row.refresh_from_db()
    assert row.ended_at is not None
    assert desk.post(reverse("people:remove_supervisor", args=[team.public_id, row.pk])).status_code == 404


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": ""}, "Type the name of the team."),
        ({"name": "day TEAM"}, "This site already has a team with this name."),
        ({"name": "New", "site": ""}, "Choose the site of this team."),
        ({"name": "New", "parent": "elsewhere"}, "The team above must be at the same site."),
        ({"name": "New", "parent": "junk"}, "Choose one from the list."),
    ],
)
def test_team_errors_say_what_to_do(house: House, desk: Client, data: dict[str, str], sentence: str) -> None:
    if data.get("parent") == "elsewhere":
        data = {**data, "parent": str(house.elsewhere.public_id)}
    response = desk.post(reverse("people:add_team"), {"site": str(house.site.pk), **data})
    assert (response.status_code, sentence in response.content.decode()) == (422, True)


def test_a_team_is_not_offered_a_place_below_itself(house: House, desk: Client) -> None:
    page = desk.get(reverse("people:team", args=[house.team.public_id]))
    offered = [choice for choice in page.context["form"].fields["parent"].choices if isinstance(choice[1], list)]
    assert offered == []
    response = desk.post(
        reverse("people:team", args=[house.team.public_id]),
        {"name": "Day team", "parent": str(house.below.public_id), "active": "on"},
    )
    assert response.status_code == 422
    house.team.refresh_from_db()
    assert house.team.parent is None


def test_a_team_in_use_stays_in_use(house: House, desk: Client) -> None:
    response = desk.post(reverse("people:team", args=[house.team.public_id]), {"name": "Day team", "parent": ""})
    assert response.status_code == 422
    assert "This team still has 2 active people and 1 active team below it." in response.content.decode()


# --- sites ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rows", [1, 3])
def test_the_sites_take_the_same_queries_however_many(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for number in range(rows):
        make_user(team=make_team("Team", site=make_site(f"Site {number}")))
    assert queries_of(reverse("people:sites")) == 5


def test_adding_a_site(house: House, desk: Client) -> None:
    desk.post(reverse("people:add_site"), {"name": "Northgate", "zone": "America/Phoenix"})
    assert Site.objects.get(name="Northgate").zone == "America/Phoenix"
    wrong = desk.post(reverse("people:add_site"), {"name": "NORTHGATE", "zone": "Mars/Olympus"})
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Select a valid choice" in text
    twice = desk.post(reverse("people:add_site"), {"name": "NORTHGATE", "zone": "UTC"})
    assert "There is already a site with this name." in twice.content.decode()


def test_a_new_zone_is_shown_before_it_is_done(house: House, desk: Client) -> None:
    url = reverse("people:site", args=[house.site.pk])
    data = {"name": "Eastgate House", "zone": "America/Chicago", "active": "on"}
    asked = desk.post(url, data).content.decode()
    assert "Nothing is changed yet" in asked
    assert "Change the zone for 4 people" in asked
    house.site.refresh_from_db()
    assert house.site.zone == "America/Denver"
    assert desk.post(url, {**data, "confirmed": "yes"}).status_code == 302
    house.site.refresh_from_db()
    assert house.site.zone == "America/Chicago"
    assert events_of(house.ordinary.subject)[-1].kind == "person.changed"


def test_a_new_name_needs_no_second_press(house: House, desk: Client) -> None:
    desk.post(
        reverse("people:site", args=[house.site.pk]), {"name": "Eastgate", "zone": "America/Denver", "active": "on"}
    )
    house.site.refresh_from_db()
    assert house.site.name == "Eastgate"
    assert events_of(house.ordinary.subject) == []


# --- settings -------------------------------------------------------------------------------------------------------------------
def settings_data(**changes: str) -> dict[str, str]:
    return {
        "name": "Alderford Recovery Services",
        "short_name": "Alderford",
        "zone": "America/Denver",
        "support_phone": "555-0130",
        "signatory": "Priya Raman",
        "signatory_title": "Training Coordinator",
        "certificate_prefix": "AR",
        "escalate_after_days": "7",
        "paper": "a4",
        **changes,
    }


def test_the_settings_are_saved_and_nothing_else_is(house: House, desk: Client) -> None:
    response = desk.post(reverse("people:organization"), settings_data(demonstration="on", only=""))
    assert response.status_code == 302
    organization = Organization.objects.get()
    assert (organization.support_phone, organization.paper, organization.demonstration) == ("555-0130", "a4", False)


def test_a_signatory_that_cannot_be_printed_is_refused(house: House, desk: Client) -> None:
    response = desk.post(reverse("people:organization"), settings_data(signatory="山田", zone="Nowhere"))
    text = response.content.decode()
    assert response.status_code == 422
    assert "The certificate cannot show" in text
    assert make_organization().signatory == "Priya Raman"


@pytest.mark.parametrize("prefix", ["A/B", "..", 'A"B', "Ж", "A B"])
def test_a_prefix_that_would_spoil_file_names_is_refused(house: House, desk: Client, prefix: str) -> None:
    response = desk.post(reverse("people:organization"), settings_data(certificate_prefix=prefix))
    assert response.status_code == 422
    assert "Use the letters A to Z and digits only" in response.content.decode()
    assert make_organization().certificate_prefix == "AR"
