"""Shared fixtures. Factories are plain functions in tests/factories.py."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

django_settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

CONTENT = Path(django_settings.BASE_DIR) / "courses" / "content"


ROUNDS = int(os.environ.get("LMS_FAULT_ROUNDS") or (20 if os.environ.get("CI") else 5))


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {connection.vendor}; fault rounds: {ROUNDS}"


#: Folders whose tests share one running system: each stays in one process of ``-n``, and the longest begins first.
TOGETHER = ("tests/journeys", "tests/faults", "tests/platform", "tests/demo")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        return next((place for place, folder in enumerate(TOGETHER) if item.nodeid.startswith(folder)), len(TOGETHER))

    items.sort(key=rank)
    for item in items:
        place = rank(item)
        if place < len(TOGETHER):
            item.add_marker(pytest.mark.xdist_group(TOGETHER[place]))


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
def _folders_of_their_own(settings: Any, tmp_path: Path) -> None:
    """Certificates and mail files of each test lie in its own folder."""
    settings.CERTIFICATE_DIR = tmp_path / "certificates"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
