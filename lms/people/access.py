"""Who may open what. Absence and refusal look the same: 404."""

import functools
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve, reverse

from lms.people import roles
from lms.people.models import RosterImport, Site, Supervision, Team, User
from lms.people.permissions import Action
from lms.people.queries.teams import people_below, teams_below

__all__ = [
    "Action",
    "action_of",
    "allowed",
    "coordinator_required",
    "demand",
    "granted",
    "looked_at",
    "looks_at",
    "may_open",
    "people_for",
    "person_for",
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
Thing = TypeVar("Thing")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def granted(viewer: User | AnonymousUser, action: Action, person: User, thing: Thing) -> Thing:
    """The thing, if the matrix lets the viewer do this to the person whose thing it is."""
    if not roles.may(viewer, action, person):
        raise Http404
    looks_at(viewer, [person.pk])
    return thing


def looks_at(viewer: User | AnonymousUser, people: Iterable[int]) -> None:
    """Says that the page being made shows something of these people (primary keys). ``granted`` says it by itself; a list for download
    says it for everybody in it. It is noted when the page is ready (``lms.people.actions.looking``)."""
    if isinstance(viewer, User):
        vars(viewer).setdefault("_looked_at", set()).update(pk for pk in people if pk != viewer.pk)


def looked_at(viewer: User) -> set[int]:
    """Of whom the page that was made for this viewer shows something."""
    return set(vars(viewer).get("_looked_at", ()))


def person_for(viewer: User | AnonymousUser, action: Action, public_id: uuid.UUID) -> User:
    """A person, active or not, to whom the matrix lets the viewer do this."""
    found = _one(User.objects.select_related("site", "team"), public_id=public_id)
    return granted(viewer, action, found, found)


def people_for(viewer: User, action: Action) -> QuerySet[User]:
    """The active people to whom the matrix lets the viewer do this: everybody, or those of the viewer's teams and below."""
    if roles.sees_everybody(viewer, action):
        return User.objects.filter(is_active=True).select_related("site", "team")
    return people_below(viewer)


def demand(viewer: User | AnonymousUser, action: Action) -> None:
    """Http404 unless the matrix lets the viewer do this at all; for objects that are about nobody."""
    if not roles.may(viewer, action):
        raise Http404


def person_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> User:
    """Any person, active or not, for the coordinator."""
    return person_for(viewer, Action.RUN_TRAINING, public_id)


def person_for_supervisor(viewer: User | AnonymousUser, public_id: uuid.UUID) -> User:
    """An active person of a team that the viewer supervises, or of a team below one. Deactivated people are the coordinator's."""
    if not isinstance(viewer, User) or not viewer.is_active:
        raise Http404
    return _one(people_below(viewer), public_id=public_id)


def team_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> Team:
    demand(viewer, Action.RUN_TEAMS)
    return _one(Team.objects.select_related("site", "parent"), public_id=public_id)


def site_for_coordinator(viewer: User | AnonymousUser, pk: int) -> Site:
    demand(viewer, Action.RUN_TEAMS)
    return _one(Site.objects.all(), pk=pk)


def roster_for_coordinator(viewer: User | AnonymousUser, public_id: uuid.UUID) -> RosterImport:
    demand(viewer, Action.RUN_ROSTERS)
    return _one(RosterImport.objects.all(), public_id=public_id)


def supervision_for_coordinator(viewer: User | AnonymousUser, team: Team, pk: int) -> Supervision:
    """An open supervision of this team."""
    demand(viewer, Action.RUN_TEAMS)
    rows = Supervision.objects.select_related("team", "supervisor", "supervisor__site", "supervisor__team")
    return _one(rows.filter(team=team, ended_at=None), pk=pk)


def signed_in(request: HttpRequest) -> User:
    """The signed-in person, for views that are already behind a check."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def allowed(action: Action, *, answers_strangers: bool = False) -> Callable[[View[P]], View[P]]:
    """Ties a view to an action of the matrix: the sign-in page for strangers, 404 for everybody whom the matrix lets do this to nobody.

    A view about one person asks once more, through ``person_for``, ``granted`` or a helper that uses them. With
    ``answers_strangers`` the view itself answers those who are not signed in.
    """

    def tied(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            roles.remember(request.user)
            if not request.user.is_authenticated:
                if not answers_strangers:
                    return redirect_to_login(request.get_full_path())
            elif not roles.may(request.user, action):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        return guarded

    return tied


def action_of(view: Callable[..., Any]) -> Action | None:
    """The action that a view was tied to."""
    return getattr(view, "action", None)


def may_open(viewer: User | AnonymousUser, name: str) -> bool:
    """Whether somebody may open the page with this name, which takes no arguments: for navigation."""
    action = action_of(resolve(reverse(name)).func)
    return action is None or roles.may(viewer, action)


def coordinator_required(view: View[P]) -> View[P]:
    """The sign-in page for strangers, 404 for everybody who is not a coordinator."""
    return allowed(Action.RUN_TRAINING)(view)


def supervisor_required(view: View[P]) -> View[P]:
    """The sign-in page for strangers, 404 for everybody who supervises no team now."""
    return allowed(Action.LEAD_TEAM)(view)


def _one(rows: Any, **which: Any) -> Any:
    found = rows.filter(**which).first()
    if found is None:
        raise Http404
    return found
