"""The one source of "now" (held by tests/test_architecture.py).

Tests move the time of every process (web, worker, beat) by naming a file in ``LMS_TEST_CLOCK`` that holds an offset in
seconds. Production mode refuses to start with that variable set (see ``lms.settings``).
"""

import datetime as dt
import os
import zoneinfo
from pathlib import Path


def _offset() -> dt.timedelta:
    path = os.environ.get("LMS_TEST_CLOCK")
    if not path:
        return dt.timedelta(0)
    try:
        return dt.timedelta(seconds=float(Path(path).read_text().strip() or 0))
    except FileNotFoundError:
        return dt.timedelta(0)


def now() -> dt.datetime:
    """The current instant, aware, in UTC, moved by the test clock if there is one."""
    return dt.datetime.now(dt.UTC) + _offset()


def today(zone: str) -> dt.date:
    """The local date in an IANA zone such as ``America/Denver``."""
    return now().astimezone(zoneinfo.ZoneInfo(zone)).date()
