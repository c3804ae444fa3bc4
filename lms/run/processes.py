"""The children: started from Procfile lines, their output shown and kept, and all of them stopped together.

honcho reads the Procfile and prints the lines. Its own Manager is not used: it puts a process that ignores signals between itself and
each child, and those outlive a killed launcher. Here every child is exec'd directly, leads a session of its own (Ctrl-C in the
terminal reaches the launcher alone, which then stops them in order) and is told by the kernel when the launcher dies.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from lms.lib import clock
from lms.lib.deathsig import die_with_parent

LARGEST_LOG = 5_000_000  # bytes; then one older file is kept
STOP_SIGNALS = {
    "worker": signal.SIGQUIT
}  # Celery: TERM waits for running tasks without limit, QUIT for the soft shutdown time
DEATH_SIGNALS = {"worker": signal.SIGKILL}  # an orderly stop would wait for a broker that is dying at the same moment
LAST = ("broker",)  # the worker hands its unfinished tasks back while it stops


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    log: Path

    @property
    def stop_signal(self) -> signal.Signals:
        return STOP_SIGNALS.get(self.name, signal.SIGTERM)


class Processes:
    """All children of one run. Not thread-safe: used from the main thread (the kernel tells children when *that thread* ends)."""

    def __init__(self, root: Path, logs: Path, lock_fd: int) -> None:
        self._root = root
        self._logs = logs
        self._lock_fd = lock_fd
        self._printer = Printer(sys.stdout, width=8)
        self._printing = threading.Lock()
        self._colours = get_colours()
        self._stopping = False
        self.children: list[Child] = []

    def start(self, name: str, line: str, env: Mapping[str, str], *, quiet: bool = False) -> Child:
        """Starts a Procfile line. Its output goes to ``var/log/<name>.log`` and, unless quiet, to the terminal."""
        log = self._logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        death_signal = DEATH_SIGNALS.get(name, signal.SIGTERM)
        process = subprocess.Popen(  # noqa: S602  the Procfile is ours, and a Procfile line is a shell line
            f"exec {line}",
            shell=True,
            cwd=self._root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(self._lock_fd,),
            preexec_fn=lambda: die_with_parent(death_signal),
        )
        assert process.stdout is not None
        colour = next(self._colours)
        reader = threading.Thread(target=self._read, args=(name, process.stdout, log, colour, quiet), daemon=True)
        reader.start()
        child = Child(name, process, reader, log)
        self.children.append(child)
        return child

    def _read(self, name: str, pipe: IO[bytes], log: Path, colour: str, quiet: bool) -> None:
        """Drains the pipe to its end, whatever becomes of disk and terminal: a child must never block on its own output."""
        with log.open("ab", buffering=0) as file:
            for line in pipe:
                now = clock.now()
                try:
                    file.write(f"{now:%Y-%m-%dT%H:%M:%SZ} ".encode() + line)
                except OSError:  # a full disk: the terminal still shows it
                    pass
                if not (quiet or self._stopping):
                    self._print(Message("line", line, now.astimezone(), name, colour))

    def _print(self, message: Message) -> None:
        with self._printing:
            try:
                self._printer.write(message)
            except (OSError, ValueError):  # the terminal is gone
                pass

    def ended(self) -> Child | None:
        """A child that is no longer running, if there is one."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def forget(self, child: Child) -> None:
        """A child that has done its work and ended as it should."""
        child.reader.join(timeout=1)
        self.children.remove(child)

    def stop(self, *, seconds: float, hurry: threading.Event) -> None:
        """Asks all to stop, the broker last, and kills what has not stopped in time (or at once when ``hurry`` is set).

        Returns when none is left, their own children included.
        """
        self._stopping = True
        first = [child for child in self.children if child.name not in LAST]
        last = [child for child in self.children if child.name in LAST]
        for group, limit in ((first, seconds), (last, 3.0)):
            for child in group:
                _signal(child, child.stop_signal)
            deadline = time.monotonic() + limit
            while (
                any(child.process.poll() is None for child in group)
                and time.monotonic() < deadline
                and not hurry.is_set()
            ):
                time.sleep(0.05)
            for child in group:
                _kill_session(child)
        for child in self.children:
            child.process.wait()
            child.reader.join(timeout=1)


def _signal(child: Child, signum: signal.Signals) -> None:
    if child.process.poll() is None:
        child.process.send_signal(signum)


def _kill_session(child: Child) -> None:
    """Kills the child and whatever it left in its session."""
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
