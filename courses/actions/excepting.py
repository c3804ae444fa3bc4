"""Exceptions for one person: exemption, leave, learning accepted from elsewhere; their end, and what follows from it."""

import datetime as dt
import logging
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from courses.actions.assigning import part_of
from courses.actions.cycles import reconcile
from courses.actions.replying import settled_by_exception
from courses.enums import MOVED_BY_EXCEPTION, ExceptionKind
from courses.models import Assignment, Course, DutyException, Reply
from courses.requirements.dating import after_leave, later
from lms.lib import dates, names
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind

log = logging.getLogger(__name__)
FARTHEST_YEARS = 20
BREATH = 14  # days that anybody has at least once an exemption is over


def grant(
    learner: User,
    kind: ExceptionKind,
    *,
    starts_on: dt.date,
    ends_on: dt.date | None,
    reason: str,
    by: User,
    at: dt.datetime,
    course: Course | None = None,
    evidence: str = "",
    answers: Reply | None = None,
    batch: str = "",
) -> DutyException:
    """Grants an exception; whoever grants it approves it.

    An exemption or a leave stills everything it touches from its first day to its last. Learning from elsewhere (``starts_on``: the day
    it was completed, ``ends_on``: its own last day) fulfils what is open of the course at once and counts for duties that come later.
    It settles the answer to a reminder that it ``answers``, and every other open one of the person that it deals with. One transaction with the events. Raises ValidationError without a reason, for days out of order, when the person is deactivated, for
    learning from elsewhere without a course or evidence, in the future or already run out, and for one that is there already (``had``).
    """
    reason, evidence = names.one_line(reason), names.one_line(evidence)
    today = dates.local_date(at, learner.zone)
    _check(learner, kind, starts_on, ends_on, reason, course, evidence, today)
    row = DutyException(
        learner=learner,
        kind=kind,
        course=None if kind == ExceptionKind.LEAVE else course,
        starts_on=starts_on,
        ends_on=ends_on,
        starts_at=dates.end_of_day(starts_on - dt.timedelta(days=1), learner.zone),
        ends_at=dates.end_of_day(ends_on, learner.zone) if ends_on else None,
        reason=reason,
        evidence=evidence,
        approved_by=str(by.subject),
        approved_at=at,
    )
    with transaction.atomic():
        record.hold(learner.subject)
        if words := had(learner, row.kind, row.course, starts_on, ends_on):
            raise ValidationError(words)
        row.full_clean(exclude=["learner", "course"])
        row.save()
        payload = {"reason": reason, "evidence": evidence, **part_of(batch)}
        _event(row, EventKind.EXCEPTION_GRANTED, payload, by=by.subject, at=at)
        settled_by_exception(row, by=by.subject, at=at, answers=answers)
        if kind == ExceptionKind.PRIOR_LEARNING:
            _satisfy(row, by=by.subject, at=at)
            reconcile(learner, at=at, by=by.subject)
    return row


def _check(
    learner: User,
    kind: str,
    starts_on: dt.date,
    ends_on: dt.date | None,
    reason: str,
    course: Course | None,
    evidence: str,
    today: dt.date,
) -> None:
    if not learner.is_active:
        raise ValidationError(f"{learner.name} is deactivated. Reactivate the person first.")
    if not reason:
        raise ValidationError({"reason": "Say why. The reason stays in the record."})
    if any(abs(day.year - today.year) > FARTHEST_YEARS for day in (starts_on, ends_on) if day):
        raise ValidationError(f"A day is more than {FARTHEST_YEARS} years away. Check the year.")
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": "The last day is before the first day. Choose a later last day."})
    if kind != ExceptionKind.PRIOR_LEARNING:
        if ends_on is not None and ends_on < today:
            raise ValidationError({"ends_on": "This is over already. Choose today or a later last day."})
        return
    if course is None:
        raise ValidationError({"course": "Choose the course that was learned elsewhere."})
    if not evidence:
        raise ValidationError({"evidence": "Say what you saw, for example: certificate of the county, seen on paper."})
    if starts_on > today:
        raise ValidationError({"starts_on": "This day is still to come. Give the day on which it was completed."})
    if ends_on is not None and ends_on < today:
        raise ValidationError({"ends_on": "This certificate ran out, so it cannot count. The course has to be taken."})


def had(learner: User, kind: str, course: Course | None, starts_on: dt.date, ends_on: dt.date | None) -> str:
    """Why one more exception of the kind is too many, in words; empty when it is not: a leave over some of the same days, an exemption
    from the same course over all of them. What was learned elsewhere may be learned again."""
    rows = DutyException.objects.filter(learner=learner, kind=kind, course=course, settled_at__isnull=True)
    if kind == ExceptionKind.LEAVE:
        rows = rows.exclude(ends_on__lt=starts_on)
        if (rows.filter(starts_on__lte=ends_on) if ends_on else rows).exists():
            return f"{learner.name} has a leave over these days already. End that one first, or choose other days."
    elif kind == ExceptionKind.EXEMPTION:
        rows = rows.filter(starts_on__lte=starts_on)
        if rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=ends_on or dt.date.max)).exists():
            return f"{learner.name} is exempt over these days already. Nothing was stored twice."
    return ""


def _satisfy(row: DutyException, *, by: uuid.UUID | str, at: dt.datetime) -> None:
    """Fulfils the open assignments of the course, those made by hand too."""
    mine = Assignment.objects.open().filter(learner=row.learner, course=row.course)
    for assignment in mine.select_related("course").order_by("pk"):
        Assignment.objects.filter(pk=assignment.pk).update(
            accepted=row, satisfied_at=at, valid_until_on=row.ends_on, valid_until_at=row.ends_at
        )
        payload = {"assignment": str(assignment.public_id), "valid_until": str(row.ends_on or "")}
        _event(row, EventKind.ASSIGNMENT_SATISFIED, payload, by=by, at=at)


def end(
    row: DutyException, *, reason: str, by: User, at: dt.datetime, taken_back: bool = False, batch: str = ""
) -> bool:
    """Ends an exception now, before its day; what follows from its end (moved due dates, the next cycle) follows at once. False if it was
    over before. Raises ValidationError without a reason.

    ``taken_back``: it should not have been granted, so due dates stay as they are; only those that passed while it held get the
    breath that follows an exemption."""
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError("Say why it ends. The reason stays in the record.")
    today = dates.local_date(at, row.learner.zone)
    with transaction.atomic():
        record.hold(row.learner.subject)
        fresh = DutyException.objects.select_related("learner__site", "learner__team", "course").get(pk=row.pk)
        if fresh.settled_at is not None or (fresh.ends_at is not None and fresh.ends_at <= at):
            return False
        ends_at = max(at, fresh.starts_at)
        fresh.ends_on, fresh.ends_at = max(today, fresh.starts_on), ends_at
        fresh.ended_reason = reason
        fresh.save(update_fields=["ends_on", "ends_at", "ended_reason"])
        _event(fresh, EventKind.EXCEPTION_ENDED, {"reason": reason, **part_of(batch)}, by=by.subject, at=at)
        if fresh.kind == ExceptionKind.PRIOR_LEARNING:
            Assignment.objects.filter(accepted=fresh).update(valid_until_on=fresh.ends_on, valid_until_at=ends_at)
        if ends_at <= at:
            _settle(fresh, by=by.subject, at=at, taken_back=taken_back)
        else:  # it had not begun
            DutyException.objects.filter(pk=fresh.pk).update(settled_at=at)
        reconcile(fresh.learner, at=at, by=by.subject)
    row.refresh_from_db()
    return True


def settle_ended(*, at: dt.datetime) -> int:
    """Carries out the end of every exception whose last day is over: due dates move. Each in a transaction of its own, in the order of
    the subjects; returns how many."""
    done = 0
    rows = DutyException.objects.filter(settled_at__isnull=True, ends_at__lte=at).select_related("learner")
    for row in rows.order_by("learner__subject", "pk"):
        try:
            with transaction.atomic():
                record.hold(row.learner.subject)
                fresh = DutyException.objects.select_related("learner__site", "learner__team", "course").get(pk=row.pk)
                if fresh.settled_at is None:
                    _settle(fresh, by=SYSTEM, at=at)
                    done += 1
        except Exception:
            log.exception("the end of exception %s could not be carried out", row.public_id)
    return done


def _settle(row: DutyException, *, by: uuid.UUID | str, at: dt.datetime, taken_back: bool = False) -> None:
    """After a leave as many days are left as there were before it; after an exemption at least two weeks."""
    assert row.ends_at is not None
    zone = row.learner.zone
    back_on = dates.local_date(row.ends_at, zone)
    if row.kind != ExceptionKind.PRIOR_LEARNING:
        mine = Assignment.objects.open().filter(learner=row.learner).select_related("course", "learner__site")
        if row.course is not None:
            mine = mine.filter(course=row.course)
        if taken_back:
            mine = mine.filter(due_at__gt=max(row.starts_at, row.approved_at), due_at__lte=at)
        for assignment in mine.order_by("pk"):
            if row.kind == ExceptionKind.LEAVE:
                begun = max(row.starts_on, assignment.opens_on)
                due_on, reason = after_leave(assignment.due_on, leave_from=begun, back_on=back_on), "back from leave"
            else:
                due_on, reason = max(assignment.due_on, later(back_on, BREATH)), "the exemption is over"
            if due_on != assignment.due_on:
                Assignment.objects.filter(pk=assignment.pk).update(
                    due_on=due_on,
                    due_at=dates.end_of_day(due_on, zone),
                    why={**assignment.why, "moved": MOVED_BY_EXCEPTION},
                )
                _event(
                    row,
                    EventKind.ASSIGNMENT_MOVED,
                    {
                        "assignment": str(assignment.public_id),
                        "course": assignment.course.slug,
                        "from": str(assignment.due_on),
                        "to": str(due_on),
                        "zone": zone,
                        "reason": reason,
                    },
                    by=by,
                    at=at,
                )
    DutyException.objects.filter(pk=row.pk).update(settled_at=at)


def _event(
    row: DutyException, kind: EventKind, payload: dict[str, Any], *, by: uuid.UUID | str, at: dt.datetime
) -> None:
    base = {
        "exception": str(row.public_id),
        "kind": str(row.kind),
        "course": row.course.slug if row.course else "",
        "starts_on": str(row.starts_on),
        "ends_on": str(row.ends_on or ""),
        "zone": row.learner.zone,
        "identity": snapshot_of(row.learner, at=at).hash,
    }
    record.append(row.learner.subject, kind, {**base, **payload}, at=at, by=by)
