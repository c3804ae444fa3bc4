"""The hours of sending, in every zone and across changes of the clock."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.lib import dates
from lms.lib.hours import SendingHours

MINUTE = dt.timedelta(minutes=1)
CHANGING = ("America/Denver", "Europe/London", "Pacific/Auckland", "Australia/Lord_Howe", "Pacific/Chatham")


def local(zone: str, *parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=zoneinfo.ZoneInfo(zone))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((2026, 11, 23, 10, 0), None),  # Monday
        ((2026, 11, 23, 8, 0), None),
        ((2026, 11, 23, 17, 59), None),
        ((2026, 11, 23, 7, 59), (2026, 11, 23, 8, 0)),
        ((2026, 11, 23, 18, 0), (2026, 11, 24, 8, 0)),
        ((2026, 11, 27, 18, 0), (2026, 11, 30, 8, 0)),  # Friday evening
        ((2026, 11, 28, 12, 0), (2026, 11, 30, 8, 0)),
        ((2026, 3, 7, 12, 0), (2026, 3, 9, 8, 0)),  # the clock goes forward on that Sunday
        ((2026, 10, 31, 12, 0), (2026, 11, 2, 8, 0)),  # and back on that one
    ],
)
def test_a_week_in_denver(at: tuple[int, ...], expected: tuple[int, ...] | None) -> None:
    hours = SendingHours("America/Denver", "12345")
    instant = local("America/Denver", *at)
    assert hours.open(instant) is (expected is None)
    assert hours.next_open(instant) == (local("America/Denver", *expected) if expected else instant)


@pytest.mark.parametrize(("day", "utc"), [((2026, 3, 8), 14), ((2026, 11, 1), 15)])
def test_on_the_day_of_the_change_the_hours_are_those_of_the_new_time(day: tuple[int, int, int], utc: int) -> None:
    hours = SendingHours("America/Denver", "7")
    opening = hours.next_open(local("America/Denver", *day))
    assert opening == dt.datetime(*day, utc, tzinfo=dt.UTC)
    assert not hours.open(opening - MINUTE)


def test_hours_that_a_change_of_the_clock_goes_through() -> None:
    """At 2 the clock of Denver goes to 3, and in autumn back to 1: 1:30 comes twice."""
    early = SendingHours("America/Denver", "7", first=2, last=3)
    assert early.next_open(local("America/Denver", 2026, 3, 8)) == local("America/Denver", 2026, 3, 15, 2)
    twice = SendingHours("America/Denver", "7", first=1, last=2)
    assert twice.next_open(local("America/Denver", 2026, 11, 1, 0)) == dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
    assert twice.open(dt.datetime(2026, 11, 1, 8, 30, tzinfo=dt.UTC))
    assert not twice.open(dt.datetime(2026, 11, 1, 9, 0, tzinfo=dt.UTC))


def test_a_weekday_that_a_zone_left_out() -> None:
    """Samoa had no Friday, December 30, 2011."""
    hours = SendingHours("Pacific/Apia", "5")
    assert hours.next_open(local("Pacific/Apia", 2011, 12, 29)) == local("Pacific/Apia", 2012, 1, 6, 8)


@pytest.mark.parametrize("wrong", [{"days": ""}, {"days": "089"}, {"first": 18}, {"first": -1}, {"last": 25}])
def test_hours_that_never_open_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="never open"):
        SendingHours(**{"zone": "UTC", "days": "12345", **wrong})  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(
    zone=st.one_of(st.sampled_from(CHANGING), st.sampled_from(dates.zone_names())),
    days=st.sets(st.sampled_from("1234567"), min_size=1).map(lambda found: "".join(sorted(found))),
    first=st.integers(0, 23),
    length=st.integers(1, 24),
    at=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2060, 1, 1), timezones=st.just(dt.UTC)),
)
def test_the_next_opening_is_the_earliest_open_minute(
    zone: str, days: str, first: int, length: int, at: dt.datetime
) -> None:
    hours = SendingHours(zone, days, first, min(24, first + length))
    opening = hours.next_open(at)
    assert opening >= at
    assert hours.open(opening)
    if opening > at:
        assert not hours.open(at)
        minute = at.replace(second=0, microsecond=0) + MINUTE
        while minute < opening:
            assert not hours.open(minute), minute
            minute += MINUTE
        assert not hours.open(opening - dt.timedelta(microseconds=1))
