"""Writing requirements: draft, switch on, change, end. What they ask of people is carried out by ``courses.actions.cycles``."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from courses.actions import cycles
from courses.models import Course, CoursePath, Requirement, RequirementVersion
from courses.queries.duties import Asked, asked, published_courses, stored_audience
from courses.requirements.checking import findings
from courses.requirements.facts import Audience, Due, Renewal
from lms.lib import dates, names
from lms.outbox import work
from lms.people.actions.identity import snapshot_of
from lms.people.models import Organization, User
from lms.record import actions as record
from lms.record.enums import EventKind

AT_ONCE = 300  # people brought into line while the coordinator waits; the worker does the rest
IN_LINE = "courses.tasks.bring_duties_into_line"


@dataclasses.dataclass(frozen=True)
class Wording:
    """One version of a rule as the editor gives it."""

    audience: Audience
    due: Due
    renewal: Renewal
    active_from: dt.date
    grace: int = 14
    active_until: dt.date | None = None


def draft(
    *, name: str, what: Course | CoursePath, reason: str, wording: Wording, by: uuid.UUID | str, at: dt.datetime
) -> RequirementVersion:
    """Writes a requirement with its first version. Nobody is affected before ``switch_on``.

    Raises ValidationError with what is wrong, by field of the editor.
    """
    requirement = Requirement(
        name=names.one_line(name),
        reason=names.one_line(reason),
        course=what if isinstance(what, Course) else None,
        path=what if isinstance(what, CoursePath) else None,
        created_by=str(by),
        created_at=at,
    )
    requirement.full_clean()
    version = _version(requirement, 1, wording, by=by, at=at)
    _check(requirement, version, at)
    with transaction.atomic():
        requirement.save()
        version.requirement = requirement
        version.save()
    return version


def rewrite(
    requirement: Requirement,
    *,
    name: str,
    reason: str,
    wording: Wording,
    by: uuid.UUID | str,
    at: dt.datetime,
) -> RequirementVersion:
    """Writes the next version; the one that holds goes on holding until this one is switched on. The same wording as the newest
    version makes no other. Name and reason change at once. Raises ValidationError like ``draft``, and for an ended requirement."""
    if requirement.ended_at is not None:
        raise ValidationError("This requirement has ended. Write a new one.")
    requirement.name, requirement.reason = names.one_line(name), names.one_line(reason)
    requirement.full_clean()
    with transaction.atomic():
        Requirement.objects.filter(pk=requirement.pk).update(name=requirement.name, reason=requirement.reason)
        last = requirement.versions.aggregate(last=Max("number"))["last"] or 0
        version = _version(requirement, last + 1, wording, by=by, at=at)
        _check(requirement, version, at)
        newest = requirement.versions.filter(number=last).first()
        if newest is not None and _rule_columns(newest) == _rule_columns(version):
            return newest
        version.save()
    return version


def _version(
    requirement: Requirement, number: int, wording: Wording, *, by: uuid.UUID | str, at: dt.datetime
) -> RequirementVersion:
    return RequirementVersion(
        requirement=requirement,
        number=number,
        audience=stored_audience(wording.audience),
        due_kind=wording.due.kind,
        due_days=wording.due.days,
        due_on=wording.due.on,
        renewal_kind=wording.renewal.kind,
        renewal_months=wording.renewal.months,
        renewal_month=wording.renewal.month,
        renewal_day=wording.renewal.day,
        window_days=wording.renewal.window,
        grace_days=wording.grace,
        active_from=wording.active_from,
        active_until=wording.active_until,
        written_by=str(by),
        written_at=at,
    )


def _rule_columns(version: RequirementVersion) -> dict[str, Any]:
    skipped = {"id", "requirement", "number", "written_by", "written_at"}
    return {f.name: getattr(version, f.name) for f in version._meta.fields if f.name not in skipped}


def facts_of(requirement: Requirement, version: RequirementVersion) -> Asked:
    """The version as the rules see it, in force or not."""
    return asked(requirement, version, published_courses())


def _check(requirement: Requirement, version: RequirementVersion, at: dt.datetime) -> None:
    organization = Organization.objects.first()
    today = dates.local_date(at, organization.zone if organization else "UTC")
    path = requirement.path.courses if requirement.path else None
    if version.due_days < 0 or version.grace_days < 0:
        raise ValidationError("Give days as numbers from 0.")
    found: dict[str, list[str]] = {}
    for finding in findings(facts_of(requirement, version).rule, today=today, path_courses=path):
        found.setdefault(finding.field, []).append(finding.sentence)
    if found:
        raise ValidationError(found)


def switch_on(version: RequirementVersion, *, by: User, at: dt.datetime) -> int:
    """Makes this version the one that holds, whether it is the first or a change, and brings people into line with it.

    In one transaction: the requirement points at the version, and the coordinator's record notes it. Then, each person in a transaction
    of their own, what the preview said; past the first few hundred people the worker goes on. Returns the number of steps taken here.
    A version that holds already changes nothing. Raises ValidationError for an ended requirement, for a version that is not the newest,
    and when what the rule names has changed so that it cannot be (a course withdrawn from a path).
    """
    requirement = Requirement.objects.select_related("course", "path").get(pk=version.requirement_id)
    _check(requirement, version, at)
    with transaction.atomic():
        record.hold(by.subject)
        newest = requirement.versions.aggregate(last=Max("number"))["last"]
        if version.number != newest:
            raise ValidationError(
                "Somebody wrote a newer version of this rule. Look at its preview before you switch it on."
            )
        rows = Requirement.objects.filter(pk=requirement.pk, ended_at__isnull=True)
        if not rows.exists():
            raise ValidationError("This requirement has ended. Write a new one.")
        if not rows.exclude(current=version).update(current=version, switched_on_at=requirement.switched_on_at or at):
            return 0
        kind = EventKind.REQUIREMENT_CHANGED if requirement.switched_on_at else EventKind.REQUIREMENT_SWITCHED_ON
        _event(requirement, kind, {"rule": version.number}, by=by, at=at)
        work.ring_after_commit(IN_LINE, requirement.pk)
    return cycles.reconcile_all(at=at, by=by.subject, limit=AT_ONCE)


def end(requirement: Requirement, *, reason: str, by: User, at: dt.datetime) -> int:
    """Ends the requirement: open duties close with the reason, fulfilled ones stay and are renewed no more. Returns the number of steps
    taken here (see ``switch_on``). Raises ValidationError without a reason, and if it had ended or was never switched on."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError("Say why the requirement ends. The reason stays in the record.")
    with transaction.atomic():
        record.hold(by.subject)
        rows = Requirement.objects.filter(pk=requirement.pk, ended_at__isnull=True, current__isnull=False)
        if not rows.update(ended_at=at, ended_reason=reason):
            raise ValidationError("This requirement is not switched on, so there is nothing to end.")
        requirement.refresh_from_db()
        _event(requirement, EventKind.REQUIREMENT_ENDED, {"reason": reason}, by=by, at=at)
        work.ring_after_commit(IN_LINE, requirement.pk)
    return cycles.reconcile_all(at=at, by=by.subject, limit=AT_ONCE)


def _event(requirement: Requirement, kind: EventKind, payload: dict[str, Any], *, by: User, at: dt.datetime) -> None:
    base = {"requirement": str(requirement.public_id), "identity": snapshot_of(by, at=at).hash}
    record.append(by.subject, kind, {**base, **payload}, at=at, by=by.subject)
