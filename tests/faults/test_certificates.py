"""A worker dies while it makes a certificate. In the end there is one certificate, one file, one mail, one of each event."""

import datetime as dt
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from courses.actions import filing
from courses.actions.issuing import DRAW
from courses.enums import FileState
from lms.lib import clock
from lms.outbox import work
from lms.outbox.enums import MessageState
from lms.outbox.tasks import DELIVER
from tests.factories import make_coordinator
from tests.faults import making
from tests.faults.harness import CALM, Children, House, chances
from tests.faults.outcome import assert_file, assert_one_certificate, certificate_message, stored_files
from tests.faults.points import POINTS
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

PDF_POINTS = [point for point in POINTS if point.startswith("pdf.")]
CERTAIN = [
    "mail.after_claim",
    "mail.before_connect",
    "mail.after_rcpt",
    "mail.after_sent",
]  # the others are test_mail's


@pytest.mark.parametrize("point", PDF_POINTS)
def test_a_worker_killed_while_it_makes_a_certificate(house: House, point: str) -> None:
    certificate = making.passed()
    house.broker.start()
    doomed = house.worker(failpoint=f"{point}:kill")
    house.ring(DRAW, str(certificate.pk))
    doomed.wait_killed()
    assert house.reached() == {point: 1}
    house.move_clock(CALM)
    house.worker()
    house.start("beat")
    message = certificate_message(certificate)

    def mailed() -> bool:
        message.refresh_from_db()
        return message.state == MessageState.SENT

    wait_for(mailed, 30, "the certificate is mailed")
    assert_one_certificate(certificate.enrollment, house.mail)
    certificate.refresh_from_db()
    assert certificate.tries == (1 if point == "pdf.after_finish" else 2)


def test_a_killed_child_of_a_worker_with_many(house: House) -> None:
    """The worker itself lives on, and another of its processes makes the certificate."""
    certificate = making.passed()
    house.broker.start()
    worker = house.worker("--concurrency", "2", failpoint="pdf.mid_write:kill:1")
    house.ring(DRAW, str(certificate.pk))
    worker.wait_for_text("signal 9 (SIGKILL)")
    assert worker.popen.poll() is None
    house.move_clock(CALM)
    house.start("beat")
    message = certificate_message(certificate)

    def mailed() -> bool:
        message.refresh_from_db()
        return message.state == MessageState.SENT

    wait_for(mailed, 30, "the certificate is mailed")
    assert_one_certificate(certificate.enrollment, house.mail)


@pytest.mark.parametrize("signum", [signal.SIGQUIT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_stop_while_it_draws(house: House, signum: signal.Signals) -> None:
    """QUIT (what the launcher sends) ends the task after the soft time; TERM waits for it, and here it may go on."""
    certificate = making.passed()
    house.broker.start()
    worker = house.worker("--concurrency", "1", failpoint="pdf.mid_write:hang")
    house.ring(DRAW, str(certificate.pk))
    wait_for(lambda: house.reached().get("pdf.mid_write"), 30, "the worker hangs in the middle of the file")
    worker.popen.send_signal(signum)
    if signum == signal.SIGTERM:
        house.let_go("pdf.mid_write")
    worker.popen.wait(30)
    house.move_clock(CALM)
    house.worker()
    house.start("beat")
    message = certificate_message(certificate)

    def mailed() -> bool:
        message.refresh_from_db()
        return message.state == MessageState.SENT

    wait_for(mailed, 30, "the certificate is mailed")
    assert_one_certificate(certificate.enrollment, house.mail)


def test_deaths_in_any_order_lose_nothing(house: House, children: Children) -> None:
    """Rounds of chance: one to six deaths on the way of one certificate, each at a point of chance."""
    for chance in chances():
        certificate = making.passed()
        message = certificate_message(certificate)
        for _ in range(chance.randint(1, 6)):
            certificate.refresh_from_db()
            message.refresh_from_db()
            if certificate.state != FileState.STORED:
                children.run_killed(house, "task", DRAW, str(certificate.pk), point=chance.choice(PDF_POINTS))
            elif message.state != MessageState.SENT:
                children.run_killed(house, "task", DELIVER, str(message.pk), point=chance.choice(CERTAIN))
            house.move_clock(CALM)
        children.run(house, "catch_up")
        assert_one_certificate(certificate.enrollment, house.mail)


def test_a_certificate_that_kills_every_worker_stops_and_is_seen(
    house: House, children: Children, client: Client
) -> None:
    certificate = making.passed()
    for _ in range(work.MAX_TRIES):
        children.run_killed(house, "task", DRAW, str(certificate.pk), point="pdf.after_draw")
        house.move_clock(CALM)
    other = making.passed()
    children.run(house, "catch_up")
    assert_one_certificate(other.enrollment, house.mail)
    certificate.refresh_from_db()
    assert (certificate.state, certificate.last_error) == (FileState.DEAD, "The worker died each time.")
    assert_listed_as_dead(client, certificate)


def assert_listed_as_dead(client: Client, certificate: Any) -> None:
    client.force_login(make_coordinator())
    page = client.get(reverse("certificates"), {"show": "waiting"}).content.decode()
    assert certificate.number in page
    assert "No file" in page


@pytest.mark.parametrize("point", ["pdf.after_claim", "pdf.after_draw", "pdf.mid_write", "pdf.before_finish"])
def test_a_worker_that_wakes_after_its_lease_changes_nothing(house: House, children: Children, point: str) -> None:
    certificate = making.passed()
    zombie = children.begin(house, "task", DRAW, str(certificate.pk), failpoint=f"{point}:hang")
    wait_for(lambda: house.reached().get(point), 30, f"the worker hangs at {point}")
    house.move_clock(CALM)
    children.run(house, "catch_up")
    assert_one_certificate(certificate.enrollment, house.mail)
    certificate.refresh_from_db()
    settled = {field.attname: getattr(certificate, field.attname) for field in certificate._meta.concrete_fields}
    house.let_go(point)
    assert children.end(zombie) == 0
    certificate.refresh_from_db()
    assert settled == {name: getattr(certificate, name) for name in settled}
    children.run(house, "catch_up")
    assert_one_certificate(certificate.enrollment, house.mail)


def full_disk(certificate: Any) -> str:
    """The temporary file of this process's try lies on the kernel's full device."""
    folder = Path(settings.CERTIFICATE_DIR)
    folder.mkdir(exist_ok=True)
    (folder / f".{certificate.public_id}.pdf.{os.getpid()}").symlink_to("/dev/full")
    return "No space left on device"


def folder_is_a_file(certificate: Any) -> str:
    folder = Path(settings.CERTIFICATE_DIR)
    if not folder.exists():
        folder.write_text("not a folder")
    return "File exists"


@pytest.mark.parametrize("spoil", [full_disk, folder_is_a_file])
def test_a_disk_that_takes_nothing_is_tried_again_with_longer_waits(house: House, tmp_path: Path, spoil: Any) -> None:
    certificate = making.passed()
    at, waits = clock.now(), []
    for tries in range(1, 4):
        reason = spoil(certificate)
        assert filing.file_certificate(certificate.pk, at=at) is False
        certificate.refresh_from_db()
        assert (certificate.state, certificate.tries) == (FileState.QUEUED, tries)
        assert reason in certificate.last_error
        waits.append(certificate.next_try_at - at)
        assert filing.sweep(at=certificate.next_try_at - dt.timedelta(seconds=1)) == 0
        at = certificate.next_try_at
    assert waits == sorted(waits)
    assert waits[0] >= dt.timedelta(seconds=30)
    assert certificate_message(certificate).state == MessageState.WAITING
    if spoil is folder_is_a_file:
        (tmp_path / "certificates").unlink()
    else:
        assert stored_files(certificate) == []
    assert filing.sweep(at=at) == 1
    assert_file(certificate)
    assert certificate_message(certificate).state == MessageState.QUEUED


def test_a_disk_that_never_takes_anything_ends_as_dead_with_the_reason(
    house: House, tmp_path: Path, client: Client
) -> None:
    certificate = making.passed()
    at = clock.now()
    for _ in range(work.MAX_TRIES):
        full_disk(certificate)
        assert filing.sweep(at=at) == 0
        certificate.refresh_from_db()
        at = max(certificate.next_try_at, at)
    assert certificate.state == FileState.DEAD
    assert "No space left on device" in certificate.last_error
    assert filing.sweep(at=at + dt.timedelta(days=30)) == 0
    assert stored_files(certificate) == []
    assert certificate_message(certificate).state == MessageState.WAITING
    assert_listed_as_dead(client, certificate)
