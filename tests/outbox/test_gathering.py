"""When a person may be written to: the pure function, alone and over months of made-up reasons."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.lib import dates
from lms.lib.hours import SendingHours
from lms.outbox.enums import Hindrance
from lms.outbox.gathering import Reason, Wait, Write, Written, decide

ZONE = "America/Denver"
HOURS = SendingHours(ZONE, "12345")
DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 23)


def local(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """So many days after that Monday."""
    return dt.datetime.combine(MONDAY + day * DAY, dt.time(hour, minute), tzinfo=zoneinfo.ZoneInfo(ZONE))


def reason(key: str = "a", *, urgent: bool = False, created_at: dt.datetime | None = None) -> Reason:
    return Reason(key, "note", urgent, created_at or local(-1, 12))


def on(*days: int) -> list[Written]:
    return [Written(MONDAY + day * DAY) for day in days]


def test_reasons_are_written_together_urgent_ones_first() -> None:
    reasons = [
        reason("late", created_at=local(0, 9)),
        reason("early"),
        reason("urgent", urgent=True, created_at=local(0, 10)),
    ]
    assert decide(reasons, [], HOURS, local(0, 10)) == Write(("urgent", "early", "late"))


@pytest.mark.parametrize(
    ("log", "at", "urgent", "until", "why"),
    [
        ([], local(0, 7), False, local(0, 8), Hindrance.HOURS),
        ([], local(4, 18), True, local(7, 8), Hindrance.HOURS),
        (on(0), local(0, 12), True, local(1, 8), Hindrance.TODAY),
        (on(4), local(4, 12), False, local(7, 8), Hindrance.TODAY),
        (on(0, 1), local(2, 10), False, local(7, 8), Hindrance.WEEK),
        (on(-3, 1), local(2, 10), False, local(4, 8), Hindrance.WEEK),
        (on(0, 1), local(6, 10), False, local(7, 8), Hindrance.WEEK),  # Sunday: both hinder
        (on(-3, 0, 1), local(2, 10), False, local(7, 8), Hindrance.WEEK),
        ([Written(None)], local(2, 10), True, local(3, 8), Hindrance.UNSENT),
        ([*on(0), Written(None)], local(2, 10), False, local(7, 8), Hindrance.UNSENT),
    ],
)
def test_it_waits(log: list[Written], at: dt.datetime, urgent: bool, until: dt.datetime, why: Hindrance) -> None:
    assert decide([reason(urgent=urgent)], log, HOURS, at) == Wait(until, why)


@pytest.mark.parametrize(
    ("log", "at", "urgent"),
    [
        (on(-6, -7), local(0, 10), False),
        (on(-1), local(0, 8), False),
        (on(0, 1), local(2, 10), True),
        (on(0, 1), local(7, 10), False),
    ],
)
def test_it_is_written(log: list[Written], at: dt.datetime, urgent: bool) -> None:
    assert decide([reason(urgent=urgent)], log, HOURS, at) == Write(("a",))


def test_without_a_reason_there_is_nothing_to_decide() -> None:
    with pytest.raises(ValueError, match="nothing"):
        decide([], [], HOURS, local(0, 10))


hours_of_people = st.builds(
    SendingHours,
    st.sampled_from(("America/Denver", "Europe/London", "Pacific/Auckland", "UTC")),
    st.sets(st.sampled_from("1234567"), min_size=1).map(lambda found: "".join(sorted(found))),
)
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
moments = st.integers(0, 40 * 24 * 60).map(lambda minutes: START + dt.timedelta(minutes=minutes))
arrivals = st.lists(st.tuples(moments, st.booleans()), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    arrivals=arrivals,
    hours=hours_of_people,
    steps=st.lists(st.integers(30, 600), min_size=1, max_size=5),
    on_its_way=st.integers(0, 900),
)
def test_months_of_mail(
    arrivals: Sequence[tuple[dt.datetime, bool]], hours: SendingHours, steps: list[int], on_its_way: int
) -> None:
    """Asked every so many minutes for months, each mail being on its way for a while: never two on a day, never three in seven
    days without an urgent one, never outside the hours, and nothing waits for ever."""
    coming = sorted(
        (Reason(f"{number:02}", "note", urgent, when) for number, (when, urgent) in enumerate(arrivals)),
        key=lambda one: one.created_at,
    )
    waiting: dict[str, Reason] = {}
    sent: list[tuple[dt.datetime, bool]] = []
    underway: dt.datetime | None = None
    at, number = START, 0
    while coming or waiting or underway:
        if underway is not None and underway <= at:
            sent[-1], underway = (underway, sent[-1][1]), None
        while coming and coming[0].created_at <= at:
            came = coming.pop(0)
            waiting[came.key] = came
        if waiting:
            log = [
                Written(dates.local_date(when, hours.zone)) for when, _ in sent[: len(sent) - (underway is not None)]
            ]
            decision = decide(list(waiting.values()), [*log, *([Written(None)] if underway else [])], hours, at)
            if isinstance(decision, Write):
                assert hours.open(at)
                assert set(decision.keys) == set(waiting)
                sent.append((at, any(one.urgent for one in waiting.values())))
                underway = hours.next_open(at + dt.timedelta(minutes=on_its_way))
                waiting.clear()
            else:
                assert decision.until > at
                assert hours.open(decision.until)
        assert all(at - one.created_at < 15 * DAY + dt.timedelta(hours=25) for one in waiting.values())
        at += dt.timedelta(minutes=steps[number % len(steps)])
        number += 1
    days = [dates.local_date(when, hours.zone) for when, _ in sent]
    assert len(set(days)) == len(days)
    for first in range(len(days) - 2):
        if days[first + 2] - days[first] < 7 * DAY:
            assert any(urgent for _, urgent in sent[first : first + 3])


@settings(max_examples=100, deadline=None)
@given(
    log=st.lists(st.integers(0, 9), max_size=5),
    unsent=st.booleans(),
    urgent=st.booleans(),
    hours=hours_of_people,
    at=moments,
)
def test_the_instant_that_is_named_is_the_first(
    log: list[int], unsent: bool, urgent: bool, hours: SendingHours, at: dt.datetime
) -> None:
    today = dates.local_date(at, hours.zone)
    entries = [Written(today - days * DAY) for days in log]
    decision = decide([reason(urgent=urgent)], [*entries, *([Written(None)] if unsent else [])], hours, at)
    if isinstance(decision, Write):
        assert not unsent
        return
    if unsent:
        entries.append(Written(today))
    assert decide([reason(urgent=urgent)], entries, hours, decision.until) == Write(("a",))
    moment = at
    while moment < decision.until:
        assert isinstance(decide([reason(urgent=urgent)], entries, hours, moment), Wait)
        moment += dt.timedelta(minutes=15)
