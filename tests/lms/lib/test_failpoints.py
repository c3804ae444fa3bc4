"""Named places where a test makes a process die, hang or fail."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from lms.lib import failpoints
from lms.lib.failpoints import FailpointError, failpoint
from tests.faults.points import POINTS

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
