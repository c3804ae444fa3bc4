"""Named places where a test makes a process die, hang or fail."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

from lms.lib import failpoints
from lms.lib.failpoints import FailpointError, failpoint
from tests.faults.points import POINTS
from tests.platform.launching import wait_for

PROGRAM = "from lms.lib.failpoints import failpoint\nfor n in range(5):\n    failpoint('pdf.after_draw')\n    print(n, flush=True)"


def run(armed: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": "/usr/bin:/bin", "LMS_TEST_FAILPOINT": armed, **more},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_passes", {})
    monkeypatch.delenv("LMS_TEST_FAILPOINT", raising=False)
    monkeypatch.delenv("LMS_TEST_FAILPOINT_COUNT", raising=False)


def test_what_freezes_ends_by_signal_9_alone_or_is_let_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    env = {
        "PATH": "/usr/bin:/bin", "LMS_TEST_FAILPOINT": "pdf.after_draw:freeze:2", "LMS_TEST_FAILPOINT_COUNT": str(tmp_path),
    }  # fmt: skip
    for ended_by, code in ((signal.SIGKILL, -signal.SIGKILL), (None, 0)):
        (tmp_path / "pdf.after_draw").unlink(missing_ok=True)
        process = subprocess.Popen(command, env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        wait_for(lambda: (tmp_path / "pdf.after_draw").stat().st_size == 2, 20, "it stands still")
        if ended_by:
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
            assert process.poll() is None
            process.send_signal(ended_by)
        else:
            (tmp_path / "pdf.after_draw.go").touch()
        process.communicate(timeout=20)
        assert process.returncode == code


def test_unarmed_nothing_happens() -> None:
    assert failpoint("pdf.after_draw") is None  # type: ignore[func-returns-value]


def test_only_the_armed_point_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_TEST_FAILPOINT", "pdf.after_draw:raise")
    failpoint("pdf.after_claim")
    failpoint("pdf.after_draw_not")
    for _ in range(2):
        with pytest.raises(FailpointError, match=re.escape("pdf.after_draw")):
            failpoint("pdf.after_draw")


def test_the_nth_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_TEST_FAILPOINT", "pdf.after_draw:raise:2,mail.after_rcpt:raise")
    failpoint("pdf.after_draw")
    with pytest.raises(FailpointError):
        failpoint("pdf.after_draw")
    failpoint("pdf.after_draw")
    with pytest.raises(FailpointError):
        failpoint("mail.after_rcpt")


def test_kill_is_signal_nine(tmp_path: Path) -> None:
    done = run("pdf.after_draw:kill:3")
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["0", "1"]


def test_the_count_holds_across_processes(tmp_path: Path) -> None:
    first = run("pdf.after_draw:raise:8", LMS_TEST_FAILPOINT_COUNT=str(tmp_path))
    second = run("pdf.after_draw:raise:8", LMS_TEST_FAILPOINT_COUNT=str(tmp_path))
    assert first.returncode == 0
    assert second.returncode == 1
    assert second.stdout.split() == ["0", "1"]


def test_every_point_of_the_source_is_listed() -> None:
    """And every listed point stands in the source."""
    found = set()
    for tree in ("lms", "courses", "quizzes"):
        for path in (Path(settings.BASE_DIR) / tree).rglob("*.py"):
            found |= set(re.findall(r'^\s*failpoint\("([^"]+)"\)', path.read_text(), re.MULTILINE))
    assert found == set(POINTS)
