"""Due dates, validity and windows: examples that people can check with a calendar, and what holds for every day."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.enums import DueKind, RenewalKind
from courses.requirements.dating import after_leave, first_due, next_yearly, renewal_due, valid_until, window_opens
from courses.requirements.facts import Audience, Due, Person, Renewal, Rule

D = dt.date
DAY = dt.timedelta(days=1)
days = st.dates(min_value=D(1980, 1, 1), max_value=D(2090, 12, 31))
windows = st.integers(0, 180)


SOON, NEVER = Due(), Renewal()


def rule(due: Due = SOON, renewal: Renewal = NEVER, grace: int = 14) -> Rule:
    audience = Audience(categories=frozenset({"staff"}))
    return Rule(1, 1, audience, ("c",), due, renewal, grace, active_from=D(2000, 1, 1))


TODAY = D(2026, 11, 23)


@pytest.mark.parametrize(
    ("due", "person", "expected", "words"),
    [
        (
            Due(DueKind.AFTER_HIRE, 30),
            Person(1, "Ann", hire_date=D(2026, 11, 20)),
            D(2026, 12, 20),
            "after the hire date",
        ),
        (Due(DueKind.AFTER_HIRE, 30), Person(1, "Ann", hire_date=D(2019, 3, 1)), D(2026, 12, 7), "too soon"),
        (Due(DueKind.AFTER_JOINING, 21), Person(1, "Ann"), D(2026, 12, 14), "joining the group, November 23, 2026"),
        (Due(DueKind.AFTER_ASSIGNMENT, 60), Person(1, "Ann"), D(2027, 1, 22), "after it was assigned"),
        (Due(DueKind.FIXED, on=D(2027, 6, 1)), Person(1, "Ann"), D(2027, 6, 1), "a fixed date"),
        (Due(DueKind.FIXED, on=D(2026, 11, 1)), Person(1, "Ann"), D(2026, 12, 7), "fewer than 14 days"),
        (Due(DueKind.FIRST_SHIFT), Person(1, "Ann", first_shift_on=D(2027, 1, 4)), D(2027, 1, 3), "the first shift"),
    ],
)
def test_first_due_dates(due: Due, person: Person, expected: dt.date, words: str) -> None:
    found = first_due(rule(due), person, joined_on=TODAY, assigned_on=TODAY)
    assert found.on == expected
    assert words in found.because


@pytest.mark.parametrize(
    ("due", "sentence"),
    [
        (
            Due(DueKind.AFTER_HIRE),
            "Ann Lee has no hire date, and this rule counts from it. Enter the hire date on their page.",
        ),
        (
            Due(DueKind.FIRST_SHIFT),
            "Ann Lee has no first shift entered, and this is due before it. Enter the first shift on their page.",
        ),
        (Due(DueKind.FIXED), "The rule has no due date. Edit it and choose one."),
    ],
)
def test_who_cannot_be_dated_is_named_with_what_to_do(due: Due, sentence: str) -> None:
    found = first_due(rule(due), Person(1, "Ann Lee"), joined_on=TODAY, assigned_on=TODAY)
    assert found.on is None
    assert found.because == sentence


@pytest.mark.parametrize(
    ("renewal", "completed", "previous", "hired", "expected"),
    [
        (Renewal(), D(2026, 5, 1), None, None, None),
        (Renewal(RenewalKind.MONTHS, 12, window=60), D(2024, 2, 29), None, None, D(2025, 2, 28)),
        (Renewal(RenewalKind.MONTHS, 1, window=5), D(2026, 1, 31), None, None, D(2026, 2, 28)),
        # inside the window no time is lost; a day before it opens, the new completion counts from itself; late too
        (Renewal(RenewalKind.MONTHS, 12, window=60), D(2026, 5, 2), D(2026, 7, 1), None, D(2027, 7, 1)),
        (Renewal(RenewalKind.MONTHS, 12, window=60), D(2026, 7, 1), D(2026, 7, 1), None, D(2027, 7, 1)),
        (Renewal(RenewalKind.MONTHS, 12, window=60), D(2026, 5, 1), D(2026, 7, 1), None, D(2027, 5, 1)),
        (Renewal(RenewalKind.MONTHS, 12, window=60), D(2026, 7, 2), D(2026, 7, 1), None, D(2027, 7, 2)),
        # hired on a leap day
        (Renewal(RenewalKind.ANNIVERSARY), D(2026, 3, 1), None, D(2024, 2, 29), D(2027, 2, 28)),
        (Renewal(RenewalKind.ANNIVERSARY), D(2027, 6, 1), None, D(2024, 2, 29), D(2028, 2, 29)),
        # shortly before the anniversary it counts for the following year
        (Renewal(RenewalKind.ANNIVERSARY, window=60), D(2026, 12, 20), None, D(2020, 1, 10), D(2028, 1, 10)),
        (Renewal(RenewalKind.ANNIVERSARY), D(2026, 12, 20), None, None, D(2027, 12, 20)),
        (Renewal(RenewalKind.FIXED, month=6, day=1, window=30), D(2026, 4, 1), None, None, D(2026, 6, 1)),
        (Renewal(RenewalKind.FIXED, month=6, day=1, window=30), D(2026, 5, 20), D(2026, 6, 1), None, D(2027, 6, 1)),
    ],
)
def test_validity(
    renewal: Renewal, completed: dt.date, previous: dt.date | None, hired: dt.date | None, expected: dt.date | None
) -> None:
    assert valid_until(renewal, completed_on=completed, previous=previous, hire_date=hired) == expected


@given(completed=days, before=st.integers(0, 180), months=st.integers(7, 60), window=windows)
def test_renewing_inside_the_window_loses_no_time(completed: dt.date, before: int, months: int, window: int) -> None:
    previous = completed + before * DAY
    renewal = Renewal(RenewalKind.MONTHS, months, window=window)
    on = valid_until(renewal, completed_on=completed, previous=previous)
    expected = valid_until(renewal, completed_on=previous if before <= window else completed)
    assert on == expected


@given(
    completed=days,
    hired=st.none() | days,
    window=windows,
    kind=st.sampled_from([RenewalKind.MONTHS, RenewalKind.ANNIVERSARY, RenewalKind.FIXED]),
    months=st.integers(7, 60),
    month=st.integers(1, 12),
    day=st.integers(1, 28),
    previous=st.none() | days,
)
def test_validity_outlasts_its_own_window(
    completed: dt.date,
    hired: dt.date | None,
    window: int,
    kind: str,
    months: int,
    month: int,
    day: int,
    previous: dt.date | None,
) -> None:
    """Who has just completed is never asked to renew at once."""
    renewal = Renewal(kind, months, month, day, window)
    until = valid_until(renewal, completed_on=completed, previous=previous, hire_date=hired)
    assert until is not None
    assert completed < window_opens(renewal, until)


@given(anchor=days, after=days)
def test_the_yearly_day_is_the_next_one(anchor: dt.date, after: dt.date) -> None:
    found = next_yearly(anchor.month, anchor.day, after=after)
    assert after < found <= after + 366 * DAY
    assert found.month == anchor.month
    assert found.day == anchor.day or (anchor.month, anchor.day, found.day) == (2, 29, 28)


@given(
    kind=st.sampled_from(list(DueKind)), number=st.integers(0, 730), on=days, hired=days, shift=days, joined=days,
    assigned=days, grace=st.integers(0, 60),
)  # fmt: skip
def test_nobody_gets_fewer_days_than_the_grace(
    kind: str,
    number: int,
    on: dt.date,
    hired: dt.date,
    shift: dt.date,
    joined: dt.date,
    assigned: dt.date,
    grace: int,
) -> None:
    person = Person(1, "Ann", hire_date=hired, first_shift_on=shift)
    found = first_due(rule(Due(kind, number, on), grace=grace), person, joined_on=joined, assigned_on=assigned)
    assert found.on is not None
    assert found.on >= assigned + grace * DAY
    again = renewal_due(rule(grace=grace), ran_out=on, assigned_on=assigned)
    assert again.on is not None
    assert again.on >= max(on, assigned) + grace * DAY


@given(due=days, start=days, length=st.integers(0, 400))
def test_after_a_leave_as_many_days_are_left_as_before_it(due: dt.date, start: dt.date, length: int) -> None:
    back = start + length * DAY
    moved = after_leave(due, leave_from=start, back_on=back)
    if due < start:
        assert moved == due, "what was overdue stays overdue"
    else:
        assert moved - back == due - start


def test_the_ends_of_the_calendar_hold() -> None:
    assert valid_until(Renewal(RenewalKind.MONTHS, 120), completed_on=D.max) == D.max
    assert next_yearly(1, 1, after=D.max) == D.max
    assert window_opens(Renewal(window=180), D.min) == D.min
