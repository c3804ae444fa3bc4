"""When there is a reason to write about a duty: pure, in local days."""

import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.reminders.base import DutyReminder
from courses.reminders.moments import DAY, Duty, Sleep, working_after, working_before
from courses.reminders.planner import duty_kinds
from lms.outbox import kinds

D = dt.date
DUE = D(2026, 12, 9)  # a Wednesday
FAR = D(2027, 2, 1)


def duty(**changes: object) -> Duty:
    facts = {"ref": "r", "holder": "1-1", "starts_on": D(2026, 11, 2), "due_on": DUE, "open": True, "days": "12345"}
    return Duty(**{**facts, **changes})  # type: ignore[arg-type]


def said(slug: str, one: Duty, until: dt.date = FAR) -> list[tuple[str, dt.date, dt.date]]:
    kind = kinds.get(slug)
    assert isinstance(kind, DutyReminder)
    return [(m.key.rsplit(":", 1)[1], m.first, m.last) for m in kind.moments(one, until) if m.first <= until]


def test_due_in_14_in_3_and_today() -> None:
    assert said("due_soon", duty()) == [
        ("14", D(2026, 11, 25), D(2026, 12, 3)),
        ("3", D(2026, 12, 4), D(2026, 12, 8)),  # the Friday before the Sunday
        ("0", DUE, DUE),
    ]


def test_nobody_hears_of_a_sunday_on_monday() -> None:
    sunday = D(2026, 12, 13)
    assert said("due_soon", duty(due_on=sunday))[-1] == ("0", D(2026, 12, 11), sunday)
    weekend = duty(due_on=sunday, days="67")
    assert said("due_soon", weekend)[-1] == ("0", sunday, sunday)


def test_what_the_first_mail_said_is_not_said_again() -> None:
    assert [number for number, *_ in said("due_soon", duty(starts_on=D(2026, 11, 25)))] == ["3", "0"]
    assert [number for number, *_ in said("due_soon", duty(starts_on=D(2026, 12, 4)))] == ["0"]
    assert said("due_soon", duty(starts_on=DUE)) == []


def test_overdue_by_one_seven_and_then_every_fourteen_days() -> None:
    assert said("overdue", duty(), D(2027, 1, 20)) == [
        ("1", D(2026, 12, 10), D(2026, 12, 15)),
        ("7", D(2026, 12, 16), D(2026, 12, 29)),
        ("21", D(2026, 12, 30), D(2027, 1, 12)),
        ("35", D(2027, 1, 13), D(2027, 1, 26)),
    ]
    assert said("overdue", duty(open=False)) == []


def test_evidence_that_ends() -> None:
    ends = D(2027, 1, 31)  # a Sunday
    held = duty(open=False, ends_on=ends)
    assert said("expires", held) == [
        ("30", D(2027, 1, 1), D(2027, 1, 21)),
        ("7", D(2027, 1, 22), ends),
    ]
    assert said("expired", held) == [("2027-01-31", D(2027, 2, 1), D(2027, 2, 14))]
    opened_late = duty(renewal=True, ends_on=ends, starts_on=D(2027, 2, 3))
    assert said("expires", opened_late) == said("expired", opened_late) == []
    assert said("due_soon", held) == []


def test_a_sleep_moves_the_date_as_the_action_will() -> None:
    leave = duty(sleeps=(Sleep(D(2026, 11, 30), D(2026, 12, 20), leave=True),))
    assert leave.as_of(D(2026, 12, 20)).due_on == DUE
    assert leave.as_of(D(2026, 12, 21)).due_on == D(2026, 12, 30), "nine days were left"
    assert [leave.asleep(day) for day in (D(2026, 11, 29), D(2026, 11, 30), D(2026, 12, 20), D(2026, 12, 21))] == [
        False,
        True,
        True,
        False,
    ]
    exempt = duty(sleeps=(Sleep(D(2026, 11, 30), D(2026, 12, 20), leave=False),))
    assert exempt.as_of(D(2026, 12, 21)).due_on == D(2027, 1, 4)


days_of_the_year = st.dates(min_value=D(2026, 1, 1), max_value=D(2029, 12, 31))
weeks = st.integers(1, 127).map(lambda bits: "".join(day for n, day in enumerate("1234567") if bits >> n & 1))


@settings(suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("slug", ["due_soon", "overdue", "expires", "expired"])
@given(due=days_of_the_year, ends=days_of_the_year, before=st.integers(0, 200), days=weeks, renewal=st.booleans())
def test_moments_of_a_kind_never_overlap_and_begin_on_working_days(
    slug: str, due: dt.date, ends: dt.date, before: int, days: str, renewal: bool
) -> None:
    one = duty(due_on=due, ends_on=ends, days=days, starts_on=min(due, ends) - before * DAY, renewal=renewal)
    kind = kinds.get(slug)
    assert isinstance(kind, DutyReminder)
    found = [m for m in kind.moments(one, due + 200 * DAY) if m.first <= due + 200 * DAY]
    assert len({m.key for m in found}) == len(found)
    for earlier, later in itertools.pairwise(found):
        assert earlier.last < later.first
    for moment in found:
        assert moment.first <= moment.last
        assert str(moment.first.isoweekday()) in days, "somebody who works then can be told on the first day"
        assert moment.first > one.starts_on or slug == "expired"
        if slug == "due_soon":
            assert moment.last <= due
        if slug == "overdue":
            assert moment.first > due


@given(day=days_of_the_year, days=weeks)
def test_working_days_around_a_day(day: dt.date, days: str) -> None:
    earlier, later = working_before(day, days), working_after(day, days)
    assert earlier <= day <= later
    assert str(earlier.isoweekday()) in days
    assert str(later.isoweekday()) in days
    assert (day - earlier).days < 7 > (later - day).days


def test_every_kind_of_duty_is_known() -> None:
    assert {kind.slug for kind in duty_kinds()} == {
        "course_assigned", "due_soon", "expired", "expires", "overdue", "renewal_opens",
    }  # fmt: skip
    assert [kind.slug for kind in duty_kinds() if kind.urgent] == ["expired", "overdue"]
    assert [kind.slug for kind in duty_kinds() if kind.optional] == ["renewal_opens"]
