"""One run a var folder. The children hold the lock too, so it is free only when the last of them is gone."""

import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from lms.run.checks import Refused, say_disk_problem

PATIENCE = 20.0  # seconds for the remains of an earlier run to stop


class RunLock:
    """Holds ``var/run.lock`` until the process ends. ``fd`` is for the children to inherit."""

    def __init__(self, var: Path) -> None:
        self._path = var / "run.lock"
        try:
            self.fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refused(say_disk_problem(var, error)) from error

    def take(self) -> None:
        """Takes the lock, or raises Refused naming the run that has it.

        If that run's launcher is dead, what it left is asked to stop (where the kernel has not done that already) and is waited for.
        """
        deadline = time.monotonic() + PATIENCE
        told = False
        while not self._try():
            holder = self._read()
            if _alive(holder.get("pid")):
                raise Refused(
                    f"It is already running (process {holder['pid']}, {holder.get('url', 'address unknown')}): "
                    f"stop that one first with Ctrl-C, or set LMS_VAR to another folder."
                )
            if time.monotonic() > deadline:
                raise Refused(
                    f"Something left from an earlier run still holds {self._path}: end it, or restart the computer."
                )
            if not told:
                told = True
                _end_leftovers(holder.get("children", []))
            time.sleep(0.2)
        self.write(pid=os.getpid(), url="starting", children=[])

    def write(self, **holder: Any) -> None:
        """Says who holds the lock, for the next one who asks."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps(holder).encode(), 0)

    def _try(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(os.pread(self.fd, 65536, 0) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _alive(pid: Any) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _end_leftovers(pids: Any) -> None:
    """Asks the children of a dead launcher to stop. Each leads a session of its own, which tells it from a reused number."""
    for pid in pids if isinstance(pids, list) else []:
        try:
            if os.getsid(pid) == pid:
                os.killpg(pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError, TypeError):
            continue
