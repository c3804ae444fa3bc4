"""A person's record as of a past day: what a surveyor reads, what was corrected since, and the same as CSV."""

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from courses.actions import assigning, excepting, issuing
from courses.enums import ExceptionKind
from courses.models import Assignment, Certificate, Course
from lms.lib import dates
from lms.people.actions import people
from lms.people.models import Team, User
from lms.record import actions as record
from lms.record.actions import SYSTEM
from tests import factories
from tests.courses.pages import client_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 29, 18, 0, tzinfo=dt.UTC)
HIRED = dt.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), record.recorded_as_told():
        yield


@pytest.fixture
def team() -> Team:
    return factories.make_team("Night team")


@pytest.fixture
def learner(team: Team) -> User:
    return factories.make_recorded_person("Darnell Hughes", team=team, at=NOW - 270 * DAY, hire_date=HIRED)


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Denise Whitaker")


def course(slug: str, title: str, **changes: Any) -> Course:
    return factories.make_course(
        factories.compiled_course(slug, serve=1, pool=3, title=title, **changes), at=NOW - 300 * DAY
    )


def done(learner: User, which: Course, at: dt.datetime) -> Certificate:
    enrollment = factories.make_enrollment(learner, which, at=at - 5 * DAY)
    factories.pass_unit(enrollment, at=at)
    return Certificate.objects.get(enrollment=enrollment)


def words(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    main = answer.content.decode().partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def of(learner: User, on: str, known: str = "then") -> str:
    return f"/team/people/{learner.public_id}/?on={on}&known={known}"


def test_the_sentence_that_a_surveyor_needs(learner: User, boss: User) -> None:
    """A certificate of a short life ran out on November 12; another course was to be done by December 1."""
    certificate = done(
        learner, course("overdose", "Responding to an overdose", valid_months={"staff": 1}), NOW - 47 * DAY
    )
    assert certificate.expires_on == dt.date(2026, 11, 13)
    factories.make_assignment(learner, course("facts", "MAT facts"), at=NOW - 20 * DAY, due_in=21)
    done(learner, course("privacy", "Role and privacy"), NOW - 100 * DAY)
    page = words(client_of(boss), of(learner, "2026-11-14"))
    assert "You are looking at Saturday, November 14, 2026, end of day" in page
    assert "did not hold a current certificate for 2 of the courses that were asked" in page
    assert "Responding to an overdose. It had run out on November 13, 2026." in page
    assert "MAT facts. Not completed, due November 30, 2026." in page
    assert "held a current certificate: Role and privacy." in page
    assert "This is what had been recorded by then. A past day is read only." in page
    assert "What Darnell had to hold" in page
    page = words(client_of(boss), of(learner, "2026-11-13"))  # valid to that day
    assert "did not hold a current certificate for MAT facts. Not completed" in page
    assert "for each of 2 courses: " in page


def test_a_late_correction_is_a_correction(learner: User, boss: User) -> None:
    factories.make_assignment(learner, course("facts", "MAT facts"), at=NOW - 40 * DAY, due_in=20)
    coordinator = factories.make_coordinator()
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=(NOW - 30 * DAY).date(), ends_on=(NOW + 9 * DAY).date(), reason="Family",
        by=coordinator, at=NOW - 3 * DAY,
    )  # fmt: skip
    then, now = (words(client_of(boss), of(learner, "2026-11-14", known)) for known in ("then", "now"))
    assert "did not hold a current certificate for MAT facts. Not completed, due November 9, 2026 and late." in then
    assert "1 correction made later is not shown." in then
    assert "Not asked on that day: MAT facts (on leave)" in now
    assert "1 correction made later is included." in now
    for page in (then, now):
        assert (
            "Corrected since Exception granted Recorded November 26, 2026, 11:00 am by Priya Raman · Leave of absence from October 30, 2026 to December 8, 2026 · Family"
            in page
        )
        assert "MAT facts: Overdue on that day, now On leave" in page


def test_a_revoked_certificate(learner: User, boss: User) -> None:
    certificate = done(learner, course("facts", "MAT facts"), NOW - 60 * DAY)
    issuing.revoke(certificate, reason="Somebody else sat there.", by=boss.subject, at=NOW - 2 * DAY)
    then, now = (words(client_of(boss), of(learner, "2026-11-14", known)) for known in ("then", "now"))
    assert "held a current certificate: MAT facts." in then
    assert (
        "did not hold a current certificate for MAT facts. The certificate was revoked later, on November 27, 2026."
        in now
    )
    assert (
        "Certificate revoked Recorded November 27, 2026, 11:00 am by Denise Whitaker · Somebody else sat there." in then
    )


def test_learned_elsewhere_before_and_accepted_after(learner: User, boss: User) -> None:
    which = course("facts", "MAT facts")
    factories.make_assignment(learner, which, at=NOW - 40 * DAY, due_in=10)
    excepting.grant(
        learner, ExceptionKind.PRIOR_LEARNING, course=which, starts_on=dt.date(2026, 11, 2), ends_on=dt.date(2027, 11, 2),
        reason="County", evidence="Paper seen", by=factories.make_coordinator(), at=NOW - DAY,
    )  # fmt: skip
    then, now = (words(client_of(boss), of(learner, "2026-11-14", known)) for known in ("then", "now"))
    assert "did not hold" in then
    assert "held a current certificate: MAT facts." in now
    assert "learned elsewhere, accepted" in now
    assert "completed November 2, 2026, valid to November 2, 2027" in now


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("2026-11-30", "November 30, 2026 is still to come."),
        (
            "2026-02-01",
            "The record of Darnell Hughes begins on March 2, 2026, so there is nothing to show for February 1, 2026.",
        ),
        ("yesterday", "“yesterday” is not a date."),
        ("2026-02-30", "“2026-02-30” is not a date."),
        ("<b>1</b>", "“<b>1</b>” is not a date."),
        ("%00%00", None),
        ("9" * 200, "is not a date."),
        ("0001-01-01", "begins on March 2, 2026"),
        ("9999-12-31", "December 31, 9999 is still to come."),
    ],
)
def test_a_day_that_cannot_be_shown(learner: User, boss: User, on: str, sentence: str | None) -> None:
    page = words(client_of(boss), of(learner, on))
    assert ("This day cannot be shown" in page) is (sentence is not None)
    assert (sentence or "Courses") in page
    assert "What happened" in page
    answer = client_of(boss).get(f"/team/people/{learner.public_id}/as-of.csv?on={on}")
    assert answer.status_code == (400 if sentence else 200)
    if sentence:
        assert sentence in answer.content.decode()


def test_the_days_of_today_and_of_the_hire_can_be_asked_for(learner: User, boss: User) -> None:
    assert "You are looking at" not in words(client_of(boss), of(learner, "2026-11-29"))
    page = words(client_of(boss), of(learner, "2026-03-02", "now"))
    assert "On that day no course was asked of Darnell" in page
    early = words(client_of(boss), of(learner, "2026-03-02"))
    assert (
        "nothing had been recorded yet: the first entry of this record was written on March 4, 2026" in early
        or "no course was asked" in early
    )


def test_what_was_recorded_later_is_said_to_be(team: Team, boss: User) -> None:
    """Somebody whose record was brought in long after the hire: then, nothing was known."""
    person = factories.make_recorded_person("Late Entry", team=team, at=NOW - 5 * DAY, hire_date=HIRED)
    page = words(client_of(boss), of(person, "2026-06-01"))
    assert (
        "On that day nothing had been recorded yet: the first entry of this record was written on November 24, 2026"
        in page
    )


def test_it_says_where_the_person_was(learner: User, boss: User, team: Team) -> None:
    people.change_person(learner, team=None, by=SYSTEM, at=NOW - 9 * DAY)
    people.change_person(learner, team=factories.make_team("Day team", parent=team), by=SYSTEM, at=NOW - 4 * DAY)
    assert "Darnell was in Night team, Eastgate House, on that day." in words(
        client_of(boss), of(learner, "2026-11-14")
    )
    assert (
        "on that day."
        not in words(client_of(boss), of(learner, "2026-11-27"))
        .partition("What Darnell")[0]
        .partition("On that day no")[0]
    )


def test_the_csv_is_the_page_row_for_row(learner: User, boss: User) -> None:
    first = course("overdose", "Responding to an overdose", valid_months={"staff": 1})
    done(learner, first, NOW - 100 * DAY)
    done(learner, first, NOW - 47 * DAY)
    factories.make_assignment(learner, course("facts", "=MAT facts"), at=NOW - 20 * DAY, due_in=21)
    withdrawn = factories.make_assignment(learner, course("gone", "Gone"), at=NOW - 20 * DAY)
    assigning.withdraw(withdrawn, reason="By mistake", by=SYSTEM, at=NOW - 18 * DAY)
    for known in ("then", "now"):
        page = client_of(boss).get(of(learner, "2026-11-14", known)).content.decode()
        rows = [
            tuple(
                " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split())
                for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
            )
            for body in re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
            for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        ]
        (link,) = re.findall(r'href="([^"]+as-of.csv[^"]*)"', page)
        answer = client_of(boss).get(html.unescape(link))
        content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        found = list(csv.DictReader(io.StringIO(content)))
        assert [(row["Course"].lstrip("'"), row["Cycle"], row["Status"], row["Detail"], row["Progress"]) for row in found] == [
            (re.sub(r" (cycle \d+ )?\d of \d units?$", "", name), (re.findall(r"cycle (\d+)", name) or ["1"])[0], status, detail,
             re.findall(r"\d of \d units?", name)[0])
            for name, status, detail in rows
        ]  # fmt: skip
        assert len(found) == 4
        assert {row["Name"] for row in found} == {"Darnell Hughes"}
        assert {row["As of"] for row in found} == {"2026-11-14"}
        assert found[[row["Course"].lstrip("'") for row in found].index("=MAT facts")]["Course"] == "'=MAT facts"
        assert [row["Counts for the course"] for row in found].count("yes") == 2
        assert 'filename="record-as-of-2026-11-14.csv"' in answer["Content-Disposition"]


def test_my_own_record(learner: User) -> None:
    done(learner, course("facts", "MAT facts"), NOW - 60 * DAY)
    client = client_of(learner)
    assert "Show the record as of" in words(client, "/record/")
    page = words(client, "/record/?on=2026-11-14&known=now")
    assert "On that day you held a current certificate" in page
    assert "What you had to hold" in page
    assert "held a current certificate: MAT facts." in page
    assert client.get("/record/as-of.csv?on=2026-11-14").status_code == 200
    assert "still to come" in words(client, "/record/?on=2027-11-14")


def test_only_those_who_may_open_the_record_may_open_its_past(learner: User, boss: User, team: Team) -> None:
    colleague, outside = factories.make_user(team=team), factories.make_supervisor(factories.make_team("Else"))
    for address in (of(learner, "2026-11-14"), f"/team/people/{learner.public_id}/as-of.csv?on=2026-11-14"):
        for person, status in ((boss, 200), (factories.User.objects.filter(is_coordinator=True).first() or factories.make_coordinator(), 200), (colleague, 404), (outside, 404), (learner, 404)):  # fmt: skip
            assert client_of(person).get(address).status_code == status
        assert Client().get(address).status_code == 302
        assert client_of(boss).post(address).status_code == 405


def test_a_day_ends_in_the_persons_zone(boss: User, team: Team) -> None:
    """Ten at night in Denver is the next day in London, and the viewer's zone does not matter."""
    site = factories.make_site("London", "Europe/London")
    person = factories.make_recorded_person("Ana London", site=site, at=NOW - 90 * DAY)
    late = dt.datetime(2026, 11, 15, 1, 0, tzinfo=dt.UTC)
    factories.make_assignment(person, course("facts", "MAT facts"), at=late, due_in=20)
    client = client_of(factories.make_coordinator())
    assert "no course was asked" in words(client, of(person, "2026-11-14", "now"))
    assert "MAT facts" in words(client, of(person, "2026-11-15", "now"))
    assert dates.local_date(late, "America/Denver") == dt.date(2026, 11, 14)


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow(learner: User, boss: User, number: int, django_assert_num_queries: Any) -> None:
    for n in range(number):
        which = course(f"course-{n}", f"Course {n}")
        done(learner, which, NOW - 100 * DAY)
        assignment = Assignment.objects.filter(course=which).get()
        factories.make_assignment(learner, which, at=NOW - 30 * DAY)
        excepting.grant(learner, ExceptionKind.EXEMPTION, course=assignment.course, starts_on=(NOW - 20 * DAY).date(), ends_on=None, reason="Role", by=boss, at=NOW - DAY)  # fmt: skip
    client = client_of(boss)
    client.get(of(learner, "2026-11-14"))  # from here on it is noted that they looked
    with django_assert_num_queries(18):
        client.get(of(learner, "2026-11-14"))
    with django_assert_num_queries(14):
        client.get(f"/team/people/{learner.public_id}/as-of.csv?on=2026-11-14").getvalue()
