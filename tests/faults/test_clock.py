"""The clock jumps, changes for summer, or stands beside a second scheduler, and beat is away for days or dies. What is promised does not
depend on when reminders are made: no key twice, no mail twice, none to somebody for whom it is over, no flood."""

import datetime as dt
import random
import time
import zoneinfo
from collections import Counter

import pytest

from courses.actions import assigning
from courses.models import Assignment
from lms.lib import clock, dates
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.actions import people
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests.factories import make_site, make_user, pass_unit
from tests.faults import making
from tests.faults.calm import beat_round, settle
from tests.faults.harness import SEED, House
from tests.faults.invariants import broken
from tests.faults.outcome import assert_nothing_twice, letters

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

WEDNESDAY = dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC)  # daytime in America
HOUR, DAY = 3600, 24 * 3600
REMINDERS = ("due_soon", "overdue")


class Office:
    """One person for each way a duty can go: open, finished, withdrawn, gone; and each of the three due soon and due later."""

    def __init__(self, house: House, *, zone: str = "America/Denver") -> None:
        self.house = house
        course, site = making.course(), make_site(zone, zone)
        self.open: list[Assignment] = []
        self.over: list[User] = []
        for days in (2, 4, 9):
            self.open.append(self._duty(site, course, days))
        done, taken, gone = (self._duty(site, course, 4) for _ in range(3))
        assert done.enrollment is not None
        beat_round()
        pass_unit(done.enrollment, at=clock.now())
        assigning.withdraw(taken, reason="Plans changed.", by=SYSTEM, at=clock.now())
        people.deactivate(gone.learner, "left", by=SYSTEM, at=clock.now())
        beat_round()
        self.over = [done.learner, taken.learner, gone.learner]
        self.people = [*(row.learner for row in self.open), *self.over]

    def _duty(self, site: object, course: object, days: int) -> Assignment:
        learner = make_user(site=site)  # type: ignore[arg-type]
        due_on = dates.local_date(clock.now(), learner.zone) + dt.timedelta(days=days)
        return assigning.assign(learner, course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=clock.now())  # type: ignore[arg-type]

    def days(self, number: int, *, step: float = 6 * HOUR) -> None:
        for _ in range(int(number * DAY / step)):
            self.house.move_clock(step)
            beat_round()

    def reminders(self) -> list[Occasion]:
        return list(Occasion.objects.filter(kind__in=REMINDERS).order_by("pk"))

    def check(self) -> None:
        keys = [occasion.key for occasion in Occasion.objects.all()]
        assert len(keys) == len(set(keys))
        assert_nothing_twice(self.house.mail)
        for person in self.over:
            told = Message.objects.filter(recipient=person, occasions__kind__in=REMINDERS, state=MessageState.SENT)
            assert not told.exists(), f"{person} was reminded of what is over"
        waiting = Message.objects.filter(state=MessageState.QUEUED, next_try_at__gt=clock.now())
        found = [
            said for said in broken(self.people, self.house.mail) if not waiting.exists() or "is queued" not in said
        ]
        assert found == []
        for row in self.open:
            days = Counter(
                dates.local_date(message.sent_at, row.learner.zone)
                for message in Message.objects.filter(
                    recipient=row.learner, occasions__kind__in=REMINDERS, state=MessageState.SENT
                ).distinct()
                if message.sent_at is not None
            )
            assert all(count == 1 for count in days.values()), f"more than one reminder a day: {days}"

    def said(self, row: Assignment) -> list[str]:
        """The subjects of the reminders that one person got, in order."""
        found = Message.objects.filter(recipient=row.learner, occasions__kind__in=REMINDERS, state=MessageState.SENT)
        return [str(letters(self.house.mail)[message.message_id][0]["Subject"]) for message in found.order_by("pk")]


JUMPS = {
    "an hour on": [HOUR],
    "an hour back": [-HOUR],
    "there and back within a day": [5 * HOUR, -5 * HOUR, 5 * HOUR, -5 * HOUR],
    "thirty days on and back": [30 * DAY, -30 * DAY],
}


@pytest.mark.parametrize("name", JUMPS)
def test_a_clock_that_jumps_sends_no_flood_and_nothing_twice(house: House, name: str) -> None:
    house.set_clock(WEDNESDAY)
    office = Office(house)
    office.days(1, step=12 * HOUR)
    before = Message.objects.count()
    for jump in JUMPS[name]:
        house.move_clock(jump)
        for _ in range(2):
            beat_round()
        made = Message.objects.count() - before
        assert made <= len(office.open), f"{made} mails after a jump"
    office.days(4, step=12 * HOUR)
    office.check()


#: Mondays and Sundays around which clocks change, and the 29th of February.
CALENDAR = {
    "summer begins": ("America/Denver", dt.datetime(2027, 3, 12, 17, 0, tzinfo=dt.UTC)),
    "summer ends": ("America/Denver", dt.datetime(2027, 11, 5, 17, 0, tzinfo=dt.UTC)),
    "summer ends in the south": ("Pacific/Auckland", dt.datetime(2027, 4, 1, 22, 0, tzinfo=dt.UTC)),
    "a leap day": ("America/Denver", dt.datetime(2028, 2, 26, 17, 0, tzinfo=dt.UTC)),
}


@pytest.mark.parametrize("name", CALENDAR)
def test_days_of_23_and_25_hours_and_leap_days_are_days_like_others(house: House, name: str) -> None:
    zone, begin = CALENDAR[name]
    house.set_clock(begin)
    office = Office(house, zone=zone)
    for row in office.open:
        local = row.due_at.astimezone(zoneinfo.ZoneInfo(zone))
        assert (local.date(), local.hour, local.minute) == (row.due_on + dt.timedelta(days=1), 0, 0)
    office.days(6, step=8 * HOUR)
    office.check()
    told = {occasion.ref for occasion in office.reminders()}
    assert {str(row.public_id) for row in office.open[:2]} <= told, "due in two and in four days: both were reminded"


def test_a_beat_that_was_away_for_three_days_says_what_still_matters(house: House) -> None:
    """Whoever became overdue meanwhile is told with the true number or not at all; nothing stale is said."""
    house.set_clock(WEDNESDAY)
    office = Office(house)
    soon, later, far = office.open  # due in 2, 4 and 9 days
    house.move_clock(3 * DAY)  # Saturday: one is one day overdue, one has a day left, one has six
    beat_round()
    office.days(10, step=6 * HOUR)
    office.check()
    refs = Counter((occasion.kind, occasion.ref) for occasion in office.reminders() if occasion.message_id)
    assert refs["due_soon", str(far.public_id)] >= 1, "what comes later is not missed"
    assert refs["overdue", str(later.public_id)] >= 1
    assert refs["overdue", str(soon.public_id)] >= 1
    for row in (soon, later):
        for message in Message.objects.filter(
            recipient=row.learner, state=MessageState.SENT, occasions__kind="overdue"
        ):
            assert message.sent_at is not None
            days = (dates.local_date(message.sent_at, row.learner.zone) - row.due_on).days
            for occasion in message.occasions.filter(kind="overdue", dropped_at=None):
                number = int(occasion.key.rsplit(":", 1)[-1])
                assert number <= days < {1: 7, 7: 21}[number] + 6, f"{days} days overdue, and it was meant for {number}"


def test_two_beats_and_one_that_is_killed_twenty_times_are_one(house: House) -> None:
    """Two schedulers that ring every second, one of them killed and started again all the time, while days go by."""
    house.set_clock(WEDNESDAY)
    office = Office(house)
    house.broker.start()
    house.worker("--concurrency", "2")
    house.start("beat")
    for chance in [random.Random(f"{SEED}-{number}") for number in range(20)]:
        restarted = house.start("beat")
        house.move_clock(DAY / 4)
        time.sleep(chance.uniform(0.1, 2))
        restarted.kill()
    settle(house)
    office.check()
    assert {str(row.public_id) for row in office.open[:2]} <= {occasion.ref for occasion in office.reminders()}
