"""Why something is somebody's to do, why it is due on its day, and what its status comes from: in plain words, the same for the learner,
the supervisor and the coordinator."""

import dataclasses
import datetime as dt
import uuid

from courses.enums import MOVED_BY_EXCEPTION, Answer, DueKind, ExceptionKind, RenewalKind, Status
from courses.models import Assignment, Certificate, DutyException, Reply
from courses.queries.duties import asked, names_for, published_courses, renewal_of
from courses.queries.escalations import who_is_told
from courses.queries.replies import pauses
from courses.queries.requirements import sentence_of
from courses.queries.status import status_of
from courses.queries.training import facts_of
from courses.requirements.dating import window_opens
from lms.lib import dates
from lms.people.models import User


@dataclasses.dataclass(frozen=True)
class Why:
    """``rule`` is empty for an assignment by hand; then ``by`` names who assigned it, if a person did. ``facts`` are (what, value)."""

    assignment: Assignment
    status: Status
    rule: str
    by: str
    facts: tuple[tuple[str, str], ...]
    due: str
    state: tuple[str, ...]
    exceptions: tuple[str, ...]
    changes: tuple[str, ...]
    answers: tuple[str, ...] = ()


def why_of(assignment: Assignment, at: dt.datetime) -> Why:
    """The derivation of one assignment. A fixed number of queries."""
    learner = assignment.learner
    certificate = Certificate.objects.filter(enrollment=assignment.enrollment, superseded_at__isnull=True).first()
    exceptions = [
        row
        for row in DutyException.objects.filter(learner=learner).select_related("course")
        if row.course_id is None or row.course_id == assignment.course_id
    ]
    status = status_of(facts_of(assignment, assignment.enrollment, certificate, exceptions), at)
    return Why(
        assignment=assignment,
        status=status,
        rule=_rule(assignment),
        by=_by(assignment),
        facts=tuple(_facts(assignment)),
        due=_due(assignment),
        state=(*_state(assignment, certificate, status), *_told(assignment, status, at)),
        exceptions=tuple(_exception(row) for row in exceptions),
        changes=tuple(_changes(assignment, status)),
        answers=tuple(_answer(row, assignment, at) for row in _answers(assignment, at)),
    )


def _rule(assignment: Assignment) -> str:
    if assignment.requirement is None or assignment.rule is None:
        return ""
    each = asked(assignment.requirement, assignment.rule, published_courses())
    return sentence_of(each, names_for([each.rule.audience]))


def _by(assignment: Assignment) -> str:
    try:
        subject = uuid.UUID(assignment.assigned_by)
    except ValueError:
        return ""
    return User.objects.filter(subject=subject).values_list("name", flat=True).first() or ""


def _facts(assignment: Assignment) -> list[tuple[str, str]]:
    """What the rule looked at, as it was when the date was set."""
    why = assignment.why
    found = []
    for key, word in (
        ("hire_date", "Hire date"),
        ("first_shift_on", "First shift"),
        ("joined_on", "In this group since"),
    ):
        if why.get(key):
            found.append((word, dates.long_date(dt.date.fromisoformat(why[key]))))
    for key, word in (("category", "Category"), ("job_role", "Job role"), ("team", "Team"), ("site", "Site")):
        if why.get(key):
            found.append((word, str(why[key]).capitalize() if key == "category" else str(why[key])))
    return found


def _due(assignment: Assignment) -> str:
    if moved := assignment.why.get("moved"):
        by = "because of a leave or an exemption" if moved == MOVED_BY_EXCEPTION else "by a person"
        return f"The date was moved {by}. The rule leaves it as it is."
    if assignment.why.get("reopened"):
        return "The date was chosen when it was asked again, because what is taught has changed."
    because = assignment.why.get("because", "")
    return f"{because[:1].upper()}{because[1:]}." if because else "The date was chosen when it was assigned."


def _state(assignment: Assignment, certificate: Certificate | None, status: Status) -> list[str]:
    """What the status comes from."""
    found = []
    enrollment, zone = assignment.enrollment, assignment.learner.zone
    if again := assignment.why.get("reopened"):
        note = again["note"] + ("" if again["note"][-1:] in ".!?" else ".")
        found.append(
            f"Edition {again['edition']} changed what is taught: {note} Edition {again['held']} was completed before; its certificate "
            "stays as it is."
        )
    if assignment.withdrawn_at is not None:
        day = dates.long_date(dates.local_date(assignment.withdrawn_at, zone))
        return [f"It was withdrawn on {day}: {assignment.withdrawn_reason}"]
    if assignment.accepted is not None and assignment.satisfied_at is not None:
        found.append(f"Learning elsewhere was accepted. What was seen: {assignment.accepted.evidence}.")
    elif enrollment is not None and enrollment.completed_at is not None:
        found.append(f"It was completed on {dates.long_date(dates.local_date(enrollment.completed_at, zone))}.")
    elif enrollment is not None and enrollment.started_at is not None:
        found.append(f"It was begun on {dates.long_date(dates.local_date(enrollment.started_at, zone))}.")
    ends = [assignment.valid_until_on, certificate.expires_on if certificate else None]
    until = min((day for day in ends if day is not None), default=None)
    if certificate is not None and certificate.revoked_at is not None:
        found.append("Its certificate was revoked, so it counts no longer.")
    elif until is not None:
        word = "It counted to" if status == Status.EXPIRED else "It counts to"
        found.append(f"{word} {dates.long_date(until)}.")
        goes_on = assignment.requirement if assignment.ended_at is None else None
        rule = goes_on.current if goes_on is not None and goes_on.on else None
        if rule is not None and rule.renewal_kind != RenewalKind.NEVER:
            opens = window_opens(renewal_of(rule), until)
            found.append(f"It can be renewed from {dates.long_date(opens)}. Renewing then loses no time.")
    if assignment.renews_until_on is not None and status not in (Status.COMPLETE, Status.NOT_REQUIRED):
        found.append(
            f"This is cycle {assignment.cycle}. The cycle before it counts to {dates.long_date(assignment.renews_until_on)} and stays in "
            "the record."
        )
    if assignment.ended_at is not None:
        found.append("It is asked no more. What was completed stays.")
    return found


def _told(assignment: Assignment, status: Status, at: dt.datetime) -> list[str]:
    """Who else is told that it is late."""
    return [who_is_told(assignment, dates.local_date(at, assignment.learner.zone))] if status == Status.OVERDUE else []


def _exception(row: DutyException) -> str:
    ends = f" to {dates.long_date(row.ends_on)}" if row.ends_on else ", without an end"
    if row.ends_at is not None and row.ends_at <= row.starts_at:
        ends = ", taken back before it began"
    about = f" from {row.course.title}" if row.course and row.kind == ExceptionKind.EXEMPTION else ""
    return f"{row.get_kind_display()}{about}: {dates.long_date(row.starts_on)}{ends}. Reason: {row.reason}"


def _answers(assignment: Assignment, at: dt.datetime) -> list[Reply]:
    """What was answered to reminders about it, and what pauses it though it was said about another course."""
    rows = Reply.objects.filter(learner=assignment.learner).select_related(
        "assignment__course", "assignment__enrollment"
    )
    return [row for row in rows if row.assignment_id == assignment.pk or pauses(row, assignment, at)]


def _answer(row: Reply, assignment: Assignment, at: dt.datetime) -> str:
    zone = assignment.learner.zone
    about = f" (about {row.assignment.course.title})" if row.assignment_id != assignment.pk else ""
    said = f"{dates.long_date(dates.local_date(row.said_at, zone))}, answer to a reminder{about}: “{row.get_answer_display()}”."
    if row.settled_at is not None:
        day = dates.long_date(dates.local_date(row.settled_at, zone))
        note = f": {row.outcome_note}" if row.outcome_note else ""
        return f"{said} {row.get_outcome_display()} on {day}{note}{'' if note.endswith('.') else '.'}"
    if not pauses(row, assignment, at):
        return said
    rest = "Reminders about every course" if row.answer == Answer.ON_LEAVE else "Reminders about this course"
    return f"{said} {rest} rest until the supervisor or the training coordinator decides."


def _changes(assignment: Assignment, status: Status) -> list[str]:
    """What would change it."""
    by_hand = assignment.requirement is None or assignment.rule is None
    if status == Status.NOT_REQUIRED:
        if by_hand:
            return ["The training coordinator can assign it again."]
        return ["It would be asked again if the requirement applied again."]
    if assignment.requirement is None or assignment.rule is None:
        if status in (Status.COMPLETE, Status.EXPIRING, Status.EXPIRED):
            return [
                "It was assigned by hand, so nobody is asked to renew it by a rule. The training coordinator can assign it again."
            ]
        return ["The training coordinator can move the date or withdraw it."]
    found = []
    fixed = assignment.why.get("moved") or assignment.why.get("reopened")
    if not fixed and assignment.renews_until_on is None and not assignment.why.get("renewal"):
        if assignment.rule.due_kind == DueKind.AFTER_HIRE:
            found.append("Another hire date would move the due date.")
        elif assignment.rule.due_kind == DueKind.FIRST_SHIFT:
            found.append("Another first shift would move the due date.")
    found.append("Another role, team or site can take it away, if the rule does not apply there.")
    found.append("A leave stops the clock; an exemption, or a certificate from elsewhere, can stand in for it.")
    found.append("If something here is wrong, tell the training coordinator.")
    return found
