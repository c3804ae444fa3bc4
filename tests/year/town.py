"""A provider over a year of virtual time: people who join, move, leave, learn, rest and answer, the clockwork that goes on around
them, and the days on which parts of it stand still.

Everything goes through the same actions as the pages and the beat, with ``at=``. What is drawn by chance comes from one seed.
"""

import dataclasses
import datetime as dt
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from courses.actions import assigning, cycles, excepting, issuing, replying, requiring
from courses.enums import Answer, DueKind, ExceptionKind, Outcome, RenewalKind
from courses.models import Assignment, Certificate, Enrollment, Reply, Requirement
from courses.queries.duties import audience_of
from courses.reminders.planner import plan
from courses.requirements.facts import Audience, Due, Renewal
from lms.lib import dates
from lms.outbox import actions as outbox
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Surge
from lms.people.actions import people
from lms.people.models import Site, Team, User
from lms.record.actions import SYSTEM
from tests import factories

FIRST = dt.date(2027, 7, 1)  # a year with February 29, and with every change of the clocks
DAYS = 366
#: the hours (UTC) at which the clockwork runs: all is planned at the first (then it is 9 in Denver, 16 in London, and before 8 in
#: Auckland), and what may be sent is sent at both (at the second it is morning in Auckland)
TICKS = (16, 21)
ZONES = ("America/Denver", "Europe/London", "Pacific/Auckland")
#: days on which nothing happens to anybody but what the clock brings, so that a forecast can be held beside what came
QUIET = range(200, 232)
#: days on which a rule is written anew; the last one shortly before the quiet days
REWRITTEN = (70, 160, 190, 280)
WEEK = 7
DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Outage:
    """Days on which a part stands still: ``beat`` (nothing is planned, gathered or brought into line), ``worker`` (nothing is delivered),
    ``mail`` (the mail server takes nothing)."""

    part: str
    first: int
    days: int

    def holds(self, day: int) -> bool:
        return self.first <= day < self.first + self.days


OUTAGES = (Outage("worker", 40, 3), Outage("beat", 95, 5), Outage("mail", 150, 2))


def how_many() -> int:
    """People at the start. The suite takes fewer; ``LMS_YEAR_PEOPLE=300`` is the year of the promise."""
    return int(os.environ.get("LMS_YEAR_PEOPLE") or 12)


class Town:
    """``sent`` is filled by ``tick``: every message that was sent, with the instant."""

    def __init__(self, seed: str, mail: Path, settings: Any) -> None:
        self.chance = random.Random(seed)
        self.mail, self.settings = mail, settings
        self.now = self.at(0, TICKS[0])
        self.sent: list[tuple[Message, dt.datetime]] = []
        self._known: set[int] = set()
        factories.make_organization()
        self.sites = [factories.make_site(zone, zone) for zone in ZONES]
        self.teams = [factories.make_team(f"Team {n}", site=self.sites[n % len(self.sites)]) for n in range(6)]
        self.coordinator = factories.make_coordinator(site=self.sites[0])
        self.courses = {
            slug: factories.make_course(
                factories.compiled_course(slug, serve=1, pool=3, title=slug.title()), at=self.now
            )
            for slug in ("basics", "privacy", "stigma", "leading")
        }
        self.number = 0
        for _ in range(how_many()):
            self.join(hired=self.today() - self.chance.randrange(30, 900) * DAY)
        self.rules()

    def at(self, day: int, hour: int) -> dt.datetime:
        return dt.datetime.combine(FIRST + day * DAY, dt.time(hour, 5), tzinfo=dt.UTC)

    def today(self) -> dt.date:
        return self.now.date()

    # --- who must hold what ---------------------------------------------------------------------------------------------------
    def rules(self) -> None:
        all_of_them = frozenset({"staff", "volunteer", "contractor"})
        for course, audience, due, renewal, grace in (
            ("basics", {"categories": all_of_them}, Due(DueKind.AFTER_JOINING, 21), Renewal(RenewalKind.MONTHS, 4, window=30), 14),
            ("privacy", {"categories": frozenset({"staff"})}, Due(DueKind.AFTER_HIRE, 30), Renewal(RenewalKind.ANNIVERSARY, window=60), 14),
            ("stigma", {"categories": frozenset({"volunteer"})}, Due(DueKind.AFTER_ASSIGNMENT, 28), Renewal(), 14),
            ("leading", {"teams": frozenset({self.teams[0].pk, self.teams[3].pk})}, Due(DueKind.AFTER_ASSIGNMENT, 10),
             Renewal(RenewalKind.FIXED, month=3, day=28, window=20), 0),
        ):  # fmt: skip
            factories.make_requirement(
                self.courses[course], by=self.coordinator, at=self.now, name=course, audience=Audience(**audience),
                due=due, renewal=renewal, grace=grace,
            )  # fmt: skip

    def rewrite(self) -> None:
        """Another wording of the rule with the shortest renewals: it comes to what is open, and to every end from then on."""
        rule = Requirement.objects.select_related("current").get(name="basics")
        months = self.chance.choice([number for number in (3, 4, 5) if number != rule.current.renewal_months])  # type: ignore[union-attr]
        wording = requiring.Wording(
            audience_of(rule.current.audience),  # type: ignore[union-attr]
            Due(DueKind.AFTER_JOINING, self.chance.choice([14, 28])),
            Renewal(RenewalKind.MONTHS, months, window=self.chance.choice([14, 30])),
            active_from=self.today() - DAY,
        )
        by = self.coordinator
        version = requiring.rewrite(
            rule, name=rule.name, reason=rule.reason, wording=wording, by=by.subject, at=self.now
        )
        requiring.switch_on(version, by=by, at=self.now)

    def revoke(self) -> None:
        rows = Certificate.objects.filter(revoked_at=None, superseded_at=None, enrollment__learner__is_active=True)
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if keys:
            one = Certificate.objects.select_related("enrollment__learner__site").get(pk=self.chance.choice(keys))
            issuing.revoke(one, reason="Mixed up", by=self.coordinator.subject, at=self.now)

    # --- what happens to people -----------------------------------------------------------------------------------------------
    def join(self, hired: dt.date | None = None) -> User:
        self.number += 1
        team: Team = self.chance.choice(self.teams)
        return people.add_person(
            name=f"Person {self.number}", site=team.site, team=team, email=f"p{self.number}@example.org",
            hire_date=hired or self.today(), category=self.chance.choice(["staff", "staff", "staff", "volunteer"]),
            working_days=self.chance.choice(["12345", "12345", "12345", "34567", "67", "1234567"]),
            by=SYSTEM, at=self.now,
        )  # fmt: skip

    def somebody(self) -> User | None:
        rows = list(
            User.objects.filter(is_active=True, is_coordinator=False).order_by("pk").values_list("pk", flat=True)
        )
        found: User | None = (
            User.objects.select_related("site", "team").filter(pk=self.chance.choice(rows)).first() if rows else None
        )
        return found

    def move(self) -> None:
        person, team = self.somebody(), self.chance.choice(self.teams)
        if person is not None:
            category = self.chance.choice([person.category, "staff", "volunteer"])
            site: Site = team.site
            people.change_person(person, by=SYSTEM, at=self.now, team=team, site=site, category=category)

    def leave(self) -> None:
        person = self.somebody()
        if person is not None:
            people.deactivate(person, "Left", by=SYSTEM, at=self.now)

    def rest(self) -> None:
        person = self.somebody()
        if person is None:
            return
        today = dates.local_date(self.now, person.zone)
        first = today + self.chance.randrange(0, 10) * DAY
        kind = self.chance.choice([ExceptionKind.LEAVE, ExceptionKind.LEAVE, ExceptionKind.EXEMPTION])
        last = first + self.chance.randrange(3, 40) * DAY
        course = self.chance.choice(list(self.courses.values())) if kind == ExceptionKind.EXEMPTION else None
        if excepting.had(person, kind, course, first, last):
            return
        excepting.grant(
            person, kind, starts_on=first, ends_on=last, course=course, reason="Life", by=self.coordinator, at=self.now
        )

    def learn(self, pk: int) -> None:
        enrollment = Enrollment.objects.select_related("learner__site", "version", "course").get(pk=pk)
        factories.pass_unit(enrollment, at=self.now)

    def extend(self) -> None:
        row = self._open_row()
        if row is not None:
            due_on = row.due_on + self.chance.randrange(3, 20) * DAY
            assigning.move_due_date(row, due_on, reason="Shifts", by=SYSTEM, at=self.now)

    def answer(self) -> None:
        row = self._open_row()
        if row is not None:
            replying.give(row, self.chance.choice(list(Answer)), by=row.learner.subject, at=self.now)

    def settle(self) -> None:
        for reply in Reply.objects.waiting().filter(said_at__lt=self.now - 3 * DAY):
            replying.settle(reply, Outcome.REMIND_AGAIN, by=self.coordinator.subject, at=self.now)

    def give(self) -> None:
        """A course by hand, where the person has it not to do."""
        person, course = self.somebody(), self.chance.choice(list(self.courses.values()))
        if person is None or Assignment.objects.open().filter(learner=person, course=course).exists():
            return
        due_on = dates.local_date(self.now, person.zone) + self.chance.randrange(5, 30) * DAY
        assigning.assign(person, course, due_on=due_on, reason="By hand", by=SYSTEM, at=self.now)

    def _open_row(self) -> Assignment | None:
        rows = list(
            Assignment.objects.open().filter(learner__is_active=True).order_by("pk").values_list("pk", flat=True)
        )
        if not rows:
            return None
        return Assignment.objects.select_related("learner__site", "course").get(pk=self.chance.choice(rows))

    def life(self) -> None:
        """What happens to people at this hour of a day that is not quiet."""
        size = max(1, how_many() // 30)
        for deed, share in (
            (self.join, 0.05), (self.move, 0.04), (self.leave, 0.03), (self.rest, 0.04), (self.extend, 0.03),
            (self.answer, 0.03), (self.give, 0.02), (self.revoke, 0.01),
        ):  # fmt: skip
            for _ in range(size):
                if self.chance.random() < share:
                    deed()
        self.settle()
        if (self.now.date() - FIRST).days in REWRITTEN:
            self.rewrite()
        rows = Assignment.objects.open().filter(learner__is_active=True, enrollment__isnull=False)
        for pk in sorted(set(rows.values_list("enrollment_id", flat=True))):
            if self.chance.random() < 0.02:
                self.learn(pk)

    # --- the clockwork --------------------------------------------------------------------------------------------------------
    def days(self, first: int, last: int) -> Iterator[int]:
        """Goes through the ticks of these days; yields each day at its first tick, before anything happens on it."""
        for day in range(first, last):
            self.now = self.at(day, TICKS[0])
            yield day
            for hour in TICKS:
                self.now = self.at(day, hour)
                if day not in QUIET and hour == TICKS[0]:
                    self.life()
                self.tick(day, planning=hour == TICKS[0])

    def tick(self, day: int, *, planning: bool) -> None:
        stands = {outage.part for outage in OUTAGES if outage.holds(day)}
        self.settings.EMAIL_FILE_PATH = str(self.mail / "full") if "mail" in stands else str(self.mail)
        if "beat" not in stands:
            if planning:
                excepting.settle_ended(at=self.now)
                cycles.reconcile_all(at=self.now)
                plan(at=self.now)
            outbox.gather(at=self.now)
            for surge in Surge.objects.filter(decided_at=None):
                outbox.decide_surge(surge, send=True, at=self.now, by=self.coordinator.subject, reason="It is meant.")
        if "worker" not in stands:
            self.deliver()

    def deliver(self) -> None:
        for pk in Message.objects.filter(state=MessageState.QUEUED, next_try_at__lte=self.now).values_list(
            "pk", flat=True
        ):
            outbox.deliver(pk, at=self.now)
        fresh = Message.objects.filter(state=MessageState.SENT, sent_at=self.now).exclude(pk__in=self._known)
        for message in fresh.select_related("recipient__site").prefetch_related("occasions").defer("body_html"):
            self._known.add(message.pk)
            self.sent.append((message, self.now))
