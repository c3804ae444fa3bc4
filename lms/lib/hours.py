"""The hours in which mail that can wait is sent to a person: some hours of some weekdays, by the person's own clock."""

import dataclasses
import datetime as dt
import zoneinfo

_STEP = dt.timedelta(minutes=15)  # every zone's clock differs from UTC by whole quarters of an hour
_FARTHEST = dt.timedelta(days=15)  # a zone that left out its only open weekday (Samoa did, once) opens a week later


@dataclasses.dataclass(frozen=True)
class SendingHours:
    """From ``first`` o'clock until just before ``last`` o'clock on ``days`` (digits: 1 Monday ... 7 Sunday) in ``zone``.

    Raises ValueError for hours that never open.
    """

    zone: str
    days: str
    first: int = 8
    last: int = 18

    def __post_init__(self) -> None:
        if not set(self.days) & set("1234567") or not 0 <= self.first < self.last <= 24:
            raise ValueError(f"these hours never open: days {self.days!r}, {self.first} to {self.last}")

    def open(self, at: dt.datetime) -> bool:
        local = at.astimezone(zoneinfo.ZoneInfo(self.zone))
        return str(local.isoweekday()) in self.days and self.first <= local.hour < self.last

    def next_open(self, at: dt.datetime) -> dt.datetime:
        """The earliest open instant that is not before ``at``, in UTC: ``at`` itself when it is open."""
        at = at.astimezone(dt.UTC)
        if self.open(at):
            return at
        quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        while quarter <= at + _FARTHEST:
            quarter += _STEP
            if self.open(quarter):
                return quarter
        raise ValueError(f"{self.zone} does not open within {_FARTHEST.days} days")
