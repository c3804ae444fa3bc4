"""Named places where a test can make a process die, hang or fail.

``LMS_TEST_FAILPOINT=name:kill|hang|freeze|raise[:n]`` (several joined by commas) arms a point; with ``n`` only the n-th pass of the
process fires (counted in the folder ``LMS_TEST_FAILPOINT_COUNT`` if set, so that it holds across processes). Without the
variable a call costs one dictionary look-up. A hanging pass goes on after ten minutes, or as soon as that folder holds a file
``<name>.go``; one that freezes hangs with all signals blocked, as code does that never comes back, so that signal 9 alone ends it. Every point is listed in ``tests/faults/points.py``. Refused in production mode.
"""

import os
import signal
import threading
from pathlib import Path

_passes: dict[str, int] = {}
_guard = threading.Lock()


class FailpointError(RuntimeError):
    """What an armed ``raise`` point raises."""


def _pass(name: str) -> int:
    with _guard:
        folder = os.environ.get("LMS_TEST_FAILPOINT_COUNT")
        if not folder:
            _passes[name] = _passes.get(name, 0) + 1
            return _passes[name]
        path = Path(folder) / name
        with path.open("ab") as file:
            file.write(b".")
            file.flush()
            os.fsync(file.fileno())
        return path.stat().st_size


def _hang(name: str) -> None:
    folder = os.environ.get("LMS_TEST_FAILPOINT_COUNT")
    for _ in range(12_000):
        if folder and (Path(folder) / f"{name}.go").exists():
            return
        threading.Event().wait(0.05)


def failpoint(name: str) -> None:
    """Dies by signal 9, hangs or raises FailpointError here, if a test armed this point; otherwise nothing."""
    armed = os.environ.get("LMS_TEST_FAILPOINT")
    if not armed:
        return
    for item in armed.split(","):
        point, _, rest = item.partition(":")
        action, _, count = rest.partition(":")
        if point != name:
            continue
        if count and _pass(name) != int(count):
            continue
        if not count:
            _pass(name)
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "hang":
            _hang(name)
        elif action == "freeze":
            before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            _hang(name)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        else:
            raise FailpointError(name)
