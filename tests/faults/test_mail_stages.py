"""What the mail server does at each stage, and what the outbox makes of it. A reminder is never sent twice."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from courses.actions import assigning, filing
from courses.models import Assignment
from lms.lib import clock
from lms.outbox import actions as outbox
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.record.actions import SYSTEM
from lms.record.models import TrainingEvent
from tests.faults import making
from tests.faults.harness import House
from tests.faults.mailserver import CODES, FAULTS, STAGES, SpoiledServer, Spoiler
from tests.faults.making import reminder
from tests.faults.outcome import assert_nothing_twice, certificate_message, letters
from tests.platform.launching import free_port, wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

LATER, REFUSED, DOUBT, SENT = "queued", "failed", "uncertain", "sent"
SAID = {code: LATER if code.startswith("4") else REFUSED for code in CODES}
BROKEN_OFF = {"hang": LATER, "drop": LATER, "garbage": LATER, "crawl": SENT}

#: Stage x fault -> what is known afterwards. Nothing is final before MAIL: it is said of the sender's machine, not of the mail. An
#: EHLO that is refused is followed by HELO. From DATA on, silence is a doubt.
TABLE: dict[str, dict[str, str]] = {
    "greeting": {**dict.fromkeys(CODES, LATER), **BROKEN_OFF},
    "EHLO": {**dict.fromkeys(CODES, SENT), "421": LATER, "hang": LATER, "drop": LATER, "garbage": SENT, "crawl": SENT},
    "STARTTLS": {**dict.fromkeys(CODES, LATER), **BROKEN_OFF, "crawl": LATER},
    "MAIL": {**SAID, **BROKEN_OFF},
    "RCPT": {**SAID, **BROKEN_OFF},
    "DATA": {**SAID, **BROKEN_OFF, "hang": DOUBT, "drop": DOUBT},
    "dot": {**SAID, "hang": DOUBT, "drop": DOUBT, "garbage": DOUBT, "crawl": SENT},
}


def test_the_table_is_whole() -> None:
    assert tuple(TABLE) == STAGES
    assert all(set(row) == set(FAULTS) for row in TABLE.values())


@pytest.fixture
def server(house: House, settings: Any) -> Iterator[Spoiler]:
    """The mail server of this process, beside the house's own."""
    spoiler = Spoiler()
    port = free_port()
    controller = SpoiledServer(spoiler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 0.4
    try:
        yield spoiler
        wait_for(lambda: not spoiler.lines, 10, "every line is closed")
    finally:
        controller.stop()


def certificate_mail() -> Message:
    certificate = making.passed()
    assert filing.file_certificate(certificate.pk, at=clock.now())
    return certificate_message(certificate)


def tried(message: Message) -> str:
    outbox.deliver(message.pk, at=max(clock.now(), message.next_try_at))
    message.refresh_from_db()
    return str(message.state)


def spoiled(
    server: Spoiler, settings: Any, stage: str, make: Callable[[], Message], faults: Iterable[str] = FAULTS
) -> Iterator[tuple[str, str, Message]]:
    """One mail for each fault of the stage, after the try that met it."""
    for fault in faults:
        known = TABLE[stage][fault]
        settings.EMAIL_USE_TLS = False
        message = make()
        settings.EMAIL_USE_TLS = stage == "STARTTLS"
        server.spoil(stage, fault)
        tried(message)
        assert server.met == 1, f"{stage} was not reached for {fault}"
        settings.EMAIL_USE_TLS = False
        assert message.last_reply, fault
        yield fault, known, message


def copies(server: Spoiler, message: Message) -> int:
    return len(letters(server).get(message.message_id, []))


def events(message: Message) -> int:
    return TrainingEvent.objects.filter(kind="message.sent", payload__contains=str(message.public_id)).count()


@pytest.mark.parametrize("stage", STAGES)
def test_a_reminder_is_sent_later_or_refused_or_in_doubt_but_never_twice(
    house: House, server: Spoiler, settings: Any, stage: str
) -> None:
    for fault, known, message in spoiled(server, settings, stage, reminder):
        assert message.state == known, (fault, message.last_reply)
        arrived = known == SENT or (stage == "dot" and fault in ("hang", "drop", "garbage"))
        assert copies(server, message) == arrived, fault
        assert events(message) == (known == SENT), fault
        if known == LATER:
            assert 30 <= (message.next_try_at - message.created_at).total_seconds() < 60, fault
            assert tried(message) == SENT, (fault, message.last_reply)
            assert (copies(server, message), message.tries) == (1, 2), fault
        outbox.sweep(at=message.next_try_at)
        before = copies(server, message)
        outbox.deliver(message.pk, at=message.next_try_at)
        assert copies(server, message) == before, fault
    assert_nothing_twice(server)


@pytest.mark.parametrize("stage", ["DATA", "dot"])
def test_a_certificate_s_mail_in_doubt_comes_once_more_under_the_same_id(
    house: House, server: Spoiler, settings: Any, stage: str
) -> None:
    for fault, known, message in spoiled(server, settings, stage, certificate_mail, ("450", "554", "hang", "drop")):
        assert message.resent_after_doubt is (known == DOUBT), fault
        assert message.state == (LATER if known == DOUBT else known), (fault, message.last_reply)
        if message.state == LATER:
            assert tried(message) == SENT, (fault, message.last_reply)
        arrived = known == DOUBT and stage == "dot"
        assert copies(server, message) == (0 if known == REFUSED else 2 if arrived else 1), fault
        assert events(message) == (known != REFUSED)
    assert_nothing_twice(server)


def test_a_second_doubt_is_left_to_a_person(house: House, server: Spoiler) -> None:
    message = certificate_mail()
    for state in (LATER, DOUBT):
        server.spoil("dot", "drop")
        assert tried(message) == state
    outbox.sweep(at=message.next_try_at)
    assert tried(message) == DOUBT
    assert copies(server, message) == 2
    assert events(message) == 0


def test_a_mail_that_failed_and_is_not_wanted_any_more_is_not_sent(house: House, server: Spoiler) -> None:
    message = reminder()
    server.spoil("RCPT", "450")
    assert tried(message) == LATER
    assignment = Assignment.objects.get(public_id=message.occasions.get().ref)
    assigning.withdraw(assignment, reason="Plans changed.", by=SYSTEM, at=clock.now())
    assert tried(message) == MessageState.SUPPRESSED
    assert message.last_reply == "The course is no longer assigned."
    assert copies(server, message) == 0
