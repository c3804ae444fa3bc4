"""States of accounts over a grid of facts and dates."""

import datetime as dt
import itertools

import pytest

from lms.people.enums import PersonState
from lms.people.models import Invitation, InvitationState, User
from lms.people.queries.people import counts_by_state, names_of_subjects, with_state
from tests.factories import make_user

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def expected(*, active: bool, mail: bool, joined: bool, invitation: str, ends_in: int) -> str:
    if not active:
        return PersonState.DEACTIVATED
    if not mail:
        return PersonState.NO_MAIL
    if joined:
        return PersonState.ACTIVE
    if invitation != "open":
        return PersonState.NOT_INVITED
    return PersonState.INVITED if ends_in > 0 else PersonState.RAN_OUT


def test_each_state_over_the_grid(at: dt.datetime) -> None:
    wanted = {}
    grid = itertools.product([True, False], [True, False], [True, False], ["", "open", "used", "ended"], [-1, 0, 1])
    for active, mail, joined, invitation, ends_in in grid:
        user = make_user(is_active=active, joined_at=at if joined else None)
        if not mail:
            User.objects.filter(pk=user.pk).update(email=None)
        if invitation:
            Invitation.objects.create(
                user=user,
                state=InvitationState(invitation),
                email=user.email or "",
                created_at=at - HOUR * 24,
                expires_at=at + HOUR * ends_in,
            )
        wanted[user.pk] = expected(active=active, mail=mail, joined=joined, invitation=invitation, ends_in=ends_in)
    found = dict(with_state(User.objects.all(), at).values_list("pk", "state"))
    assert found == wanted
    counts = counts_by_state(at)
    assert counts == {state: list(wanted.values()).count(state) for state in PersonState.values}
    assert set(counts.values()) != {0}


def test_names_of_actors_leave_the_system_out() -> None:
    user = make_user("Maya Okafor")
    assert names_of_subjects({str(user.subject), "system", "00000000-0000-4000-8000-000000000000"}) == {
        str(user.subject): "Maya Okafor"
    }
