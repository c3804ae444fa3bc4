"""Reading people for the coordinator."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from lms.people.enums import Category, PersonState
from lms.people.models import Invitation, InvitationState, Site, User
from lms.people.queries.teams import with_teams_below

EVERYBODY = "everybody"


def with_state(rows: QuerySet[User], at: dt.datetime) -> QuerySet[Any]:
    """Adds ``state``, a PersonState. The first that fits counts: deactivated, not reachable by mail, active (has joined), invited,
    invitation ran out, not invited."""
    invitations = Invitation.objects.filter(user=OuterRef("pk"), state=InvitationState.OPEN)
    return rows.annotate(
        state=Case(
            When(is_active=False, then=Value(PersonState.DEACTIVATED)),
            When(email=None, then=Value(PersonState.NO_MAIL)),
            When(joined_at__isnull=False, then=Value(PersonState.ACTIVE)),
            When(Exists(invitations.filter(expires_at__gt=at)), then=Value(PersonState.INVITED)),
            When(Exists(invitations), then=Value(PersonState.RAN_OUT)),
            default=Value(PersonState.NOT_INVITED),
            output_field=CharField(),
        )
    )


def people_for_page(
    at: dt.datetime,
    *,
    search: str = "",
    site_id: int | None = None,
    team_id: int | None = None,
    category: str = "",
    job_role: str = "",
    state: str = "",
) -> QuerySet[Any]:
    """People by name, with ``state``, site and team. Every word of ``search`` must stand in name, Latin name, email or job role, or
    be the employee number.

    A team means everybody in it and in the teams below it. Job roles are compared without regard to upper and lower case.
    ``state`` is a PersonState or ``EVERYBODY``; empty leaves the deactivated out.
    """
    rows = with_state(User.objects.select_related("site", "team"), at)
    for word in search.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(latin_name__icontains=word)
            | Q(email__icontains=word)
            | Q(job_role__icontains=word)
            | Q(employee_number__iexact=word)
        )
    if site_id is not None:
        rows = rows.filter(site_id=site_id)
    if team_id is not None:
        rows = rows.filter(team__in=with_teams_below({team_id}))
    if category in Category.values:
        rows = rows.filter(category=category)
    if job_role:
        rows = rows.filter(job_role__iexact=job_role)
    if state in PersonState.values:
        rows = rows.filter(state=state)
    elif state != EVERYBODY:
        rows = rows.exclude(state=PersonState.DEACTIVATED)
    return rows.order_by("name", "pk")


def job_roles() -> list[str]:
    """The job roles that people have, by name, each in one spelling. One query."""
    found: dict[str, str] = {}
    for role in User.objects.exclude(job_role="").order_by("job_role").values_list("job_role", flat=True).distinct():
        found.setdefault(role.casefold(), role)
    return list(found.values())


def counts_by_state(at: dt.datetime) -> dict[str, int]:
    """How many people are in each PersonState, all states present. One query."""
    found = with_state(User.objects.all(), at).values("state").annotate(number=Count("pk")).order_by()
    return dict.fromkeys(PersonState.values, 0) | {row["state"]: row["number"] for row in found}


def coordinators() -> list[User]:
    """The active coordinators, by name: whom to ask."""
    return list(User.objects.filter(is_coordinator=True, is_active=True).order_by("name", "pk"))


def names_of_subjects(subjects: set[str]) -> dict[str, str]:
    """Names by subject id, for the actors of events. A subject that is nobody's (the system) is left out."""
    known = []
    for text in subjects:
        try:
            known.append(uuid.UUID(text))
        except ValueError:
            continue
    return {
        str(subject): name for subject, name in User.objects.filter(subject__in=known).values_list("subject", "name")
    }


def zone_of(way: str = "") -> Case:
    """A person's zone as an expression: their own, else that of their site. ``way`` leads to the person."""
    return Case(
        When(**{f"{way}own_zone": ""}, then=F(f"{way}site__zone")),
        default=F(f"{way}own_zone"),
        output_field=CharField(),
    )


def zones_in_use() -> list[str]:
    """Every zone that somebody's days are counted in, by name. One query."""
    of_sites = Site.objects.order_by().values_list("zone", flat=True)
    return sorted(set(of_sites.union(User.objects.exclude(own_zone="").order_by().values_list("own_zone", flat=True))))
