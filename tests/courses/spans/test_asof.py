"""Lists as of a past day: which rows, with which facts, in how many queries."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from courses.actions import assigning, excepting
from courses.enums import ExceptionKind, Known
from courses.forms.asof import AsOfForm
from courses.models import Assignment
from courses.queries.asof import (
    moment_of,
    newest_as_of,
    past_row,
    people_as_of,
    people_below_as_of,
    with_status_as_of,
    with_units_as_of,
)
from courses.queries.status import with_status
from lms.people.actions import people
from lms.people.models import User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]
DAY = dt.timedelta(days=1)
THEN, NOW = Known.THEN, Known.NOW


@pytest.fixture(autouse=True)
def _as_told() -> Iterator[None]:
    with record.recorded_as_told():
        yield


def found(day: dt.date, known: Known) -> list[tuple[str, str, dt.date]]:
    rows = with_status_as_of(Assignment.objects.all(), day, known).order_by("learner__name", "pk")
    return [(row.learner.name, row.status, row.then_due_on) for row in rows]  # type: ignore[attr-defined]


def test_a_day_that_is_over_and_what_we_learned_since(at: dt.datetime) -> None:
    person = factories.make_recorded_person("Ana", at=at - 9 * DAY)
    assignment = factories.make_assignment(person, at=at, due_in=2)
    today = at.date()
    due = assignment.due_on
    assert found(today - DAY, NOW) == found(today - DAY, THEN) == []
    assert found(today, THEN) == [("Ana", "not_started", due)]
    assert found(due, NOW) == [("Ana", "not_started", due)]  # due on that day: not late yet
    assert found(due + DAY, NOW) == [("Ana", "overdue", due)]
    excepting.grant(person, ExceptionKind.LEAVE, starts_on=today + DAY, ends_on=today + 40 * DAY, reason="Ill", by=factories.make_coordinator(), at=at + 12 * DAY)  # fmt: skip
    assert found(due + DAY, THEN) == [("Ana", "overdue", due)]
    assert found(due + DAY, NOW) == [("Ana", "on_leave", due)]
    assert found(due + 10 * DAY, THEN) == found(due + 10 * DAY, NOW) == [("Ana", "on_leave", due)]
    assigning.withdraw(assignment, reason="By mistake", by=SYSTEM, at=at + 20 * DAY)
    assert found(due + DAY, NOW) == [("Ana", "on_leave", due)]
    assert found(today + 20 * DAY, NOW) == [("Ana", "not_required", due)]


def test_for_today_it_says_what_with_status_says(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    for number in range(3):
        person = factories.make_recorded_person(f"P{number}", at=at)
        enrollment = factories.make_enrollment(person, course, at=at, due_in=number)
        if number == 2:
            factories.pass_unit(enrollment, at=at)
    zone = "America/Denver"
    day = at.date() + DAY
    live = with_status(Assignment.objects.all(), moment_of(day, zone)).order_by("pk")
    for known in Known:
        rows = with_status_as_of(Assignment.objects.all(), day, known).order_by("pk")
        assert [(r.pk, r.status, r.certificate_expires_on, r.certificate_expires_at) for r in rows] == [  # type: ignore[attr-defined]
            (r.pk, r.status, r.certificate_expires_on, r.certificate_expires_at)  # type: ignore[attr-defined]
            for r in live
        ]


def test_each_person_has_their_own_end_of_the_day(at: dt.datetime) -> None:
    """Midnight in London is five in the afternoon in Denver."""
    early = factories.make_site("Early", "Europe/London")
    ana = factories.make_recorded_person("Ana", at=at)
    ben = factories.make_recorded_person("Ben", site=early, at=at)
    evening = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)  # still the 23rd in Denver
    for person in (ana, ben):
        factories.make_assignment(person, at=evening)
    assert [name for name, *_ in found(dt.date(2026, 11, 23), NOW)] == ["Ana"]
    assert [name for name, *_ in found(dt.date(2026, 11, 24), NOW)] == ["Ana", "Ben"]


def test_the_newest_cycle_then(at: dt.datetime) -> None:
    person = factories.make_recorded_person("Ana", at=at)
    first = factories.make_assignment(person, at=at)
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at + DAY)
    second = factories.make_assignment(person, at=at + 30 * DAY)
    everybody = User.objects.all()
    rows = with_units_as_of(newest_as_of(everybody, at.date() + 9 * DAY, THEN))
    assert [(row.pk, row.status, row.units_done) for row in rows] == [(first.pk, "complete", 1)]  # type: ignore[attr-defined]
    rows = with_units_as_of(newest_as_of(everybody, at.date() + 31 * DAY, THEN))
    assert [(row.pk, row.units_done) for row in rows] == [(second.pk, 0)]  # type: ignore[attr-defined]
    assigning.withdraw(second, reason="By mistake", by=SYSTEM, at=at + 32 * DAY)
    assert [row.pk for row in newest_as_of(everybody, at.date() + 33 * DAY, NOW)] == [first.pk]
    assert [row.pk for row in newest_as_of(everybody, at.date() + 31 * DAY, NOW)] == [second.pk]


def test_who_was_in_my_teams_then(at: dt.datetime) -> None:
    house = factories.make_team("House")
    night, other = factories.make_team("Night", parent=house), factories.make_team("Other")
    boss = factories.make_supervisor(house)
    ana = factories.make_recorded_person("Ana", team=night, at=at)
    ben = factories.make_recorded_person("Ben", team=other, at=at)
    factories.make_recorded_person("Cleo", team=house, at=at + 9 * DAY)
    people.change_person(ana, team=other, by=SYSTEM, at=at + 2 * DAY)
    people.change_person(ben, team=night, by=SYSTEM, at=at + 4 * DAY)
    people.deactivate(ben, "Left", by=SYSTEM, at=at + 6 * DAY)

    def names(days: int) -> list[str]:
        rows = people_below_as_of(boss, at.date() + days * DAY, THEN).order_by("name")
        assert list(rows) == list(people_below_as_of(boss, at.date() + days * DAY, NOW).order_by("name"))
        return [row.name for row in rows]

    assert [names(days) for days in (0, 3, 5, 7, 10)] == [["Ana"], [], ["Ben"], [], ["Cleo"]]
    (row,) = people_below_as_of(boss, at.date(), NOW)
    assert row.then_team_name == "Night"  # type: ignore[attr-defined]
    assert people_as_of(at.date(), NOW).count() == 2
    stranger = factories.make_user()
    assert not people_below_as_of(stranger, at.date(), NOW).exists()


@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow(at: dt.datetime, number: int, django_assert_num_queries: Any) -> None:
    course = factories.make_course(at=at)
    team = factories.make_team()
    boss = factories.make_supervisor(team)
    for _ in range(number):
        factories.make_assignment(factories.make_recorded_person(team=team, at=at), course, at=at)
    with django_assert_num_queries(4):  # teams, zones twice, rows
        rows = newest_as_of(people_below_as_of(boss, at.date(), THEN), at.date(), THEN)
        assert len([past_row(row) for row in with_units_as_of(rows)]) == number


@pytest.mark.parametrize(
    ("address", "day", "knowledge", "problem"),
    [
        ("/", None, THEN, ""),
        ("/?on=2026-11-20&known=now", dt.date(2026, 11, 20), NOW, ""),
        ("/?on=2026-11-20&known=nonsense", dt.date(2026, 11, 20), THEN, ""),
        ("/?on=2026-11-23", None, THEN, ""),
        ("/?on=2026-11-24", None, THEN, "November 24, 2026 is still to come. Choose today or a day before it."),
        ("/?on=soon&known=now", None, NOW, "“soon” is not a date. Write it as year, month, day: 2026-11-14."),
        ("/?on=2026-11-01", None, THEN, "The record begins on November 14, 2026, so there is nothing to show for November 1, 2026."),
    ],
)  # fmt: skip
def test_a_list_asks_for_a_day_by_its_address(
    at: dt.datetime, address: str, day: dt.date | None, knowledge: Known, problem: str
) -> None:
    factories.make_recorded_person(at=at - 9 * DAY)
    form = AsOfForm(RequestFactory().get(address), zone="America/Denver", at=at)
    assert (form.day, form.knowledge, form.problem) == (day, knowledge, problem)
    assert bool(form.context["as_of"]) is bool(day or (problem and "soon" not in address))


def test_an_empty_record_has_no_past(at: dt.datetime) -> None:
    form = AsOfForm(RequestFactory().get("/?on=2026-11-01"), zone="America/Denver", at=at)
    assert "The record has not begun yet" in form.problem
