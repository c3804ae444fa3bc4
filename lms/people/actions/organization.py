"""Sites, teams, supervision and the organization's settings. All raise ``ValidationError`` with sentences."""

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from lms.lib import names
from lms.people import hooks
from lms.people.actions.identity import write
from lms.people.models import Organization, Site, Supervision, Team, User
from lms.record import actions as record
from lms.record.enums import EventKind


def change_organization(organization: Organization, **changes: Any) -> Organization:
    """Changes the organization's settings. Nothing that was issued before changes with it."""
    for field, value in changes.items():
        setattr(organization, field, names.one_line(value) if isinstance(value, str) else value)
    organization.full_clean()
    organization.save()
    return organization


def add_site(*, name: str, zone: str) -> Site:
    site = Site(name=names.one_line(name), zone=zone)
    _save(site, "There is already a site with this name.")
    return site


def change_site(site: Site, *, by: uuid.UUID | str, at: dt.datetime, **changes: Any) -> Site:
    """Changes name, zone or active. A new zone moves the end of every day for the site's people who have no zone of their own: for each of them, in the order of
    their subjects, PERSON_CHANGED is written and ``hooks.on_zone_change`` called. A site with active people or teams stays active.
    """
    with transaction.atomic():
        Site.objects.filter(pk=site.pk).update(active=F("active"))  # takes the row
        old = Site.objects.get(pk=site.pk)
        new = Site.objects.get(pk=site.pk)
        for field, value in changes.items():
            setattr(new, field, names.one_line(value) if isinstance(value, str) else value)
        if old.active and not new.active:
            _may_close_site(old)
        _save(new, "There is already a site with this name.")
        if old.zone != new.zone:
            touched = User.objects.filter(site=new, own_zone="").order_by("subject")
            for subject in list(touched.values_list("subject", flat=True)):
                record.hold(subject)
            for user in touched.select_related(
                "site", "team"
            ):  # read again: whoever moved away meanwhile is not touched
                write(
                    user,
                    EventKind.PERSON_CHANGED,
                    {"changed": ["zone"], "zone": {"from": old.zone, "to": new.zone}},
                    at=at,
                    by=by,
                )
                hooks.zone_changed(user, at=at, by=by)
    site.name, site.zone, site.active = new.name, new.zone, new.active
    return site


def add_team(*, name: str, site: Site, parent: Team | None = None) -> Team:
    """Adds a team at the top of its site, or below ``parent``, which must be at the same site."""
    team = Team(name=names.one_line(name), site=site, parent=parent)
    _save(team, "This site already has a team with this name.")
    return team


def change_team(team: Team, **changes: Any) -> Team:
    """Changes name, parent or active; a team stays at its site. A team with active people or active teams below stays active."""
    if set(changes) - {"name", "parent", "active"}:
        raise TypeError("change_team changes name, parent and active")
    with transaction.atomic():
        Site.objects.filter(pk=team.site_id).update(active=F("active"))  # two moves at once could make a circle
        new = Team.objects.select_related("site", "parent").get(pk=team.pk)
        was_active = new.active
        for field, value in changes.items():
            setattr(new, field, names.one_line(value) if isinstance(value, str) else value)
        if was_active and not new.active:
            _may_close_team(new)
        _save(new, "This site already has a team with this name.")
    team.name, team.parent, team.active = new.name, new.parent, new.active
    return team


def start_supervising(team: Team, supervisor: User, *, by: uuid.UUID | str, at: dt.datetime) -> Supervision:
    """Makes a person supervisor of a team and of all below it, and writes SUPERVISION_STARTED to the supervisor's record.
    ``hooks.on_person_change`` is called last."""
    row = Supervision(team=team, supervisor=supervisor, started_at=at)
    with transaction.atomic():
        record.hold(supervisor.subject)
        now = User.objects.get(pk=supervisor.pk)
        if not now.is_active:
            raise ValidationError("This person is deactivated. Reactivate them first, or choose somebody else.")
        if now.is_auditor:
            raise ValidationError(
                "This person is an auditor, who changes nothing. Choose somebody else, or end that role first."
            )
        _save(row, "This person already supervises this team.")
        write(supervisor, EventKind.SUPERVISION_STARTED, {"team": str(team.public_id)}, at=at, by=by)
        hooks.person_changed(supervisor, at=at, by=by)
    return row


def stop_supervising(supervision: Supervision, *, by: uuid.UUID | str, at: dt.datetime) -> bool:
    """Ends a supervision and writes SUPERVISION_ENDED; ``hooks.on_person_change`` is called last. False, and nothing written, if it had
    ended before."""
    with transaction.atomic():
        record.hold(supervision.supervisor.subject)
        ended = Supervision.objects.filter(pk=supervision.pk, ended_at=None).update(ended_at=at) == 1
        if ended:
            supervision.ended_at = at
            payload = {"team": str(supervision.team.public_id)}
            write(supervision.supervisor, EventKind.SUPERVISION_ENDED, payload, at=at, by=by)
            hooks.person_changed(supervision.supervisor, at=at, by=by)
    return ended


def _may_close_site(site: Site) -> None:
    people = User.objects.filter(site=site, is_active=True).count()
    teams = Team.objects.filter(site=site, active=True).count()
    if people or teams:
        raise ValidationError({"active": f"This site still has {_left(people, teams)}. Move or deactivate them first."})


def _may_close_team(team: Team) -> None:
    people = User.objects.filter(team=team, is_active=True).count()
    teams = Team.objects.filter(parent=team, active=True).count()
    if people or teams:
        raise ValidationError(
            {"active": f"This team still has {_left(people, teams)} below it. Move or deactivate them first."}
        )


def _left(people: int, teams: int) -> str:
    return f"{people or 'no'} active {'person' if people == 1 else 'people'} and {teams or 'no'} active {'team' if teams == 1 else 'teams'}"


def _save(row: Site | Team | Supervision, taken: str) -> None:
    row.full_clean()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError(taken) from error
