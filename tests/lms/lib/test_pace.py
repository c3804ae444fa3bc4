"""A flood is turned away, a person is not."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from lms.lib.pace import Pace

SECOND = dt.timedelta(seconds=1)
AT = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


def test_a_burst_and_then_one_each_interval() -> None:
    pace = Pace(burst=3, interval=SECOND)
    assert [pace.wait("a", AT) for _ in range(5)] == [0, 0, 0, 1, 1]
    assert pace.wait("b", AT) == 0, "each key counts for itself"
    assert [pace.wait("a", AT + SECOND) for _ in range(2)] == [0, 1]
    assert [pace.wait("a", AT + 60 * SECOND) for _ in range(4)] == [0, 0, 0, 1]


def test_to_be_turned_away_costs_nothing_more() -> None:
    pace = Pace(burst=1, interval=10 * SECOND)
    assert pace.wait("a", AT) == 0
    assert [pace.wait("a", AT + n * SECOND) for n in (1, 4, 9)] == [9, 6, 1]
    assert pace.wait("a", AT + 10 * SECOND) == 0


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    pace = Pace(burst=2, interval=SECOND)
    assert [pace.wait("a", AT) for _ in range(3)] == [0, 0, 1]
    assert pace.wait("a", AT - dt.timedelta(days=1)) == 0


def test_its_memory_has_a_bound() -> None:
    pace = Pace(burst=1, interval=SECOND, keys=2)
    assert [pace.wait(key, AT) for key in "abc"] == [0, 0, 0]
    assert pace.wait("b", AT) == 1
    assert pace.wait("a", AT) == 0, "the oldest was forgotten"
    pace.forget()
    assert pace.wait("b", AT) == 0


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 5))
def test_never_more_than_the_burst_and_the_time_allow(gaps: list[int], burst: int) -> None:
    pace = Pace(burst=burst, interval=SECOND)
    at, taken = AT, []
    for gap in gaps:
        at += dt.timedelta(milliseconds=gap)
        wait = pace.wait("a", at)
        if wait == 0:
            taken.append(at)
        else:
            assert 1 <= wait <= burst, "and waiting that long is enough"
            at += wait * SECOND
            assert pace.wait("a", at) == 0
            taken.append(at)
    for n, begin in enumerate(taken):
        for m, end in enumerate(taken[n:], start=1):
            assert m <= burst + (end - begin) / SECOND + 1e-9
