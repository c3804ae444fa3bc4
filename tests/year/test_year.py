"""A year of one provider in virtual time, with three outages. ``LMS_YEAR_PEOPLE=300`` is the size of the promise; the suite takes fewer."""

import datetime as dt
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from courses.models import Assignment, DutyException, Enrollment, Reply
from courses.reminders.forecast import forecast
from lms.lib import dates, doorbell
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.record import actions as record
from lms.record.models import RecordHead
from lms.record.queries import faults
from tests.year.ledger import Ledger
from tests.year.snapshots import Snapshots, differences
from tests.year.town import DAY, DAYS, QUIET, TICKS, WEEK, Town, how_many

URGENT = {"overdue", "expired", "attempts_used"}
DUTY = {"course_assigned", "renewal_opens", "due_soon", "overdue", "expires", "expired"}
SHIFT = 6  # a reason may move to the working day before or after, and wait for its turn


class YearTown(Town):
    """Holds each mail beside what is true at its instant, read from the tables by plain comparisons that know nothing of moments."""

    def __init__(self, *args: Any) -> None:
        self.wrong: list[str] = []
        self.reasons = 0
        super().__init__(*args)

    def deliver(self) -> None:
        seen = len(self.sent)
        super().deliver()
        for message, at in self.sent[seen:]:
            for occasion in message.occasions.all():
                if occasion.dropped_at is None:
                    self.reasons += 1
                    why = self.untrue(occasion, at)
                    if why:
                        self.wrong.append(f"{at:%Y-%m-%d %H}h {occasion.key}: {why}")

    def untrue(self, occasion: Occasion, at: dt.datetime) -> str:
        person = occasion.recipient
        if not person.is_active:
            return "the person has left"
        if occasion.kind not in DUTY:
            return ""
        row = Assignment.objects.select_related("learner__site", "course", "enrollment").get(public_id=occasion.ref)
        if row.withdrawn_at is not None:
            return "withdrawn"
        done = row.satisfied_at is not None or (row.enrollment is not None and row.enrollment.completed_at is not None)
        if done and not (
            occasion.kind in ("expires", "expired") and occasion.key.split(":")[2] != str(row.renews_until_on)
        ):
            return "it is done"
        rests = DutyException.objects.filter(learner=person, kind__in=("leave", "exemption"), starts_at__lte=at)
        rests = rests.exclude(ends_at__lte=at)
        if any(rest.course_id in (None, row.course_id) for rest in rests):
            return "exempt or on leave"
        open_answers = Reply.objects.filter(learner=person, settled_at=None)
        if any(r.answer == "on_leave" or (r.assignment_id == row.pk and not done) for r in open_answers):
            return "an answer waits"
        return self._days(occasion, row, dates.local_date(at, row.learner.zone))

    def _days(self, occasion: Occasion, row: Assignment, today: dt.date) -> str:
        parts = occasion.key.split(":")
        if occasion.kind in ("due_soon", "overdue"):
            due, number = dt.date.fromisoformat(parts[2]), int(parts[3])
            if due != row.due_on:
                return f"it is due {row.due_on}"
            left = (due - today).days
            if occasion.kind == "due_soon" and not 0 <= left <= number + SHIFT:
                return f"{left} days are left"
            if occasion.kind == "overdue" and not number <= -left < {1: 7, 7: 21}.get(number, number + 14) + SHIFT:
                return f"{-left} days late"
        if occasion.kind == "expires":
            left = (dt.date.fromisoformat(parts[2]) - today).days
            if not 0 <= left <= int(parts[3]) + SHIFT:
                return f"{left} days are left"
        if occasion.kind == "expired":
            late = (today - dt.date.fromisoformat(parts[2])).days
            if not 0 < late <= 14 + SHIFT:
                return f"{late} days since it ended"
        if occasion.kind == "course_assigned" and today > row.due_on:
            return "the due date has passed"
        return ""


@pytest.fixture
def town(transactional_db: None, settings: Any, tmp_path: Path) -> YearTown:
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "full").write_text("a file where a folder is wanted: nothing can be written")
    with doorbell.silent(), record.recorded_as_told():
        return YearTown("2027", mail, settings)


def said_in(town: YearTown, first: dt.date, last: dt.date) -> Counter[tuple[int, dt.date, tuple[str, ...]]]:
    """Person, local day and kinds of reasons of every mail of these days, the coordinator's left out: what is told of others hangs on mail
    that went out before, no forecast counts it, and it comes in one mail with what is the coordinator's own."""
    found: Counter[tuple[int, dt.date, tuple[str, ...]]] = Counter()
    for message, at in town.sent:
        if message.recipient_id == town.coordinator.pk:
            continue
        day = dates.local_date(at, message.recipient.site.zone)
        if first <= day <= last:
            reasons = tuple(sorted(o.kind for o in message.occasions.all() if o.dropped_at is None))
            found[message.recipient_id, day, reasons] += 1
    return found


@pytest.mark.timeout(480 + 30 * how_many())
def test_a_year(town: YearTown) -> None:
    foreseen = None
    snapshots = Snapshots()
    with doorbell.silent(), record.recorded_as_told():
        for day in town.days(0, DAYS):
            if day % 23 == 11:
                snapshots.take(town, day)
            if day == QUIET[0]:
                town.now = town.at(day - 1, TICKS[-1])  # right after the last tick of the day before
                foreseen = forecast(town.now, days=len(QUIET) - 1)
                town.now = town.at(day, TICKS[0])
    assert foreseen is not None
    _the_forecast_is_the_mail(town, foreseen)
    assert town.wrong == [], "\n".join(town.wrong)
    assert town.reasons > 100
    _nobody_is_above_the_cap(town)
    _no_reason_is_said_twice(town)
    _nothing_vanished()
    _the_record_says_the_same(town)
    _past_days_are_as_they_were(town, snapshots)
    kinds_sent = {o.kind for message, _ in town.sent for o in message.occasions.all()}
    assert kinds_sent >= DUTY, "the year was not rich enough to prove anything"
    per_person = Counter(message.recipient_id for message, _ in town.sent)
    print(f"\n{town.number} people, {len(town.sent)} mails with {town.reasons} reasons, at most {max(per_person.values())} to one person;"
          f" foreseen for {len(QUIET) - 1} quiet days: {len(foreseen.mails)}, crowded: {foreseen.crowded}")  # fmt: skip


def _the_forecast_is_the_mail(town: YearTown, foreseen: Any) -> None:
    """Days that lie whole inside the quiet time in every zone."""
    first, last = town.at(QUIET[1], 0).date(), town.at(QUIET[-3], 0).date()
    expected = Counter(
        (mail.person, mail.on, tuple(sorted(key.partition(":")[0] for key in mail.keys)))
        for mail in foreseen.mails
        if first <= mail.on <= last and mail.person != town.coordinator.pk
    )
    came = said_in(town, first, last)
    differ = sorted({person for person, *_ in (came - expected) + (expected - came)})
    for person in differ:  # what is printed helps whoever meets a difference
        print(sorted((came - expected) + (expected - came)))
        for row in Occasion.objects.filter(recipient=person, created_at__gt=town.at(QUIET[0] - 40, 0)):
            print(row.key, row.created_at, row.message and row.message.sent_at, row.dropped_at, row.dropped_reason)
        for one in DutyException.objects.filter(learner=person):
            print(one, one.starts_on, one.ends_on, one.course)
    assert came == expected
    assert sum(expected.values()) > 3


def _nobody_is_above_the_cap(town: YearTown) -> None:
    """Days are those of the zone in which the person is when a mail is sent, as it is for whoever moves from one zone to another."""
    mails: dict[int, list[tuple[dt.datetime, Message]]] = defaultdict(list)
    for message, at in town.sent:
        hours = kinds.hours_of(message.recipient)
        assert hours.open(at), f"{message} at {at}"
        mails[message.recipient_id].append((at, message))
    for person, found in mails.items():
        for at, message in found:
            zone = message.recipient.zone
            day = dates.local_date(at, zone)
            days = [dates.local_date(other, zone) for other, _ in found if other <= at]
            assert days.count(day) == 1, f"two mails a day to {person} on {day}"
            told = list(message.occasions.all())
            urgent = any(one.kind in URGENT for one in told if one.dropped_at is None)
            lately = [other for other in days if day - WEEK * DAY < other]
            reasons = [(one.key, one.dropped_reason) for one in told]
            assert len(lately) <= 2 or urgent, (
                f"too many mails in seven days to {person}: {lately}; the last says {reasons}"
            )


def _no_reason_is_said_twice(town: YearTown) -> None:
    keys = Counter(o.key for message, _ in town.sent for o in message.occasions.all() if o.dropped_at is None)
    assert set(keys.values()) == {1}


def _nothing_vanished() -> None:
    """Every reason was told, dropped with a reason, suppressed with a reason, or waits for its turn."""
    assert not Occasion.objects.filter(dropped_at__isnull=False, dropped_reason="").exists()
    assert not Message.objects.filter(state=MessageState.SUPPRESSED, last_reply="", decision="").exists()
    states = set(Message.objects.exclude(kind="certificate_ready").values_list("state", flat=True))
    assert states <= {MessageState.SENT, MessageState.SUPPRESSED, MessageState.QUEUED}


def _past_days_are_as_they_were(town: YearTown, snapshots: Snapshots) -> None:
    """What was known on the days of the snapshots is what they hold; also after late corrections, which only change what we know today."""
    assert differences() == []
    snapshots.hold()
    with doorbell.silent(), record.recorded_as_told():
        town.now += dt.timedelta(days=1)
        corrected = snapshots.correct_late(town)
    assert corrected > 0, "the year was not rich enough to correct anything"
    snapshots.hold()
    assert differences() == []


def _the_record_says_the_same(town: YearTown) -> None:
    """Each chain verifies; and what the record alone tells about every assignment is what the tables hold. (Its status of every day is
    held beside the spans, which come from the events alone, by ``_past_days_are_as_they_were``.)"""
    assert [fault for head in RecordHead.objects.all() for fault in faults(head.subject)] == []
    ledger = Ledger()
    rows = Assignment.objects.select_related("learner__site", "course", "enrollment")
    assert rows.count() == len(ledger.assignments)
    for row in rows:
        told = ledger.assignments[str(row.public_id)]
        assert (told.due_on, told.opens_on, told.course) == (row.due_on, row.opens_on, row.course.slug)
        assert (told.withdrawn_at, told.satisfied_at, told.ended_at) == (
            row.withdrawn_at,
            row.satisfied_at,
            row.ended_at,
        )
        run = ledger.runs.get(told.enrollment)
        completed = row.enrollment.completed_at if row.enrollment else None
        assert (run.completed_at if run else None) == completed
    for enrollment in Enrollment.objects.filter(completed_at__isnull=False):
        assert ledger.runs[str(enrollment.public_id)].completed_at == enrollment.completed_at
        certificate = enrollment.certificates.get(superseded_at=None)
        assert ledger.runs[str(enrollment.public_id)].expires_on == certificate.expires_on
