"""Once a week to each supervisor: who in their teams needs attention. Only when somebody does."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from courses.enums import Status
from courses.models import Assignment
from courses.queries.attention import Attention, attention_of
from courses.reminders.base import Due, Reminder
from courses.reminders.helping import helpers_home
from courses.reminders.moments import working_after
from lms.lib import dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.models import Supervision, User

MOST = 10  # people by name in one mail
NOTHING = "Nobody in the teams needs attention any more."
WORDS = {
    Status.EXPIRED: "expired",
    Status.OVERDUE: "overdue",
    Status.ATTEMPTS_USED: "without an attempt left",
    Status.EXPIRING: "about to expire",
}


class TeamDigest(Reminder):
    """``ref`` is the year and week. Noted on the recipient's first working day of the week; what it says is asked again while sending."""

    slug = "team_digest"
    label = "Your team, once a week"
    optional = True
    why_it_comes = "you supervise a team at {organization}"

    def home(self, recipient: User) -> kinds.Home:
        return helpers_home(recipient)

    def concerns(self, recipient: User) -> bool:
        return roles.is_supervisor(recipient)

    def due(self, at: dt.datetime) -> Iterator[Due]:
        """Asked of those whose first working day of the week it is and who were not told yet this week: a query each."""
        supervising = Supervision.objects.filter(
            ended_at=None, supervisor__is_active=True, supervisor__email__isnull=False
        )
        found = User.objects.filter(pk__in=supervising.values("supervisor")).select_related("site")
        today = {user.pk: dates.local_date(at, user.zone) for user in found}
        ready = [user for user in found if today[user.pk] == first_day(today[user.pk], user.working_days)]
        keys = {user.pk: f"team_digest:{user.pk}:{week_of(today[user.pk])}" for user in ready}
        known = set(Occasion.objects.filter(key__in=keys.values()).values_list("key", flat=True))
        for user in ready:
            if keys[user.pk] not in known and attention_of(user, at):
                yield Due(self.slug, keys[user.pk], user, week_of(today[user.pk]))

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        recipient = occasion.recipient
        if not roles.is_supervisor(recipient):
            return "The recipient supervises nobody any more."
        if week_of(dates.local_date(at, recipient.zone)) != occasion.ref:
            return "The week it is about is over; the next one has a mail of its own."
        return None if attention_of(recipient, at) else NOTHING

    def reason(self, occasion: Occasion) -> str:
        return "A new week began, and somebody in the teams needed attention."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        return f"In your team: {in_words(attention_of(occasion.recipient, at))}."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        recipient = occasion.recipient
        found, home = attention_of(recipient, at), helpers_home(recipient)
        return {
            "summary": in_words(found),
            "rows": [_row(row) for row in found.rows[:MOST]],
            "more": max(len(found.rows) - MOST, 0),
            "answers": found.answers,
            "button_url": site_url(home.path),
            "button_label": home.label,
        }


def week_of(day: dt.date) -> str:
    """2026-W48"""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def first_day(day: dt.date, working_days: str) -> dt.date:
    """The first day of the day's week on which the person works."""
    monday = day - dt.timedelta(days=day.weekday())
    return working_after(monday, working_days)


def in_words(found: Attention) -> str:
    """3 overdue, 1 about to expire, 2 answers wait"""
    parts = [f"{number} {WORDS[status]}" for status, number in found.counts]
    if found.answers:
        parts.append(f"{found.answers} answer{'s wait' if found.answers > 1 else ' waits'} for you")
    return ", ".join(parts)


def _row(row: Assignment) -> dict[str, Any]:
    status = Status(row.status)  # type: ignore[attr-defined]  # annotated by with_status
    if status == Status.EXPIRED and row.certificate_revoked_at is not None:  # type: ignore[attr-defined]
        revoked_on = dates.local_date(row.certificate_revoked_at, row.learner.zone)  # type: ignore[attr-defined]
        return {
            "person": row.learner,
            "course": row.course,
            "what": f"the certificate was revoked on {dates.long_date(revoked_on)}",
        }
    ends = [row.renews_until_on, row.certificate_expires_on, row.valid_until_on]  # type: ignore[attr-defined]
    day = (
        min((end for end in ends if end is not None), default=None)
        if status in (Status.EXPIRED, Status.EXPIRING)
        else row.due_on
    )
    word = {
        Status.EXPIRED: "ran out",
        Status.EXPIRING: "runs out",
        Status.OVERDUE: "was due",
        Status.ATTEMPTS_USED: "due",
    }[status]
    return {
        "person": row.learner,
        "course": row.course,
        "what": f"{word} {dates.long_date(day)}" if day is not None else status.label.lower(),
    }


kinds.register(TeamDigest())
