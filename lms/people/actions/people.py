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
from lms.record import actions as record
from lms.record.enums import EventKind

CHANGEABLE = (
    "name",
    "latin_name",
    "email",
    "employee_number",
    "phone",
    "hire_date",
    "first_shift_on",
    "category",
    "job_role",
    "site",
    "team",
    "own_zone",
    "working_days",
    "is_coordinator",
    "is_auditor",
    "is_administrator",
)
ROLE_FIELDS = ("job_role", "category", "is_coordinator", "is_auditor", "is_administrator")
LAST_COORDINATOR = "This is the last active coordinator. Make somebody else a coordinator first."
ERASED = "The identity of this person was erased for good. If they come back, add them anew."
AUDITOR_SUPERVISES = "An auditor changes nothing, and this person supervises a team. Take them off their teams first."
EMAIL_TAKEN = "Somebody already has this email address."
NUMBER_TAKEN = "Somebody already has this employee number."


def add_person(
    *,
    name: str,
    site: Site,
    by: uuid.UUID | str,
    at: dt.datetime,
    email: str | None = None,
    phone: str = "",
    hire_date: dt.date | None = None,
    first_shift_on: dt.date | None = None,
    category: str = Category.STAFF,
    job_role: str = "",
    team: Team | None = None,
    working_days: str = MONDAY_TO_FRIDAY,
    is_coordinator: bool = False,
    is_auditor: bool = False,
    is_administrator: bool = False,
    latin_name: str = "",
    employee_number: str | None = None,
    own_zone: str = "",
    roster: str = "",
) -> User:
    """Adds a person without a password: they sign in once they have accepted an invitation, which is not sent here. ``roster`` is the
    public id of the roster that asked for it; it stands in the event, here and in the actions below.

    Writes PERSON_ADDED, then TEAM_JOINED if there is a team; ``hooks.on_person_change`` is called last.
    """
    user = User(
        name=name,
        latin_name=latin_name,
        email=email,
        employee_number=employee_number,
        phone=phone,
        hire_date=hire_date,
        first_shift_on=first_shift_on,
        category=category,
        job_role=job_role,
        site=site,
        team=team,
        own_zone=own_zone,
        working_days=working_days,
        is_coordinator=is_coordinator,
        is_auditor=is_auditor,
        is_administrator=is_administrator,
        date_joined=at,
    )
    user.set_unusable_password()
    with transaction.atomic():
        _save(user)
        write(user, EventKind.PERSON_ADDED, {**_facts(user), **_source(roster)}, at=at, by=by)
        if team is not None:
            write(user, EventKind.TEAM_JOINED, {"team": str(team.public_id)}, at=at, by=by)
        hooks.person_changed(user, at=at, by=by)
    return user


def change_person(user: User, *, by: uuid.UUID | str, at: dt.datetime, roster: str = "", **changes: Any) -> User:
    """Changes the named fields (those of ``CHANGEABLE``), and ``user`` with them. What is already so is skipped; without a change nothing is written.

    One event a meaning, in this order: TEAM_LEFT, TEAM_JOINED, ROLE_CHANGED (job role, category, coordinator, auditor, administrator), PERSON_CHANGED (the
    rest). A new email address ends the open invitation, which is bound to the old one; taking the address away also ends the
    person's sessions. Last come ``hooks.on_zone_change``, if the person's zone differs from the old one, and ``hooks.on_person_change``.
    """
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"change_person changes no {', '.join(sorted(unknown))}")
    with transaction.atomic():
        record.hold(user.subject)
        old = User.objects.select_related("site", "team").get(pk=user.pk)
        _refuse_erased(old)
        new = User.objects.select_related("site", "team").get(pk=user.pk)
        for field, value in changes.items():
            setattr(new, field, value)
        if old.is_coordinator and not new.is_coordinator:
            _keep_a_coordinator(old, field="is_coordinator")
        if new.is_auditor and not old.is_auditor and Supervision.objects.filter(supervisor=old, ended_at=None).exists():
            raise ValidationError({"is_auditor": AUDITOR_SUPERVISES})
        _save(new)
        changed = [field for field in CHANGEABLE if getattr(old, field) != getattr(new, field)]
        if "email" in changed:
            _end_invitations(new)
            # allauth would still let the old address sign in and reset the password
            EmailAddress.objects.filter(user=new).delete()
            if new.email is None:
                end_sessions(new)
        _write_changes(old, new, changed, roster, at=at, by=by)
        if old.zone != new.zone:
            hooks.zone_changed(new, at=at, by=by)
        if changed:
            hooks.person_changed(new, at=at, by=by)
    for field in CHANGEABLE:
        setattr(user, field, getattr(new, field))
    return user


def deactivate(user: User, reason: str, *, by: uuid.UUID | str, at: dt.datetime, roster: str = "") -> User:
    """Closes the account; the person and the record stay. The person is signed out everywhere and cannot sign in, the open
    invitation ends, and they stop supervising (SUPERVISION_ENDED for each team, then PERSON_DEACTIVATED with the reason).

    ``reason`` is a word of ``enums.DeactivationReason``, or a few words without names. ``hooks.on_person_change`` is called last.
    Skipped if the person is not active.
    """
    with transaction.atomic():
        record.hold(user.subject)
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
            payload = {"reason": names.one_line(reason)[:200], **_source(roster)}
            write(fresh, EventKind.PERSON_DEACTIVATED, payload, at=at, by=by)
            end_sessions(fresh)
            hooks.person_changed(fresh, at=at, by=by)
    user.is_active, user.deactivated_at = fresh.is_active, fresh.deactivated_at
    return user


def reactivate(user: User, *, by: uuid.UUID | str, at: dt.datetime, roster: str = "") -> User:
    """Opens the account again with the password it had. Supervision and invitations do not come back; ``hooks.on_person_change`` is
    called last. Skipped if active. Raises ValidationError for somebody whose identity was erased."""
    with transaction.atomic():
        record.hold(user.subject)
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        _refuse_erased(fresh)
        if not fresh.is_active:
            fresh.is_active, fresh.deactivated_at = True, None
            fresh.save(update_fields=["is_active", "deactivated_at"])
            write(fresh, EventKind.PERSON_REACTIVATED, {**_facts(fresh), **_source(roster)}, at=at, by=by)
            hooks.person_changed(fresh, at=at, by=by)
    user.is_active, user.deactivated_at = fresh.is_active, fresh.deactivated_at
    return user


def choose_theme(user: User, theme: str) -> None:
    """Sets how pages look for this person. Not evidence, so no event."""
    User.objects.filter(pk=user.pk).update(theme=theme)


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
    """Checks everything and saves. A duplicate address or number that another transaction added meanwhile gets the same sentence."""
    user.name = names.one_line(user.name or "")
    user.latin_name = names.one_line(user.latin_name or "")
    user.job_role = names.one_line(user.job_role or "")
    user.phone = names.one_line(user.phone or "")
    user.email = (user.email or "").strip().lower() or None
    user.employee_number = names.one_line(user.employee_number or "") or None
    user.full_clean(exclude=["password"])
    try:
        with transaction.atomic():
            user.save(update_fields=None if user.pk is None else CHANGEABLE)
    except IntegrityError as error:
        if user.email and User.objects.filter(email__iexact=user.email).exclude(pk=user.pk).exists():
            raise ValidationError(EMAIL_TAKEN) from error
        number = user.employee_number
        if number and User.objects.filter(employee_number__iexact=number).exclude(pk=user.pk).exists():
            raise ValidationError(NUMBER_TAKEN) from error
        raise


def _facts(user: User) -> dict[str, Any]:
    """What requirements look at, as facts without a name."""
    return {
        "category": str(user.category),
        "coordinator": user.is_coordinator,
        "auditor": user.is_auditor,
        "administrator": user.is_administrator,
        "hire_date": user.hire_date.isoformat() if user.hire_date else None,
        "site": user.site_id,
        "zone": user.zone,
    }


def _source(roster: str) -> dict[str, str]:
    return {"roster": roster} if roster else {}


def _write_changes(
    old: User, new: User, changed: list[str], roster: str, *, at: dt.datetime, by: uuid.UUID | str
) -> None:
    source = _source(roster)
    if "team" in changed:
        if old.team is not None:
            write(new, EventKind.TEAM_LEFT, {"team": str(old.team.public_id), **source}, at=at, by=by)
        if new.team is not None:
            write(new, EventKind.TEAM_JOINED, {"team": str(new.team.public_id), **source}, at=at, by=by)
    roles = [field for field in changed if field in ROLE_FIELDS]
    if roles:
        payload: dict[str, Any] = {"changed": roles, **source}
        if "category" in roles:
            payload["category"] = {"from": str(old.category), "to": str(new.category)}
        for field in ("is_coordinator", "is_auditor", "is_administrator"):
            if field in roles:
                payload[field.removeprefix("is_")] = {"from": getattr(old, field), "to": getattr(new, field)}
        write(new, EventKind.ROLE_CHANGED, payload, at=at, by=by)
    rest = [field for field in changed if field not in ROLE_FIELDS and field != "team"]
    if rest:
        payload = {"changed": rest, **source}
        if "hire_date" in rest:
            payload["hire_date"] = {"from": _iso(old.hire_date), "to": _iso(new.hire_date)}
        if "first_shift_on" in rest:
            payload["first_shift_on"] = {"from": _iso(old.first_shift_on), "to": _iso(new.first_shift_on)}
        if "site" in rest:
            payload["site"] = {"from": old.site_id, "to": new.site_id}
        if "site" in rest or "own_zone" in rest:
            payload["zone"] = {"from": old.zone, "to": new.zone}
        write(new, EventKind.PERSON_CHANGED, payload, at=at, by=by)


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
