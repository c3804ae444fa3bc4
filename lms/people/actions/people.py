"""Adding, changing, deactivating and reactivating people. All raise ``ValidationError`` with sentences for the person at the screen."""

import datetime as dt
import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from lms.lib import names
from lms.people import hooks
from lms.people.actions.identity import write
from lms.people.actions.sessions import end_sessions
from lms.people.enums import Category
from lms.people.models import (
    MONDAY_TO_FRIDAY,
    Invitation,
    InvitationState,
    Organization,
    Site,
    Supervision,
    Team,
    User,
)
from lms.record.enums import EventKind

CHANGEABLE = (
    "name",
    "latin_name",
    "email",
    "hire_date",
    "first_shift_on",
    "category",
    "job_role",
    "site",
    "team",
    "working_days",
    "is_coordinator",
)
ROLE_FIELDS = ("job_role", "category", "is_coordinator")
LAST_COORDINATOR = "This is the last active coordinator. Make somebody else a coordinator first."
ERASED = "The identity of this person was erased for good. If they come back, add them anew."
EMAIL_TAKEN = "Somebody already has this email address."


def add_person(
    *,
    name: str,
    site: Site,
    by: uuid.UUID | str,
    at: dt.datetime,
    email: str | None = None,
    hire_date: dt.date | None = None,
    first_shift_on: dt.date | None = None,
    category: str = Category.STAFF,
    job_role: str = "",
    team: Team | None = None,
    working_days: str = MONDAY_TO_FRIDAY,
    is_coordinator: bool = False,
    latin_name: str = "",
) -> User:
    """Adds a person without a password: they sign in once they have accepted an invitation, which is not sent here.

    Writes PERSON_ADDED, then TEAM_JOINED if there is a team; ``hooks.on_person_change`` is called last.
    """
    user = User(
        name=name,
        latin_name=latin_name,
        email=email,
        hire_date=hire_date,
        first_shift_on=first_shift_on,
        category=category,
        job_role=job_role,
        site=site,
        team=team,
        working_days=working_days,
        is_coordinator=is_coordinator,
        date_joined=at,
    )
    user.set_unusable_password()
    with transaction.atomic():
        _save(user)
        write(user, EventKind.PERSON_ADDED, _facts(user), at=at, by=by)
        if team is not None:
            write(user, EventKind.TEAM_JOINED, {"team": str(team.public_id)}, at=at, by=by)
        hooks.person_changed(user, at=at, by=by)
    return user


def change_person(user: User, *, by: uuid.UUID | str, at: dt.datetime, **changes: Any) -> User:
    """Changes the named fields (those of ``CHANGEABLE``), and ``user`` with them. What is already so is skipped; without a change nothing is written.

    One event a meaning, in this order: TEAM_LEFT, TEAM_JOINED, ROLE_CHANGED (job role, category, coordinator), PERSON_CHANGED (the
    rest). A new email address ends the open invitation, which is bound to the old one; taking the address away also ends the
    person's sessions. Last come ``hooks.on_zone_change``, if the site's zone differs from the old one's, and ``hooks.on_person_change``.
    """
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"change_person changes no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        _hold(user)
        old = User.objects.select_related("site", "team").get(pk=user.pk)
        _refuse_erased(old)
        new = User.objects.select_related("site", "team").get(pk=user.pk)
        for field, value in changes.items():
            setattr(new, field, value)
        if old.is_coordinator and not new.is_coordinator:
            _keep_a_coordinator(old, field="is_coordinator")
        _save(new)
        changed = [field for field in CHANGEABLE if getattr(old, field) != getattr(new, field)]
        if "email" in changed:
            _end_invitations(new)
            # allauth would still let the old address sign in and reset the password
            EmailAddress.objects.filter(user=new).delete()
            if new.email is None:
                end_sessions(new)
        _write_changes(old, new, changed, at=at, by=by)
        if old.site.zone != new.site.zone:
            hooks.zone_changed(new, at=at, by=by)
        if changed:
            hooks.person_changed(new, at=at, by=by)
    for field in CHANGEABLE:
        setattr(user, field, getattr(new, field))
    return user


def deactivate(user: User, reason: str, *, by: uuid.UUID | str, at: dt.datetime) -> User:
    """Closes the account; the person and the record stay. The person is signed out everywhere and cannot sign in, the open
    invitation ends, and they stop supervising (SUPERVISION_ENDED for each team, then PERSON_DEACTIVATED with the reason).

    ``reason`` is a word of ``enums.DeactivationReason``, or a few words without names. ``hooks.on_person_change`` is called last.
    Skipped if the person is not active.
    """
    with transaction.atomic():
        _hold(user)
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        if fresh.is_active:
            if fresh.is_coordinator:
                _keep_a_coordinator(fresh)
            _end_invitations(fresh)
            open_rows = list(
                Supervision.objects.filter(supervisor=fresh, ended_at=None).select_related("team").order_by("pk")
            )
            Supervision.objects.filter(pk__in=[row.pk for row in open_rows]).update(ended_at=at)
            for row in open_rows:
                write(fresh, EventKind.SUPERVISION_ENDED, {"team": str(row.team.public_id)}, at=at, by=by)
            fresh.is_active, fresh.deactivated_at = False, at
            fresh.save(update_fields=["is_active", "deactivated_at"])
            write(fresh, EventKind.PERSON_DEACTIVATED, {"reason": names.one_line(reason)[:200]}, at=at, by=by)
            end_sessions(fresh)
            hooks.person_changed(fresh, at=at, by=by)
    user.is_active, user.deactivated_at = fresh.is_active, fresh.deactivated_at
    return user


def reactivate(user: User, *, by: uuid.UUID | str, at: dt.datetime) -> User:
    """Opens the account again with the password it had. Supervision and invitations do not come back; ``hooks.on_person_change`` is
    called last. Skipped if active. Raises ValidationError for somebody whose identity was erased."""
    with transaction.atomic():
        _hold(user)
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        _refuse_erased(fresh)
        if not fresh.is_active:
            fresh.is_active, fresh.deactivated_at = True, None
            fresh.save(update_fields=["is_active", "deactivated_at"])
            write(fresh, EventKind.PERSON_REACTIVATED, _facts(fresh), at=at, by=by)
            hooks.person_changed(fresh, at=at, by=by)
    user.is_active, user.deactivated_at = fresh.is_active, fresh.deactivated_at
    return user


def choose_theme(user: User, theme: str) -> None:
    """Sets how pages look for this person. Not evidence, so no event."""
    User.objects.filter(pk=user.pk).update(theme=theme)


def _hold(user: User) -> None:
    """Makes every other action on this person wait: an UPDATE takes the row on PostgreSQL (SQLite has one writer anyway)."""
    User.objects.filter(pk=user.pk).update(subject=user.subject)


def _refuse_erased(user: User) -> None:
    if user.erased_at is not None:
        raise ValidationError(ERASED)


def _keep_a_coordinator(user: User, field: str | None = None) -> None:
    """Refuses if no other active coordinator would be left. The organization's row is taken, so that two coordinators who
    deactivate each other at once cannot both succeed."""
    Organization.objects.update(only=True)
    if not User.objects.filter(is_coordinator=True, is_active=True).exclude(pk=user.pk).exists() and user.is_active:
        raise ValidationError({field: LAST_COORDINATOR} if field else LAST_COORDINATOR)


def _end_invitations(user: User) -> None:
    Invitation.objects.filter(user=user, state=InvitationState.OPEN).update(state=InvitationState.ENDED)


def _save(user: User) -> None:
    """Checks everything and saves. A duplicate address that another transaction added meanwhile gets the same sentence."""
    user.name = names.one_line(user.name or "")
    user.latin_name = names.one_line(user.latin_name or "")
    user.job_role = names.one_line(user.job_role or "")
    user.email = (user.email or "").strip().lower() or None
    user.full_clean(exclude=["password"])
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        if user.email and User.objects.filter(email__iexact=user.email).exclude(pk=user.pk).exists():
            raise ValidationError(EMAIL_TAKEN) from error
        raise


def _facts(user: User) -> dict[str, Any]:
    """What requirements look at, as facts without a name."""
    return {
        "category": str(user.category),
        "coordinator": user.is_coordinator,
        "hire_date": user.hire_date.isoformat() if user.hire_date else None,
        "site": user.site_id,
        "zone": user.site.zone,
    }


def _write_changes(old: User, new: User, changed: list[str], *, at: dt.datetime, by: uuid.UUID | str) -> None:
    if "team" in changed:
        if old.team is not None:
            write(new, EventKind.TEAM_LEFT, {"team": str(old.team.public_id)}, at=at, by=by)
        if new.team is not None:
            write(new, EventKind.TEAM_JOINED, {"team": str(new.team.public_id)}, at=at, by=by)
    roles = [field for field in changed if field in ROLE_FIELDS]
    if roles:
        payload: dict[str, Any] = {"changed": roles}
        if "category" in roles:
            payload["category"] = {"from": str(old.category), "to": str(new.category)}
        if "is_coordinator" in roles:
            payload["coordinator"] = {"from": old.is_coordinator, "to": new.is_coordinator}
        write(new, EventKind.ROLE_CHANGED, payload, at=at, by=by)
    rest = [field for field in changed if field not in ROLE_FIELDS and field != "team"]
    if rest:
        payload = {"changed": rest}
        if "hire_date" in rest:
            payload["hire_date"] = {"from": _iso(old.hire_date), "to": _iso(new.hire_date)}
        if "first_shift_on" in rest:
            payload["first_shift_on"] = {"from": _iso(old.first_shift_on), "to": _iso(new.first_shift_on)}
        if "site" in rest:
            payload["site"] = {"from": old.site_id, "to": new.site_id}
            payload["zone"] = {"from": old.site.zone, "to": new.site.zone}
        write(new, EventKind.PERSON_CHANGED, payload, at=at, by=by)


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
