"""The one source of now."""

import datetime as dt
from pathlib import Path

import pytest
import time_machine

from lms.lib import clock

AT = dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.UTC)


def test_now_is_aware_and_in_utc() -> None:
    with time_machine.travel(AT, tick=False):
        assert clock.now() == AT
        assert clock.now().utcoffset() == dt.timedelta(0)


def test_today_is_local() -> None:
    with time_machine.travel(AT, tick=False):
        assert clock.today("America/Denver") == dt.date(2026, 11, 23)
        assert clock.today("Asia/Tokyo") == dt.date(2026, 11, 24)


@pytest.mark.parametrize(("content", "seconds"), [("3600", 3600), ("-86400.5\n", -86400.5), ("", 0), ("  ", 0)])
def test_a_file_moves_the_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, seconds: float) -> None:
    offset = tmp_path / "offset"
    monkeypatch.setenv("LMS_TEST_CLOCK", str(offset))
    with time_machine.travel(AT, tick=False):
        assert clock.now() == AT, "a file that is not there yet moves nothing"
        offset.write_text(content)
        assert clock.now() == AT + dt.timedelta(seconds=seconds)
        offset.write_text("60")
        assert clock.now() == AT + dt.timedelta(minutes=1), "it is read each time"
