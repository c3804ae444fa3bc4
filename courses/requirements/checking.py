"""What is wrong with a rule, in sentences that say what to do. A rule without findings can be switched on."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from courses.enums import DueKind, RenewalKind
from courses.requirements.facts import Rule

LONGEST_WINDOW = 180
LONGEST_DUE = 730
LONGEST_MONTHS = 120
FARTHEST_YEARS = 20


@dataclasses.dataclass(frozen=True)
class Finding:
    """``field`` is the field of the editor beside which the sentence stands."""

    field: str
    sentence: str


def findings(rule: Rule, *, today: dt.date, path_courses: Sequence[str] | None = None) -> list[Finding]:
    """Everything that is wrong at once. ``path_courses``: the courses of the chosen path as its content lists them."""
    return [*_audience(rule), *_courses(rule, path_courses), *_due(rule, today), *_renewal(rule), *_days(rule, today)]


def _audience(rule: Rule) -> list[Finding]:
    audience = rule.audience
    if audience.empty:
        return [
            Finding(
                "categories",
                "This rule means nobody yet. Choose at least one group, job role, team or site, or name people. For everybody, check "
                "every category.",
            )
        ]
    if audience.people and audience.people <= audience.without_people and not audience.filters:
        return [Finding("without_people", "Everybody named is also left out. Take somebody off one of the two lists.")]
    if audience.teams and audience.teams <= audience.without_teams and not (audience.people or audience.sites):
        return [Finding("without_teams", "Each team chosen is also left out. Take it off one of the two lists.")]
    return []


def _courses(rule: Rule, path_courses: Sequence[str] | None) -> list[Finding]:
    if path_courses is not None and len(set(path_courses)) != len(path_courses):
        return [
            Finding(
                "what",
                "This path comes back to a course that it had before. Ask whoever keeps the content to mend paths.yaml, then load it "
                "again.",
            )
        ]
    if not rule.courses:
        return [Finding("what", "Choose a course or a path that has at least one published course.")]
    return []


def _due(rule: Rule, today: dt.date) -> list[Finding]:
    due = rule.due
    if due.kind == DueKind.FIXED:
        if due.on is None:
            return [Finding("due_on", "Choose the day on which it is due.")]
        if rule.active_from is not None and due.on < rule.active_from:
            return [Finding("due_on", "It would be due before the rule begins. Choose a later day, or begin earlier.")]
        if abs(due.on.year - today.year) > FARTHEST_YEARS:
            return [Finding("due_on", f"This day is more than {FARTHEST_YEARS} years away. Check the year.")]
    elif due.kind != DueKind.FIRST_SHIFT and not 0 <= due.days <= LONGEST_DUE:
        return [Finding("due_days", f"Give a number of days from 0 to {LONGEST_DUE}.")]
    return []


def _renewal(rule: Rule) -> list[Finding]:
    renewal = rule.renewal
    found = []
    if not 0 <= renewal.window <= LONGEST_WINDOW:
        found.append(Finding("window_days", f"Give a number of days from 0 to {LONGEST_WINDOW}."))
    if renewal.kind == RenewalKind.MONTHS:
        if not 1 <= renewal.months <= LONGEST_MONTHS:
            found.append(Finding("renewal_months", f"Give a number of months from 1 to {LONGEST_MONTHS}."))
        elif renewal.window >= renewal.months * 28:
            found.append(
                Finding(
                    "window_days", "The window is as long as the validity, so it would never close. Make it shorter."
                )
            )
    elif renewal.kind == RenewalKind.FIXED:
        try:
            dt.date(2024, renewal.month, renewal.day)
        except ValueError:
            found.append(Finding("renewal_day", "There is no such day. Choose a month and a day, for example June 1."))
    return found


def _days(rule: Rule, today: dt.date) -> list[Finding]:
    found = []
    if not 0 <= rule.grace <= LONGEST_DUE:
        found.append(Finding("grace_days", f"Give a number of days from 0 to {LONGEST_DUE}."))
    first, last = rule.active_from, rule.active_until
    if first is not None and abs(first.year - today.year) > FARTHEST_YEARS:
        found.append(Finding("active_from", f"This day is more than {FARTHEST_YEARS} years away. Check the year."))
    if last is not None and first is not None and last < first:
        found.append(
            Finding(
                "active_until",
                "The last day is before the first day. Choose a later last day, or leave it empty for a rule without an end.",
            )
        )
    return found
