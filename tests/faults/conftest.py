"""Fixtures of the fault tests. The points that were really reached are noted, and a whole run that misses one fails (``tests/conftest.py``)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from lms.lib import doorbell
from tests.faults import noted
from tests.faults.harness import ROOT, SEED, Children, House, database_url, rounds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for test in terminalreporter.stats.get(outcome, []):
            for name, line in test.user_properties:
                terminalreporter.write_line(f"{name}: {line}")
    terminalreporter.write_line(f"fault rounds: {rounds()}, LMS_FAULT_SEED={SEED}")


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collected static files, once."""
    folder = tmp_path_factory.mktemp("faults")
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "LMS_VAR": str(folder)}, check=True, timeout=120)
    return folder / "static"


@pytest.fixture
def house(
    transactional_db: None, tmp_path: Path, static: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A house with nothing running but its mail server. This process shares its clock and mail, and rings nobody by itself."""
    house = House(tmp_path, static)
    try:
        monkeypatch.setenv("LMS_TEST_CLOCK", str(house.clock_file))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", house.mail_port
        with doorbell.silent():
            yield house
    finally:
        noted.reached.update(house.reached())
        house.close()


@pytest.fixture(scope="session")
def children(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    """Processes for single pieces of work, see ``tests.faults.runner``."""
    folder = tmp_path_factory.mktemp("children")
    env = {**os.environ, "LMS_VAR": str(folder), "DATABASE_URL": database_url(), "EMAIL_URL": "smtp://127.0.0.1:1"}
    env |= {
        "SECRET_KEY": settings.SECRET_KEY,
        "RECORD_KEY": settings.RECORD_KEY,
        "DJANGO_SETTINGS_MODULE": "lms.settings",
    }
    children = Children(env, folder / "log")
    try:
        yield children
    finally:
        children.close()
