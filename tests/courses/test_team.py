"""What a supervisor sees: order, filters, counts, the CSV, and who sees whom."""

import csv
import datetime as dt
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions import assigning, issuing
from courses.enums import ATTENTION, Status
from courses.models import Assignment, Course, Enrollment
from courses.queries.team import CSV_HEAD, csv_row, team_page
from lms.lib import clock
from lms.people.actions import organization
from lms.people.models import Supervision, Team, User
from lms.people.queries.teams import people_below
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def give(learner: User, course: Course, at: dt.datetime, due_in: int = 14) -> Assignment:
    return factories.make_assignment(learner, course, at=at, due_in=due_in)


def page(at: dt.datetime, **filters: str) -> Any:
    return team_page(User.objects.filter(is_active=True).exclude(team=None), at, **filters)


def people(found: Any) -> list[str]:
    return [row.person.name for row in found.rows]


def everybody(team: Team, course: Course, at: dt.datetime) -> dict[str, Assignment]:
    """One person in each status at ``at + 100 days``."""
    then = at + 100 * DAY
    names = [
        "expired",
        "revoked",
        "overdue",
        "used",
        "expiring",
        "waiting",
        "reading",
        "later",
        "complete",
        "withdrawn",
    ]
    rows = {
        name: give(
            factories.make_user(name.capitalize(), team=team), course, at, due_in=20 if name == "overdue" else 200
        )
        for name in names
    }

    def run(name: str) -> Enrollment:
        enrollment = rows[name].enrollment
        assert enrollment is not None
        return enrollment

    for name, days in (("expired", 10), ("expiring", 30), ("complete", None), ("revoked", None)):
        certificate = factories.pass_unit(run(name), at=at).certificate
        assert certificate is not None
        if days is not None:
            expires = (then + (days - 20) * DAY).date()
            type(certificate).objects.filter(pk=certificate.pk).update(
                expires_on=expires, expires_at=then + (days - 20) * DAY
            )
        if name == "revoked":
            issuing.revoke(certificate, reason="x", by=factories.make_user().subject, at=at + 5 * DAY)
    Enrollment.objects.filter(pk=run("used").pk).update(started_at=at, attempts_used_at=at)
    Enrollment.objects.filter(pk=run("reading").pk).update(started_at=at)
    Assignment.objects.filter(pk=rows["later"].pk).update(opens_at=then + DAY)
    assigning.withdraw(rows["withdrawn"], reason="x", by=SYSTEM, at=at)
    return rows


@pytest.mark.both_db
def test_what_needs_attention_comes_first(team: Team, course: Course, at: dt.datetime) -> None:
    everybody(team, course, at)
    found = page(at + 100 * DAY)
    assert people(found) == [
        "Revoked",
        "Expired",
        "Overdue",
        "Used",
        "Expiring",
        "Waiting",
        "Reading",
        "Later",
        "Complete",
    ]
    ranks = [ATTENTION[row.status] for row in found.rows]
    assert ranks == sorted(ranks)
    details = {row.person.name: row.detail for row in found.rows}
    assert details["Revoked"] == "certificate revoked on November 28, 2026"
    assert details["Expired"] == "since February 21, 2027"
    assert details["Overdue"] == "since December 13, 2026"
    assert details["Expiring"] == "completed November 23, 2026, valid to March 13, 2027"
    assert details["Complete"] == "completed November 23, 2026, valid to November 23, 2028"
    assert details["Waiting"] == "due June 11, 2027"
    progress = {row.person.name: row.progress for row in found.rows}
    assert progress["Complete"] == "1 of 1 unit"
    assert progress["Reading"] == "0 of 1 unit"


@pytest.mark.both_db
def test_of_one_status_the_longest_due_then_the_name(team: Team, course: Course, at: dt.datetime) -> None:
    for name, days in (("Zed", 5), ("ann", 9), ("Bea", 9)):
        give(factories.make_user(name, team=team), course, at, due_in=days)
    assert people(page(at)) == ["Zed", "ann", "Bea"]


@pytest.mark.both_db
def test_filters_narrow(team: Team, course: Course, at: dt.datetime) -> None:
    other = factories.make_course(factories.compiled_course("other", title="Other"), at=at)
    ann, bea = factories.make_user("Ann Able", team=team), factories.make_user("Bea Baker", team=team)
    give(ann, course, at)
    give(bea, other, at)
    late = give(bea, course, at, due_in=1)
    then = at + 5 * DAY
    assert people(page(then)) == ["Bea Baker", "Ann Able", "Bea Baker"]
    assert people(page(then, course="other")) == ["Bea Baker"]
    assert people(page(then, status="overdue")) == ["Bea Baker"]
    assert people(page(then, search="able")) == ["Ann Able"]
    assert people(page(then, search="%")) == []
    assert people(page(then, course="other", status="overdue")) == []
    assert page(then, status="overdue").rows[0].due_on == late.due_on


@pytest.mark.both_db
def test_people_without_a_course_come_apart(team: Team, course: Course, at: dt.datetime) -> None:
    none, gone, both, one = (factories.make_user(n, team=team) for n in ("None", "Gone", "Both", "One"))
    assigning.withdraw(give(gone, course, at), reason="x", by=SYSTEM, at=at)
    other = factories.make_course(factories.compiled_course("other", title="Other"), at=at)
    assigning.withdraw(give(both, other, at), reason="x", by=SYSTEM, at=at)
    give(both, course, at)
    give(one, course, at)
    found = page(at)
    assert [p.name for p in found.people_without] == ["Gone", "None"]
    assert people(found) == ["Both", "One"]
    assert found.people == 4
    assert page(at, status="overdue").people_without == ()
    assert page(at, course=course.slug).people_without == ()
    assert [p.name for p in page(at, search="non").people_without] == ["None"]
    assert none.pk


@pytest.mark.both_db
def test_the_newest_cycle_of_a_course_is_shown(team: Team, course: Course, at: dt.datetime) -> None:
    learner = factories.make_user("Ann", team=team)
    first = give(learner, course, at)
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at)
    second = give(learner, course, at + DAY, due_in=30)
    (row,) = page(at + DAY).rows
    assert (row.due_on, row.status, row.units_done) == (second.due_on, Status.NOT_STARTED, 0)
    assigning.withdraw(second, reason="x", by=SYSTEM, at=at + DAY)
    (row,) = page(at + DAY).rows
    assert row.status == Status.COMPLETE


def test_counts(team: Team, course: Course, at: dt.datetime) -> None:
    everybody(team, course, at)
    found = page(at + 100 * DAY)
    assert found.count(Status.EXPIRED) == 2
    assert found.count(Status.OVERDUE, Status.EXPIRED, Status.ATTEMPTS_USED) == 4
    assert found.people == 10
    assert [p.name for p in found.people_without] == ["Withdrawn"]


# --- the page and the CSV ---------------------------------------------------------------------------------------------
def rows_on_screen(html: str) -> list[list[str]]:
    body = html.split("<tbody>")[1].split("</tbody>")[0]
    rows = []
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        rows.append([" ".join(re.sub(r"<[^>]+>", "|", cell).replace("|", " ").split()) for cell in cells])
    return rows


def exported(client: Client, **filters: str) -> list[dict[str, str]]:
    response = client.get("/team/export.csv", filters)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def boss(team: Team, client: Client) -> User:
    user = factories.make_supervisor(team, name="Ines Boss")
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    "filters", [{}, {"status": "overdue"}, {"search": "ed"}, {"course": "test-course"}, {"status": "nonsense"}]
)
def test_the_csv_is_what_the_page_shows(
    boss: User, team: Team, course: Course, client: Client, filters: dict[str, str]
) -> None:
    everybody(team, course, clock.now() - 100 * DAY)
    html = client.get("/team/", filters).content.decode()
    cells = exported(client, **filters)
    with_course = [row for row in cells if row["Course"]]
    screen = rows_on_screen(html)
    assert len(screen) == len(with_course) > 0
    for shown, row in zip(screen, with_course, strict=True):
        assert shown[0].startswith(row["Name"])
        assert row["Team"] in shown[0]
        assert shown[1] == row["Course"]
        status, why, rest = shown[2].partition(" \u00b7 Why?")
        assert status == f"{row['Status']} {row['Detail']}"
        assert why
        link = " Open another attempt" in rest
        assert link == (row["Status"] == "Attempts used"), "the one thing that a supervisor can do about a row"
        assert shown[4] == row["Progress"]
        due = dt.date.fromisoformat(row["Due"])
        assert shown[3] == f"{due:%B} {due.day}, {due.year}"
    without = [row["Name"] for row in cells if not row["Course"]]
    assert without == re.findall(r"<h3><bdi>(.*?)</bdi></h3>", html)
    assert all(row["Status"] == "No course assigned" for row in cells if not row["Course"])


def test_the_csv_is_a_download_that_nobody_keeps(boss: User, client: Client) -> None:
    response = client.get("/team/export.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="training-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    assert "no-store" in response["Cache-Control"]


EVIL = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    " =1+1",
    "\u00a0=1",
]


@pytest.mark.parametrize("name", EVIL)
def test_no_cell_is_a_formula(boss: User, team: Team, course: Course, client: Client, name: str) -> None:
    evil = factories.make_user(name, team=team)
    course.title = name
    course.save()
    factories.make_assignment(evil, course)
    Team.objects.update(name=name)
    for row in exported(client):
        for cell in row.values():
            assert not cell or cell.lstrip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20", cell
    assert f"'{name}" in [row["Name"] for row in exported(client)]


def test_names_come_whole(boss: User, team: Team, client: Client) -> None:
    for name in ('Ann "Q", Jr', "Zoë; Müller", "\u05d3\u05d5\u05d3"):
        factories.make_user(name, team=team)
    assert {'Ann "Q", Jr', "Zoë; Müller", "\u05d3\u05d5\u05d3"} <= {row["Name"] for row in exported(client)}


# --- who sees whom ----------------------------------------------------------------------------------------------------
def test_own_teams_and_below_never_above_or_beside(client: Client, course: Course) -> None:
    house = factories.make_team("House")
    mine = factories.make_team("Mine", parent=house)
    below = factories.make_team("Below", parent=mine)
    beside = factories.make_team("Beside", parent=house)
    for team in (house, mine, below, beside):
        factories.make_assignment(factories.make_user(f"In {team.name}", team=team), course)
    factories.make_user("Gone", team=mine, is_active=False)
    client.force_login(factories.make_supervisor(mine, name="Ines Boss"))
    assert [row["Name"] for row in exported(client)] == ["In Below", "In Mine", "Ines Boss"]
    html = client.get("/team/").content.decode()
    assert "In Below" in html
    for hidden in ("In House", "In Beside", "Gone"):
        assert hidden not in html


def test_a_filter_reaches_nobody_else(client: Client, course: Course) -> None:
    mine, other = factories.make_team("Mine"), factories.make_team("Other")
    factories.make_assignment(factories.make_user("Stranger", team=other), course)
    client.force_login(factories.make_supervisor(mine))
    for filters in (
        {"search": "Stranger"},
        {"team": str(other.public_id)},
        {"people": "*"},
        {"learner__team": str(other.pk)},
        {"_connector": "OR"},
        {"user__password__startswith": "a"},
    ):
        assert "Stranger" not in client.get("/team/", filters).content.decode().replace('value="Stranger"', "")
        assert "Stranger" not in [row["Name"] for row in exported(client, **filters)]


def test_a_former_supervisor_sees_nothing(boss: User, client: Client, at: dt.datetime) -> None:
    assert client.get("/team/").status_code == 200
    organization.stop_supervising(Supervision.objects.get(supervisor=boss), by=SYSTEM, at=at)
    assert client.get("/team/").status_code == 404
    assert client.get("/team/export.csv").status_code == 404


@pytest.mark.parametrize("path", ["/team/", "/team/export.csv"])
def test_who_may_come(path: str, team: Team, client: Client) -> None:
    anonymous = client.get(path)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/account/login/")
    for person in (factories.make_user(team=team), factories.make_coordinator()):
        client.force_login(person)
        assert client.get(path).status_code == 404, "absence and refusal look the same"
    client.force_login(factories.make_supervisor(team))
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.both_db
@pytest.mark.parametrize("value", ["\0", "a\0b", "x" * 5000, "%00", "\ud7ff", "'; DROP TABLE"])
def test_odd_filters_are_harmless(boss: User, client: Client, value: str) -> None:
    for name in ("course", "status", "search"):
        assert client.get("/team/", {name: value}).status_code == 200
        assert client.get("/team/export.csv", {name: value}).status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_rows(boss: User, team: Team, client: Client, number: int) -> None:
    course = factories.make_course(units=2)
    for _ in range(number):
        factories.make_assignment(factories.make_user(team=team), course)
        factories.make_user(team=team)
    client.get("/team/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/team/")
    assert len(seen) == PAGE_QUERIES, "\n".join(q["sql"][:120] for q in seen)
    exported(client)  # from here on it is noted for everybody in it
    with CaptureQueriesContext(connection) as seen:
        exported(client)
    assert len(seen) == EXPORT_QUERIES, "\n".join(q["sql"][:120] for q in seen)


PAGE_QUERIES = 12
EXPORT_QUERIES = 8


@pytest.mark.both_db
@pytest.mark.parametrize("number", [1, 3])
def test_the_query_itself_is_two(team: Team, at: dt.datetime, number: int) -> None:
    course = factories.make_course(units=2, at=at)
    for _ in range(number):
        give(factories.make_user(team=team), course, at)
    with CaptureQueriesContext(connection) as seen:
        assert len([csv_row(row) for row in page(at).rows]) == number
    assert len(seen) == 2


def test_a_row_has_a_cell_for_each_head(team: Team, course: Course, at: dt.datetime) -> None:
    give(factories.make_user(team=team), course, at)
    assert len(csv_row(page(at).rows[0])) == len(CSV_HEAD)


def test_people_below_is_what_the_view_uses(boss: User, team: Team) -> None:
    inside = factories.make_user(team=team)
    assert set(people_below(boss)) == {boss, inside}
