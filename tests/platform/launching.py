"""Starts the launcher as a person does, and finds every process that came of it, in whatever session."""

import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

MARK = "LMS_TEST_MARK"
ROOT = Path(settings.BASE_DIR)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def steady_port() -> int:
    """A free port below those that the kernel gives to outgoing lines, so that nobody takes it while a server is away for a moment."""
    while True:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", random.randrange(16_000, 32_000)))
            except OSError:
                continue
            return int(listener.getsockname()[1])


def wait_for(done: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer; AssertionError with ``what`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = done()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def stop_between_writes(pids: list[int], database: str | None) -> None:
    """Signal 19 to all of them at a moment at which none holds the one right to write of this SQLite file, since others need it meanwhile;
    at any moment where there is no such file."""
    for _ in range(100):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        if database is None or nobody_writes(database):
            return
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
    raise AssertionError("somebody always writes")


def nobody_writes(database: str) -> bool:
    with contextlib.closing(sqlite3.connect(database, timeout=0.3, uri=True)) as line:
        try:
            line.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


class Run:
    """One start of the launcher on a var folder, its output in a file. ``stop`` sends a signal and returns the exit code."""

    def __init__(
        self, var: Path, output: Path, *, port: int | None = None, wrap: tuple[str, ...] = (), **env: str
    ) -> None:
        self.var = var
        self.output = output
        self.port = port or free_port()
        self.mark = uuid.uuid4().hex
        surroundings = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        surroundings |= {
            MARK: self.mark,
            "LMS_VAR": str(var),
            "PORT": str(self.port),
            "LMS_TEST_FAST_PASSWORDS": "yes",
            **env,
        }
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [*wrap, sys.executable, "-m", "lms.run"],
                cwd=ROOT,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def left(self) -> dict[int, str]:
        """Every living process that carries this run's mark: number and command line."""
        wanted = f"{MARK}={self.mark}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue  # it ended meanwhile
        return found

    def find(self, words: str) -> int:
        """The oldest process of the run whose command line holds these words."""
        return min(pid for pid, line in self.left().items() if words in line)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except OSError:
            return 0, {}

    def wait_until_ready(self) -> "Run":
        """Until the launcher has printed its block; fails at once, with the output, if it ended instead."""

        def ready() -> bool:
            assert self.process.poll() is None, self.text()
            return "It runs at" in self.text()

        wait_for(ready, 180, f"ready, but:\n{self.text()}")
        return self

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def end(self) -> tuple[int, str]:
        """Waits for a launcher that ends by itself: exit code and output."""
        return self.process.wait(timeout=60), self.text()

    def stop(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        return self.process.wait(timeout=30)

    def assert_nothing_left(self, seconds: float = 30) -> None:
        wait_for(lambda: not self.left(), seconds, f"nothing left, but {self.left()}")

    def kill_all(self) -> None:
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
