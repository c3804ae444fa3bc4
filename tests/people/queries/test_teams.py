"""The tree of teams, and who reaches whom through it."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from lms.people import roles
from lms.people.access import person_for_coordinator, person_for_supervisor
from lms.people.models import Supervision
from lms.people.queries.teams import people_below, supervisors_of, teams_below, tree, without_supervisor
from tests.factories import make_coordinator, make_site, make_supervisor, make_team, make_user
from tests.people.conftest import House

pytestmark = pytest.mark.django_db


def test_teams_below_takes_one_query(django_assert_num_queries: object) -> None:
    top = make_team("Top")
    middle = make_team("Middle", parent=top)
    bottom = make_team("Bottom", parent=middle)
    make_team("Beside", parent=top)
    other = make_team("Other", site=make_site("Westside"))
    supervisor = make_supervisor(middle, other)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = teams_below(supervisor)
    assert found == [bottom, middle, other]


def test_a_former_supervisor_sees_nobody(at: dt.datetime) -> None:
    team = make_team()
    supervisor = make_supervisor(team)
    make_user(team=team)
    assert people_below(supervisor).count() == 2
    Supervision.objects.update(ended_at=at)
    assert (teams_below(supervisor), people_below(supervisor).count(), roles.is_supervisor(supervisor)) == (
        [],
        0,
        False,
    )


def test_who_supervises_a_person_nearest_first() -> None:
    top = make_team("Top")
    middle = make_team("Middle", parent=top)
    bottom = make_team("Bottom", parent=middle)
    far, near = make_supervisor(top, name="Ada Far"), make_supervisor(middle, name="Zoe Near")
    both = make_supervisor(top, middle, name="Bo Both")
    person = make_user(team=bottom)
    assert supervisors_of(person) == [both, near, far]
    assert supervisors_of(near) == [both, far]
    assert supervisors_of(make_user()) == []


def test_the_tree_knows_who_is_led(django_assert_num_queries: object) -> None:
    top = make_team("Top")
    middle = make_team("Middle", parent=top)
    make_user(team=make_team("Bottom", parent=middle))
    make_user(team=make_team("Alone", site=make_site("Westside")))
    make_supervisor(top, team=None)
    make_team("Nobody there", site=make_site("Westside"))
    with django_assert_num_queries(2):  # type: ignore[operator]
        branches = tree()
    assert [(branch.team.name, branch.depth, branch.people, branch.led) for branch in branches] == [
        ("Top", 0, 0, True),
        ("Middle", 1, 0, True),
        ("Bottom", 2, 1, True),
        ("Alone", 0, 1, False),
        ("Nobody there", 0, 0, False),
    ]
    assert [child.team.name for child in branches[0].children] == ["Middle"]
    assert without_supervisor() == 1


def test_a_supervisor_opens_people_of_own_teams_and_below_only(house: House) -> None:
    elsewhere = make_user("Far Away", team=house.elsewhere)
    gone = make_user("Gone Away", team=house.team, is_active=False)
    teamless = make_user("No Team")
    for seen in (house.ordinary, house.newcomer, house.supervisor):
        assert person_for_supervisor(house.supervisor, seen.public_id) == seen
    for hidden in (elsewhere, gone, teamless, house.coordinator):
        with pytest.raises(Http404):
            person_for_supervisor(house.supervisor, hidden.public_id)
    for viewer in (house.ordinary, house.coordinator, AnonymousUser()):
        with pytest.raises(Http404):
            person_for_supervisor(viewer, house.ordinary.public_id)


def test_the_coordinator_opens_everybody_and_nobody_else_does(house: House) -> None:
    gone = make_user("Gone Away", is_active=False)
    assert person_for_coordinator(house.coordinator, gone.public_id) == gone
    for viewer in (house.ordinary, house.supervisor, AnonymousUser(), make_coordinator(is_active=False)):
        with pytest.raises(Http404):
            person_for_coordinator(viewer, house.ordinary.public_id)
    with pytest.raises(Http404):
        person_for_coordinator(house.coordinator, uuid.uuid4())
