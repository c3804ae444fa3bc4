"""What a person is in this organization, and what that lets them do. The matrix stands in ``lms.people.permissions``."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser

from lms.people.models import Supervision, User
from lms.people.permissions import ANYBODY, OTHERS, Action, Relation, Role, rule_of
from lms.people.queries.teams import team_ids_below


def is_coordinator(user: User | AnonymousUser) -> bool:
    return _holds(user, Role.COORDINATOR)


def is_auditor(user: User | AnonymousUser) -> bool:
    return _holds(user, Role.AUDITOR)


def is_administrator(user: User | AnonymousUser) -> bool:
    return _holds(user, Role.ADMINISTRATOR)


def is_supervisor(user: User | AnonymousUser) -> bool:
    """Whether the person supervises at least one team now. One query."""
    return _holds(user, Role.SUPERVISOR)


def may(viewer: User | AnonymousUser, action: Action, person: User | None = None) -> bool:
    """Whether the matrix lets the viewer do this to this person; without a person, whether to anybody at all.

    Asks the database only where a role of a supervisor decides, at most once.
    """
    return role_for(viewer, action, person) is not None


def role_for(viewer: User | AnonymousUser, action: Action, person: User | None = None) -> Role | None:
    """The role in which the viewer may do this, or None. See ``may``."""
    if not isinstance(viewer, User):
        return None
    who = rule_of(action).who
    for role in _cheap_first(who):
        if person is None:
            if _holds(viewer, role):
                return role
        elif viewer.pk == person.pk:
            if Relation.OWN in who[role] and _holds(viewer, role):
                return role
        elif who[role] >= OTHERS:
            if _holds(viewer, role):
                return role
        elif Relation.TEAM in who[role] and viewer.is_active and _in_my_teams(viewer, person):
            return role
    return None


def sees_everybody(viewer: User | AnonymousUser, action: Action) -> bool:
    """Whether the viewer may do this to everybody, so that a list needs no narrowing to teams."""
    who = rule_of(action).who
    return any(who[role] == ANYBODY and _holds(viewer, role) for role in _cheap_first(who))


def _in_my_teams(viewer: User, person: User) -> bool:
    return person.is_active and person.team_id is not None and person.team_id in team_ids_below(viewer)


def _cheap_first(roles: Iterable[Role]) -> list[Role]:
    """The role of a supervisor costs a query, so it is asked last."""
    return sorted(roles, key=lambda role: role == Role.SUPERVISOR)


def _holds(user: User | AnonymousUser, role: Role) -> bool:
    if not isinstance(user, User) or not user.is_active:
        return False
    match role:
        case Role.LEARNER:
            return True
        case Role.COORDINATOR:
            return user.is_coordinator
        case Role.AUDITOR:
            return user.is_auditor
        case Role.ADMINISTRATOR:
            return user.is_administrator
    known: dict[str, bool] | None = getattr(user, "_known_roles", None)
    if known is not None and role in known:
        return known[role]
    holds = Supervision.objects.filter(supervisor=user, ended_at=None).exists()
    if known is not None:
        known[role] = holds
    return holds


def remember(user: User | AnonymousUser) -> None:
    """From here on this object asks once whether its person supervises a team. For the user of a request, which lives as long as that."""
    if isinstance(user, User):
        user._known_roles = {}  # type: ignore[attr-defined]


class Powers:
    """What the signed-in person may do, for templates: ``{% if may.change_training %}``. Each action is asked once a page.

    It says whether there is anybody to whom they may do it; where a page is about one person, its view asks for that person.
    """

    def __init__(self, viewer: User | AnonymousUser | None) -> None:
        self._viewer = viewer
        self._known: dict[str, bool] = {}

    def __getitem__(self, name: str) -> bool:
        if name not in self._known:
            action = Action(name)
            self._known[name] = self._viewer is not None and may(self._viewer, action)
        return self._known[name]
