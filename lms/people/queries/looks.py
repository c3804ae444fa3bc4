"""Who opened which page about whom, for the person and for the coordinator."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q, QuerySet

from lms.people.models import Look, User
from lms.people.permissions import MATRIX, Action, Role


class Line(NamedTuple):
    """One look in words. ``role`` is the one in which the page was open to the viewer, as it then was."""

    look: Look
    role: str
    what: str


def looks_at(person: User) -> QuerySet[Look]:
    """Who opened something of this person, the newest first."""
    return Look.objects.filter(person=person).select_related("viewer").order_by("-at", "-pk")


def all_looks(search: str = "") -> QuerySet[Look]:
    """Every look, the newest first. Every word of ``search`` must stand in the name of who looked or of whose record it was."""
    rows = Look.objects.select_related("viewer", "person").order_by("-at", "-pk")
    for word in search.split():
        rows = rows.filter(Q(viewer__name__icontains=word) | Q(person__name__icontains=word))
    return rows


def lines_of(looks: Iterable[Look]) -> list[Line]:
    return [Line(look, str(Role(look.role).label), what_of(look)) for look in looks]


def what_of(look: Look) -> str:
    """What was opened, in words. An action that the matrix has no more keeps its name."""
    if look.action not in Action.__members__.values():
        return look.action
    rule = MATRIX[Action(look.action)]
    return rule.looks if look.person_id is not None and rule.looks else rule.about
