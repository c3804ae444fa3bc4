"""Assigning courses by hand, moving due dates, withdrawing."""

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from courses.models import Assignment, Course, DutyException, Enrollment, Requirement, RequirementVersion
from courses.queries.review import may_require
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind

FARTHEST_YEARS = 20


def assign(
    learner: User,
    course: Course,
    *,
    due_on: dt.date,
    reason: str,
    by: uuid.UUID | str,
    at: dt.datetime,
    opens_on: dt.date | None = None,
    batch: str = "",
) -> Assignment:
    """Gives one person the duty to hold a course, and notes it for their mail.

    In one transaction: the assignment (its due instant is the end of the due date in the zone of the learner's site), the
    enrollment (the open one if there is one, else a new one of the current version), the event, the occasion. The next cycle is
    used when earlier cycles exist. Raises ValidationError, in words, when the person is deactivated, the course has no published
    version, the current version may not be required of people (``may_require``: in production, unreviewed or with an empty place for
    site words), the person already has this course open, or a date is out of order. ``batch`` is the public id of the batch that it is
    part of, for the event; the same in the other actions.
    """
    if not learner.is_active:
        raise ValidationError(f"{learner.name} is deactivated. Reactivate the person first.")
    if course.current is None:
        raise ValidationError(f"{course.title} has no published edition yet.")
    if not reason.strip():
        raise ValidationError("Say why this course is assigned.")
    obstacles = may_require(course.current)
    if obstacles:
        raise ValidationError(" ".join([f"{course.title} cannot be required of people yet.", *obstacles]))
    zone = learner.zone
    opens_on = opens_on or dates.local_date(at, zone)
    _check_dates(opens_on, due_on, at)
    try:
        with transaction.atomic():
            record.hold(learner.subject)  # of two at once, the second finds the first one's row
            if _open_assignment(learner, course):
                raise ValidationError(f"{learner.name} already has {course.title} to do.")
            assignment = open_duty(
                learner, course, reason=reason.strip(), opens_on=opens_on, due_on=due_on, by=by, at=at, batch=batch
            )
    except IntegrityError as error:
        raise ValidationError(f"{learner.name} already has {course.title} to do.") from error
    return assignment


def open_duty(
    learner: User,
    course: Course,
    *,
    reason: str,
    opens_on: dt.date,
    due_on: dt.date,
    by: uuid.UUID | str,
    at: dt.datetime,
    requirement: Requirement | None = None,
    rule: RequirementVersion | None = None,
    why: dict[str, Any] | None = None,
    renews_until_on: dt.date | None = None,
    held: Enrollment | None = None,
    accepted: DutyException | None = None,
    valid_until_on: dt.date | None = None,
    batch: str = "",
) -> Assignment:
    """Writes one assignment in its next cycle, with its event, and notes it for mail. Runs in a transaction that holds the record's head.

    ``held`` or ``accepted``: what fulfils it already; then no mail is written. Otherwise it shares the learner's open enrollment, or
    opens one of the current version; when another open assignment shares it the person was told before, so no mail is written either.

    The cycles of a course are counted over all who ask for it: what has no open duty beside it is a new cycle, so that what is left to
    do counts before what another rule is content with.
    """
    zone = learner.zone
    before = Assignment.objects.filter(learner=learner, course=course)
    own = _last_cycle(before.filter(requirement=requirement))
    enrollment = held or open_enrollment(learner, course, at=at)
    told = before.filter(enrollment=enrollment)
    beside = told if held else told.open()
    cycle = max(own + 1, _last_cycle(beside)) if beside.exists() else _last_cycle(before) + 1
    mail = not held and not accepted and not told.open().exists()
    assignment = Assignment.objects.create(
        learner=learner,
        course=course,
        cycle=cycle,
        enrollment=enrollment,
        requirement=requirement,
        rule=rule,
        why=why or {},
        reason=reason,
        assigned_by=str(by),
        assigned_at=at,
        opens_on=opens_on,
        opens_at=dates.end_of_day(opens_on - dt.timedelta(days=1), zone),
        due_on=due_on,
        due_at=dates.end_of_day(due_on, zone),
        accepted=accepted,
        satisfied_at=at if accepted else None,
        valid_until_on=valid_until_on,
        valid_until_at=dates.end_of_day(valid_until_on, zone) if valid_until_on else None,
        renews_until_on=renews_until_on,
        renews_until_at=dates.end_of_day(renews_until_on, zone) if renews_until_on else None,
    )
    payload: dict[str, Any] = {
        "assignment": str(assignment.public_id),
        "course": course.slug,
        "edition": enrollment.version.content_hash,
        "cycle": assignment.cycle,
        "opens_on": str(opens_on),
        "due_on": str(due_on),
        "zone": zone,
        "reason": assignment.reason,
        "enrollment": str(enrollment.public_id),
        "renews_until": str(renews_until_on or ""),
        "identity": snapshot_of(learner, at=at).hash,
    }
    if requirement is not None and rule is not None:
        payload |= {"requirement": str(requirement.public_id), "rule": rule.number, "facts": why or {}}
    if held is not None or accepted is not None:
        evidence = str(accepted.public_id) if accepted else str(enrollment.public_id)
        payload |= {"held": evidence, "valid_until": str(valid_until_on or "")}
    record.append(learner.subject, EventKind.COURSE_ASSIGNED, payload | part_of(batch), at=at, by=by)
    if mail:
        kind = "course_assigned" if renews_until_on is None else "renewal_opens"
        outbox.note(
            kind,
            key=f"{kind}:{assignment.public_id}",
            recipient=learner,
            ref=str(assignment.public_id),
            at=at,
        )
    return assignment


def _last_cycle(rows: QuerySet[Assignment]) -> int:
    return rows.aggregate(last=Max("cycle"))["last"] or 0


def _check_dates(opens_on: dt.date, due_on: dt.date, at: dt.datetime) -> None:
    if due_on < opens_on:
        raise ValidationError("The due date cannot be before the day the course opens.")
    if abs(opens_on.year - at.year) > FARTHEST_YEARS or abs(due_on.year - at.year) > FARTHEST_YEARS:
        raise ValidationError(f"This date is more than {FARTHEST_YEARS} years away. Check the year.")


def _open_assignment(learner: User, course: Course) -> bool:
    return Assignment.objects.open().filter(learner=learner, course=course).exists()


def open_enrollment(learner: User, course: Course, *, at: dt.datetime) -> Enrollment:
    """The learner's open enrollment of the course, or a new one of its current version. Must run inside a transaction."""
    if course.current is None:
        raise ValidationError(f"{course.title} has no published edition yet.")
    enrollment, _ = Enrollment.objects.get_or_create(
        learner=learner,
        course=course,
        completed_at__isnull=True,
        defaults={"version": course.current, "opened_at": at},
    )
    return enrollment


def part_of(batch: str) -> dict[str, str]:
    """What an event says of the batch that it belongs to: nothing without one."""
    return {"batch": batch} if batch else {}


def withdraw(assignment: Assignment, *, reason: str, by: uuid.UUID | str, at: dt.datetime, batch: str = "") -> bool:
    """Ends the duty; what was done stays. False if it was withdrawn or completed before. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError("Say why the course is withdrawn. The reason stays in the record.")
    with transaction.atomic():
        record.hold(assignment.learner.subject)
        won = _still_open(assignment).update(withdrawn_at=at, withdrawn_reason=reason.strip())
        if won:
            payload = {"reason": reason.strip(), **part_of(batch)}
            _event(assignment, EventKind.ASSIGNMENT_WITHDRAWN, payload, by=by, at=at)
    return bool(won)


def move_due_date(
    assignment: Assignment,
    due_on: dt.date,
    *,
    reason: str,
    by: uuid.UUID | str,
    at: dt.datetime,
    by_hand: bool | str = True,
    batch: str = "",
) -> None:
    """Sets another due date, which the requirement's rule then leaves alone (without ``by_hand`` it follows the rule again;
    ``MOVED_BY_EXCEPTION`` says again what said it before). Reminders follow it by themselves, since each names the
    due date in its key.

    The date it has already changes nothing. Raises ValidationError without a reason, for a date out of order, and when the course
    was completed or withdrawn before.
    """
    if not reason.strip():
        raise ValidationError("Say why the due date is moved. The reason stays in the record.")
    _check_dates(assignment.opens_on, due_on, at)
    with transaction.atomic():
        record.hold(assignment.learner.subject)
        now = _still_open(assignment).first()
        if now is None:
            raise ValidationError("This course was completed or withdrawn before, so its due date stays.")
        if now.due_on != due_on:
            zone = assignment.learner.zone
            why = {name: fact for name, fact in now.why.items() if name != "moved"} | (
                {"moved": by_hand} if by_hand else {}
            )
            Assignment.objects.filter(pk=assignment.pk).update(
                due_on=due_on, due_at=dates.end_of_day(due_on, zone), why=why
            )
            moved = {"from": str(now.due_on), "to": str(due_on), "zone": zone, "reason": reason.strip()}
            moved |= part_of(batch)
            _event(assignment, EventKind.ASSIGNMENT_MOVED, moved, by=by, at=at)
    assignment.refresh_from_db()


def _still_open(assignment: Assignment) -> QuerySet[Assignment]:
    return Assignment.objects.open().filter(pk=assignment.pk)


def zone_changed(user: User, *, by: uuid.UUID | str, at: dt.datetime) -> None:
    """Called inside the transaction that gave a person (or the person's site) another zone: due instants follow the printed dates."""
    zone = user.zone
    rows = Assignment.objects.open().filter(learner=user)
    lasting = DutyException.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), learner=user)
    for exception in lasting.filter(settled_at__isnull=True):  # what is over stays where it was
        DutyException.objects.filter(pk=exception.pk).update(
            starts_at=dates.end_of_day(exception.starts_on - dt.timedelta(days=1), zone),
            ends_at=dates.end_of_day(exception.ends_on, zone) if exception.ends_on else None,
        )
    for assignment in rows.select_related("learner", "course"):
        due_at = dates.end_of_day(assignment.due_on, zone)
        opens_at = dates.end_of_day(assignment.opens_on - dt.timedelta(days=1), zone)
        if (due_at, opens_at) == (assignment.due_at, assignment.opens_at):
            continue
        Assignment.objects.filter(pk=assignment.pk).update(due_at=due_at, opens_at=opens_at)
        same = str(assignment.due_on)
        _event(
            assignment,
            EventKind.ASSIGNMENT_MOVED,
            {"from": same, "to": same, "zone": zone, "reason": "time zone"},
            by=by,
            at=at,
        )


def _event(
    assignment: Assignment, kind: EventKind, payload: dict[str, str], *, by: uuid.UUID | str, at: dt.datetime
) -> None:
    identity = snapshot_of(assignment.learner, at=at).hash
    base = {"assignment": str(assignment.public_id), "course": assignment.course.slug, "identity": identity}
    record.append(assignment.learner.subject, kind, {**base, **payload}, at=at, by=by)
