"""A message on its way, over a real mail server on loopback and as files."""

import datetime as dt
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lms.lib.failpoints import FailpointError
from lms.outbox import actions, delivery, sending, work
from lms.outbox.enums import MessageState
from lms.outbox.kinds import Attachment
from lms.outbox.models import Message
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, TrainingEvent
from lms.record.queries import faults
from tests.factories import make_user
from tests.outbox.conftest import MailServer, html_of, text_of

pytestmark = [pytest.mark.both_db, pytest.mark.django_db(transaction=True)]
Announced = Callable[..., Message]


def sent_events() -> list[TrainingEvent]:
    return list(TrainingEvent.objects.filter(kind=EventKind.MESSAGE_SENT))


def fresh(message: Message) -> Message:
    message.refresh_from_db()
    return message


def test_a_mail_goes_out_with_both_bodies_and_an_event(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    message = announced(note)
    actions.deliver(message.pk, at=at)
    (mail,) = mail_server.mails()
    assert mail["Subject"] == "A note for Maya about the meeting"
    assert mail["To"] == message.recipient.email
    assert mail["Message-ID"] == message.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == at
    assert "Reason: the meeting & more." in text_of(mail)
    assert "http://127.0.0.1:8000/note/1/" in html_of(mail)
    assert fresh(message).state == MessageState.SENT
    assert (message.sent_at, message.settled_at, message.lease_token, message.tries) == (at, at, None, 1)
    assert message.last_reply == "250 kept"
    assert message.body_text.strip() == text_of(mail).strip()
    (event,) = sent_events()
    assert event.subject == message.recipient.subject
    assert event.actor == "system"
    assert json.loads(event.payload) == {
        "kind": "note",
        "message": str(message.public_id),
        "message_id": message.message_id,
        "occasions": ["note:1"],
        "identity": IdentitySnapshot.objects.get(subject=message.recipient.subject).hash,
    }
    assert list(faults(event.subject)) == []


def test_a_line_that_begins_with_a_dot_arrives_whole(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    note.what = "this:\n.\n.hidden\n..twice\nend"
    note.files = [Attachment("plan.txt", b".\r\n.one\r\n", "text/plain")]
    actions.deliver(announced(note).pk, at=at)
    (mail,) = mail_server.mails()
    assert "this:\n.\n.hidden\n..twice\nend & more." in text_of(mail)


def test_an_attachment_goes_along(note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer) -> None:
    note.files = [Attachment("Certificate\r\nBcc: x@example.org.pdf", b"%PDF-\x00\xff", "application/pdf")]
    actions.deliver(announced(note).pk, at=at)
    (mail,) = mail_server.mails()
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    assert part.get_content() == b"%PDF-\x00\xff"
    assert part.get_filename() == "Certificate Bcc: x@example.org.pdf"
    assert mail["Bcc"] is None


def test_line_breaks_never_reach_a_header(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    note.what = "x\r\nBcc: everybody@example.org\n\n<b>body</b>"
    message = announced(note)
    actions.deliver(message.pk, at=at)
    (mail,) = mail_server.mails()
    assert mail["Bcc"] is None
    assert mail["Subject"] == "A note for Maya about x Bcc: everybody@example.org <b>body</b>"
    assert "&lt;b&gt;body" in html_of(mail)
    assert mail_server.stages.count("RCPT") == 1


@pytest.mark.parametrize(
    ("stage", "reply", "state"),
    [
        ("MAIL", "421 4.3.2 closing", MessageState.QUEUED),
        ("MAIL", "550 5.7.1 you may not send", MessageState.FAILED),
        ("RCPT", "450 4.2.1 greylisted", MessageState.QUEUED),
        ("RCPT", "550 5.1.1 no such person", MessageState.FAILED),
        ("RCPT", "drop", MessageState.QUEUED),
        ("RCPT", "hang", MessageState.QUEUED),
        ("DATA", "451 4.3.0 try again", MessageState.QUEUED),
        ("DATA", "554 5.6.0 refused content", MessageState.FAILED),
        ("DATA", "drop", MessageState.UNCERTAIN),
        ("DATA", "hang", MessageState.UNCERTAIN),
    ],
)
def test_what_the_server_says_decides(
    note: Any,
    at: dt.datetime,
    announced: Announced,
    mail_server: MailServer,
    stage: str,
    reply: str,
    state: MessageState,
) -> None:
    mail_server.say = {stage: [reply]}
    message = announced(note)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == state
    assert message.lease_token is None
    assert message.body_text.startswith("Hello Maya")
    if reply[0].isdigit():
        assert message.last_reply == reply
    else:
        assert message.last_reply
    if state == MessageState.QUEUED:
        wait = (message.next_try_at - at).total_seconds()
        assert 30 <= wait <= 37.5
        assert message.settled_at is None
        actions.deliver(message.pk, at=at)
        assert mail_server.kept == []
        actions.deliver(message.pk, at=message.next_try_at)
        assert fresh(message).state == MessageState.SENT
        assert len(mail_server.kept) == len(sent_events()) == 1
    else:
        assert message.settled_at == at
        actions.deliver(message.pk, at=at + dt.timedelta(days=1))
        assert fresh(message).state == state
        assert sent_events() == []


@pytest.fixture
def rude_server(settings: Any) -> Iterator[Callable[[bytes | None], None]]:
    """A port that says one line and hangs up, or (None) accepts and never says anything."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", listener.getsockname()[1], 0.5

    def start(line: bytes | None) -> None:
        def serve() -> None:
            visitor, _ = listener.accept()
            kept.append(visitor)
            if line is not None:
                visitor.sendall(line)
                visitor.close()

        threading.Thread(target=serve, daemon=True).start()

    yield start
    for visitor in kept:
        visitor.close()
    listener.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"421 4.3.2 busy\r\n", "421 4.3.2 busy"),
        (b"554 5.3.2 no service for you\r\n", "554 5.3.2 no service for you"),
        (b"", "SMTPServerDisconnected"),
        (None, "timed out"),
    ],
)
def test_a_server_that_does_not_welcome_us_is_tried_later(
    note: Any,
    at: dt.datetime,
    announced: Announced,
    rude_server: Callable[[bytes | None], None],
    line: bytes | None,
    said: str,
) -> None:
    rude_server(line)
    message = announced(note)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.QUEUED
    assert said in message.last_reply


def test_a_refused_connection_is_tried_eight_times_then_given_up(
    note: Any, at: dt.datetime, announced: Announced, settings: Any
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", probe.getsockname()[1]
        message, moment, waits = announced(note), at, []
        for _ in range(8):
            assert fresh(message).state == MessageState.QUEUED
            moment = message.next_try_at
            actions.deliver(message.pk, at=moment)
            waits.append((fresh(message).next_try_at - moment).total_seconds())
    for number, wait in enumerate(waits[:-1]):
        assert 30 * 2**number <= wait <= 30 * 2**number * 1.25
    assert (message.state, message.tries, message.settled_at) == (MessageState.DEAD, 8, moment)
    assert "ConnectionRefusedError" in message.last_reply
    actions.deliver(message.pk, at=moment + dt.timedelta(days=2))
    assert fresh(message).tries == 8


def test_tls_that_fails_is_tried_later(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_USE_TLS = True
    message = announced(note)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.QUEUED
    assert "STARTTLS" in message.last_reply
    assert mail_server.stages == []


def test_a_certificate_in_doubt_is_sent_once_more_with_the_same_id(
    paper: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    mail_server.say = {"DATA": ["drop", "drop"]}
    message = announced(paper)
    actions.deliver(message.pk, at=at)
    assert (fresh(message).state, message.resent_after_doubt) == (MessageState.QUEUED, True)
    actions.deliver(message.pk, at=message.next_try_at)
    assert fresh(message).state == MessageState.UNCERTAIN
    assert mail_server.stages.count("DATA") == 2


def test_a_certificate_whose_receipt_was_lost_comes_twice_under_one_id(
    paper: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    mail_server.say = {"DATA": ["drop"]}
    message = announced(paper)
    actions.deliver(message.pk, at=at)
    actions.deliver(message.pk, at=fresh(message).next_try_at)
    assert [mail["Message-ID"] for mail in mail_server.mails()] == [message.message_id] * 2
    assert fresh(message).state == MessageState.SENT
    assert len(sent_events()) == 1


def test_what_is_no_longer_wanted_is_not_sent(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer
) -> None:
    message = announced(note)
    note.unwanted = "The course is complete."
    actions.deliver(message.pk, at=at)
    assert (fresh(message).state, message.last_reply) == (MessageState.SUPPRESSED, "The course is complete.")
    assert mail_server.stages == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"email": None}, delivery.NO_ADDRESS), ({"is_active": False}, delivery.NOT_ACTIVE)],
)
def test_who_cannot_be_reached_gets_nothing(
    note: Any, at: dt.datetime, announced: Announced, letters: Any, changes: dict[str, Any], reason: str
) -> None:
    message = announced(note, recipient=make_user(**changes))
    actions.deliver(message.pk, at=at)
    assert (fresh(message).state, message.last_reply) == (MessageState.SUPPRESSED, reason)
    assert message.last_reply.startswith("Not reachable by mail")
    assert letters() == []


def test_a_mail_that_cannot_be_prepared_is_tried_again_and_says_so(
    note: Any, at: dt.datetime, announced: Announced, letters: Any, caplog: pytest.LogCaptureFixture
) -> None:
    message = announced(note)
    note.broken = True
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.QUEUED
    assert message.last_reply == "It could not be prepared (LookupError)."
    assert "could not be prepared" in caplog.text
    note.broken = False
    actions.deliver(message.pk, at=message.next_try_at)
    assert fresh(message).state == MessageState.SENT
    assert len(letters()) == 1


def test_a_message_that_kills_its_worker_runs_out_of_tries(note: Any, at: dt.datetime, announced: Announced) -> None:
    message, moment = announced(note), at
    for _ in range(work.MAX_TRIES):
        rows = Message.objects.filter(pk=message.pk)
        assert work.claim(rows, ready="queued", claimed="claimed", lease=delivery.lease(), at=moment)
        moment += delivery.lease()
    actions.deliver(message.pk, at=moment)
    assert fresh(message).state == MessageState.DEAD
    assert "cut off" in message.last_reply


@pytest.mark.usefixtures("mail_server")
@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("mail.after_claim", MessageState.CLAIMED),
        ("mail.before_connect", MessageState.CLAIMED),
        ("mail.after_rcpt", MessageState.CLAIMED),
        ("mail.before_data", MessageState.UNCERTAIN),
        ("mail.mid_data", MessageState.UNCERTAIN),
        ("mail.after_data", MessageState.HANDING_OVER),
        ("mail.after_sent", MessageState.SENT),
    ],
)
def test_where_a_step_breaks_off_decides_what_is_known(
    note: Any, at: dt.datetime, announced: Announced, monkeypatch: pytest.MonkeyPatch, point: str, state: MessageState
) -> None:
    message = announced(note)
    monkeypatch.setenv("LMS_TEST_FAILPOINT", f"{point}:raise")
    if state == MessageState.UNCERTAIN:
        actions.deliver(message.pk, at=at)
    else:
        with pytest.raises(FailpointError, match=point):
            actions.deliver(message.pk, at=at)
    assert fresh(message).state == state
    assert len(sent_events()) == (state == MessageState.SENT)


def test_a_late_worker_changes_nothing_and_sends_nothing(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = announced(note)
    real = sending.SmtpLine.envelope

    def slow(line: Any, mail: Any) -> None:
        real(line, mail)
        monkeypatch.setattr(sending.SmtpLine, "envelope", real)
        actions.deliver(message.pk, at=at + delivery.lease())

    monkeypatch.setattr(sending.SmtpLine, "envelope", slow)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.SENT
    assert message.sent_at == at + delivery.lease()
    assert len(mail_server.kept) == len(sent_events()) == 1


def test_a_worker_that_hears_250_after_its_lease_changes_nothing(
    note: Any, at: dt.datetime, announced: Announced, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = announced(note)
    real = sending.SmtpLine.data

    def slow(line: Any, mail: Any) -> str:
        reply = real(line, mail)
        assert actions.sweep(at=at + delivery.lease())["uncertain"] == 1
        return reply

    monkeypatch.setattr(sending.SmtpLine, "data", slow)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.UNCERTAIN
    assert sent_events() == []


def test_the_same_file_twice_is_one_file(
    paper: Any, at: dt.datetime, announced: Announced, letters: Any, settings: Any
) -> None:
    message = announced(paper)
    actions.deliver(message.pk, at=at)
    Message.objects.filter(pk=message.pk).update(state=MessageState.QUEUED, next_try_at=at)
    actions.deliver(message.pk, at=at)
    (mail,) = letters()
    assert mail["Message-ID"] == message.message_id
    (path,) = Path(settings.EMAIL_FILE_PATH).iterdir()
    assert path.name == f"{message.message_id.strip('<>')}.eml"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_mail_folder_that_cannot_be_written_is_tried_later(
    note: Any, at: dt.datetime, announced: Announced, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    settings.EMAIL_FILE_PATH = str(tmp_path / "file")
    message = announced(note)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.QUEUED
    assert "mail folder cannot be made" in message.last_reply


def test_any_other_backend_works_and_its_failure_is_a_doubt(
    note: Any,
    at: dt.datetime,
    announced: Announced,
    settings: Any,
    mailoutbox: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    message = announced(note)
    actions.deliver(message.pk, at=at)
    assert fresh(message).state == MessageState.SENT
    assert [mail.subject for mail in mailoutbox] == ["A note for Maya about the meeting"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.nothing.EmailBackend"
    other = announced(note, key="note:2")
    actions.deliver(other.pk, at=at)
    assert fresh(other).state == MessageState.UNCERTAIN
