"""What a person answers to a reminder: given, taken back, settled by a supervisor."""

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.actions.assigning import move_due_date
from courses.enums import Answer, ExceptionKind, Outcome
from courses.models import Assignment, DutyException, Reply
from lms.lib import names
from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.people.queries.teams import answerable_for
from lms.record import actions as record
from lms.record.enums import EventKind

GRANTED = {
    ExceptionKind.LEAVE: Outcome.LEAVE,
    ExceptionKind.EXEMPTION: Outcome.EXEMPTION,
    ExceptionKind.PRIOR_LEARNING: Outcome.ACCEPTED,
}
DEALT_WITH = "Somebody dealt with this answer before you, so nothing was changed."


def give(
    assignment: Assignment,
    answer: Answer,
    *,
    at: dt.datetime,
    by: uuid.UUID | str,
    note: str = "",
    through: str = "page",
) -> Reply:
    """Stores what the learner answered about one assignment, and tells those who can do something about it.

    In one transaction: the row, the event (without the note), one reason to write to each of ``answerable_for`` who has an address. From then on
    reminders about the course pause (about every course of the person, for a leave). The same answer while it is open changes nothing;
    another one takes the first one's place. ``through`` says whether it came by the link in a mail or from a page. Raises
    ValidationError, in words, when the person is deactivated or the course is not to do any more.
    """
    note = names.one_line(note)[:200]
    learner = assignment.learner
    with transaction.atomic():
        record.hold(learner.subject)
        if not learner.is_active:
            raise ValidationError("This account is not active.")
        if not Assignment.objects.open().filter(pk=assignment.pk).exists():
            raise ValidationError("This course is not yours to do any more, so nobody needs to be told.")
        before = Reply.objects.open().filter(assignment=assignment).first()
        if before is not None and before.answer == answer:
            return before
        if before is not None:
            _settle(before, Outcome.WITHDRAWN, note="", by=by, at=at)
        reply = Reply.objects.create(learner=learner, assignment=assignment, answer=answer, note=note, said_at=at)
        _event(reply, EventKind.REPLY_GIVEN, {"answer": str(answer), "through": through}, by=by, at=at)
        for recipient in (person for person in answerable_for(learner) if person.email):
            outbox.note("reply_given", key=key(reply, recipient), recipient=recipient, ref=str(reply.public_id), at=at)
    return reply


def key(reply: Reply, recipient: User) -> str:
    return f"reply_given:{reply.public_id}:{recipient.public_id}"


def take_back(reply: Reply, *, at: dt.datetime, by: uuid.UUID | str) -> bool:
    """The learner says never mind: reminders go on. False if it was settled before."""
    return settle(reply, Outcome.WITHDRAWN, by=by, at=at)


def settle(reply: Reply, outcome: Outcome, *, by: uuid.UUID | str, at: dt.datetime, note: str = "") -> bool:
    """Says what was done about it, with the event; reminders about the course go on by their own rules. False if it was settled before."""
    with transaction.atomic():
        record.hold(reply.learner.subject)
        return _settle(reply, outcome, note=names.one_line(note)[:200], by=by, at=at)


def settle_by_moving(reply: Reply, due_on: dt.date, *, reason: str, by: User, at: dt.datetime) -> None:
    """Moves the due date of the assignment and settles the answer, both or neither. Raises what ``move_due_date`` raises, and
    ValidationError when somebody settled it before."""
    with transaction.atomic():
        record.hold(reply.learner.subject)
        move_due_date(reply.assignment, due_on, reason=reason, by=by.subject, at=at)
        if not _settle(reply, Outcome.MOVED, note=names.one_line(reason)[:200], by=by.subject, at=at):
            raise ValidationError(DEALT_WITH)


def settled_by_exception(
    row: DutyException, *, by: uuid.UUID | str, at: dt.datetime, answers: Reply | None = None
) -> int:
    """Settles what an exception answers, in the transaction that grants it: a leave every "I am on leave" of the person, the others every
    open answer about the course they touch. Returns how many. ``answers`` is settled whatever it said; ValidationError if it was before.
    """
    if answers is not None and not _settle(answers, GRANTED[ExceptionKind(row.kind)], note="", by=by, at=at):
        raise ValidationError(DEALT_WITH)
    mine = Reply.objects.open().filter(learner=row.learner).select_related("assignment__course", "learner")
    if row.kind == ExceptionKind.LEAVE:
        mine = mine.filter(answer=Answer.ON_LEAVE)
    elif row.course_id is not None:
        mine = mine.filter(assignment__course=row.course)
    return sum(_settle(reply, GRANTED[ExceptionKind(row.kind)], note="", by=by, at=at) for reply in mine)


def _settle(reply: Reply, outcome: Outcome, *, note: str, by: uuid.UUID | str, at: dt.datetime) -> bool:
    won = (
        Reply.objects.open()
        .filter(pk=reply.pk)
        .update(settled_at=at, settled_by=str(by), outcome=outcome, outcome_note=note)
    )
    if won:
        _event(reply, EventKind.REPLY_SETTLED, {"answer": reply.answer, "outcome": str(outcome)}, by=by, at=at)
        reply.refresh_from_db(fields=["settled_at", "settled_by", "outcome", "outcome_note"])
    return bool(won)


def _event(reply: Reply, kind: EventKind, payload: dict[str, Any], *, by: uuid.UUID | str, at: dt.datetime) -> None:
    base = {
        "reply": str(reply.public_id),
        "assignment": str(reply.assignment.public_id),
        "course": reply.assignment.course.slug,
        "identity": snapshot_of(reply.learner, at=at).hash,
    }
    record.append(reply.learner.subject, kind, {**base, **payload}, at=at, by=by)
