"""One person's training on one day in words, for the PDF, the page in the pack and the surveyor's page alike. Results by topic, never
the options that the person chose."""

import copy
import dataclasses
import datetime as dt
import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from courses.enums import FileState, Known, Status
from courses.models import Assignment, Certificate, DutyException, SignOff
from courses.queries.asof import with_status_as_of
from courses.queries.sign_offs import SignOffLine, lines_of
from lms.lib import dates
from lms.outbox import kinds as mail_kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Occasion
from lms.people.models import Organization, User
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, TrainingEvent
from quizzes.queries.record import AttemptLine, CourseLine, course_lines


class Reminder(NamedTuple):
    """A mail about the person's own training, once for each reason that it carried."""

    sent_at: dt.datetime
    kind: str
    course: str
    course_title: str


def transcript_of(
    person: User, *, until: dt.datetime, as_of: dt.date, courses: Collection[str] = (), organization: Organization
) -> dict[str, Any]:
    """What happened up to ``until``; ``courses`` are slugs, none means all. Plain values, which JSON can hold.

    A past day is told as it was known then (``courses.queries.asof``): what was moved, ended or accepted since is not in it. Results
    that were raised since are, and the notes say so.
    """
    zone = person.zone
    past = until >= dates.end_of_day(as_of, zone)
    lines = course_lines(person, until, until=until)
    if past:
        lines = _as_known_then(lines, person, as_of)
    lines = tuple(line for line in lines if _wanted(line.assignment.course.slug, courses))
    observed = _observed(person, until)
    spelled = spelling_of(person, until)
    known = [
        ("Job role", spelled["job_role"]),
        ("Team", spelled["team"]),
        ("Site", spelled["site"]),
        ("Supervisor", ", ".join(spelled["supervisors"])),
        ("Hired", dates.long_date(person.hire_date) if person.hire_date else ""),
        ("As of", as_of_words(as_of, until, zone)),
    ]
    return {
        "organization": organization.name,
        "name": spelled["name"],
        "as_of": dates.long_date(as_of),
        "person": {
            "subject": str(person.subject),
            "name": spelled["name"],
            "latin_name": spelled["latin_name"],
            "job_role": spelled["job_role"],
            "place": ", ".join(part for part in (spelled["team"], spelled["site"]) if part),
        },
        "facts": [[word, value] for word, value in known if value],
        "notes": [
            f"Times are those of {dates.zone_label(zone)}. "
            + (
                "Told as it was known at the end of this day. Results that were raised later are shown as they count today."
                if past
                else ""
            ),
            "Which answers a person chose is never shown.",
        ],
        "courses": [
            {**_course(line, until, zone), "sign_offs": observed.get(line.enrollment.pk, []) if line.enrollment else []}
            for line in lines
        ],
        "exceptions": [_exception(row) for row in exceptions_of([person], until=until, courses=courses)],
        "reminders": [
            {"sent": _moment(one.sent_at, zone), "kind": mail_kinds.label(one.kind), "course": one.course_title}
            for one in reminders_of(person, until=until, courses=courses)
        ],
    }


def _as_known_then(lines: tuple[CourseLine, ...], person: User, day: dt.date) -> tuple[CourseLine, ...]:
    """The lines with status and dates as they were known at the end of the day; what was not known by then is left out. One query."""
    rows: Any = with_status_as_of(Assignment.objects.filter(learner=person), day, Known.THEN)
    then = {row.pk: row for row in rows}
    return tuple(_then(line, then[line.assignment.pk]) for line in lines if line.assignment.pk in then)


def _then(line: CourseLine, row: Any) -> CourseLine:
    duty, run = copy.copy(line.assignment), copy.copy(line.enrollment)
    for name in ("due_on", "satisfied_at", "valid_until_on", "withdrawn_at", "ended_at"):
        setattr(duty, name, getattr(row, f"then_{name}"))
    if run is not None:
        run.completed_at = row.then_completed_at
    return dataclasses.replace(line, assignment=duty, enrollment=run, status=Status(row.status))


def as_of_words(as_of: dt.date, until: dt.datetime, zone: str) -> str:
    """The end of a day that is over; of today, the time to which things are told."""
    if until < dates.end_of_day(as_of, zone):
        return _moment(until, zone)
    return f"{dates.long_date(as_of)}, end of the day"


def spelling_of(person: User, until: dt.datetime) -> dict[str, Any]:
    """Name, job role, place and supervisors as they were spelled then; as now where no snapshot of then is left."""
    rows = IdentitySnapshot.objects.filter(subject=person.subject, created_at__lte=until, erased_at__isnull=True)
    found = rows.order_by("created_at", "pk").last()
    now = {
        "name": person.name,
        "latin_name": person.latin_name,
        "job_role": person.job_role,
        "team": person.team.name if person.team else "",
        "site": person.site.name,
        "supervisors": [],
    }
    return {**now, **(found.fields or {} if found else {})}


def exceptions_of(
    people: Collection[User], *, until: dt.datetime, courses: Collection[str] = ()
) -> Iterator[DutyException]:
    """The exceptions granted up to then that touch these courses, person by person, oldest first, each with the end that was known
    then: of one that was ended later than that, the end it was granted with. Two queries."""
    rows = DutyException.objects.filter(learner__in=people, approved_at__lte=until)
    then: dict[str, tuple[str, str]] = {}
    events = TrainingEvent.objects.filter(
        subject__in=[person.subject for person in people],
        kind__in=(EventKind.EXCEPTION_GRANTED, EventKind.EXCEPTION_ENDED),
        recorded_at__lte=until,
    )
    for kind, payload in events.order_by("pk").values_list("kind", "payload"):
        told = json.loads(payload)
        then[told["exception"]] = (kind, told["ends_on"])
    for row in rows.select_related("course", "learner__site").order_by(
        "learner__name", "learner_id", "starts_at", "pk"
    ):
        if row.course is None or _wanted(row.course.slug, courses):
            kind, ends_on = then.get(str(row.public_id), ("", ""))
            if kind:
                row.ends_on = dt.date.fromisoformat(ends_on) if ends_on else None
            if kind == EventKind.EXCEPTION_GRANTED:
                row.ended_reason = ""
            yield row


def reminders_of(person: User, *, until: dt.datetime, courses: Collection[str] = ()) -> list[Reminder]:
    """The mails sent up to then about the person's own assignments and certificates, oldest first. Three queries."""
    own = {
        str(row["public_id"]): (row["course__slug"], row["course__title"])
        for row in Assignment.objects.filter(learner=person).values("public_id", "course__slug", "course__title")
    }
    own |= {
        str(row["public_id"]): (row["enrollment__course__slug"], row["course_title"])
        for row in Certificate.objects.filter(enrollment__learner=person).values(
            "public_id", "enrollment__course__slug", "course_title"
        )
    }
    rows = Occasion.objects.filter(
        recipient=person,
        dropped_at__isnull=True,
        message__state=MessageState.SENT,
        message__sent_at__lte=until,
    ).select_related("message")
    found = []
    for occasion in rows.order_by("message__sent_at", "pk"):
        slug, title = own.get(occasion.ref.removeprefix("next-"), ("", ""))
        if slug and _wanted(slug, courses) and occasion.message is not None and occasion.message.sent_at is not None:
            found.append(Reminder(occasion.message.sent_at, occasion.kind, slug, title))
    return found


def _wanted(slug: str, courses: Collection[str]) -> bool:
    return not courses or slug in courses


def _course(line: CourseLine, until: dt.datetime, zone: str) -> dict[str, Any]:
    duty, run = line.assignment, line.enrollment
    done = run.completed_at if run and run.completed_at and run.completed_at <= until else None
    accepted = duty.satisfied_at if duty.satisfied_at and duty.satisfied_at <= until else None
    standing = next((c for c in line.certificates if c.superseded_at is None or c.superseded_at > until), None)
    revoked = standing is not None and standing.revoked_at is not None and standing.revoked_at <= until
    ends = [duty.valid_until_on if done or accepted else None, standing.expires_on if standing else None]
    last = None if revoked else min((day for day in ends if day is not None), default=None)
    known = [
        ("Asked by", duty.requirement.name if duty.requirement else f"an assignment by hand: {duty.reason}"),
        ("Assigned", _moment(duty.assigned_at, zone)),
        ("Due", dates.long_date(duty.due_on)),
        ("Completed", _moment(done, zone) if done else ""),
        ("Learned elsewhere, accepted", _moment(accepted, zone) if accepted and not done else ""),
        ("Valid to", dates.long_date(last) if last else ""),
        ("Edition", run.version.edition if run else ""),
        ("Hours credited", f"{run.version.hours:.2f}".rstrip("0").rstrip(".") if run and done else ""),
        ("Units", _units(line, until)),
        ("Withdrawn", _withdrawn(duty, until, zone)),
        ("No longer asked since", _moment(duty.ended_at, zone) if duty.ended_at and duty.ended_at <= until else ""),
    ]
    title = run.version.title if run else duty.course.title
    return {
        "slug": duty.course.slug,
        "title": title if duty.cycle == 1 else f"{title}, cycle {duty.cycle}",
        "status": line.status.value,
        "status_word": line.status.label,
        "folder": f"{duty.course.slug}-{run.version.number}" if run else "",
        "facts": [[word, value] for word, value in known if value],
        "attempts": [_attempt(one, zone) for one in line.attempts],
        "certificates": [_certificate(one, until, zone) for one in line.certificates],
    }


def _observed(person: User, until: dt.datetime) -> dict[int, list[str]]:
    """The practices that were observed, by enrollment, oldest first, struck out ones too. Never the note, and the
    assessor by id: a pack names nobody but its people. One query, two where one was
    struck out."""
    rows = SignOff.objects.filter(learner=person, recorded_at__lte=until).select_related(
        "enrollment__version", "assessor"
    )
    found: dict[int, list[str]] = {}
    for line in lines_of(rows.order_by("observed_on", "recorded_at", "pk")):
        found.setdefault(line.row.enrollment_id, []).append(_sign_off(line, until, person.zone))
    return found


def _sign_off(line: SignOffLine, until: dt.datetime, zone: str) -> str:
    row = line.row
    words = (
        f"{line.title}: {row.get_outcome_display().lower()}, observed on {dates.long_date(row.observed_on)} ({row.place})"
        f" by a qualified colleague (id {str(row.assessor.subject)[:8]}), {line.ticked} of {line.total} steps seen"
    )
    if row.voided_at and row.voided_at <= until:
        day = dates.long_date(dates.local_date(row.voided_at, zone))
        return f"{words}. Struck out on {day}: {row.voided_reason}"
    return words


def _units(line: CourseLine, until: dt.datetime) -> str:
    if not line.units:
        return ""
    done = sum(
        row.progress is not None and row.progress.completed_at is not None and row.progress.completed_at <= until
        for row in line.units
    )
    return f"{done} of {len(line.units)} completed"


def _withdrawn(duty: Assignment, until: dt.datetime, zone: str) -> str:
    if duty.withdrawn_at is None or duty.withdrawn_at > until:
        return ""
    return f"{_moment(duty.withdrawn_at, zone)}: {duty.withdrawn_reason}"


def _attempt(line: AttemptLine, zone: str) -> dict[str, Any]:
    attempt = line.attempt
    words = [f"{attempt.score} of {attempt.out_of}", "passed" if attempt.passed else "not yet"]
    if line.counts:
        words.append("this one counts")
    if line.raised:
        words.append(f"raised on {dates.long_date(dates.local_date(line.raised.made_at, zone))}")
    return {
        "unit": line.unit_title,
        "number": attempt.number,
        "handed_in": _moment(attempt.submitted_at, zone) if attempt.submitted_at else "",
        "minutes": str(line.minutes) if line.minutes else "not known",
        "result": ", ".join(words) + f" (pass mark {attempt.pass_mark} percent)",
        "topics": [
            f"{one.text.rstrip('.')}: {one.right} of {one.total}"
            + (" (critical, missed)" if one.critical_missed else "")
            for one in line.objectives
        ],
    }


def _certificate(row: Certificate, until: dt.datetime, zone: str) -> dict[str, Any]:
    words = [f"completed {dates.long_date(row.completed_on)}"]
    if row.revoked_at and row.revoked_at <= until:
        words.append(f"revoked on {dates.long_date(dates.local_date(row.revoked_at, zone))}: {row.revoked_reason}")
    elif row.superseded_at and row.superseded_at <= until:
        words.append("replaced by a newer one")
    else:
        words.append(f"valid to {dates.long_date(row.expires_on)}" if row.expires_on else "does not expire")
    return {
        "number": row.number,
        "public_id": str(row.public_id),
        "words": ", ".join(words),
        "sha256": row.sha256,
        "stored_as": row.file if row.state == FileState.STORED else "",
        "verify_url": row.verify_url,
    }


def _exception(row: DutyException) -> dict[str, str]:
    return {
        "kind": row.get_kind_display(),
        "course": row.course.title if row.course else "every course",
        "starts": dates.long_date(row.starts_on),
        "ends": dates.long_date(row.ends_on) if row.ends_on else "no end",
        "reason": row.reason,
        "evidence": row.evidence,
    }


def _moment(instant: dt.datetime, zone: str) -> str:
    return f"{dates.long_date(dates.local_date(instant, zone))}, {dates.time_of_day(instant, zone)}"
