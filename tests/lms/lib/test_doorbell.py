"""The doorbell: bounded, never blocking, never raising, whatever the broker does. Each trial in a process of its own."""

import json
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from django.conf import settings

PROLOGUE = """
import json, os, time
import django
django.setup()
from lms.lib import doorbell

def ring(count):
    longest = 0.0
    for n in range(count):
        began = time.monotonic()
        doorbell.ring("courses.tasks.draw_certificate", str(n))
        longest = max(longest, time.monotonic() - began)
    return longest

def say(**more):
    print(json.dumps({"dropped": doorbell.dropped, "failed": doorbell.failed, "published": doorbell.published, **more}))
"""


def run(code: str, redis: str, tmp_path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + textwrap.dedent(code)],
        env={
            "PATH": "/usr/bin:/bin",
            "DJANGO_SETTINGS_MODULE": "lms.settings",
            "LMS_VAR": str(tmp_path / "var"),
            "REDIS_URL": redis,
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, float] = json.loads(done.stdout)
    return told


@pytest.fixture
def nobody() -> str:
    """An address that refuses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


@pytest.fixture
def silence() -> object:
    """An address that accepts and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []
    stop = threading.Event()

    def accept() -> None:
        server.settimeout(0.2)
        while not stop.is_set():
            try:
                kept.append(server.accept()[0])
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    stop.set()
    thread.join()
    for one in [*kept, server]:
        one.close()


def test_a_refused_broker_is_counted_and_raises_nothing(nobody: str, tmp_path: Path) -> None:
    told = run("longest = ring(5); doorbell.wait_until_empty(20); say(longest=longest)", nobody, tmp_path)
    assert (told["failed"], told["published"], told["dropped"]) == (5, 0, 0)
    assert told["longest"] < 0.2


def test_a_silent_broker_holds_nobody(silence: str, tmp_path: Path) -> None:
    told = run("longest = ring(50); say(longest=longest)", silence, tmp_path)
    assert told["longest"] < 0.2
    assert told["published"] == 0


def test_a_full_queue_drops_and_counts(silence: str, tmp_path: Path) -> None:
    told = run("longest = ring(doorbell.SIZE + 250); say(longest=longest)", silence, tmp_path)
    assert 249 <= told["dropped"] <= 250, "one may be in the hands of the thread"
    assert told["longest"] < 0.2


def test_the_end_of_a_process_waits_a_moment_and_no_more(silence: str, tmp_path: Path) -> None:
    code = "began = time.monotonic(); ring(10); doorbell._last_moment(); say(waited=time.monotonic() - began)"
    assert 0.5 < run(code, silence, tmp_path)["waited"] < 3


def test_silent_rings_are_not_published(nobody: str, tmp_path: Path) -> None:
    told = run(
        """
        with doorbell.silent():
            ring(5)
        say(thread=int(doorbell._thread is not None), waiting=doorbell._queue.unfinished_tasks)
        """,
        nobody,
        tmp_path,
    )
    assert (told["thread"], told["waiting"], told["failed"]) == (0, 0, 0)


def test_a_thread_that_cannot_start_raises_nothing(nobody: str, tmp_path: Path) -> None:
    told = run(
        """
        def refuse(*a, **k):
            raise RuntimeError("can't start new thread")
        doorbell.threading.Thread = refuse
        ring(3)
        say()
        """,
        nobody,
        tmp_path,
    )
    assert told["dropped"] == 3


def test_each_process_has_a_thread_of_its_own(nobody: str, tmp_path: Path) -> None:
    told = run(
        """
        ring(1)
        doorbell.wait_until_empty(20)
        reader, writer = os.pipe()
        if os.fork() == 0:
            ring(1)
            doorbell.wait_until_empty(20)
            os.write(writer, str(doorbell.failed).encode())
            os._exit(0)
        os.wait()
        say(child=int(os.read(reader, 10)))
        """,
        nobody,
        tmp_path,
    )
    assert (told["failed"], told["child"]) == (1, 2)
