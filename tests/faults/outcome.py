"""What must be true in the end, whatever happened on the way."""

import email
import email.policy
import hashlib
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from courses.enums import FileState
from courses.models import Certificate, Enrollment
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.record.queries import events_of, faults
from tests.outbox.conftest import MailServer

ONCE = (
    "course.assigned",
    "course.started",
    "unit.left_for_quiz",
    "quiz.started",
    "quiz.submitted",
    "unit.completed",
    "course.completed",
    "certificate.issued",
)


def letters(mail: MailServer) -> dict[str, list[EmailMessage]]:
    """Everything that was delivered, by Message-ID."""
    found: dict[str, list[EmailMessage]] = {}
    for raw in list(mail.kept):
        letter = email.message_from_bytes(raw, policy=email.policy.default)
        found.setdefault(str(letter["Message-ID"]), []).append(letter)
    return found


def certificate_message(certificate: Certificate) -> Message:
    return Message.objects.get(occasions__kind="certificate_ready", occasions__ref=str(certificate.public_id))


def stored_files(certificate: Certificate) -> list[Path]:
    return sorted(Path(settings.CERTIFICATE_DIR).glob(f"*{certificate.public_id}*"))


def assert_file(certificate: Certificate) -> bytes:
    """One stored file, whose SHA-256 is the row's; nothing half-written beside it."""
    certificate.refresh_from_db()
    assert (certificate.state, certificate.last_error) == (FileState.STORED, "")
    assert [path.name for path in stored_files(certificate)] == [certificate.file] == [f"{certificate.public_id}.pdf"]
    content = (Path(settings.CERTIFICATE_DIR) / certificate.file).read_bytes()
    assert content.startswith(b"%PDF-")
    assert hashlib.sha256(content).hexdigest() == certificate.sha256
    return content


def assert_record(enrollment: Enrollment, *, certificate_mails: int = 1) -> None:
    """Each event of a passed course once, and a chain without faults."""
    subject = enrollment.learner.subject
    events = events_of(subject)
    counts = Counter(event.kind for event in events)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    told = sum(event.kind == "message.sent" and "certificate_ready" in event.payload for event in events)
    assert told == certificate_mails
    assert list(faults(subject)) == []


def assert_one_certificate(enrollment: Enrollment, mail: MailServer, *, mails: int = 1) -> Certificate:
    """One certificate with one stored file, mailed with one attachment (``mails`` times, with one Message-ID), one of each event."""
    enrollment.refresh_from_db()
    assert enrollment.completed_at is not None
    certificate = Certificate.objects.get(enrollment=enrollment)
    content = assert_file(certificate)
    message = certificate_message(certificate)
    assert message.state == MessageState.SENT, message.last_reply
    delivered = letters(mail).get(message.message_id, [])
    assert len(delivered) == mails
    for letter in delivered:
        assert letter["To"] == enrollment.learner.email
        (attachment,) = letter.iter_attachments()
        assert attachment.get_content() == content
    assert Message.objects.filter(kind="certificate_ready", recipient=enrollment.learner).count() == 1
    assert_record(enrollment)
    assert_nothing_twice(mail)
    return certificate


def assert_nothing_twice(mail: MailServer) -> None:
    """No mail but a certificate's was ever delivered twice, and nothing was delivered that the outbox does not know."""
    kinds = dict(Message.objects.values_list("message_id", "kind"))
    for message_id, delivered in letters(mail).items():
        assert len(delivered) <= (2 if kinds[message_id] == "certificate_ready" else 1)
