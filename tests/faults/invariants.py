"""Invariants 11 to 20 of a house at rest, as sentences about what is wrong. The numbers are those of the promise, see ``matrix``."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from courses.enums import FileState
from courses.models import Assignment, Certificate, Enrollment
from lms.lib import clock, dates
from lms.outbox import work
from lms.outbox.enums import FINAL, MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from lms.record.queries import events_of, faults
from quizzes.models import Attempt
from tests.faults.outcome import letters
from tests.outbox.conftest import MailServer

ABOUT_DUTIES = ("course_assigned", "due_soon", "overdue")
MOST_MAILS = 5  # of one duty that is late by less than 21 days: given, due soon, overdue twice, certificate


def broken(people: Iterable[User], mail: MailServer) -> list[str]:
    """Everything that does not hold for these people and their mail."""
    found: list[str] = []
    delivered = {key: len(copies) for key, copies in letters(mail).items()}
    for person in people:
        for said in (*_certificates(person), *_messages(person, delivered), *_record(person)):
            found.append(f"{said} (person {person.pk})")
    unknown = set(delivered) - set(Message.objects.values_list("message_id", flat=True))
    found += [f"15: a mail that the outbox does not know: {message_id}" for message_id in unknown]
    return found


def _certificates(person: User) -> Iterator[str]:
    for enrollment in Enrollment.objects.filter(learner=person):
        rows = list(Certificate.objects.filter(enrollment=enrollment, superseded_at=None))
        if len(rows) != (enrollment.completed_at is not None):
            yield f"11: {len(rows)} certificates, completed {enrollment.completed_at}"
        if rows and not Attempt.objects.filter(enrollment=enrollment, passed=True).exists():
            yield "11: a certificate without a pass"
        for row in rows:
            if row.state == FileState.STORED:
                path = Path(settings.CERTIFICATE_DIR) / row.file
                if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != row.sha256:
                    yield f"13: the file of {row.number} is not what the row says"
            elif row.state != FileState.DEAD or not row.last_error:
                yield f"15: certificate {row.number} vanished: {row.state}"
            if row.tries > work.MAX_TRIES + 1:
                yield f"19: certificate {row.number} was tried {row.tries} times"
            if Occasion.objects.filter(kind="certificate_ready", ref=str(row.public_id)).count() != 1:
                yield f"15: certificate {row.number} is not announced once"
            left = [path.name for path in Path(settings.CERTIFICATE_DIR).glob(f"*{row.public_id}*")]
            if row.state == FileState.STORED and left != [row.file]:
                yield f"13: {left} lie beside the file of {row.number}"


def _messages(person: User, delivered: dict[str, int]) -> Iterator[str]:
    for message in Message.objects.filter(recipient=person):
        copies = delivered.get(message.message_id, 0)
        allowed = 2 if message.resent_after_doubt and message.kind == "certificate_ready" else 1
        if copies > allowed:
            yield f"16: {message.kind} came {copies} times"
        if message.state == MessageState.SENT and not copies:
            yield f"15: {message.kind} is called sent and never came"
        if copies and message.state not in (MessageState.SENT, MessageState.UNCERTAIN):
            yield f"16: {message.kind} came and is called {message.state}"
        if message.state not in FINAL and not _waits_for_a_dead_certificate(message):
            yield f"15: {message.kind} is {message.state}"
        if message.state in FINAL and not (message.last_reply or message.decision):
            yield f"15: {message.kind} is {message.state} and nobody says why"
        if message.tries > work.MAX_TRIES + 1:
            yield f"19: {message.kind} was tried {message.tries} times"
    for assignment in Assignment.objects.filter(learner=person):
        mails = Message.objects.filter(occasions__ref=str(assignment.public_id)).distinct().count()
        late = (dates.local_date(clock.now(), person.zone) - assignment.due_on).days
        if mails > MOST_MAILS + max(0, (late - 7) // 14):  # then one every 14 days
            yield f"20: {mails} mails about one duty"


def _waits_for_a_dead_certificate(message: Message) -> bool:
    refs = list(message.occasions.values_list("ref", flat=True))
    dead = Certificate.objects.filter(public_id__in=refs, state=FileState.DEAD)
    return message.kind == "certificate_ready" and message.state == MessageState.WAITING and dead.exists()


def _record(person: User) -> Iterator[str]:
    counts = Counter(event.kind for event in events_of(person.subject))
    attempts = Attempt.objects.filter(enrollment__learner=person)
    expected = {
        "course.assigned": Assignment.objects.filter(learner=person).count(),
        "quiz.started": attempts.count(),
        "quiz.submitted": attempts.exclude(submitted_at=None).count(),
        "course.completed": Enrollment.objects.filter(learner=person).exclude(completed_at=None).count(),
        "certificate.issued": Certificate.objects.filter(enrollment__learner=person).count(),
        "certificate.revoked": Certificate.objects.filter(enrollment__learner=person).exclude(revoked_at=None).count(),
        "message.sent": Message.objects.filter(recipient=person, state=MessageState.SENT).count(),
    }
    for kind, number in expected.items():
        if counts[kind] != number:
            yield f"18: {counts[kind]} events {kind}, and {number} rows"
    yield from (f"18: the record: {fault}" for fault in faults(person.subject))
