"""What the preview of a rule foresees is what comes when the rule is switched on and nobody does anything."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from courses.actions import assigning, cycles, excepting, requiring
from courses.enums import DueKind, ExceptionKind, RenewalKind
from courses.models import Course, Enrollment
from courses.queries.requirements import preview_of
from courses.reminders.forecast import Forecast, Foreseen, forecast, forecast_of
from courses.reminders.planner import plan
from courses.requirements.facts import Due, Renewal
from lms.lib import dates, doorbell
from lms.outbox import actions as outbox
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.people.models import User
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)
TO_HELPERS = {"escalation", "team_digest"}  # what others are told is in no forecast
AFTER = 60  # days of a forecast that are longer than any window here
Mails = Counter[tuple[int, dt.date, tuple[str, ...]]]


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def as_counter(foreseen: list[Foreseen]) -> Mails:
    return Counter((m.person, m.on, tuple(sorted(key.partition(":")[0] for key in m.keys))) for m in foreseen)


def live(at: dt.datetime, days: int) -> Mails:
    """Goes through the days, hour by hour of the working day, and returns what was sent."""
    with doorbell.silent():
        for day in range(days):
            for hour in (0, 5):
                now = at + day * DAY + dt.timedelta(hours=hour)
                excepting.settle_ended(at=now)
                cycles.reconcile_all(at=now)
                plan(at=now)
                outbox.gather(at=now)
                for pk in Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True):
                    outbox.deliver(pk, at=now)
    rows = (
        Message.objects.filter(state=MessageState.SENT).select_related("recipient__site").prefetch_related("occasions")
    )
    return Counter(
        (
            m.recipient_id,
            dates.local_date(m.sent_at, m.recipient.zone),
            tuple(sorted(o.kind for o in m.occasions.all())),
        )
        for m in rows
        if m.sent_at is not None and any(o.kind not in TO_HELPERS for o in m.occasions.all())
    )


def test_a_rule_brings_the_mails_that_its_preview_foresees(course: Course, at: dt.datetime) -> None:
    coordinator = factories.make_coordinator()
    people = [factories.make_user(hire_date=dt.date(2026, 11, day), working_days=days) for day, days in (
        (2, "12345"), (9, "12345"), (20, "67"), (23, "1234567"),
    )]  # fmt: skip
    other = factories.make_course(factories.compiled_course("other"), at=at)
    assigning.assign(people[0], other, due_on=dt.date(2026, 12, 4), reason="By hand", by=SYSTEM, at=at)
    assigning.assign(people[1], course, due_on=dt.date(2027, 1, 20), reason="By hand", by=SYSTEM, at=at)
    today = dates.local_date(at, people[3].zone)
    excepting.grant(
        people[3], ExceptionKind.LEAVE, starts_on=today, ends_on=today + 9 * DAY, reason="x", by=coordinator, at=at
    )
    rule = factories.make_requirement(course, by=coordinator, at=at, on=False, due=Due(DueKind.AFTER_HIRE, 20), grace=5)
    version = rule.versions.get()
    preview = preview_of(version, at)
    foreseen = forecast_of([one for row in preview.rows for one in row.planned], at)
    with doorbell.silent():
        requiring.switch_on(version, by=coordinator, at=at)
    came = live(at, 30)
    assert came == as_counter(list(foreseen.mails))
    assert foreseen.people == 4, "the coordinator has no hire date"
    assert len(foreseen.counted) < len(foreseen.mails), "some would come anyway"
    told = sum(n for (person, _, kinds), n in came.items() if person == people[1].pk and "course_assigned" in kinds)
    assert told == 1, "it was theirs before the rule, so the rule is no news"


def test_renewals_that_will_open_are_foreseen(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 3, window=30))
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    live(at, 1)
    begins = at + 55 * DAY
    foreseen = forecast(begins, days=AFTER, people=[learner.pk])
    before = set(Message.objects.values_list("pk", flat=True))
    assert before
    came = live(begins, AFTER)
    mine = {key: n for key, n in came.items() if key[0] == learner.pk and key[1] >= begins.date()}
    assert mine == dict(as_counter(list(foreseen.mails)))
    assert any("renewal_opens" in kinds for _, _, kinds in mine)


def away_with_a_new_course(course: Course, at: dt.datetime, days: int, **person: Any) -> User:
    """On leave from today for so many days more; the course is assigned on the first of them."""
    learner = factories.make_user(**person)
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=at.date() + days * DAY, reason="Rest",
        by=factories.make_coordinator(), at=at,
    )  # fmt: skip
    assigning.assign(learner, course, due_on=at.date() + 60 * DAY, reason="New here", by=SYSTEM, at=at)
    return learner


@pytest.mark.parametrize("again_after", [20, 70])
def test_a_renewal_is_foreseen_although_newer_evidence_came_by_hand(
    course: Course, at: dt.datetime, again_after: int
) -> None:
    """The course was assigned once more by hand and passed again: the rule holds that first, and renews it when its own window opens. (After
    70 days the old window is open already, so the renewal itself is what is passed.)"""
    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 3, window=30))
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    live(at, 1)
    again = at + again_after * DAY
    cycles.reconcile_all(at=again)
    if not learner.assignments.open().exists():
        assigning.assign(learner, course, due_on=again.date() + 9 * DAY, reason="By hand", by=SYSTEM, at=again)
    factories.pass_unit(Enrollment.objects.get(learner=learner, completed_at=None), at=again)
    live(again, 1)
    begins = again + 5 * DAY
    foreseen = forecast(begins, days=90, people=[learner.pk])
    came = live(begins, 90)
    mine = {key: n for key, n in came.items() if key[0] == learner.pk and key[1] >= begins.date()}
    assert mine == dict(as_counter(list(foreseen.mails)))
    assert any("renewal_opens" in kinds for _, _, kinds in mine)


def test_a_reason_that_was_noted_and_rests_is_foreseen_for_the_end_of_the_leave(
    course: Course, at: dt.datetime
) -> None:
    back_on = at.date() + 8 * DAY  # a Tuesday
    learner = away_with_a_new_course(course, at, 7)
    foreseen = as_counter(list(forecast(at, days=12).mails))
    assert foreseen == Counter({(learner.pk, back_on, ("course_assigned",)): 1})
    assert live(at, 12) == foreseen


def test_a_reason_is_foreseen_on_the_last_day_of_news(course: Course, at: dt.datetime) -> None:
    learner = away_with_a_new_course(course, at, 12, working_days="1234567")
    foreseen = as_counter(list(forecast(at, days=18).mails))
    assert foreseen == Counter({(learner.pk, at.date() + 13 * DAY, ("course_assigned",)): 1})
    assert live(at, 18) == foreseen


def test_a_reason_that_is_no_news_after_the_leave_is_not_foreseen(course: Course, at: dt.datetime) -> None:
    """Back on a Saturday, the last day of news is the Sunday, and the next working day the Monday after."""
    away_with_a_new_course(course, at, 11)
    assert forecast(at, days=18).mails == ()
    assert live(at, 18) == Counter()


def test_a_renewal_that_opens_during_a_leave_and_is_no_news_after_it_is_not_foreseen(
    course: Course, at: dt.datetime
) -> None:
    """Works on Mondays alone, and is back when there is no Monday left on which it is news."""
    learner = factories.make_user(working_days="1")
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 12, window=60))
    live(at, 1)
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    opens = at + (365 - 60) * DAY
    before = opens - 5 * DAY
    excepting.grant(
        learner, ExceptionKind.EXEMPTION, starts_on=before.date(), ends_on=opens.date() + 11 * DAY, reason="Rest",
        course=course, by=factories.make_coordinator(), at=before,
    )  # fmt: skip
    foreseen = as_counter(list(forecast(before, days=24, people=[learner.pk]).mails))
    assert not any("renewal_opens" in kinds for _, _, kinds in foreseen)
    came = live(before, 24)
    assert {mail: came[mail] for mail in came if mail[0] == learner.pk and mail[1] >= before.date()} == foreseen


def test_a_renewal_that_opens_during_a_leave_is_foreseen_for_its_end(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=Renewal(RenewalKind.MONTHS, 12, window=60))
    live(at, 1)
    factories.pass_unit(Enrollment.objects.get(learner=learner), at=at)
    opens = at + (365 - 60) * DAY
    before = opens - 5 * DAY
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=before.date(), ends_on=opens.date() + 6 * DAY, reason="Rest",
        by=factories.make_coordinator(), at=before,
    )  # fmt: skip
    foreseen = as_counter(list(forecast(before, days=16, people=[learner.pk]).mails))
    assert [kinds for _, _, kinds in foreseen] == [("renewal_opens",)]
    assert all(day > opens.date() + 6 * DAY for _, day, _ in foreseen)
    came = live(before, 16)
    assert {mail: came[mail] for mail in came if mail[0] == learner.pk and mail[1] >= before.date()} == foreseen


def test_the_first_of_more_than_two_a_week_is_counted() -> None:
    days = [dt.date(2026, 12, day) for day in (1, 3, 7, 20)]
    crowded = Forecast(tuple(Foreseen(1, day, ("overdue:x",)) for day in days))
    assert crowded.crowded == 1
    calm = Forecast(tuple(Foreseen(1, day, ("overdue:x",)) for day in (days[0], days[1], days[3])))
    assert calm.crowded == 0
    others = Forecast(crowded.mails, frozenset({"due_soon:y"}))
    assert (others.people, others.crowded, others.counted) == (0, 0, [])


def test_the_preview_says_it(course: Course, at: dt.datetime, client: Any) -> None:
    coordinator = factories.make_coordinator()
    for _ in range(2):
        factories.make_user()
    rule = factories.make_requirement(course, by=coordinator, on=False)
    client.force_login(coordinator)
    page = client.get(f"/coordinator/requirements/{rule.public_id}/preview/").content.decode()
    assert "mails to 3 people, if nobody finishes earlier." in page
