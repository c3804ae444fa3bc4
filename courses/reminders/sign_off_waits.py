"""People did everything but the practice, and wait for somebody to observe it. To each assessor who may, about all of them at once."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from courses.queries.sign_offs import WaitingRow, all_waiting, duties_of, waiting_rows
from courses.reminders.base import Due, Reminder
from courses.reminders.helping import helpers_home
from lms.lib import dates, numbers
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.people import roles
from lms.people.links import site_url
from lms.people.models import User

WEEKS = 8  # so long an assessor is asked again about the same people, once a week


class SignOffWaits(Reminder):
    """One reason an assessor: when somebody new waits, and again each week after that. The key holds the day on which the newest of
    them began to wait and the number of whole weeks since, so a list that changed is another reason and the older one is dropped."""

    slug = "sign_off_waits"
    label = "People wait for your sign-off"
    why_it_comes = "you may sign off practice at {organization}"
    urgent = False

    def due(self, at: dt.datetime) -> Iterable[Due]:
        mine: dict[int, list[WaitingRow]] = {}
        people: dict[int, User] = {}
        for row in all_waiting(at):
            for one in row.assessors:
                if one.person.email:
                    people[one.person.pk] = one.person
                    mine.setdefault(one.person.pk, []).append(row)
        for pk, rows in mine.items():
            key = key_of(people[pk], rows, at)
            if key:
                yield Due(self.slug, key, people[pk], str(people[pk].public_id))

    def home(self, recipient: User) -> kinds.Home:
        if roles.is_supervisor(recipient):
            return helpers_home(recipient)
        return kinds.Home(reverse("sign_offs"), "Open sign-offs", "sign-offs")

    def concerns(self, recipient: User) -> bool:
        return duties_of(recipient).watches

    def rows(self, occasion: Occasion, at: dt.datetime) -> list[WaitingRow]:
        return [row for row in waiting_rows(occasion.recipient, at) if row.may]

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        rows = self.rows(occasion, at)
        if not rows:
            return "Nobody waits for their sign-off any more."
        own = occasion.key.partition(":r")[0]
        return None if key_of(occasion.recipient, rows, at) == own else "Another list of people is the one that counts."

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        rows = self.rows(occasion, at)
        return f"{said(rows)}: {', '.join(names_of(rows))}."

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        rows = self.rows(occasion, at)
        return {
            "rows": rows,
            "said": said(rows),
            "button_url": site_url(reverse("sign_offs")),
            "button_label": "Open sign-offs",
        }


def key_of(person: User, rows: list[WaitingRow], at: dt.datetime) -> str:
    """Empty when the person was asked often enough about the same people."""
    newest = max(dates.local_date(row.since, person.zone) for row in rows if row.since is not None)
    weeks = (dates.local_date(at, person.zone) - newest).days // 7
    return f"sign_off_waits:{person.public_id}:{newest:%Y-%m-%d}:{weeks}" if weeks <= WEEKS else ""


def names_of(rows: list[WaitingRow]) -> list[str]:
    return list(dict.fromkeys(row.person.name for row in rows))


def said(rows: list[WaitingRow]) -> str:
    """One person waits for your sign-off; Two people wait for your sign-off"""
    count = len({row.person.pk for row in rows})
    many = f"{numbers.in_words(count).capitalize()} people wait"
    return f"{'One person waits' if count == 1 else many} for your sign-off"


kinds.register(SignOffWaits())
