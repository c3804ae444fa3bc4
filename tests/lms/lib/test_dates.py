"""Dates that people read and the instants that the system compares."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.lib import dates

TICK = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)
# Zones whose clocks change, some at midnight itself, some by half an hour, and one that lost a whole day.
ZONES = [
    "UTC", "America/Denver", "America/New_York", "America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Beirut",
    "Asia/Tehran", "Australia/Lord_Howe", "Asia/Kathmandu", "Europe/London", "Pacific/Apia", "Pacific/Kiritimati",
]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (dt.date(2026, 12, 9), "America/Denver", "2026-12-10T07:00"),
        (dt.date(2026, 3, 7), "America/Denver", "2026-03-08T07:00"),
        (dt.date(2026, 3, 8), "America/Denver", "2026-03-09T06:00"),
        (dt.date(2026, 10, 31), "America/Denver", "2026-11-01T06:00"),
        (dt.date(2026, 11, 1), "America/Denver", "2026-11-02T07:00"),
        (dt.date(2026, 3, 29), "Europe/London", "2026-03-29T23:00"),
        (dt.date(2026, 10, 25), "Europe/London", "2026-10-26T00:00"),
        (dt.date(2026, 10, 4), "Australia/Lord_Howe", "2026-10-04T13:00"),
        (dt.date(2026, 9, 5), "America/Santiago", "2026-09-06T04:00"),
        (dt.date(2026, 1, 1), "UTC", "2026-01-02T00:00"),
    ],
)
def test_the_end_of_a_day(day: dt.date, zone: str, end: str) -> None:
    assert dates.end_of_day(day, zone) == dt.datetime.fromisoformat(end).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_ends_when_the_next_begins(zone: str) -> None:
    """Over three years of days: one tick before the end it is still that day, at the end it is a later one; ends never go back."""
    last = None
    for n in range(3 * 366):
        day = dt.date(2025, 1, 1) + n * DAY
        end = dates.end_of_day(day, zone)
        assert end.utcoffset() == dt.timedelta(0)
        assert dates.local_date(end - TICK, zone) == day
        assert dates.local_date(end, zone) == day + DAY
        assert last is None or end > last
        last = end


@given(
    at=st.datetimes(min_value=dt.datetime(2000, 1, 1), max_value=dt.datetime(2060, 1, 1)), zone=st.sampled_from(ZONES)
)
@settings(max_examples=200, deadline=None)
def test_an_instant_lies_inside_its_local_day(at: dt.datetime, zone: str) -> None:
    instant = at.replace(tzinfo=dt.UTC)
    day = dates.local_date(instant, zone)
    assert instant < dates.end_of_day(day, zone)
    if zone != "Pacific/Apia":  # December 30, 2011 did not happen there
        assert instant >= dates.end_of_day(day - DAY, zone)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-11-23", 12, "2027-11-23"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 0, "2026-11-30"),
    ],
)
def test_months_later(day: str, months: int, later: str) -> None:
    assert dates.add_months(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(later)


@given(day=st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2100, 1, 1)), months=st.integers(0, 120))
def test_months_later_is_never_in_a_month_too_far(day: dt.date, months: int) -> None:
    later = dates.add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


def test_words() -> None:
    day = dt.date(2026, 12, 9)
    assert dates.long_date(day) == "December 9, 2026"
    assert dates.weekday_date(day) == "Wednesday, December 9"
    assert dates.zone_label("America/Denver") == "Denver time"
    assert dates.zone_label("America/Argentina/Buenos_Aires") == "Buenos Aires time"
    assert dates.zone_label("UTC") == "UTC"
    noon = dt.datetime(2026, 12, 9, 19, 5, tzinfo=dt.UTC)
    assert dates.time_of_day(noon, "America/Denver") == "12:05 pm"
    assert dates.time_of_day(noon - dt.timedelta(hours=12), "America/Denver") == "12:05 am"
    assert dates.time_of_day(noon - dt.timedelta(hours=3), "America/Denver") == "9:05 am"


def test_zones_are_those_of_the_machine() -> None:
    assert "America/Denver" in dates.zone_names()
    assert all(zoneinfo.ZoneInfo(name) for name in dates.zone_names()[:20])
