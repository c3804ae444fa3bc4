"""What a supervisor decides about a course of somebody in their teams, without being asked first: nudge, extend, exempt.

Each is bound more tightly than the same thing on the coordinator's pages, and never done by people about themselves.
"""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from courses.actions import excepting
from courses.actions.assigning import move_due_date
from courses.enums import ExceptionKind
from courses.models import Assignment, DutyException, Nudge
from courses.queries.replies import pausing
from courses.queries.status import paused
from courses.requirements.limits import latest_exemption, latest_extension
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.outbox.delivery import unreachable
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind

OWN = "Nobody decides about their own courses. Ask your supervisor or the training coordinator."


def nudge(assignment: Assignment, *, by: User, at: dt.datetime) -> Nudge | None:
    """Asks the learner by mail, in the name of ``by``, to take the time for a course.

    In one transaction: the row, the event, the reason to write (it goes with the person's other mail, at a good hour). One a day for a
    person, whoever does it and about whatever course: None, and nothing happens, when there is one already. Raises ValidationError, in
    words, when the person cannot be reached by mail or the course is not theirs to do now (``why_not_nudged``), and for oneself.
    """
    learner = assignment.learner
    if learner.pk == by.pk:
        raise ValidationError(OWN)
    today = dates.local_date(at, learner.zone)
    try:
        with transaction.atomic():
            record.hold(learner.subject)
            why_not = why_not_nudged(assignment, at)
            if why_not:
                raise ValidationError(why_not)
            if Nudge.objects.filter(learner=learner, nudged_on=today).exists():
                return None
            row = Nudge.objects.create(
                learner=learner, assignment=assignment, nudged_on=today, nudged_at=at, nudged_by=str(by.subject)
            )
            payload = {
                "nudge": str(row.public_id),
                "assignment": str(assignment.public_id),
                "course": assignment.course.slug,
                "identity": snapshot_of(learner, at=at).hash,
            }
            record.append(learner.subject, EventKind.ASSIGNMENT_NUDGED, payload, at=at, by=by.subject)
            outbox.note("nudge", key=key(row), recipient=learner, ref=str(assignment.public_id), at=at)
    except IntegrityError:
        if Nudge.objects.filter(learner=learner, nudged_on=today).exists():
            return None
        raise
    return row


def key(row: Nudge) -> str:
    return f"nudge:{row.public_id}"


def why_not_nudged(assignment: Assignment, at: dt.datetime) -> str:
    """Why no mail may be written about it now, in a sentence; empty if one may. Two queries at most."""
    learner = assignment.learner
    if unreachable(learner):
        return f"{learner.name} cannot be reached by mail. Call or see them instead."
    mine = Assignment.objects.filter(pk=assignment.pk)
    if not mine.open().filter(opens_at__lte=at).exists():
        return f"{learner.name} has nothing to do in this course now."
    rests = mine.filter(paused(at) | pausing(at)).exists()
    return f"Mail to {learner.name} about this course rests: a leave, an exemption or an open answer." if rests else ""


def extend(assignment: Assignment, due_on: dt.date, *, reason: str, by: User, at: dt.datetime) -> bool:
    """Moves the due date later, at most 30 days beyond it or beyond today, whichever is later; more is the coordinator's to give.

    False if it is due on that day already. Raises ValidationError for an earlier date or one that is too late, for oneself, and what
    ``move_due_date`` raises.
    """
    if assignment.learner_id == by.pk:
        raise ValidationError(OWN)
    with transaction.atomic():
        record.hold(assignment.learner.subject)
        now = Assignment.objects.get(pk=assignment.pk).due_on
        today = dates.local_date(at, assignment.learner.zone)
        if due_on == now:
            return False
        if due_on <= now or due_on < today:
            raise ValidationError(
                {"due_on": f"Choose a later day than {dates.long_date(max(now, today - dt.timedelta(days=1)))}."}
            )
        latest = latest_extension(now, today)
        if due_on > latest:
            raise ValidationError(
                {
                    "due_on": f"You can give time until {dates.long_date(latest)}. For more, ask the training coordinator."
                }
            )
        move_due_date(assignment, due_on, reason=reason, by=by.subject, at=at)
    return True


def exempt(assignment: Assignment, ends_on: dt.date, *, reason: str, by: User, at: dt.datetime) -> DutyException | None:
    """Lets the person be without this course from today to a day, at most 90 days; more is the coordinator's to give.

    None if they are exempt from it now already. Raises ValidationError for a last day that is too late, for oneself, and what
    ``excepting.grant`` raises.
    """
    learner = assignment.learner
    if learner.pk == by.pk:
        raise ValidationError(OWN)
    today = dates.local_date(at, learner.zone)
    latest = latest_exemption(today)
    if ends_on > latest:
        raise ValidationError(
            {"ends_on": f"You can exempt until {dates.long_date(latest)}. For longer, ask the training coordinator."}
        )
    with transaction.atomic():
        record.hold(learner.subject)
        if exempt_now(assignment, at):
            return None
        return excepting.grant(
            learner,
            ExceptionKind.EXEMPTION,
            starts_on=today,
            ends_on=ends_on,
            reason=reason,
            course=assignment.course,
            by=by,
            at=at,
        )


def exempt_now(assignment: Assignment, at: dt.datetime) -> bool:
    rows = DutyException.objects.filter(
        Q(course__isnull=True) | Q(course=assignment.course_id),
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        learner=assignment.learner_id,
        kind=ExceptionKind.EXEMPTION,
        starts_at__lte=at,
    )
    return rows.exists()
