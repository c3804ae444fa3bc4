"""A rule in words."""

import calendar
import dataclasses
from collections.abc import Iterable, Mapping

from courses.enums import DueKind, RenewalKind, Supervising
from courses.requirements.facts import Audience, Due, Renewal, Rule
from lms.lib import dates

CATEGORY_WORDS = {"staff": "staff", "volunteer": "volunteers", "contractor": "contractors"}


@dataclasses.dataclass(frozen=True)
class Names:
    """What ids are called: sites, teams, people."""

    sites: Mapping[int, str] = dataclasses.field(default_factory=dict)
    teams: Mapping[int, str] = dataclasses.field(default_factory=dict)
    people: Mapping[int, str] = dataclasses.field(default_factory=dict)


def audience_words(audience: Audience, names: Names) -> str:
    """Who is meant: "all volunteers at Eastgate House, except the Board"."""
    if audience.empty:
        return "nobody yet"
    parts = []
    if audience.filters:
        who = _and(CATEGORY_WORDS.get(c, c) for c in sorted(audience.categories)) or "people"
        if len(audience.categories) == len(CATEGORY_WORDS):
            who = "people"
        words = f"all {who}"
        if audience.job_roles:
            words += f" who work as {_one_of(sorted(audience.job_roles))}"
        places = [names.sites.get(s, "a site") for s in audience.sites]
        places += [f"{names.teams.get(t, 'a team')} and teams below" for t in audience.teams]
        if places:
            words += f" at {_one_of(sorted(places))}"
        if audience.supervising == Supervising.YES:
            words += " who supervise a team"
        elif audience.supervising == Supervising.NO:
            words += " who supervise no team"
        parts.append(words)
    if audience.people:
        parts.append(_and(sorted(names.people.get(p, "a person") for p in audience.people)))
    without = [*sorted(audience.without_job_roles)]
    without += sorted(names.teams.get(t, "a team") for t in audience.without_teams)
    without += sorted(names.people.get(p, "a person") for p in audience.without_people)
    return ", and also ".join(parts) + (f", except {_and(without)}" if without else "")


def due_words(due: Due) -> str:
    """By when: "within 30 days after the hire date"."""
    days = f"{due.days} day" if due.days == 1 else f"{due.days} days"
    if due.kind == DueKind.AFTER_HIRE:
        return f"within {days} after the hire date"
    if due.kind == DueKind.AFTER_JOINING:
        return f"within {days} after joining this group"
    if due.kind == DueKind.FIXED:
        return f"by {dates.long_date(due.on)}" if due.on else "by a day not chosen yet"
    if due.kind == DueKind.FIRST_SHIFT:
        return "before the first shift"
    return f"within {days} after it is assigned"


def renewal_words(renewal: Renewal) -> str:
    if renewal.kind == RenewalKind.MONTHS:
        return "every month" if renewal.months == 1 else f"every {renewal.months} months"
    if renewal.kind == RenewalKind.ANNIVERSARY:
        return "every year on the anniversary of the hire date"
    if renewal.kind == RenewalKind.FIXED:
        return f"every year by {calendar.month_name[renewal.month]} {renewal.day}"
    return "never"


def rule_sentence(rule: Rule, what: str, names: Names) -> str:
    """The whole rule as one sentence that begins with who is meant."""
    audience = audience_words(rule.audience, names)
    renew = renewal_words(rule.renewal)
    end = " and need not renew it" if renew == "never" else f" and renew it {renew}"
    return f"{audience[:1].upper()}{audience[1:]} must hold {what} {due_words(rule.due)}{end}."


def _one_of(words: Iterable[str]) -> str:
    rows = list(words)
    return rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} or {rows[-1]}" if rows else ""


def _and(words: Iterable[str]) -> str:
    rows = list(words)
    return rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}" if rows else ""
