"""Who may open what. Absence and refusal look the same: 404."""

import functools
import uuid
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from lms.people import roles
from lms.people.models import RosterImport, Site, Supervision, Team, User
from lms.people.queries.teams import people_below, teams_below

__all__ = [
    "coordinator_required",
    "person_for_coordinator",
    "person_for_supervisor",
    "roster_for_coordinator",
    "signed_in",
    "site_for_coordinator",
    "supervision_for_coordinator",
    "supervisor_required",
    "team_for_coordinator",
    "teams_below",
]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def person_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> User:
    """Any person, active or not, for the coordinator."""
    _coordinator(viewer)
    return _one(User.objects.select_related("site", "team"), public_id=public_id)


def person_for_supervisor(viewer: User | AnonymousUser, public_id: uuid.UUID) -> User:
    """An active person of a team that the viewer supervises, or of a team below one. Deactivated people are the coordinator's."""
    if not isinstance(viewer, User) or not viewer.is_active:
        raise Http404
    return _one(people_below(viewer), public_id=public_id)


def team_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> Team:
    _coordinator(viewer)
    return _one(Team.objects.select_related("site", "parent"), public_id=public_id)


def site_for_coordinator(viewer: User | AnonymousUser, pk: int) -> Site:
    _coordinator(viewer)
    return _one(Site.objects.all(), pk=pk)


def roster_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> RosterImport:
    _coordinator(viewer)
    return _one(RosterImport.objects.all(), public_id=public_id)


def supervision_for_coordinator(viewer: User | AnonymousUser, team: Team, pk: int) -> Supervision:
    """An open supervision of this team."""
    _coordinator(viewer)
    rows = Supervision.objects.select_related("team", "supervisor", "supervisor__site", "supervisor__team")
    return _one(rows.filter(team=team, ended_at=None), pk=pk)


def signed_in(request: HttpRequest) -> User:
    """The signed-in person, for views that are already behind a check."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def coordinator_required(view: View[P]) -> View[P]:
    """The sign-in page for strangers, 404 for everybody who is not a coordinator."""
    return _required(roles.is_coordinator, view)


def supervisor_required(view: View[P]) -> View[P]:
    """The sign-in page for strangers, 404 for everybody who supervises no team now."""
    return _required(roles.is_supervisor, view)


def _required(may: Callable[[User | AnonymousUser], bool], view: View[P]) -> View[P]:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not may(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def _coordinator(viewer: User | AnonymousUser) -> None:
    if not roles.is_coordinator(viewer):
        raise Http404


def _one(rows: Any, **which: Any) -> Any:
    found = rows.filter(**which).first()
    if found is None:
        raise Http404
    return found
