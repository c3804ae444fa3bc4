"""A worker dies while it sends a mail. A reminder comes at most once; a certificate at most twice, with one Message-ID."""

import pytest

from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.outbox.tasks import DELIVER
from lms.record.models import TrainingEvent
from lms.record.queries import faults
from tests.faults import making
from tests.faults.harness import CALM, Children, House, chances
from tests.faults.making import reminder
from tests.faults.outcome import assert_nothing_twice, assert_one_certificate, certificate_message, letters
from tests.faults.points import POINTS
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

MAIL_POINTS = [point for point in POINTS if point.startswith("mail.")]
BEFORE = ("mail.after_claim", "mail.before_connect", "mail.after_rcpt")  # nothing was handed over for certain
DOUBT = ("mail.before_data", "mail.mid_data", "mail.after_data")


def certificate_mail(house: House, children: Children) -> Message:
    """A certificate's mail, released because its file is stored; the learner's other mail was delivered before."""
    certificate = making.passed()
    children.run(house, "task", "courses.tasks.draw_certificate", str(certificate.pk))
    message = certificate_message(certificate)
    assert message.state == MessageState.QUEUED
    return message


def settled(message: Message) -> bool:
    message.refresh_from_db()
    return message.state in (MessageState.SENT, MessageState.UNCERTAIN)


def events(message: Message) -> int:
    return TrainingEvent.objects.filter(kind="message.sent", payload__contains=str(message.public_id)).count()


def assert_reminder(house: House, message: Message, died_at: str) -> None:
    """Sent, or in doubt when it may have arrived; delivered at most once; one event for a sent one."""
    doubt = died_at in DOUBT
    assert message.state == (MessageState.UNCERTAIN if doubt else MessageState.SENT)
    arrived = 0 if died_at in ("mail.before_data", "mail.mid_data") else 1
    assert len(letters(house.mail).get(message.message_id, [])) == arrived
    assert events(message) == (0 if doubt else 1)
    assert list(faults(message.recipient.subject)) == []
    assert_nothing_twice(house.mail)


@pytest.mark.parametrize("point", MAIL_POINTS)
def test_a_worker_killed_while_it_sends_a_reminder(house: House, point: str) -> None:
    message = reminder()
    house.broker.start()
    doomed = house.worker(failpoint=f"{point}:kill")
    house.ring(DELIVER, str(message.pk))
    doomed.wait_killed()
    assert house.reached() == {point: 1}
    house.move_clock(CALM)
    house.worker()
    house.start("beat")
    wait_for(lambda: settled(message), 30, "the reminder is sent or in doubt")
    assert_reminder(house, message, point)


@pytest.mark.parametrize("point", MAIL_POINTS)
def test_a_worker_killed_while_it_mails_a_certificate(house: House, children: Children, point: str) -> None:
    message = certificate_mail(house, children)
    children.run_killed(house, "task", DELIVER, str(message.pk), point=point)
    house.move_clock(CALM)
    children.run(house, "catch_up")
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    assert message.resent_after_doubt is (point in DOUBT)
    enrollment = message.recipient.enrollments.get()
    assert_one_certificate(enrollment, house.mail, mails=2 if point == "mail.after_data" else 1)


def test_deaths_in_any_order_never_send_a_reminder_twice(house: House, children: Children) -> None:
    """Rounds of chance: up to five deaths before DATA, then one anywhere, or none."""
    for chance in chances():
        message = reminder()
        for _ in range(chance.randint(0, 5)):
            children.run_killed(house, "task", DELIVER, str(message.pk), point=chance.choice(BEFORE))
            house.move_clock(CALM)
        last = chance.choice([*MAIL_POINTS, ""])
        if last:
            children.run_killed(house, "task", DELIVER, str(message.pk), point=last)
            house.move_clock(CALM)
        for _ in range(2):
            children.run(house, "catch_up")
        message.refresh_from_db()
        assert_reminder(house, message, last)


def test_deaths_in_any_order_mail_a_certificate_at_most_twice(house: House, children: Children) -> None:
    """Rounds of chance: up to four deaths anywhere. The second doubt is left to a person."""
    for chance in chances():
        message = certificate_mail(house, children)
        arrived, doubts = 0, 0
        for _ in range(chance.randint(1, 4)):
            point = chance.choice(MAIL_POINTS)
            children.run_killed(house, "task", DELIVER, str(message.pk), point=point)
            arrived += point in ("mail.after_data", "mail.after_sent")
            doubts += point in DOUBT
            house.move_clock(CALM)
            children.run(house, "task", "lms.outbox.tasks.sweep")
            message.refresh_from_db()
            if message.state != MessageState.QUEUED and message.state != MessageState.CLAIMED:
                break
        children.run(house, "catch_up")
        message.refresh_from_db()
        delivered = letters(house.mail).get(message.message_id, [])
        if doubts == 2:
            assert message.state == MessageState.UNCERTAIN
            assert len(delivered) == arrived <= 2
        else:
            assert message.state == MessageState.SENT
            expected = arrived if point == "mail.after_sent" else arrived + 1
            assert len(delivered) == expected <= 2
        assert list(faults(message.recipient.subject)) == []
        assert_nothing_twice(house.mail)


@pytest.mark.parametrize("point", ["mail.after_rcpt", "mail.after_data"])
def test_a_worker_that_wakes_after_its_lease_sends_nothing_more(house: House, children: Children, point: str) -> None:
    """Before DATA another worker has sent it; after DATA it is in doubt, and stays so when the late worker hears 250."""
    message = reminder()
    zombie = children.begin(house, "task", DELIVER, str(message.pk), failpoint=f"{point}:hang")
    wait_for(lambda: house.reached().get(point), 30, f"the worker hangs at {point}")
    house.move_clock(CALM)
    children.run(house, "catch_up")
    house.let_go(point)
    assert children.end(zombie) == 0
    message.refresh_from_db()
    assert_reminder(house, message, point)


def test_a_worker_that_wakes_before_data_makes_a_certificate_s_mail_come_twice_at_most(
    house: House, children: Children
) -> None:
    """The one case where two workers hand over the same mail: it was in doubt, so it was sent again, with one Message-ID."""
    message = certificate_mail(house, children)
    zombie = children.begin(house, "task", DELIVER, str(message.pk), failpoint="mail.before_data:hang")
    wait_for(lambda: house.reached().get("mail.before_data"), 30, "the worker hangs")
    house.move_clock(CALM)
    children.run(house, "catch_up")
    house.let_go("mail.before_data")
    assert children.end(zombie) == 0
    house.move_clock(CALM)
    children.run(house, "catch_up")
    message.refresh_from_db()
    assert (message.state, message.resent_after_doubt) == (MessageState.SENT, True)
    assert_one_certificate(message.recipient.enrollments.get(), house.mail, mails=2)
