"""A house for one test: real processes on the test's own database, broker, mail server and clock.

``House`` starts what the Procfile names (web, worker, beat), a Valkey on a TCP port and an SMTP server, all of them with the
failpoints and the clock of the test, and ends every one of them. ``Children`` does single pieces of work in processes that are
forked from a warm one, where hundreds of deaths are wanted.
"""

import contextlib
import datetime as dt
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import redis
from aiosmtpd.controller import Controller
from celery import current_app
from django.conf import settings
from django.db import connection
from honcho.environ import parse_procfile

from lms.lib import clock
from lms.lib.deathsig import die_with_parent
from lms.run.broker import find_binary
from tests.faults.proxy import Proxy
from tests.outbox.conftest import MailServer
from tests.platform.launching import ROOT, free_port, steady_port, wait_for

CALM = 200  # seconds of the test's clock after which every lease of a step that died has ended


def rounds() -> int:
    """How often a test of chance is tried."""
    return int(os.environ.get("LMS_FAULT_ROUNDS") or 5)


#: The seed of this run; printed at its end. With ``LMS_FAULT_SEED`` set to it, every round draws the same again.
SEED = os.environ.get("LMS_FAULT_SEED") or str(random.SystemRandom().randrange(10**9))


def chances() -> Iterator[random.Random]:
    """A source of chance for each round, drawn from the seed of the run."""
    for number in range(1, rounds() + 1):
        print(f"round {number} of {rounds()}, LMS_FAULT_SEED={SEED}")
        yield random.Random(f"{SEED}-{number}")


def database_url() -> str:
    """The address of the database that this test runs on."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}"))


class Process:
    """One process in a session of its own, its output in a file. It dies with the tests, however they end."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for_text(self, words: str, seconds: float = 30) -> None:
        def said() -> bool:
            assert words in self.text() or self.popen.poll() is None, f"it ended instead:\n{self.text()}"
            return words in self.text()

        wait_for(said, seconds, f"{words!r} in {self.log.name}")

    def wait_killed(self, seconds: float = 30) -> None:
        """Until the process is dead; AssertionError unless signal 9 ended it."""
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs:\n{self.text()}") from None
        assert code == -signal.SIGKILL, f"it ended with {code}:\n{self.text()}"

    def kill(self) -> None:
        """Signal 9 to the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)


class Broker:
    """A Valkey on a TCP port that keeps nothing on disk."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or steady_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: Process | None = None

    def start(self) -> None:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",
            "dir": str(self.folder),
        }
        words = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = Process([str(find_binary()), *words], dict(os.environ), self.folder / "broker.log")
        wait_for(self.answers, 20, "the broker answers")

    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port, socket_timeout=5, protocol=2)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def waiting(self) -> int:
        """How many tasks wait in the queue."""
        with self.client() as client:
            return int(client.llen(current_app.conf.task_default_queue))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()


class House:
    """See the module. ``ring`` sends a task by hand; ``proxied`` puts a proxy before broker and mail server."""

    def __init__(self, folder: Path, static: Path) -> None:
        self.folder = folder
        self.broker = Broker(folder)
        self.broker_line: Proxy | None = None
        self.mail_line: Proxy | None = None
        self.mail = MailServer()
        self.mail_port = free_port()
        self.clock_file = folder / "clock"
        self.passes = folder / "passes"
        self.passes.mkdir()
        (folder / "static").symlink_to(static)
        self.port = free_port()
        self.offset = 0.0
        self._processes: list[Process] = []
        self._controller = Controller(self.mail, hostname="127.0.0.1", port=self.mail_port)
        self._controller.start()
        self.move_clock(0)

    def env(self, *, failpoint: str = "", **more: str) -> dict[str, str]:
        """The surroundings of every process of this house. ``failpoint`` arms points, as ``name:kill``."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "CELERY_"))},
            "LMS_VAR": str(self.folder),
            "LMS_TEST_FAST_PASSWORDS": "yes",
            "LMS_TEST_CLOCK": str(self.clock_file),
            "LMS_TEST_FAILPOINT": failpoint,
            "LMS_TEST_FAILPOINT_COUNT": str(self.passes),
            "LMS_BEAT_SWEEP_SECONDS": "1",
            "LMS_BEAT_PLAN_SECONDS": "1",
            "LMS_BEAT_GATHER_SECONDS": "1",
            "SECRET_KEY": settings.SECRET_KEY,
            "RECORD_KEY": settings.RECORD_KEY,
            "DATABASE_URL": database_url(),
            "REDIS_URL": f"redis://127.0.0.1:{self.broker_line.port}/0" if self.broker_line else self.broker.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail_line.port if self.mail_line else self.mail_port}?timeout=2",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            **more,
        }

    def proxied(self) -> tuple[Proxy, Proxy]:
        """What is started from now on reaches broker and mail server through these two."""
        self.broker_line, self.mail_line = Proxy(self.broker.port), Proxy(self.mail_port)
        return self.broker_line, self.mail_line

    def move_clock(self, seconds: float) -> None:
        """Moves the time of every process, this one included, forward by so many seconds."""
        self.offset += seconds
        new = self.clock_file.with_suffix(".new")
        new.write_text(str(self.offset))
        new.replace(self.clock_file)

    def set_clock(self, instant: dt.datetime) -> None:
        """Makes it this instant for every process."""
        self.move_clock((instant - clock.now()).total_seconds())

    def reached(self) -> dict[str, int]:
        """The armed points that were passed, and how often."""
        return {path.name: path.stat().st_size for path in self.passes.iterdir() if path.suffix != ".go"}

    def let_go(self, point: str) -> None:
        """Whoever hangs at this point goes on."""
        (self.passes / f"{point}.go").touch()

    def start(self, name: str, *options: str, failpoint: str = "", **env: str) -> Process:
        """Starts a line of the Procfile, with more options."""
        line = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
        command = [sys.executable if word == "python" else word for word in shlex.split(line)]
        log = self.folder / f"{name}-{len(self._processes)}.log"
        process = Process([*command, *options], self.env(failpoint=failpoint, **env), log)
        self._processes.append(process)
        return process

    def worker(self, *options: str, failpoint: str = "") -> Process:
        """A real Celery worker that is ready; without options it has one process, so that it dies as a whole."""
        process = self.start("worker", "--loglevel", "INFO", *(options or ("--pool", "solo")), failpoint=failpoint)
        process.wait_for_text("ready.")
        return process

    def web(self, *, failpoint: str = "", **env: str) -> Process:
        """gunicorn, answering, on a port that no earlier one has used."""
        self.port = free_port()
        process = self.start("web", failpoint=failpoint, **env)

        def answers() -> bool:
            assert process.popen.poll() is None, process.text()
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", self.port)) == 0

        wait_for(answers, 30, "the web process answers")
        return process

    def ring(self, task: str, *args: Any) -> None:
        """Sends a task to this house's broker, now and without a doorbell. Its time limits are the worker's: without None they would be
        those of this process, if another test has loaded the tasks in it."""
        limits = {"time_limit": None, "soft_time_limit": None}
        with current_app.connection_for_write(self.broker.url) as line:
            current_app.send_task(task, args=args, connection=line, retry=False, ignore_result=True, **limits)

    def ends(self, process: Process) -> None:
        process.kill()
        self._processes.remove(process)

    def close(self) -> None:
        """Ends everything. What each process said last is printed; pytest shows it beside a failure."""
        for process in self._processes:
            process.kill()
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")
        self.broker.kill()
        for line in (self.broker_line, self.mail_line):
            if line is not None:
                line.close()
        self._controller.stop()


class Children:
    """Asks ``tests.faults.runner`` for one process after another; each does one piece of work, or dies of it."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        with log.open("wb") as errors:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.runner"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )
        self._log = log

    def _ask(self, **request: Any) -> Any:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(json.dumps(request) + "\n")
        self._popen.stdin.flush()
        line = self._popen.stdout.readline()
        assert line, f"the runner is gone:\n{self._log.read_text(errors='replace')}"
        return json.loads(line)

    def begin(self, house: House, job: str, *args: Any, failpoint: str = "") -> int:
        """Starts a piece of work (a function of the runner) in a process of its own; returns the process's number."""
        values = {
            "CERTIFICATE_DIR": str(settings.CERTIFICATE_DIR),
            "EMAIL_PORT": house.mail_port,
        }
        return int(self._ask(do="begin", job=job, args=args, env=house.env(failpoint=failpoint), settings=values))

    def end(self, pid: int) -> int:
        """Waits for it; returns its exit code, negative for a signal."""
        return int(self._ask(do="end", pid=pid))

    def kill(self, pid: int) -> int:
        """Signal 9, now, unless it has ended; returns the exit code."""
        os.kill(pid, signal.SIGKILL)
        return self.end(pid)

    def run(self, house: House, job: str, *args: Any) -> None:
        """A piece of work that must go well."""
        code = self.end(self.begin(house, job, *args))
        assert code == 0, f"{job} ended with {code}:\n{self._log.read_text(errors='replace')}"

    def run_killed(self, house: House, job: str, *args: Any, point: str) -> None:
        """A piece of work that must die by signal 9 at this point."""
        before = house.reached().get(point, 0)
        code = self.end(self.begin(house, job, *args, failpoint=f"{point}:kill"))
        assert code == -signal.SIGKILL, f"{job} ended with {code}:\n{self._log.read_text(errors='replace')}"
        assert house.reached()[point] == before + 1

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(10)
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
