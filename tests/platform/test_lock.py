import os
import subprocess
import sys
from pathlib import Path

import pytest

from lms.run.checks import Refused
from lms.run.lock import RunLock


def test_a_second_taker_is_told_who_has_it(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    first.take()
    first.write(pid=os.getpid(), url="http://127.0.0.1:8000/", children=[])
    with pytest.raises(Refused, match=rf"process {os.getpid()}, http://127.0.0.1:8000/"):
        RunLock(tmp_path).take()


def test_a_lock_that_children_of_a_dead_launcher_still_hold_is_waited_for(tmp_path: Path) -> None:
    """Where the kernel does not end them, the next start does: they are asked to stop, then the lock is free."""
    script = """
import os, pathlib, subprocess, sys
from lms.run.lock import RunLock
lock = RunLock(pathlib.Path(sys.argv[1]))
lock.take()
child = subprocess.Popen(["sleep", "600"], pass_fds=(lock.fd,), start_new_session=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
lock.write(pid=os.getpid(), url="x", children=[child.pid])
print(child.pid)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=30
    )
    child = int(ended.stdout)
    RunLock(tmp_path).take()
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_damaged_lock_file_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("{not json")
    RunLock(tmp_path).take()
    assert str(os.getpid()) in (tmp_path / "run.lock").read_text()
