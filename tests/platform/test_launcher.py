"""The launcher, started for real on folders and ports of its own."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lms.lib import broker
from tests.platform.conftest import Start
from tests.platform.launching import Run, stop_between_writes, wait_for

pytestmark = pytest.mark.fault

STOPPED = "Stopped. Your data stays in"


def people_in(var: Path) -> set[tuple[int, str]]:
    with contextlib.closing(sqlite3.connect(var / "db.sqlite3")) as connection:
        return set(connection.execute("SELECT id, email FROM people_user"))


def assert_one_sentence(code: int, text: str) -> None:
    assert code == 1
    assert len(text.strip().splitlines()) == 1, text
    assert "Traceback" not in text
    assert text.strip().endswith(".")


def test_first_start_prints_address_and_sign_ins_and_ctrl_c_ends_it_well(first_run: tuple[Run, Path, int]) -> None:
    run, var, code = first_run
    assert code == 0
    assert f"It runs at  http://127.0.0.1:{run.port}/" in run.text()
    assert run.text().count("@") == 6
    assert STOPPED in run.text()
    assert "Traceback" not in run.text()
    assert run.left() == {}
    for name in ("secret.key", "record.key"):
        assert stat.S_IMODE((var / name).stat().st_mode) == 0o600


def test_a_start_that_is_stopped_while_it_makes_the_demonstration_is_made_good_by_the_next(
    start: Start, first_run: tuple[Run, Path, int], tmp_path: Path
) -> None:
    run = start(tmp_path / "var")
    wait_for(lambda: "Making the demonstration" in run.text(), 60, "the demonstration is being made")
    wait_for(lambda: len(people_in(tmp_path / "var")) > 2, 60, "some people are there")
    assert run.stop(signal.SIGINT) == 0
    run.assert_nothing_left(1)
    again = start(tmp_path / "var").wait_until_ready()
    assert again.stop(signal.SIGINT) == 0
    assert {email for _, email in people_in(tmp_path / "var")} == {email for _, email in people_in(first_run[1])}
    assert not list((tmp_path / "var").glob("*.unfinished"))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_second_start_is_quick_finds_its_data_and_stops(start: Start, used_var: Path, signum: signal.Signals) -> None:
    before, key = people_in(used_var), (used_var / "record.key").read_text()
    began = time.monotonic()
    run = start(used_var).wait_until_ready()
    assert (
        time.monotonic() - began < 90
    )  # about 5 s on an idle machine; the promise of 10 s is not for one that runs tests
    assert run.get("/health/ready") == (200, {"status": "ok"})
    assert run.stop(signum) == 0
    assert STOPPED in run.text()
    run.assert_nothing_left(1)
    assert before == people_in(used_var)
    assert len(before) > 4
    assert key == (used_var / "record.key").read_text()


def test_work_gets_done_soon_after_the_start_and_a_second_run_on_the_same_folder_is_refused(
    start: Start, used_var: Path
) -> None:
    first = start(used_var).wait_until_ready()
    wait_for(lambda: first.get("/health/work")[0] == 200, 20, "/health/work answers 200")
    second = start(used_var)
    code, text = second.end()
    assert_one_sentence(code, text)
    assert f"process {first.process.pid}, http://127.0.0.1:{first.port}/" in text
    assert first.get("/health/live") == (200, {"status": "ok"})

    frozen = first.find("valkey-server")
    os.kill(frozen, signal.SIGSTOP)
    began = time.monotonic()
    status, body = first.get("/health/work")
    assert (status, set(body["problems"])) == (503, {"broker"})
    assert time.monotonic() - began < 5
    os.kill(frozen, signal.SIGCONT)
    assert first.stop(signal.SIGTERM) == 0
    first.assert_nothing_left(1)


def test_a_worker_that_is_connected_but_takes_nothing_is_named_within_three_minutes(
    start: Start, used_var: Path, tmp_path: Path
) -> None:
    """F7: its processes live and hold their connections, the broker answers, beat rings on."""
    hands = tmp_path / "clock"
    every = {"LMS_BEAT_PULSE_SECONDS": "1", "LMS_BEAT_MAIL_PULSE_SECONDS": "2"}
    run = start(used_var, LMS_TEST_CLOCK=str(hands), **every).wait_until_ready()
    wait_for(lambda: run.get("/health/work")[0] == 200, 30, "/health/work answers 200")
    workers = [pid for pid, line in run.left().items() if " worker" in line]
    assert workers
    stop_between_writes(workers, str(used_var / "db.sqlite3"))
    hands.write_text("170")
    wait_for(lambda: "beat" not in run.get("/health/work")[1].get("problems", {}), 60, "beat rings on")
    status, body = run.get("/health/work")
    assert (status, set(body["problems"])) == (503, {"worker"})
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: run.get("/health/work")[0] == 200, 30, "/health/work answers 200 again")
    assert run.stop(signal.SIGTERM) == 0


def test_nothing_outlives_a_killed_parent(start: Start, used_var: Path) -> None:
    """make, or the shell of a closed window, dies by signal 9; the launcher and all its children follow."""
    script = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    run = start(used_var, wrap=(sys.executable, "-c", script)).wait_until_ready()
    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    run.assert_nothing_left()


def test_nothing_outlives_a_killed_launcher_and_the_next_start_works(start: Start, used_var: Path) -> None:
    run = start(used_var).wait_until_ready()
    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start(used_var).wait_until_ready()
    run.assert_nothing_left()
    assert again.stop(signal.SIGTERM) == 0
    again.assert_nothing_left(1)


@pytest.mark.parametrize(("words", "name"), [("celery --quiet --app lms worker", "worker"), ("gunicorn", "web")])
def test_a_child_that_dies_stops_everything_in_one_sentence(
    start: Start, used_var: Path, words: str, name: str
) -> None:
    run = start(used_var).wait_until_ready()
    os.kill(run.find(words), signal.SIGKILL)
    code, text = run.end()
    assert code == 1
    assert text.strip().splitlines()[-1] == (
        f"{name} ended by itself by signal 9, so everything was stopped: see {used_var / 'log' / f'{name}.log'}."
    )
    # A pool process of the killed worker may tell of its broken pipe; those lines bear the child's name.
    own = [line for line in text.splitlines() if not re.match(r"\d\d:\d\d:\d\d \w+ +\| ", line)]
    assert not any("Traceback" in line for line in own)
    run.assert_nothing_left(5)


def test_a_taken_port_is_one_sentence(start: Start, used_var: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = start(used_var, port=port)
        code, text = run.end()
    assert_one_sentence(code, text)
    assert f"Port {port} is in use by another program" in text
    assert run.left() == {}


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PORT", "eight", "PORT must be a whole number"),
        ("PORT", "70000", "PORT must be between 1 and 65535"),
        ("HOST", "192.0.2.1", "HOST=192.0.2.1 is not an address of this computer"),
    ],
)
def test_a_wrong_address_is_one_sentence(start: Start, used_var: Path, variable: str, value: str, says: str) -> None:
    code, text = start(used_var, **{variable: value}).end()
    assert_one_sentence(code, text)
    assert says in text


def test_a_folder_that_cannot_be_made_is_one_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, text = start(tmp_path / "file" / "var").end()
    assert_one_sentence(code, text)
    assert "cannot be written" in text


def test_unsafe_production_is_refused_without_a_trace(start: Start, used_var: Path) -> None:
    run = start(used_var, LMS_ENV="production", SECRET_KEY="short")
    code, text = run.end()
    assert code == 1
    assert "SECRET_KEY" in text
    assert "RECORD_KEY" in text
    assert "SITE_URL" in text
    assert "Traceback" not in text
    run.assert_nothing_left(1)


@pytest.mark.parametrize("options", ["size=1m", "size=1m,ro"])
def test_a_disk_that_is_full_or_read_only_is_one_sentence(tmp_path: Path, options: str) -> None:
    """A tiny file system of the test's own, filled to the last byte, in a mount namespace that ends with the launcher."""
    var = tmp_path / "var"
    var.mkdir()
    fill = f"dd if=/dev/zero of={var}/filler bs=4k >/dev/null 2>&1"
    script = f"mount -t tmpfs -o {options} none {var} || exit 99; {fill}; {sys.executable} -m lms.run"
    rights = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
    run = subprocess.run(
        ["unshare", *rights, "sh", "-c", script],
        env={**os.environ, "LMS_VAR": str(var), "PORT": "8999"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    text = (run.stdout + run.stderr).strip()
    if run.returncode == 99 or "unshare" in text:
        pytest.skip(f"this machine lets nobody mount a test disk: {text}")
    assert_one_sentence(run.returncode, text)
    assert ("is full" if options == "size=1m" else "cannot be written (Read-only file system)") in text


def test_a_long_folder_name_moves_the_socket_to_a_folder_for_this_user_alone(
    start: Start, used_var: Path, tmp_path: Path
) -> None:
    var = tmp_path / ("long-" * 12) / ("name-" * 12) / "var"
    var.parent.mkdir(parents=True)
    shutil.move(used_var, var)
    address = broker.embedded_socket(var)
    try:
        run = start(var).wait_until_ready()
        assert stat.S_ISSOCK(address.stat().st_mode)
        assert stat.S_IMODE(address.parent.stat().st_mode) == 0o700
        wait_for(lambda: run.get("/health/work")[0] == 200, 20, "/health/work answers 200")
        assert run.stop(signal.SIGINT) == 0
        run.assert_nothing_left(1)
    finally:
        shutil.rmtree(address.parent, ignore_errors=True)
