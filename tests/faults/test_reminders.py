"""Two planners at once, for days on end: each reason once, in at most one mail a day, and none of them twice."""

import datetime as dt
import functools
import signal
import time
from collections import Counter

import pytest

from courses.actions import assigning
from courses.models import Assignment
from courses.reminders import planner
from lms.lib import clock, dates
from lms.lib.hours import SendingHours
from lms.outbox import actions as outbox
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests.factories import make_site, make_user
from tests.faults import making
from tests.faults.harness import Children, House, chances, rounds
from tests.faults.outcome import assert_nothing_twice, letters
from tests.faults.together import kinds_of, together
from tests.platform.launching import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

ZONES = ("America/Denver", "Pacific/Auckland", "Europe/London")
TOGETHER = ("America/Denver", "America/Sao_Paulo", "Europe/London")  # there is an hour at which mail goes to all three
HOUR = 3600
FIRST = dt.datetime(2027, 1, 11, 16, 0, tzinfo=dt.UTC)  # no zone changes its clocks in the two weeks that follow


def assignments(due_in: list[int], zones: tuple[str, ...] = ZONES) -> list[Assignment]:
    """One learner each, who works on all days, in sites of three zones, due in so many days of the learner's own calendar."""
    course = making.course()
    sites = [make_site(zone, zone) for zone in zones]
    made, at = [], clock.now()
    for number, days in enumerate(due_in):
        learner = make_user(site=sites[number % len(sites)], working_days="1234567")
        due_on = dates.local_date(at, learner.zone) + dt.timedelta(days=days)
        made.append(assigning.assign(learner, course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=at))
    return made


def expected(rows: list[Assignment], started: dt.datetime, ended: dt.datetime) -> set[str]:
    """The keys of every reminder whose local day lay between these two instants, days of the edges left out."""
    keys = set()
    for row in rows:
        zone, due = row.learner.zone, f"{row.public_id}:{row.due_on:%Y-%m-%d}"
        days = {f"due_soon:{due}:{number}": -number for number in (14, 3, 0)}
        days |= {f"overdue:{due}:{number}": number for number in (1, 7, 21)}
        for key, offset in days.items():
            day = row.due_on + dt.timedelta(days=offset)
            if dates.local_date(started, zone) < day < dates.local_date(ended, zone):
                keys.add(key)
    return keys


def assert_each_reason_once(rows: list[Assignment], started: dt.datetime, house: House) -> None:
    refs = [str(row.public_id) for row in rows]
    reminders = Occasion.objects.filter(kind__in=("due_soon", "overdue"), ref__in=refs)
    keys = list(reminders.values_list("key", flat=True))
    assert len(keys) == len(set(keys))
    assert expected(rows, started, clock.now()) <= set(keys)
    by_kind = Counter(key.rpartition(":")[0] for key in keys)
    assert all(count <= 3 for count in by_kind.values())
    delivered = letters(house.mail)
    messages = Message.objects.filter(recipient__in=[row.learner_id for row in rows])
    assert all(len(delivered[message.message_id]) == 1 for message in messages if message.state == MessageState.SENT)
    assert {message.state for message in messages} <= {MessageState.SENT, MessageState.SUPPRESSED, MessageState.QUEUED}
    assert all(occasion.dropped_reason for occasion in reminders.filter(message=None).exclude(dropped_at=None))
    for row in rows:
        hours = SendingHours(row.learner.zone, row.learner.working_days)
        mine = messages.filter(recipient=row.learner, state=MessageState.SENT)
        sent = [message.sent_at for message in mine if message.sent_at is not None]
        assert all(hours.open(at) for at in sent)
        days = [dates.local_date(at, row.learner.zone) for at in sent]
        assert len(set(days)) == len(days)
        pressing = mine.filter(occasions__kind="overdue", occasions__dropped_at=None).values_list("sent_at", flat=True)
        for at, day in zip(sent, days, strict=True):
            lately = sum(day - dt.timedelta(days=7) < other <= day for other in days)
            assert lately <= 2 or at in pressing, f"{lately} mails in seven days"
    assert_nothing_twice(house.mail)


def test_two_planners_at_the_same_instants_over_days(house: House, children: Children) -> None:
    """Rounds of chance (a seventh of the others): the day of the year, due dates and steps of the clock are drawn. Before the
    two, one planner is killed at a moment of chance."""
    for number, chance in enumerate(chances()):
        if number and number >= rounds() // 7:
            break
        house.set_clock(FIRST + dt.timedelta(hours=chance.uniform(0, 365 * 24)))
        started = clock.now()
        rows = assignments([chance.randint(0, 7) for _ in range(6)])
        while clock.now() < started + dt.timedelta(days=16):
            cut_off = children.begin(house, "plan")
            time.sleep(chance.uniform(0, 0.05))
            assert children.kill(cut_off) in (-signal.SIGKILL, 0)
            planners = [children.begin(house, "plan") for _ in range(2)]
            assert [children.end(pid) for pid in planners] == [0, 0]
            workers = [children.begin(house, "catch_up") for _ in range(2)]
            assert [children.end(pid) for pid in workers] == [0, 0]
            house.move_clock(chance.uniform(7, 22) * HOUR)
        assert_each_reason_once(rows, started, house)


def test_two_beats_at_once_are_one(house: House) -> None:
    """Two real schedulers that plan and sweep every second, and two workers, over twelve days of the clock."""
    house.set_clock(FIRST)
    started = clock.now()
    rows = assignments([1, 3, 6], TOGETHER)
    house.broker.start()
    for _ in range(2):
        house.start("beat")
        house.worker()
    for _ in range(12):
        house.move_clock(24 * HOUR)
        due = expected(rows, started, clock.now() + dt.timedelta(days=1))
        wait_for(functools.partial(all_noted, due), 30, "the day's reasons are noted")
        pressing = {key for key in due if key.startswith("overdue")}
        wait_for(functools.partial(all_sent, pressing), 30, "what presses is sent")
    assert_each_reason_once(rows, started, house)


def all_noted(keys: set[str]) -> bool:
    return keys <= set(Occasion.objects.values_list("key", flat=True))


def all_sent(keys: set[str]) -> bool:
    """Whether each of these was sent, or waits for tomorrow because a mail of yesterday was only sent after the clock had moved: nobody
    gets two mails a day."""
    rows = Occasion.objects.filter(key__in=keys).exclude(message__state=MessageState.SENT)
    return all(_told_today(row.recipient) for row in rows.select_related("recipient__site"))


def _told_today(learner: User) -> bool:
    mails = Message.objects.filter(recipient=learner, state=MessageState.SENT)
    days = {dates.local_date(at, learner.zone) for at in mails.values_list("sent_at", flat=True) if at is not None}
    return dates.local_date(clock.now(), learner.zone) in days


def test_twenty_planners_at_the_same_moment_announce_each_reason_once(house: House) -> None:
    house.set_clock(FIRST)
    started = clock.now()
    rows = assignments([4] * 6, TOGETHER)
    for _ in range(3):
        house.move_clock(24 * HOUR)
        at = clock.now()
        made = together(*[lambda at=at: planner.plan(at=at)] * 20)
        assert kinds_of(made) == {int}, made
        assert sum(made) == Occasion.objects.filter(created_at=at).count()
    assert set(Occasion.objects.filter(kind="due_soon").values_list("ref", flat=True)) == {
        str(row.public_id) for row in rows
    }
    written = together(*[lambda: outbox.gather(at=clock.now())["written"]] * 20)
    assert kinds_of(written) == {int}, written
    assert sum(written) == Message.objects.count() == 6
    for pk in Message.objects.values_list("pk", flat=True):
        outbox.deliver(pk)
    assert expected(rows, started, clock.now()) == {f"due_soon:{row.public_id}:{row.due_on:%Y-%m-%d}:3" for row in rows}
    assert_nothing_twice(house.mail)
