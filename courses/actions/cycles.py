"""Bringing people's duties into line with the rules: cycles open, follow, close and end. Twice the same is once."""

import datetime as dt
import logging
import uuid
from typing import Any

from django.db import transaction

from courses.actions.assigning import open_duty
from courses.models import Assignment, DutyException, Enrollment
from courses.queries.duties import Asked, Planned, all_asked, everybody, plan
from courses.requirements.planning import Act
from lms.lib import dates
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind

log = logging.getLogger(__name__)
LEFT = "The person left or was deactivated."


def reconcile(user: User, *, at: dt.datetime, by: uuid.UUID | str = SYSTEM) -> int:
    """Brings one person's duties into line with every requirement, in one transaction; returns how many steps that took.

    The head of the record is taken first, and only then is anything read, so that of two at once the second finds what the first did.
    Somebody who is not active loses every open duty, those made by hand too; what is fulfilled stays. What cannot be dated, and what
    may not be required yet, is left for the coordinator's list.
    """
    with transaction.atomic():
        record.hold(user.subject)
        fresh = User.objects.select_related("site", "team").get(pk=user.pk)
        done = 0
        again = True
        while again:  # what is asked again may want its next cycle at once
            steps = plan(all_asked(), [fresh], at)
            done += sum(_carry_out(planned, at=at, by=by) for planned in steps)
            again = any(planned.step.act == Act.RESUME for planned in steps)
        if not fresh.is_active:
            for row in Assignment.objects.open().filter(learner=fresh).select_related("course", "learner__site"):
                done += _close(row, LEFT, at=at, by=by)
    return done


def person_changed(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Called inside the transaction that changed something about a person."""
    reconcile(user, at=at, by=by)


def reconcile_all(*, at: dt.datetime, by: uuid.UUID | str = SYSTEM, limit: int | None = None) -> int:
    """The same for everybody who needs it, in the order of their subjects, each in a transaction of their own.

    First everybody is looked at without writing, in a fixed number of queries; only those with something to do are taken, at
    most ``limit`` of them. Somebody who fails is logged, keeps nobody back, and is tried again the next time.
    """
    users = {user.pk: user for user in everybody()}
    wanting = {planned.user.pk for planned in plan(all_asked(), users.values(), at) if planned.step.changes}
    left_open = Assignment.objects.open().filter(learner__is_active=False).values_list("learner", flat=True)
    done = 0
    wanting.update(left_open)
    for key in [key for key in users if key in wanting][:limit]:
        try:
            done += reconcile(users[key], at=at, by=by)
        except Exception:
            log.exception("the duties of person %s could not be brought into line", key)
    return done


def _carry_out(planned: Planned, *, at: dt.datetime, by: uuid.UUID | str) -> int:
    """Does one step; 1 if it wrote something."""
    step = planned.step
    row = (
        Assignment.objects.select_related("course", "learner__site", "rule").get(pk=step.duty.key)
        if step.duty is not None and step.changes
        else None
    )
    if step.act in (Act.OPEN, Act.RENEW, Act.HOLD):
        _open(planned, at=at, by=by)
    elif step.act == Act.CLOSE and row is not None:
        return _close(row, step.because, at=at, by=by)
    elif step.act == Act.END and row is not None:
        return _mark(row, EventKind.ASSIGNMENT_ENDED, {"reason": step.because}, at=at, by=by, ended_at=at)
    elif step.act == Act.RESUME and row is not None:
        return _mark(row, EventKind.ASSIGNMENT_RESUMED, {}, at=at, by=by, ended_at=None)
    elif step.act == Act.FOLLOW and row is not None:
        dated = row.why.get("dated") or (row.rule.number if row.rule else 0)
        return (
            Assignment.objects.open()
            .filter(pk=row.pk)
            .update(rule=planned.asked.version, why={**row.why, "dated": dated})
        )
    elif step.act == Act.MOVE and row is not None and step.due_on is not None:
        return _move(row, planned, at=at, by=by)
    else:
        return 0
    return 1


def _open(planned: Planned, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    step, user = planned.step, planned.user
    today = dates.local_date(at, user.zone)
    held = accepted = None
    if step.holding is not None:
        if step.holding.outside:
            accepted = DutyException.objects.get(pk=step.holding.key)
        else:
            held = Enrollment.objects.select_related("version").get(pk=step.holding.key)
    open_duty(
        user,
        planned.course,
        reason=planned.asked.requirement.reason,
        opens_on=today,
        due_on=max(step.due_on or today, today),
        by=by,
        at=at,
        requirement=planned.asked.requirement,
        rule=planned.asked.version,
        why=facts_used(planned, today),
        renews_until_on=step.ran_out,
        held=held,
        accepted=accepted,
        valid_until_on=step.until,
    )


def facts_used(planned: Planned, today: dt.date) -> dict[str, Any]:
    """What a due date was counted from, as it stands in ``Assignment.why``: no names of people."""
    user, step = planned.user, planned.step
    return {
        "joined_on": str(step.joined_on or today),
        "hire_date": str(user.hire_date) if user.hire_date else None,
        "first_shift_on": str(user.first_shift_on) if user.first_shift_on else None,
        "category": str(user.category),
        "job_role": user.job_role,
        "site": user.site.name,
        "team": user.team.name if user.team else "",
        "because": "" if step.act == Act.PROBLEM else step.because,
        **({"renewal": True} if step.act == Act.RENEW else {}),
    }


def _move(row: Assignment, planned: Planned, *, at: dt.datetime, by: uuid.UUID | str) -> int:
    """Follows the rule's newer version or a corrected fact; an event only when the due date is another one."""
    step, zone = planned.step, row.learner.zone
    due_on = max(step.due_on or row.due_on, row.opens_on)
    kept = {name: fact for name, fact in row.why.items() if name != "dated"}
    facts = {**kept, **facts_used(planned, dates.local_date(at, zone))}
    moved = Assignment.objects.open().filter(pk=row.pk).update(
        due_on=due_on, due_at=dates.end_of_day(due_on, zone), rule=planned.asked.version, why=facts
    )  # fmt: skip
    if moved and due_on != row.due_on:
        payload = {"from": str(row.due_on), "to": str(due_on), "zone": zone, "reason": "the rule or its facts changed"}
        _event(row, EventKind.ASSIGNMENT_MOVED, {**payload, "rule": planned.asked.version.number}, at=at, by=by)
    return moved


def _close(row: Assignment, reason: str, *, at: dt.datetime, by: uuid.UUID | str) -> int:
    won = Assignment.objects.open().filter(pk=row.pk).update(withdrawn_at=at, withdrawn_reason=reason[:200])
    if won:
        _event(row, EventKind.ASSIGNMENT_WITHDRAWN, {"reason": reason}, at=at, by=by)
    return won


def _mark(
    row: Assignment, kind: EventKind, payload: dict[str, Any], *, at: dt.datetime, by: uuid.UUID | str, ended_at: Any
) -> int:
    rows = Assignment.objects.fulfilled().filter(pk=row.pk, withdrawn_at__isnull=True)
    won = Assignment.objects.filter(pk__in=rows.values("pk"), ended_at__isnull=ended_at is not None).update(
        ended_at=ended_at
    )
    if won:
        _event(row, kind, payload, at=at, by=by)
    return won


def _event(row: Assignment, kind: EventKind, payload: dict[str, Any], *, at: dt.datetime, by: uuid.UUID | str) -> None:
    base = {
        "assignment": str(row.public_id),
        "course": row.course.slug,
        "identity": snapshot_of(row.learner, at=at).hash,
    }
    record.append(row.learner.subject, kind, {**base, **payload}, at=at, by=by)


def preview(each: Asked, at: dt.datetime) -> list[Planned]:
    """What the version would ask of everybody who is active, without writing anything. A fixed number of queries."""
    return plan([each], everybody().filter(is_active=True), at)
