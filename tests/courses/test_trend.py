"""What was held, week by week: the same as the status of every row at that instant says, whichever way it is asked."""

import datetime as dt
from typing import Any

import pytest
from django.db.models import Q

from courses.actions import assigning, excepting, issuing
from courses.enums import ExceptionKind, Status
from courses.models import Assignment, Certificate, Course
from courses.queries.status import with_status
from courses.queries.trend import NOT_ASKED, holds, instants, shares
from lms.lib import dates
from lms.people.models import Team, User
from lms.record.actions import SYSTEM
from tests import factories
from tests.courses.pages import enrollment_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


def everybody() -> Any:
    return User.objects.filter(team__isnull=False)


def test_the_instants_are_ninety_days(at: dt.datetime) -> None:
    found = instants(at)
    assert (found[0], found[-2], found[-1]) == (at - 90 * DAY, at - 7 * DAY, at)
    assert len(found) == 14
    assert found == sorted(found)


def story(team: Team, at: dt.datetime) -> list[Course]:
    """Two courses and people to whom something happened at some time of the last hundred days."""
    courses = [factories.make_course(slug=slug, title=slug, at=at - 500 * DAY) for slug in ("one", "two")]
    one, two = courses
    boss = factories.make_user()

    def give(name: str, course: Course, days_ago: int, due_in: int, learner: User | None = None) -> Assignment:
        learner = learner or factories.make_user(name, team=team)
        return factories.make_assignment(learner, course, at=at - days_ago * DAY, due_in=due_in)

    for days in (80, 50, 10, 3):
        row = give(f"Done {days}", one, 100, 30)
        factories.pass_unit(enrollment_of(row), at=at - days * DAY)
        give("", two, days, 20, row.learner)
    row = give("Ran out", one, 100, 30)
    factories.pass_unit(enrollment_of(row), at=at - 95 * DAY)
    end = dates.local_date(at - 20 * DAY, row.learner.zone)
    Certificate.objects.filter(enrollment=row.enrollment).update(
        expires_on=end, expires_at=dates.end_of_day(end, row.learner.zone)
    )
    row = give("Revoked", one, 100, 30)
    factories.pass_unit(enrollment_of(row), at=at - 60 * DAY)
    issuing.revoke(Certificate.objects.get(enrollment=row.enrollment), reason="x", by=boss.subject, at=at - 30 * DAY)
    row = give("Withdrawn", one, 70, 30)
    assigning.withdraw(row, reason="x", by=SYSTEM, at=at - 40 * DAY)
    for kind, first, last in ((ExceptionKind.EXEMPTION, 60, 20), (ExceptionKind.LEAVE, 30, -10)):
        row = give(kind.label, one, 90, 10)
        excepting.grant(
            row.learner,
            kind,
            starts_on=(at - first * DAY).date(),
            ends_on=(at - last * DAY).date(),
            reason="x",
            course=one,
            by=boss,
            at=at - first * DAY,
        )
    row = give("Elsewhere", two, 90, 10)
    excepting.grant(
        row.learner,
        ExceptionKind.PRIOR_LEARNING,
        starts_on=(at - 200 * DAY).date(),
        ends_on=(at + 30 * DAY).date(),
        reason="x",
        evidence="Seen on paper",
        course=two,
        by=boss,
        at=at - 45 * DAY,
    )
    return courses


@pytest.mark.both_db
def test_each_point_is_what_the_statuses_of_that_instant_say(team: Team, at: dt.datetime) -> None:
    story(team, at)
    points = shares(everybody(), at)
    assert [point.at for point in points] == instants(at)
    for point in points:
        then = Assignment.objects.filter(
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=point.at),
            learner__team=team,
            assigned_at__lte=point.at,
        )
        rows = [
            (row.learner_id, Status(row.status), row.renews_until_at)  # type: ignore[attr-defined]
            for row in with_status(then, point.at)
        ]
        asked = [row for row in rows if row[1] not in NOT_ASKED]
        held = [row for row in asked if holds(row[1], row[2], point.at)]
        lacking = {row[0] for row in asked if row not in held}
        assert (point.asked, point.held) == (len(asked), len(held)), point.at
        assert (point.people, point.whole) == (everybody().count(), everybody().count() - len(lacking))
    assert len({point.percent for point in points}) > 3, "the story moves"


@pytest.mark.both_db
def test_of_several_cycles_the_newest_of_that_day_counts(team: Team, at: dt.datetime) -> None:
    course = factories.make_course(at=at - 500 * DAY)
    learner = factories.make_user("Maya", team=team)
    first = factories.make_assignment(learner, course, at=at - 100 * DAY, due_in=30)
    factories.pass_unit(enrollment_of(first), at=at - 95 * DAY)
    second = factories.make_assignment(learner, course, at=at - 50 * DAY, due_in=20)
    factories.pass_unit(enrollment_of(second), at=at - 10 * DAY)
    found = [(point.asked, point.held) for point in shares(everybody(), at)]
    assert found[:6] == [(1, 1)] * 6
    assert found[-7:-2] == [(1, 0)] * 5
    assert found[-2:] == [(1, 1)] * 2


def test_a_renewal_that_is_begun_is_still_held_while_the_old_one_counts(at: dt.datetime) -> None:
    before, after = at - DAY, at + DAY
    assert holds(Status.IN_PROGRESS, after, at)
    assert holds(Status.OVERDUE, after, at)
    assert holds(Status.EXPIRING, None, at)
    assert not holds(Status.EXPIRED, before, at)
    assert not holds(Status.IN_PROGRESS, None, at)
    assert not holds(Status.EXEMPT, after, at)


def test_nobody_and_nothing(team: Team, at: dt.datetime) -> None:
    assert {(p.asked, p.held, p.people, p.percent) for p in shares(everybody(), at)} == {(0, 0, 0, None)}
    factories.make_user("Maya", team=team)
    assert {(p.asked, p.people, p.whole) for p in shares(everybody(), at)} == {(0, 1, 1)}


@pytest.mark.parametrize("rounds", [1, 3])
def test_four_queries(team: Team, at: dt.datetime, rounds: int, django_assert_num_queries: Any) -> None:
    course = factories.make_course(at=at - 500 * DAY)
    for number in range(rounds):
        row = factories.make_assignment(factories.make_user(f"P{number}", team=team), course, at=at - 60 * DAY)
        factories.pass_unit(enrollment_of(row), at=at - 30 * DAY)
    with django_assert_num_queries(4):
        assert shares(everybody(), at)[-1].held == rounds
