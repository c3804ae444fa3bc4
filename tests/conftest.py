"""Shared fixtures. Factories are plain functions in tests/factories.py."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.db import connection
from xdist.scheduler import LoadScopeScheduling

from tests import heads_first
from tests.faults import noted
from tests.lifting import lift

django_settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

heads_first.watch()

CONTENT = Path(django_settings.BASE_DIR) / "courses" / "content"

_flush = flush.Command.handle


def _flush_without_guards(self: flush.Command, **options: Any) -> None:
    """The database refuses to delete the record, also when a test empties its tables at its end: only here are the triggers dropped
    first. ``flush`` sends post_migrate, which makes them again."""
    lift()
    _flush(self, **options)


flush.Command.handle = _flush_without_guards  # type: ignore[method-assign]

ROUNDS = int(os.environ.get("LMS_FAULT_ROUNDS") or 5)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {connection.vendor}; fault rounds: {ROUNDS}"


#: Folders and files whose tests share one running system: each stays in one process of ``-n``, and the longest begins first. Of two
#: that fit, the longer name counts: so the slow files of the faults are handed out one by one, and two processes share them.
TOGETHER = (
    "tests/faults/test_random",
    "tests/faults/test_work_stops",
    "tests/faults/test_web",
    "tests/faults/test_lines",
    "tests/faults/test_mail",
    "tests/faults/test_broker",
    "tests/faults/test_reminders",
    "tests/faults",
    "tests/journeys",
    "tests/platform",
    "tests/demo",
    "tests/year",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long rounds of chance may take long. On PostgreSQL only what uses a database: the rest would say the same again. (The fault tests
    stay whole, see ``noted``.)"""
    for item in items:
        if ROUNDS > 5 and item.nodeid.startswith("tests/faults"):
            item.add_marker(pytest.mark.timeout(480 + 60 * ROUNDS))
    items.sort(key=lambda item: TOGETHER.index(_folder(item.nodeid)) if _folder(item.nodeid) else len(TOGETHER))
    if connection.vendor == "postgresql":
        pure = [item for item in items if not item.nodeid.startswith("tests/faults") and not _uses_database(item)]
        config.hook.pytest_deselected(items=pure)
        items[:] = [item for item in items if item not in set(pure)]


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def _folder(nodeid: str) -> str:
    return max((name for name in TOGETHER if nodeid.startswith(name)), key=len, default="")


def pytest_collection_finish(session: pytest.Session) -> None:
    noted.collected(session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    noted.take(getattr(node, "workeroutput", None) or {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of all fault tests fails when a failpoint was never reached in it, in whichever of its processes."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output.update(reached=sorted(noted.reached), whole=noted.whole)
    elif noted.missing() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if noted.missing():
        terminalreporter.write_line(f"failpoints that were never reached in this run: {', '.join(noted.missing())}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out the folders of TOGETHER whole and every other test by itself. (``loadgroup`` of xdist 3.8 does not work with
    pytest 9.2: it writes its groups into an attribute that node ids no longer come from.)"""

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _folder(nodeid) or nodeid

    return ByFolder(config, log)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """On a build machine nothing may be left out: a skip is a failure."""
    outcome: Any = yield
    report = outcome.get_result()
    if os.environ.get("CI") and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI allows no skip: {reason}"


@pytest.fixture
def at() -> dt.datetime:
    """A fixed instant: Monday, November 23, 2026, 10:00 in Denver."""
    return dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _heads_come_first() -> Iterator[None]:
    heads_first.found()
    yield
    assert not heads_first.found()


@pytest.fixture(autouse=True)
def _folders_of_their_own(settings: Any, tmp_path: Path) -> None:
    """Certificates and mail files of each test lie in its own folder."""
    settings.CERTIFICATE_DIR = tmp_path / "certificates"
    settings.PACK_DIR = tmp_path / "packs"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
