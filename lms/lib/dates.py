"""Dates that people read and the instants that the system compares."""

import calendar
import datetime as dt
import functools
import zoneinfo


@functools.cache
def zone_names() -> tuple[str, ...]:
    return tuple(sorted(zoneinfo.available_timezones()))


def end_of_day(day: dt.date, zone: str) -> dt.datetime:
    """The UTC instant at which a local day is over: midnight at its end, in the named zone. Half-open, so compare with ``<``."""
    following = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=zoneinfo.ZoneInfo(zone))
    return following.astimezone(dt.UTC)


def local_date(instant: dt.datetime, zone: str) -> dt.date:
    return instant.astimezone(zoneinfo.ZoneInfo(zone)).date()


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day (January 31 + 1 month = February 28 or 29)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def zone_label(zone: str) -> str:
    """A zone as people say it: ``Denver time`` for ``America/Denver``, ``UTC`` for ``UTC``."""
    if "/" not in zone:
        return zone
    return zone.rsplit("/", 1)[1].replace("_", " ") + " time"


def long_date(day: dt.date) -> str:
    """November 24, 2026"""
    return f"{day:%B} {day.day}, {day.year}"


def weekday_date(day: dt.date) -> str:
    """Tuesday, November 24"""
    return f"{day:%A}, {day:%B} {day.day}"


def time_of_day(instant: dt.datetime, zone: str) -> str:
    """10:42 am"""
    local = instant.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"
