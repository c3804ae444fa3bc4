"""The way to the broker and to the mail server is refused, silent, slow or cut. No page waits for it, and nothing is lost."""

import statistics
import time
from collections.abc import Callable

import pytest
from django.urls import reverse

from courses.actions.issuing import DRAW
from courses.models import Certificate, Enrollment
from tests.faults import making
from tests.faults.browsing import Browser
from tests.faults.calm import settle
from tests.faults.harness import House
from tests.faults.outcome import assert_one_certificate, assert_record, certificate_message, letters
from tests.faults.proxy import Proxy
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

HANGS = 1.0  # seconds; a page that waited for the broker or for mail would take longer than this more
Mode = Callable[[Proxy], None]

BROKER_MODES: dict[str, Mode] = {
    "refuse": Proxy.refuse,
    "swallow": Proxy.swallow,
    "slow": lambda line: line.slow(5),
    "reset": lambda line: line.cut(seconds=0.5),
    "cut": lambda line: line.cut(after=300),
}
MAIL_MODES: dict[str, Mode] = {
    "refuse": Proxy.refuse,
    "swallow": Proxy.swallow,
    "slow": lambda line: line.slow(0.3),
    "cut before MAIL": lambda line: line.cut(after=60),
    "reset": lambda line: line.cut(seconds=0.05),
}


def handed_in(house: House, count: int) -> tuple[list[Enrollment], float]:
    """So many learners complete a course over HTTP: their enrollments, and the median of the seconds that the page took."""
    enrollments, took = [], []
    for _ in range(count):
        attempt = making.answered()
        browser = Browser(house.port, attempt.enrollment.learner)
        began = time.monotonic()
        page = browser.hand_in(attempt)
        took.append(time.monotonic() - began)
        assert (page.status, page.address) == (200, f"/attempts/{attempt.public_id}/result/")
        code = Certificate.objects.get(enrollment=attempt.enrollment).code
        assert browser.get(reverse("verify", args=[code])).status == 200, "it can be verified at once"
        enrollments.append(attempt.enrollment)
    return enrollments, statistics.median(took)


def test_no_page_waits_for_the_broker_and_nothing_is_lost(house: House) -> None:
    line, _ = house.proxied()
    house.broker.start()
    house.web()
    house.worker("--concurrency", "2")
    house.start("beat")
    done, well = handed_in(house, 3)
    for name, mode in BROKER_MODES.items():
        mode(line)
        enrollments, took = handed_in(house, 3)
        assert took < well + HANGS, f"{name}: {took:.2f} s instead of {well:.2f} s"
        done += enrollments
        line.pass_on()
    settle(house)
    for enrollment in done:
        assert_one_certificate(enrollment, house.mail)


def test_a_worker_whose_acknowledgement_was_lost_takes_the_next_task(house: House) -> None:
    """It may hold one message. The line breaks while it works on it, so that the broker never hears that it is done."""
    line, _ = house.proxied()
    house.broker.start()
    first = making.passed()
    worker = house.worker("--concurrency", "1", failpoint="pdf.mid_write:hang:1")
    house.ring(DRAW, str(first.pk))
    wait_for(lambda: house.reached().get("pdf.mid_write"), 30, "it draws")
    line.refuse()
    house.let_go("pdf.mid_write")
    worker.wait_for_text("Couldn't ack")
    line.pass_on()
    second = making.passed()
    house.start("beat")
    settle(house)
    for certificate in (first, second):
        assert_one_certificate(certificate.enrollment, house.mail)


def test_no_page_waits_for_the_mail_server_and_nothing_is_lost(house: House) -> None:
    """Where the line broke after DATA a mail may be in doubt: then a certificate's comes at most twice, with one Message-ID."""
    _, line = house.proxied()
    house.broker.start()
    house.web()
    house.worker("--concurrency", "2")
    house.start("beat")
    done, well = handed_in(house, 3)
    for name, mode in MAIL_MODES.items():
        mode(line)
        enrollments, took = handed_in(house, 2)
        assert took < well + HANGS, f"{name}: {took:.2f} s instead of {well:.2f} s"
        done += enrollments
        time.sleep(1)  # the worker meets it
        line.pass_on()
    settle(house)
    delivered = letters(house.mail)
    for enrollment in done:
        certificate = Certificate.objects.get(enrollment=enrollment)
        message = certificate_message(certificate)
        copies = len(delivered.get(message.message_id, []))
        assert copies in (1, 2) if message.resent_after_doubt else copies == 1, message.last_reply
        assert_record(enrollment)
