"""The checks say what the matrix says, for every action, whatever roles somebody holds and whoever it is about."""

import itertools

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from lms.people import access, roles
from lms.people.models import Supervision, User
from lms.people.permissions import GRANTS, MATRIX, Action, Relation, Role
from lms.people.roles import Powers, may
from tests import factories

pytestmark = pytest.mark.django_db
HELD = (Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR, Role.ADMINISTRATOR)


def viewer_with(held: set[Role]) -> User:
    team = factories.make_team("Lantern team")
    viewer = factories.make_supervisor(team) if Role.SUPERVISOR in held else factories.make_user(team=team)
    for role in held - {Role.SUPERVISOR}:
        setattr(viewer, f"is_{role}", True)
    viewer.save()
    return viewer


@pytest.mark.parametrize("held", [c for n in range(5) for c in itertools.combinations(HELD, n)], ids="-".join)
def test_several_roles_are_their_union(held: tuple[Role, ...]) -> None:
    viewer = viewer_with(set(held))
    assert viewer.team is not None
    below = factories.make_team("Kitchen", parent=viewer.team)
    people = {
        Relation.OWN: [viewer],
        Relation.TEAM: [factories.make_user(team=viewer.team), factories.make_user(team=below)],
        Relation.OTHER: [
            factories.make_user(team=factories.make_team("Garden")),
            factories.make_user(),
            factories.make_user(team=viewer.team, is_active=False),
        ],
    }
    for action in Action:
        who = {role: MATRIX[action].who.get(role, frozenset()) for role in (*held, Role.LEARNER)}
        assert may(viewer, action) == any(who.values()), action
        for relation, about in people.items():
            for person in about:
                assert may(viewer, action, person) == any(relation in r for r in who.values()), (action, relation)


def test_who_is_not_signed_in_or_not_active_may_nothing() -> None:
    everything = viewer_with(set(HELD))
    everything.is_active = False
    other = factories.make_user(team=everything.team)
    for action in Action:
        for nobody in (AnonymousUser(), everything):
            assert not may(nobody, action)
            assert not may(nobody, action, other)
            assert not may(nobody, action, everything)


def test_an_auditor_changes_nothing_of_others() -> None:
    for action, rule in MATRIX.items():
        if rule.changes:
            assert Role.AUDITOR not in rule.who, action


def test_an_administrator_sees_no_training() -> None:
    for action in (Action.SEE_RECORD, Action.SEE_CERTIFICATE, Action.SEE_WHY, Action.SEE_TEAM, Action.READ_MAIL, Action.SEE_REQUIREMENTS, Action.SEE_CERTIFICATES):  # fmt: skip
        assert Role.ADMINISTRATOR not in MATRIX[action].who


def test_nobody_grants_a_role_to_themselves() -> None:
    for action in GRANTS.values():
        assert all(Relation.OWN not in relations for relations in MATRIX[action].who.values())


def test_whatever_shows_something_of_a_person_says_what() -> None:
    """A page about one person to whom several roles have access is one that the person reads about."""
    for action in (Action.SEE_RECORD, Action.SEE_WHY, Action.SEE_CERTIFICATE, Action.SEE_PERSON, Action.EXPORT_TEAM):
        assert MATRIX[action].looks


def test_people_for_are_everybody_or_the_teams() -> None:
    supervisor = viewer_with({Role.SUPERVISOR})
    colleague = factories.make_user(team=supervisor.team)
    other = factories.make_user()
    factories.make_user(team=supervisor.team, is_active=False)
    auditor = factories.make_auditor()
    assert set(access.people_for(supervisor, Action.SEE_TEAM)) == {supervisor, colleague}
    assert set(access.people_for(auditor, Action.SEE_TEAM)) == {supervisor, colleague, other, auditor}
    assert not access.people_for(other, Action.SEE_TEAM)
    Supervision.objects.update(ended_at=supervisor.date_joined)
    assert not access.people_for(supervisor, Action.SEE_TEAM)


def test_demand_and_granted_refuse_as_absent() -> None:
    learner, other = factories.make_user(), factories.make_user()
    with pytest.raises(Http404):
        access.demand(learner, Action.RUN_COURSES)
    with pytest.raises(Http404):
        access.granted(learner, Action.SEE_WHY, other, "thing")
    assert access.looked_at(learner) == set()
    assert access.granted(learner, Action.SEE_WHY, learner, "thing") == "thing"
    assert access.looked_at(learner) == set(), "nobody looks at themselves"
    coordinator = factories.make_coordinator()
    access.granted(coordinator, Action.SEE_WHY, other, "thing")
    assert access.looked_at(coordinator) == {other.pk}


def test_powers_of_a_template() -> None:
    powers = Powers(factories.make_coordinator())
    assert powers["change_training"]
    assert not Powers(factories.make_auditor())["change_training"]
    assert not Powers(None)["change_training"]
    with pytest.raises(ValueError, match="fly"):
        powers["fly"]


def test_roles_by_name() -> None:
    assert roles.is_auditor(factories.make_auditor())
    assert roles.is_administrator(factories.make_administrator())
    assert not roles.is_auditor(AnonymousUser())
