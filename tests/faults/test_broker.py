"""The broker is away, silent, emptied or full of nonsense. No page waits for it, and beat's sweep finds every row."""

import base64
import json
import pickle
import random
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from courses.actions.issuing import DRAW
from courses.models import Certificate, Enrollment
from lms.outbox.enums import OPEN, MessageState
from lms.outbox.models import Message
from lms.outbox.tasks import DELIVER
from tests.faults import making
from tests.faults.browsing import Browser
from tests.faults.harness import House
from tests.faults.outcome import assert_one_certificate, certificate_message
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault]


class HoldingBroker:
    """Accepts every connection and takes what is said, but never comes to the end of an answer until it is closed.

    A silent one says nothing. One that drips begins an answer and goes on letter by letter, so that no socket timeout ever
    ends: whoever waits for it waits as long as the test wants.
    """

    def __init__(self, port: int, *, drips: bool) -> None:
        self.heard = 0
        self._drips = drips
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=100)
        self._listener.settimeout(0.1)
        self._run(self._accept)

    def _run(self, work: Callable[..., None], *args: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._run(self._hold, line)
        self._listener.close()

    def _hold(self, line: socket.socket) -> None:
        line.settimeout(0.3)
        while not self._closed.is_set():
            try:
                said = line.recv(4096)
                if not said:
                    break
                if self._drips and not self.heard:
                    line.sendall(b"$1000000\r\n")
                self.heard += len(said)
            except TimeoutError:
                if self._drips and self.heard:
                    line.sendall(b".")
            except OSError:
                break
        line.close()

    def close(self) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join(10)


def hand_in_all(house: House, count: int) -> list[Enrollment]:
    """So many learners hand in their last quiz over HTTP; each gets the result with its certificate, and reads on."""
    enrollments = []
    for _ in range(count):
        attempt = making.answered()
        browser = Browser(house.port, attempt.enrollment.learner)
        page = browser.hand_in(attempt)
        assert (page.status, page.address) == (200, f"/attempts/{attempt.public_id}/result/")
        certificate = Certificate.objects.get(enrollment=attempt.enrollment)
        assert reverse("certificate", args=[certificate.public_id]) in page.text
        assert browser.get(reverse("my_training")).status == 200
        assert browser.get(reverse("verify", args=[certificate.code])).status == 200
        enrollments.append(attempt.enrollment)
    return enrollments


def all_settled() -> bool:
    return not Message.objects.filter(state__in=OPEN).exists()


def assert_beat_and_a_worker_finish(house: House, enrollments: list[Enrollment]) -> None:
    house.worker()
    house.start("beat")
    wait_for(all_settled, 60, "every mail is settled")
    for enrollment in enrollments:
        assert_one_certificate(enrollment, house.mail)


def test_handing_in_while_the_broker_refuses(house: House) -> None:
    web = house.web()
    enrollments = hand_in_all(house, 3)
    web.wait_for_text("not published")
    house.broker.start()
    assert_beat_and_a_worker_finish(house, enrollments)


def test_handing_in_while_the_broker_s_memory_is_full(house: House) -> None:
    house.broker.start()
    with house.broker.client() as broker:
        broker.config_set("maxmemory", "1")
        web = house.web()
        enrollments = hand_in_all(house, 2)
        web.wait_for_text("not published")
        broker.config_set("maxmemory", "0")
    assert_beat_and_a_worker_finish(house, enrollments)


@pytest.mark.parametrize("drips", [False, True])
def test_handing_in_while_the_broker_accepts_and_never_answers(house: House, drips: bool) -> None:
    """The broker holds its answer until every page has arrived: a page that waited for it would never come."""
    broker = HoldingBroker(house.broker.port, drips=drips)
    try:
        house.web()
        enrollments = hand_in_all(house, 3)
        wait_for(lambda: broker.heard, 30, "the doorbell spoke to the broker")
    finally:
        broker.close()
    house.broker.start()
    assert_beat_and_a_worker_finish(house, enrollments)


def test_an_emptied_broker_loses_nothing(house: House) -> None:
    """Killed with tasks in its queue, and once more under a running worker and beat; it comes back knowing nothing."""
    certificates = [making.passed() for _ in range(3)]
    broker = house.broker
    broker.start()
    for certificate in certificates:
        house.ring(DRAW, str(certificate.pk))
    assert broker.waiting() == 3
    assert broker.process is not None
    broker.kill()
    broker.process.wait_killed()
    broker.start()
    assert broker.waiting() == 0
    assert_beat_and_a_worker_finish(house, [certificate.enrollment for certificate in certificates])

    broker.kill()
    broker.process.wait_killed()
    late = making.passed()
    broker.start()
    wait_for(lambda: certificate_mailed(late), 60, "the worker and beat found the new broker")
    assert_one_certificate(late.enrollment, house.mail)


def certificate_mailed(certificate: Certificate) -> bool:
    return certificate_message(certificate).state == MessageState.SENT


NONSENSE: list[tuple[str, tuple[Any, ...]]] = [
    (name, args)
    for name in (DRAW, DELIVER)
    for args in [
        (),
        ("",),
        ("abc",),
        (None,),
        ("-1",),
        (-1,),
        (0,),
        ("999999",),
        (10**30,),
        ("9" * 5000,),
        ("1 OR 1=1",),
        (["1"],),
        ({"pk": 1},),
        ("\u0661\u0662\u0663",),
        ("1.0",),
        (str(uuid.uuid4()),),
        ("1", "2"),
    ]
] + [("courses.tasks.no_such_task", ("1",)), ("os.system", ("true",)), ("builtins.eval", ("1",))]


def raw(content: bytes, content_type: str, headers: dict[str, str]) -> str:
    """A message as it lies in the queue."""
    return json.dumps(
        {
            "body": base64.b64encode(content).decode(),
            "content-type": content_type,
            "content-encoding": "binary",
            "headers": headers,
            "properties": {
                "delivery_tag": str(uuid.uuid4()),
                "delivery_info": {"exchange": "", "routing_key": "lms"},
                "body_encoding": "base64",
            },
        }
    )


FORGED: list[str | bytes] = [
    raw(pickle.dumps(((), {}, {})), "application/x-python-serialize", {"task": DRAW, "id": "1"}),
    raw(b"\xff\x00 no json", "application/json", {"task": DRAW, "id": "2"}),
    raw(b"{}", "application/json", {}),
    # as an older release of Celery wrote them
    raw(json.dumps({"id": "3", "task": DRAW, "args": ["1"], "kwargs": {}}).encode(), "application/json", {}),
    raw(json.dumps({"id": "4", "task": DRAW, "args": ["1"], "kwargs": {"eta": 1}}).encode(), "application/json", {}),
    b"\x00\xff\xfe no message at all",
    "",
    "{}",
    "[]",
    "null",
    json.dumps({"body": 1, "properties": {}}),
    json.dumps({"body": 1, "properties": {"delivery_tag": "y"}}),
    json.dumps(
        {"body": 1, "properties": {"delivery_tag": "z", "delivery_info": {"exchange": "", "routing_key": "lms"}}}
    ),
    json.dumps({"body": "e30=", "properties": {"delivery_tag": "x", "body_encoding": "rot13"}}),
]


@pytest.mark.both_db
def test_the_same_task_a_hundred_times_among_nonsense_is_one_certificate_and_one_mail(house: House) -> None:
    certificate = making.passed()
    message = certificate_message(certificate)
    house.broker.start()
    tasks: list[tuple[str, tuple[Any, ...]]] = [(DRAW, (str(certificate.pk),)), (DELIVER, (str(message.pk),))] * 100
    tasks += [*NONSENSE, ("lms.outbox.tasks.sweep", ()), ("courses.tasks.sweep", ())]
    random.Random(7).shuffle(tasks)
    for name, args in tasks:
        house.ring(name, *args)
    with house.broker.client() as broker:
        broker.lpush("lms", *FORGED)
    worker = house.worker("--concurrency", "2")
    wait_for(lambda: house.broker.waiting() == 0 and all_settled(), 60, "everything is taken and settled")
    for name in (DRAW, DELIVER):
        house.ring(name, str(certificate.pk if name == DRAW else message.pk))
    marker = making.passed()
    house.ring("courses.tasks.sweep")
    wait_for(lambda: certificate_mailed(marker), 60, "the worker is well")
    assert worker.popen.poll() is None
    for one in (certificate, marker):
        assert_one_certificate(one.enrollment, house.mail)
        one.refresh_from_db()
        assert one.tries == 1
    message.refresh_from_db()
    assert message.tries == 1
    assert Certificate.objects.count() == 2


def test_two_workers_with_copies_of_the_same_tasks_make_each_certificate_once(house: House) -> None:
    certificates = [making.passed() for _ in range(5)]
    house.broker.start()
    for certificate in certificates * 4:
        house.ring(DRAW, str(certificate.pk))
    for _ in range(2):
        house.worker("--concurrency", "2")
    house.start("beat")
    wait_for(all_settled, 60, "every mail is settled")
    for certificate in certificates:
        assert_one_certificate(certificate.enrollment, house.mail)
