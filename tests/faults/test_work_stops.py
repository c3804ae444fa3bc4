"""Work stands still: the broker writes nothing, the worker hears nothing or is ended. It is seen, and it is made good."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from courses.actions.issuing import DRAW
from courses.enums import FileState
from courses.models import Certificate
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.outbox.tasks import DELIVER
from tests.faults import making
from tests.faults.browsing import Browser
from tests.faults.calm import settle
from tests.faults.harness import CALM, Children, House, Process
from tests.faults.outcome import assert_file, assert_one_certificate, certificate_message, stored_files
from tests.faults.storm import children_of
from tests.faults.test_lines import HANGS, handed_in
from tests.platform.launching import stop_between_writes, wait_for

pytestmark = [pytest.mark.fault]

Spoil = Callable[[House, Any], None]


def emptied(house: House, client: Any) -> None:
    client.flushall()


def no_memory(house: House, client: Any) -> None:
    client.config_set("maxmemory", "1")


def replica(house: House, client: Any) -> None:
    """Of a server that is not there: it refuses every write."""
    client.execute_command("REPLICAOF", "127.0.0.1", "1")


def well(client: Any) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")
    client.config_set("maxmemory", "0")


@pytest.mark.both_db
def test_a_broker_that_takes_no_writes_or_forgets_all_costs_nothing(house: House) -> None:
    """Under a running worker and beat. Nothing dies of it, since the launcher would then stop everything."""
    house.broker.start()
    house.web()
    processes = [house.worker("--concurrency", "2"), house.start("beat")]
    done, usual = handed_in(house, 2)
    with house.broker.client() as client:
        for spoil in (emptied, no_memory, replica):
            spoil(house, client)
            enrollments, took = handed_in(house, 2)
            assert took < usual + HANGS, spoil.__name__
            done += enrollments
            time.sleep(3)  # worker and beat meet it
            assert [process.popen.poll() for process in processes] == [None, None], f"{spoil.__name__}:\n" + "\n".join(
                process.text()[-3000:] for process in processes
            )
            well(client)
    settle(house)
    for enrollment in done:
        assert_one_certificate(enrollment, house.mail)


def stopped_children(worker: Process) -> list[int]:
    return children_of(worker.popen.pid)


def stopped_parent(worker: Process) -> list[int]:
    return [worker.popen.pid]


def test_a_worker_that_is_connected_and_takes_nothing_is_seen_and_made_good(house: House) -> None:
    house.broker.start()
    pulse = {"LMS_BEAT_PULSE_SECONDS": "1", "LMS_BEAT_MAIL_PULSE_SECONDS": "1"}
    house.web(**pulse)
    worker = house.worker("--concurrency", "2")
    house.start("beat", **pulse)
    browser = Browser(house.port, making.new_enrollment().learner)

    def problems() -> dict[str, str]:
        return dict(browser.get("/health/work").json().get("problems", {}))

    done = []
    for stopped in (stopped_children, stopped_parent):
        wait_for(lambda: not problems(), 30, "all is well")
        pids = stopped(worker)
        name = str(connection.settings_dict["NAME"])
        stop_between_writes(pids, name if connection.vendor == "sqlite" else None)
        done += [making.passed() for _ in range(2)]
        house.move_clock(100)  # late for the worker, not yet for the mail server that it would try
        wait_for(lambda: set(problems()) == {"worker"}, 30, "the report names the worker, and it alone")
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        settle(house)
    wait_for(lambda: not problems(), 30, "all is well again")
    for certificate in done:
        assert_one_certificate(certificate.enrollment, house.mail)


@pytest.mark.both_db
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_is_ended_around_its_commit(house: House, signum: signal.Signals) -> None:
    """TERM waits for the commit and what rings after it; signal 9 takes the whole group, and the row is found again."""
    certificate = making.passed()
    house.broker.start()
    worker = house.worker("--concurrency", "2", failpoint="pdf.before_finish:hang:1")
    house.ring(DRAW, str(certificate.pk))
    wait_for(lambda: house.reached().get("pdf.before_finish"), 30, "it is about to commit")
    if signum == signal.SIGTERM:
        worker.popen.send_signal(signum)
        house.let_go("pdf.before_finish")
        worker.popen.wait(30)
        certificate.refresh_from_db()
        assert certificate.file
    else:
        worker.kill()
    house.worker("--concurrency", "2")
    house.start("beat")
    settle(house)
    assert_one_certificate(certificate.enrollment, house.mail)
    certificate.refresh_from_db()
    assert certificate.tries == (1 if signum == signal.SIGTERM else 2)


def test_a_drawing_that_never_ends_is_killed_and_keeps_nobody_back(house: House) -> None:
    """The process that draws stands still where no signal but 9 reaches it, as a hung engine does, until the task's hard time limit."""
    poison = making.passed()
    house.broker.start()
    options = ("--concurrency", "2", "--", "task_soft_time_limit=3", "task_time_limit=5")
    worker = house.worker(*options, failpoint="pdf.after_claim:freeze:1")
    house.ring(DRAW, str(poison.pk))
    wait_for(lambda: house.reached().get("pdf.after_claim"), 30, "it stands still")
    worker.wait_for_text("Hard time limit", 60)
    others = [making.passed() for _ in range(3)]
    house.start("beat")
    settle(house)
    for certificate in (poison, *others):
        assert_one_certificate(certificate.enrollment, house.mail)


def test_a_drawing_that_wants_all_memory_fails_alone(house: House, children: Children) -> None:
    poison, other = making.passed(), making.passed()
    children.end(children.begin(house, "starved", DRAW, str(poison.pk)))
    poison.refresh_from_db()
    assert poison.state in (FileState.QUEUED, FileState.CLAIMED)
    assert stored_files(poison) == []
    children.run(house, "task", DRAW, str(other.pk))
    assert_file(other)
    house.move_clock(CALM)
    children.run(house, "catch_up")
    for certificate in (poison, other):
        assert_one_certificate(certificate.enrollment, house.mail)


@pytest.mark.parametrize("point", ["pdf.mid_write", "pdf.before_rename", "pdf.after_rename"])
def test_a_disk_that_fails_at_any_step_leaves_nothing_half_written(
    house: House, children: Children, point: str
) -> None:
    """The step fails as a full or broken disk makes it fail: in the middle of the file, at its end, and when it is in its place."""
    certificate = making.passed()
    children.end(children.begin(house, "task", DRAW, str(certificate.pk), failpoint=f"{point}:raise"))
    assert house.reached() == {point: 1}
    certificate.refresh_from_db()
    assert (certificate.state, certificate.file, certificate.tries) == (FileState.QUEUED, "", 1)
    assert certificate.last_error == f"FailpointError: {point}"
    assert [path.name for path in stored_files(certificate)] == (
        [f"{certificate.public_id}.pdf"] if point == "pdf.after_rename" else []
    )
    assert certificate_message(certificate).state == MessageState.WAITING
    house.move_clock(CALM)
    children.run(house, "catch_up")
    assert_one_certificate(certificate.enrollment, house.mail)


class Endless:
    """A mail server that greets, letter by letter, for ever. No timeout of a socket ends that."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._threads.append(threading.Thread(target=self._greet, args=[line], daemon=True))
            self._threads[-1].start()
        self._listener.close()

    def _greet(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            while not self.closed.wait(0.1):
                line.sendall(b"2")

    def close(self) -> None:
        self.closed.set()
        for thread in self._threads:
            thread.join(5)


def test_a_mail_server_that_answers_without_end_holds_one_try_and_nobody_else(house: House) -> None:
    """The task's own time limit ends it; the mail is sent once when a server answers."""
    told = making.reminder()
    certificate = making.passed()
    house.broker.start()
    endless, right = Endless(), house.mail_port
    try:
        house.mail_port = endless.port
        worker = house.worker("--concurrency", "2", "--", "task_soft_time_limit=3", "task_time_limit=6")
        house.ring(DELIVER, str(told.pk))
        wait_for(lambda: Message.objects.get(pk=told.pk).state == MessageState.CLAIMED, 30, "it is being sent")
        house.ring(DRAW, str(certificate.pk))
        wait_for(lambda: Certificate.objects.get(pk=certificate.pk).file, 30, "the certificate is drawn meanwhile")
        worker.wait_for_text("SoftTimeLimitExceeded")
        worker.kill()
    finally:
        endless.close()
    told.refresh_from_db()
    assert (told.state, told.tries) == (MessageState.CLAIMED, 1)
    house.mail_port = right
    house.worker("--concurrency", "2")
    house.start("beat")
    settle(house)
    told.refresh_from_db()
    assert (told.state, told.tries) == (MessageState.SENT, 2)
    assert_one_certificate(certificate.enrollment, house.mail)
