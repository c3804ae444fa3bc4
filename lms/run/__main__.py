"""``python -m lms.run``, which is what ``make run`` does. Exit code 0 when it was asked to stop, 1 with one sentence otherwise."""

import http.client
import json
import os
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from honcho.environ import parse_procfile

from lms.lib import broker, env
from lms.lib.deathsig import die_with_parent
from lms.run import checks
from lms.run.checks import Refused
from lms.run.lock import RunLock
from lms.run.processes import Child, Processes

START_SECONDS = 120.0
STOP_SECONDS = 8.0
QUIET = ("broker",)


class Asked(Exception):
    """Somebody wants everything to stop."""


class Launcher:
    """One run: ``run`` returns when it was asked to stop, or raises Refused. Either way nothing is left running."""

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._asked = threading.Event()
        self._hurry = threading.Event()
        self.var = checks.var_folder()

    def run(self) -> None:
        self._listen()
        checks.make_folder(self.var)
        lock = RunLock(self.var)
        lock.take()
        host, port = checks.read_address()
        processes = Processes(checks.ROOT, self.var / "log", lock.fd)
        lines = parse_procfile((checks.ROOT / "Procfile").read_text()).processes
        surroundings = _surroundings(self.var, host, port)
        try:
            if env.text("REDIS_URL"):
                lines.pop("broker")
            else:
                processes.start("broker", lines.pop("broker"), surroundings, quiet=True)
            report = self._prepare(processes, surroundings)
            if processes.children:
                self._wait_for_broker(processes)
            for name, line in lines.items():
                processes.start(name, line, surroundings)
            url = _url(host, port)
            lock.write(pid=os.getpid(), url=url, children=[child.process.pid for child in processes.children])
            self._wait_until_ready(processes, host, port, report)
            _say(_block(url, report, self.var))
            while True:
                self._look(processes)
                self._asked.wait(0.2)
        except Asked:
            _say("Stopping ...")
        finally:
            processes.stop(seconds=STOP_SECONDS, hurry=self._hurry)
        _say("Stopped. Your data stays in " + str(self.var))

    def _listen(self) -> None:
        die_with_parent(signal.SIGTERM)
        for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            if signal.getsignal(signum) != signal.SIG_IGN:  # nohup, or a background job of a script
                signal.signal(signum, self._on_signal)

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        """The first asks; the second, of an impatient person, kills."""
        if self._asked.is_set():
            self._hurry.set()
        self._asked.set()

    def _look(self, processes: Processes) -> None:
        """Raises Asked when it is time to stop, and Refused when a child has ended by itself."""
        if self._asked.is_set() or os.getppid() != self._parent:
            raise Asked
        child = processes.ended()
        if child is not None:
            raise Refused(_say_how_it_ended(child))

    def _prepare(self, processes: Processes, surroundings: dict[str, str]) -> dict[str, Any]:
        """Runs ``lms.run.prepare`` to its end and returns its report."""
        report = self.var / "log" / "prepare.json"
        report.unlink(missing_ok=True)
        child = processes.start("prepare", f"python -m lms.run.prepare {shlex.quote(str(report))}", surroundings)
        while child.process.poll() is None:
            if self._asked.wait(0.05):
                raise Asked
        processes.forget(child)
        try:
            found: dict[str, Any] = json.loads(report.read_text())
        except (OSError, ValueError) as error:
            raise Refused(_say_how_it_ended(child)) from error
        if "refused" in found:
            raise Refused(found["refused"])
        return found

    def _wait_for_broker(self, processes: Processes) -> None:
        deadline = time.monotonic() + 15
        while not broker.ping(broker.embedded_url(self.var), 1.0):
            self._look(processes)
            if time.monotonic() > deadline:
                raise Refused(f"The embedded broker does not answer: see {self.var / 'log' / 'broker.log'}.")
            self._asked.wait(0.05)

    def _wait_until_ready(self, processes: Processes, host: str, port: int, report: dict[str, Any]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._look(processes)
            problem = _ask_ready(host, port, report["host_header"])
            if not problem:
                return
            if time.monotonic() > deadline:
                raise Refused(f"The web server is not ready after {START_SECONDS:.0f} seconds: {problem}")
            self._asked.wait(0.1)


def _surroundings(var: Path, host: str, port: int) -> dict[str, str]:
    """The environment of the children."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LMS_VAR": str(var),
        "HOST": host,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }


def _local(host: str) -> str:
    """An address of this computer that reaches a server bound to ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _url(host: str, port: int) -> str:
    local = _local(host)
    return f"http://[{local}]:{port}/" if ":" in local else f"http://{local}:{port}/"


def _ask_ready(host: str, port: int, header: str) -> str:
    """What /health/ready complains about, or an empty text."""
    connection = http.client.HTTPConnection(_local(host), port, timeout=10)
    try:
        connection.request("GET", "/health/ready", headers={"Host": header})
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer ({type(error).__name__})."
    finally:
        connection.close()
    if answer.status == 200:
        return ""
    try:
        return " ".join(json.loads(body)["problems"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"/health/ready answers {answer.status}."


def _say_how_it_ended(child: Child) -> str:
    code = child.process.returncode
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"{child.name} ended by itself {how}, so everything was stopped: see {child.log}."


def _block(url: str, report: dict[str, Any], var: Path) -> str:
    lines = [f"It runs at  {url}"]
    if report["sign_ins"]:
        width = max(len(who) for who, _, _ in report["sign_ins"])
        address = max(len(email) for _, email, _ in report["sign_ins"])
        lines += ["", "Sign in with one of these (a demonstration, not real people):"]
        lines += [f"  {who:<{width}}  {email:<{address}}  {password}" for who, email, password in report["sign_ins"]]
    lines += ["", f"Data and logs are in {var}. Press Ctrl-C to stop."]
    rule = "-" * max(len(line) for line in lines)
    return "\n".join(["", rule, *lines, rule])


def _say(sentence: str, to: TextIO | None = None) -> None:
    try:
        print(sentence, file=to, flush=True)
    except (OSError, ValueError):  # the terminal was closed
        pass


def main() -> int:
    try:
        Launcher().run()
    except (Refused, env.SettingError) as refusal:
        _say(str(refusal), sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # not sys.exit: with the terminal gone, closing the standard streams would fail and spoil the exit code
    os._exit(main())
