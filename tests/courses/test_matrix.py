"""People and courses: order, second lines, filters, counts, paging, saved views, and who sees whom."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions import assigning, excepting, issuing
from courses.enums import ATTENTION, ExceptionKind, Status
from courses.models import Assignment, Course, Enrollment, SavedView
from courses.queries import matrix as query
from courses.queries.cells import Row
from courses.queries.matrix import Counts, Filters, Matrix
from lms.lib import clock
from lms.people.actions import organization
from lms.people.models import Supervision, Team, User
from lms.record.actions import SYSTEM
from tests import factories
from tests.courses.pages import client_of

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


def asked(at: dt.datetime, **filters: Any) -> Matrix:
    return Matrix(User.objects.filter(is_active=True).exclude(team=None), at, Filters(**filters))


def rows(at: dt.datetime, **filters: Any) -> list[Row]:
    return asked(at, **filters).rows(0, 100)


def names(found: list[Row]) -> list[str]:
    return [row.person.name for row in found]


def everybody(team: Team, course: Course, at: dt.datetime) -> dict[str, Assignment]:
    """One person in each status at ``at + 100 days``."""
    then = at + 100 * DAY
    people = [
        "expired", "revoked", "overdue", "used", "expiring", "waiting", "reading", "later", "complete", "withdrawn", "leave", "exempt",
    ]  # fmt: skip
    duties = {
        name: give(
            factories.make_user(name.capitalize(), team=team), course, at, due_in=20 if name == "overdue" else 200
        )
        for name in people
    }

    boss = factories.make_coordinator()

    def run(name: str) -> Enrollment:
        enrollment = duties[name].enrollment
        assert enrollment is not None
        return enrollment

    for name, days in (("expired", 10), ("expiring", 30), ("complete", None), ("revoked", None)):
        certificate = factories.pass_unit(run(name), at=at).certificate
        assert certificate is not None
        if name == "revoked":
            issuing.revoke(certificate, reason="x", by=boss.subject, at=at + 5 * DAY)
        elif days is not None:
            end = then + (days - 20) * DAY
            type(certificate).objects.filter(pk=certificate.pk).update(expires_at=end, expires_on=end.date())
    Enrollment.objects.filter(pk=run("used").pk).update(started_at=at, attempts_used_at=at)
    Enrollment.objects.filter(pk=run("reading").pk).update(started_at=at)
    Assignment.objects.filter(pk=duties["later"].pk).update(opens_at=then + DAY, opens_on=(then + DAY).date())
    assigning.withdraw(duties["withdrawn"], reason="x", by=SYSTEM, at=at)
    for name, kind in (("leave", ExceptionKind.LEAVE), ("exempt", ExceptionKind.EXEMPTION)):
        learner = duties[name].learner
        excepting.grant(learner, kind, starts_on=at.date(), ends_on=then.date() + 9 * DAY, reason="x", by=boss, at=at)
    return duties


# --- cells, order, counts ---------------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_who_needs_attention_comes_first_and_each_cell_says_why(team: Team, course: Course, at: dt.datetime) -> None:
    everybody(team, course, at)
    then = at + 100 * DAY
    found = rows(then)
    said = {row.person.name: row.cells[0].text if row.cells[0] else row.roll for row in found}
    assert list(said.items()) == [
        ("Revoked", "Expired, revoked Nov 28, 2026"),
        ("Expired", "Expired, since Feb 21"),
        ("Overdue", "Overdue, since Dec 13, 2026"),
        ("Used", "Attempts used, since Nov 23, 2026"),
        ("Expiring", "Expiring, in 10 days"),
        ("Waiting", "Not started, due Jun 11"),
        ("Reading", "In progress, 0 of 1 unit"),
        ("Later", "Opens later, on Mar 4"),
        ("Leave", "On leave, back Mar 13"),
        ("Exempt", "Exempt, ends Mar 13"),
        ("Complete", "Complete, to Nov 2028"),
        ("Withdrawn", "No course assigned"),
    ]
    rolls = {row.person.name: row.roll for row in found}
    assert rolls["Complete"] == "All 1 complete"
    assert rolls["Expiring"] == "0 of 1 complete"
    assert rolls["Exempt"] == "Nothing is asked now"
    assert asked(then).counts() == Counts(found=12, everyone=12, late=3, expiring=1)
    assert asked(then, status="late").counts() == Counts(found=3, everyone=12, late=3, expiring=1)
    assert asked(then, status="complete").counts().found == 1
    assert asked(then, search="ed").counts() == Counts(found=3, everyone=3, late=2, expiring=0)


def test_every_status_has_a_place_of_its_own() -> None:
    assert sorted(ATTENTION) == sorted(Status)
    assert [query._NAMES.count(f"|{status.value}|") for status in Status] == [1] * len(Status)
    for text in (query._NAMES, query._LETTERS, query._BITS):
        assert len(text) == len(Status) * query._WIDTH, "a longer status needs a wider place"


def test_a_practice_that_waits_says_so(team: Team, at: dt.datetime) -> None:
    course = factories.make_practice_course(at=at)
    run = give(factories.make_user("Ann", team=team), course, at).enrollment
    assert run is not None
    factories.pass_unit(run, at=at)
    (cell,) = rows(at + DAY)[0].cells
    assert cell is not None
    assert cell.text == "Sign-off waiting, practice left"
    assert cell.detail == "every unit is done, due December 7, 2026"


@pytest.mark.both_db
def test_of_one_status_the_longest_due_then_the_name(team: Team, course: Course, at: dt.datetime) -> None:
    for name, days in (("Zed", 5), ("ann", 9), ("Bea", 9)):
        give(factories.make_user(name, team=team), course, at, due_in=days)
    assert names(rows(at)) == ["Zed", "ann", "Bea"]
    assert names(rows(at, sort="name")) == ["ann", "Bea", "Zed"]
    assert names(rows(at, sort="due")) == ["Zed", "ann", "Bea"]


@pytest.mark.both_db
def test_sorts_leave_nobody_out(team: Team, course: Course, at: dt.datetime) -> None:
    other = factories.make_team("A team", site=factories.make_site("Westside"))
    duties = everybody(team, course, at)
    User.objects.filter(pk__in=[duties["later"].learner_id, duties["used"].learner_id]).update(team=other)
    for sort in query.SORTS:
        found = names(rows(at + 100 * DAY, sort=sort))
        assert len(found) == len(set(found)) == 12, sort
    assert names(rows(at + 100 * DAY, sort="due"))[:2] == ["Overdue", "Exempt"]


@pytest.mark.both_db
def test_the_newest_cycle_of_a_course_is_shown(team: Team, course: Course, at: dt.datetime) -> None:
    learner = factories.make_user("Ann", team=team)
    first = give(learner, course, at)
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at)
    second = give(learner, course, at + DAY, due_in=30)
    (row,) = rows(at + DAY)
    assert row.cells[0] is not None
    assert (row.cells[0].due_on, row.cells[0].status) == (second.due_on, Status.NOT_STARTED)
    assigning.withdraw(second, reason="x", by=SYSTEM, at=at + DAY)
    (row,) = rows(at + DAY)
    assert row.cells[0] is not None
    assert row.cells[0].status == Status.COMPLETE


@pytest.mark.both_db
def test_columns_are_what_somebody_here_has(team: Team, course: Course, at: dt.datetime) -> None:
    other = factories.make_course(factories.compiled_course("other", title="Other"), at=at)
    factories.make_course(factories.compiled_course("far", title="Far"), at=at)
    ann, bea = factories.make_user("Ann", team=team), factories.make_user("Bea", team=team)
    give(ann, course, at, due_in=1)
    give(bea, other, at)
    give(bea, course, at)
    assert [each.title for each in asked(at).columns] == ["Other", "Test course"]
    late = at + 5 * DAY
    assert names(rows(late, status="late")) == ["Ann"]
    assert names(rows(late, status="late", columns=("other",))) == [], "what is not shown counts for nothing"
    found = asked(late, columns=("other",), course=course.slug)
    assert [each.slug for each in found.columns] == ["other", "test-course"], "what is filtered by is shown"
    assert names(found.rows(0, 9)) == ["Ann", "Bea"]
    assert [each.slug for each in asked(late, columns=("gone",)).columns] == ["other", "test-course"]


# --- filters ----------------------------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_filters_about_people(team: Team, course: Course, at: dt.datetime) -> None:
    other = factories.make_team("Other", site=factories.make_site("Westside"))
    ann = factories.make_user("Ann Able", team=team, job_role="Night nurse", email="ann@alderford.example")
    bea = factories.make_user("Bea Baker", team=other, job_role="Cook", category="volunteer")
    give(ann, course, at)
    for filters, expected in (
        ({"search": "able"}, ["Ann Able"]),
        ({"search": "nurse ann"}, ["Ann Able"]),
        ({"search": "alderford.example"}, ["Ann Able"]),
        ({"search": "%"}, []),
        ({"teams": (other.pk,)}, ["Bea Baker"]),
        ({"site": team.site_id}, ["Ann Able"]),
        ({"category": "volunteer"}, ["Bea Baker"]),
        ({"job_role": "COOK"}, ["Bea Baker"]),
        ({"job_role": "Cook", "site": team.site_id}, []),
        ({"course": course.slug}, ["Ann Able"]),
    ):
        assert names(rows(at, **filters)) == expected, filters
        assert asked(at, **filters).counts().found == len(expected), filters
    assert bea.pk


@pytest.mark.both_db
def test_the_filters_about_cells_find_what_a_reader_of_the_whole_table_would(
    team: Team, course: Course, at: dt.datetime
) -> None:
    """Every filter of a grid, against the cells of the unfiltered table."""
    everybody(team, course, at)
    other = factories.make_course(factories.compiled_course("other", title="Other"), at=at)
    for name, days in (("Ann", 30), ("Bea", 200)):
        give(factories.make_user(name, team=team), other, at, due_in=days)
    then = at + 100 * DAY
    whole = rows(then, sort="name")
    moments = [None, at.date() + 20 * DAY, at.date() + 30 * DAY, (then + 10 * DAY).date()]
    statuses: list[str] = ["", *query.GROUPS, *Status]
    grid: list[dict[str, Any]] = [
        {"status": status, "course": slug} for status in statuses for slug in ("", course.slug, "other")
    ]
    grid += [{f"{kind}_from": a, f"{kind}_to": b} for kind in ("due", "ends") for a in moments for b in moments]
    grid += [{"status": "late", "due_to": day, "course": course.slug} for day in moments]
    for filters in grid:
        found = asked(then, sort="name", **filters)
        kept = [
            row
            for row in whole
            if not found.filters.about_cells or any(cell and found._fits(cell) for cell in row.cells)
        ]
        assert names(found.rows(0, 100)) == names(kept), filters
        assert found.counts().found == len(kept), filters
        assert names(list(found.all_rows())) == names(kept), filters


PARAMETERS = (
    "search", "team", "site", "category", "job_role", "course", "status", "due_from", "due_to", "ends_from", "ends_to", "sort",
    "columns", "size", "page", "by",
)  # fmt: skip
PATHS = (
    "/team/", "/team/print/", "/team/summary/", "/team/table.csv", "/team/table.xlsx", "/team/export.csv", "/team/export.xlsx",
)  # fmt: skip


# --- the page ---------------------------------------------------------------------------------------------------------
def screen(html: str) -> list[list[str]]:
    """The texts of the cells of the table, without what only a screen reader hears."""
    body = html.split("<tbody>")[1].split("</tbody>")[0]
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
        row = re.sub(r'<span class="visually-hidden">.*?</span>', "", row)
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        found.append([" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells])
    return found


def whole(response: Any) -> bytes:
    """All that a good answer holds, streamed or not."""
    assert response.status_code == 200
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def boss(team: Team, client: Client) -> User:
    user = factories.make_supervisor(team, name="Ines Boss")
    client.force_login(user)
    return user


def test_pages_hold_each_person_once(boss: User, team: Team, course: Course, client: Client) -> None:
    for number in range(59):
        give(factories.make_user(f"Person {number:02}", team=team), course, clock.now())
    seen: list[str] = []
    for page in (1, 2, 3):
        html = client.get("/team/", {"page": page}).content.decode()
        seen += [row[0].split(" ")[1] for row in screen(html)]
        assert f"{page * 25 - 24} to {min(page * 25, 60)} of 60" in html
    assert len(seen) == len(set(seen)) == 60
    assert len(screen(client.get("/team/", {"size": 100}).content.decode())) == 60
    assert len(screen(client.get("/team/", {"page": 99}).content.decode())) == 10, "the nearest page"
    assert "?sort=name&amp;page=2" in client.get("/team/?sort=name&size=25").content.decode()


def test_chips_count_people_and_keep_the_other_filters(boss: User, team: Team, course: Course, client: Client) -> None:
    everybody(team, course, clock.now() - 100 * DAY)
    html = client.get("/team/", {"search": "exp", "status": "late"}).content.decode()
    chips = re.findall(
        r'<a class="chip" href="([^"]+)"( aria-current="true")?>(?:<svg.*?</svg>)?(.*?) <b>(\d+)</b>', html
    )
    assert chips == [
        ("/team/?search=exp", "", "Everyone", "2"),
        ("/team/?search=exp&amp;status=late", ' aria-current="true"', "Overdue or expired", "1"),
        ("/team/?search=exp&amp;status=expiring", "", "Expiring", "1"),
    ]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("status=nonsense", "Status: We do not know that. So it filters nothing."),
        ("team=1", "Team: It is not there, or not yours to see. So it filters nothing."),
        ("course=gone", "Course: It is not there, or not yours to see. So it filters nothing."),
        ("columns=gone", "Courses shown: one of them is not there, or nobody here has it. It is left out."),
        ("due_from=yesterday", "Due from: That is no date."),
        ("ends_from=2026-12-09&ends_to=2026-12-01", "Runs out from: the first day is after the last day."),
        ("sort=shoe", "Sort: We do not know that."),
        ("size=1000000", "People on a page: We do not know that."),
        ("search=" + "x" * 200, "Find a person: It is too long."),
    ],
)
def test_what_means_nothing_filters_nothing_and_says_so(
    boss: User, team: Team, course: Course, client: Client, address: str, said: str
) -> None:
    give(boss, course, clock.now())
    html = client.get(f"/team/?{address}").content.decode()
    assert said in html
    assert [row[0] for row in screen(html)] == ["Ines Boss Staff Eastgate day team, Eastgate House 0 of 1 complete"]


@pytest.mark.both_db
@pytest.mark.parametrize(
    "value", ["\0", "a\0b", "x" * 5000, "%00", "\ud7ff", "'; DROP TABLE", "9" * 400, "-1", "2026-99-99"]
)
def test_odd_addresses_are_harmless(boss: User, client: Client, value: str) -> None:
    for name in PARAMETERS:
        assert whole(client.get("/team/", {name: value})), name
    for path in PATHS:
        assert whole(client.get(path, dict.fromkeys(PARAMETERS, value))), path


def test_the_empty_pages(boss: User, team: Team, client: Client) -> None:
    assert "Nobody matches these filters" in client.get("/team/?search=zzzz").content.decode()
    User.objects.filter(pk=boss.pk).update(team=None)
    assert "Nobody is in this team yet" in client.get("/team/").content.decode()
    User.objects.filter(pk=boss.pk).update(team=team)
    assert "No course assigned" in client.get("/team/").content.decode()
    assert client.get("/team/summary/").status_code == 200


def test_print_holds_everybody_and_no_navigation(boss: User, team: Team, course: Course, client: Client) -> None:
    for _ in range(40):
        give(factories.make_user(team=team), course, clock.now())
    html = client.get("/team/print/").content.decode()
    assert len(screen(html)) == 41
    assert "<nav" not in html
    assert "sidenav" not in html


# --- sums -------------------------------------------------------------------------------------------------------------
def test_each_number_of_the_summary_is_the_number_of_people_it_leads_to(client: Client, at: dt.datetime) -> None:
    course = factories.make_course()
    top = factories.make_team("House")
    night, far = factories.make_team("Night", parent=top), factories.make_team("Far", site=factories.make_site("Far"))
    everybody(night, course, clock.now() - 100 * DAY)
    give(factories.make_user("Ann", team=top), course, clock.now())
    give(factories.make_user("Bea", team=far), course, clock.now())
    client.force_login(User.objects.get(is_coordinator=True))
    seen = 0
    for by in ("team", "site"):
        html = client.get("/team/summary/", {"by": by, "status": "late"}).content.decode()
        body = html.split("<tbody>")[1].split("</tbody>")[0]
        for href, number in re.findall(r'<a href="([^"]+)">(\d+)<', body):
            page = client.get(href.replace("&amp;", "&")).content.decode()
            assert f"of {number} p" in page, (href, number)
            seen += 1
    assert seen > 20, "the filter of statuses does not hold where the sums are by status"
    table = {row[0]: row[1:] for row in screen(client.get("/team/summary/").content.decode())}
    assert list(table) == ["House", "Night", "Far"]
    assert table["House"][:2] == ["13", "18 % 2 of 11"], "with the team below"
    assert table["Far"][:2] == ["1", "0 % 0 of 1"]
    assert table["Night"][:2] == ["12", "20 % 2 of 10"]


# --- saved views ------------------------------------------------------------------------------------------------------
class TestSavedViews:
    def test_kept_renamed_deleted(self, boss: User, client: Client) -> None:
        answer = client.post("/team/views/", {"name": "Night nurses", "query": "search=nurse&sort=name&page=4&evil=1"})
        assert answer["Location"] == "/team/?search=nurse&sort=name"
        view = SavedView.objects.get()
        html = client.get("/team/?search=nurse&sort=name").content.decode()
        assert re.search(
            r'href="/team/\?search=nurse&amp;sort=name" aria-current="true">.*?<bdi>Night nurses</bdi>', html
        )
        address = f"/team/views/{view.public_id}/"
        assert client.get(address).status_code == 200
        assert client.post(address, {"name": "Nurses"})["Location"] == "/team/views/"
        assert "Nurses" in client.get("/team/views/").content.decode()
        assert client.get(f"{address}delete/").status_code == 405
        client.post(f"{address}delete/")
        assert not SavedView.objects.exists()

    def test_bad_names_are_explained(self, boss: User, client: Client) -> None:
        client.post("/team/views/", {"name": "Nurses", "query": ""})
        for name, said in (
            ("", "Give the view a name."),
            ("NURSES", "You already have a view of this name."),
            ("x" * 41, "at most 40 characters"),
            ("a\nb", "an invisible or control character"),
        ):
            answer = client.post("/team/views/", {"name": name, "query": "status=late"})
            assert answer.status_code == 422, name
            assert said in answer.content.decode(), name
            assert 'value="status=late"' in answer.content.decode(), "what was to be kept is kept"
        other = client.post("/team/views/", {"name": "Others", "query": "status=late"})
        assert other.status_code == 302
        view = SavedView.objects.get(name="Others")
        answer = client.post(f"/team/views/{view.public_id}/", {"name": "nurses"})
        assert answer.status_code == 422
        assert SavedView.objects.filter(name="Others").exists()

    def test_not_without_end(self, boss: User, client: Client) -> None:
        for number in range(20):
            client.post("/team/views/", {"name": f"View {number}", "query": ""})
        answer = client.post("/team/views/", {"name": "One more", "query": ""})
        assert "You have 20 saved views, which is the most." in answer.content.decode()
        assert client.post("/team/views/", {"name": "Long", "query": "search=" + "x" * 9000}).status_code == 422
        assert SavedView.objects.count() == 20

    def test_nobody_reaches_those_of_others(self, boss: User, client: Client) -> None:
        client.post("/team/views/", {"name": "Mine", "query": ""})
        address = f"/team/views/{SavedView.objects.get().public_id}/"
        for other in (factories.make_supervisor(factories.make_team("B")), factories.make_coordinator()):
            theirs = client_of(other)
            assert theirs.get(address).status_code == 404
            assert theirs.post(address, {"name": "X"}).status_code == 404
            assert theirs.post(f"{address}delete/").status_code == 404
            assert "Mine" not in theirs.get("/team/views/").content.decode()
            assert "Mine" not in theirs.get("/team/").content.decode()
        learner = client_of(factories.make_user())
        assert learner.get("/team/views/").status_code == 404
        assert learner.post("/team/views/", {"name": "X", "query": ""}).status_code == 404
        assert SavedView.objects.get().name == "Mine"


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
    html = client.get("/team/?sort=name").content.decode()
    assert [" ".join(row[0].split()[:2]) for row in screen(html)] == ["In Below", "In Mine", "Ines Boss"]
    for hidden in ("In House", "In Beside", "Gone", "Beside"):
        assert hidden not in html
    client.force_login(factories.make_coordinator())
    html = client.get("/team/?sort=name").content.decode()
    assert "In House" in html
    assert "In Beside" in html
    assert "Gone" not in html


@pytest.mark.parametrize("path", PATHS)
def test_who_may_come(path: str, team: Team, client: Client) -> None:
    anonymous = client.get(path)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/account/login/")
    client.force_login(factories.make_user(team=team))
    assert client.get(path).status_code == 404, "absence and refusal look the same"
    for person in (factories.make_supervisor(team), factories.make_coordinator()):
        client.force_login(person)
        assert whole(client.get(path))
        assert client.post(path).status_code == 405


def test_a_former_supervisor_sees_nothing(boss: User, client: Client, at: dt.datetime) -> None:
    assert client.get("/team/").status_code == 200
    organization.stop_supervising(Supervision.objects.get(supervisor=boss), by=SYSTEM, at=at)
    for path in PATHS:
        assert client.get(path).status_code == 404


# --- queries ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [3, 300])
def test_the_queries_do_not_grow_with_the_people(boss: User, team: Team, client: Client, number: int) -> None:
    course = factories.make_course(units=2)
    for place in range(number):
        learner = factories.make_user(team=team)
        if place < 40:
            factories.make_assignment(learner, course)
    for path, expected in {
        "/team/": 14,
        "/team/?status=not_started&sort=due&team=" + str(team.public_id): 14,
        "/team/summary/": 10,
        "/team/print/": 11,
    }.items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
        assert len(seen) == expected, path + "\n" + "\n".join(q["sql"][:150] for q in seen)
