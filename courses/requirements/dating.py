"""Due dates, ends of validity, windows of renewal. Days here are local days of the person; nothing here knows an hour."""

import calendar
import dataclasses
import datetime as dt

from courses.enums import DueKind, RenewalKind
from courses.requirements.facts import Person, Renewal, Rule
from lms.lib import dates

DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Dated:
    """A due date with the sentence that derives it; without a date, ``because`` says what is missing and what to do."""

    on: dt.date | None
    because: str


def first_due(rule: Rule, person: Person, *, joined_on: dt.date, assigned_on: dt.date) -> Dated:
    """When the first cycle is due. Never before ``assigned_on`` plus the grace."""
    due = rule.due
    if due.kind == DueKind.AFTER_HIRE:
        if person.hire_date is None:
            return Dated(
                None,
                f"{person.name} has no hire date, and this rule counts from it. Enter the hire date on their page.",
            )
        raw = later(person.hire_date, due.days)
        because = f"{_days(due.days)} after the hire date, {dates.long_date(person.hire_date)}"
    elif due.kind == DueKind.AFTER_JOINING:
        raw = later(joined_on, due.days)
        because = f"{_days(due.days)} after joining the group, {dates.long_date(joined_on)}"
    elif due.kind == DueKind.FIXED:
        if due.on is None:
            return Dated(None, "The rule has no due date. Edit it and choose one.")
        raw, because = due.on, "a fixed date in the rule"
    elif due.kind == DueKind.FIRST_SHIFT:
        if person.first_shift_on is None:
            return Dated(
                None,
                f"{person.name} has no first shift entered, and this is due before it. Enter the first shift on their page.",
            )
        raw = later(person.first_shift_on, -1)
        because = f"the day before the first shift, {dates.long_date(person.first_shift_on)}"
    else:
        raw = later(assigned_on, due.days)
        because = f"{_days(due.days)} after it was assigned, {dates.long_date(assigned_on)}"
    return _not_before(raw, later(assigned_on, rule.grace), because, rule.grace)


def renewal_due(rule: Rule, *, ran_out: dt.date, assigned_on: dt.date) -> Dated:
    """When a renewal is due: the end of the old evidence plus the grace, and never fewer days from now than the grace."""
    raw = later(ran_out, rule.grace)
    because = f"valid to {dates.long_date(ran_out)}"
    if rule.grace:
        because += f", and {_days(rule.grace)} of grace"
    return _not_before(raw, later(assigned_on, rule.grace), because, rule.grace)


def _not_before(raw: dt.date, floor: dt.date, because: str, grace: int) -> Dated:
    if raw >= floor:
        return Dated(raw, because)
    return Dated(
        floor,
        f"{because}. That was {dates.long_date(raw)}, too soon: nobody gets fewer than {_days(grace)} from the day it is assigned",
    )


def valid_until(
    renewal: Renewal, *, completed_on: dt.date, previous: dt.date | None = None, hire_date: dt.date | None = None
) -> dt.date | None:
    """The last day of validity of a completion; None when it does not run out.

    ``previous``: the last day of the evidence that this completion renews. Inside the window before that day no time is lost: months
    run on from the old end. A yearly day is the first one that lies beyond the window, so that a completion shortly before it counts
    for the following year. Without a hire date the anniversary is that of the completion.
    """
    if renewal.kind == RenewalKind.MONTHS:
        early = previous is not None and later(previous, -renewal.window) <= completed_on <= previous
        return add_months(previous if early and previous is not None else completed_on, renewal.months)
    if renewal.kind == RenewalKind.ANNIVERSARY:
        anchor = hire_date or completed_on
        return next_yearly(anchor.month, anchor.day, after=later(completed_on, renewal.window))
    if renewal.kind == RenewalKind.FIXED:
        return next_yearly(renewal.month, renewal.day, after=later(completed_on, renewal.window))
    return None


def next_yearly(month: int, day: int, *, after: dt.date) -> dt.date:
    """The first such day of a year strictly after a day; February 29 is February 28 in a short year."""
    year = after.year
    while True:
        if year > dt.MAXYEAR:
            return dt.date.max
        found = dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))
        if found > after:
            return found
        year += 1


def add_months(day: dt.date, months: int) -> dt.date:
    try:
        return dates.add_months(day, months)
    except ValueError:
        return dt.date.max


def window_opens(renewal: Renewal, ran_out: dt.date) -> dt.date:
    """The first day on which the next cycle is open: the first day of the window; without a window the last day of validity."""
    return later(ran_out, -renewal.window)


def later(day: dt.date, days: int) -> dt.date:
    """So many days later; the ends of the calendar hold."""
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return dt.date.max if days > 0 else dt.date.min


def after_leave(due_on: dt.date, *, leave_from: dt.date, back_on: dt.date) -> dt.date:
    """A due date after a leave: the days that were left when the leave began are left when the person is back. What was overdue
    before the leave stays as it was."""
    if due_on < leave_from or back_on <= leave_from:
        return due_on
    return later(back_on, (due_on - leave_from).days)


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"
