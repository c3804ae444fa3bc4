"""What is on the screen is in every export, row for row and cell for cell, and nobody else is in any of them."""

import csv
import datetime as dt
import html
import io
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from django.db import connection
from django.db.models.sql import compiler
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.enums import Status
from courses.models import Course
from courses.queries.attention import NEEDS, attention_of
from courses.queries.matrix import SORTS
from courses.queries.matrix_rows import LIST_HEAD, NOT_REQUIRED, PERSON_HEAD
from lms.lib import clock
from lms.people.models import Supervision, Team, User
from tests import factories
from tests.courses.pages import client_of
from tests.courses.test_matrix import screen, whole
from tests.courses.town import ROLES, make_town

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def csv_of(client: Client, path: str, query: str = "") -> list[list[str]]:
    text = whole(client.get(f"/team/{path}?{query}")).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def xlsx_of(client: Client, path: str, query: str = "") -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(whole(client.get(f"/team/{path}?{query}"))))
    (sheet,) = book.worksheets
    assert not [cell.coordinate for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    return [["" if value is None else value for value in line] for line in sheet.iter_rows(values_only=True)]


def screen_of(client: Client, query: str) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows of all pages of the screen."""
    heads, rows, page = [], [], 1
    while True:
        text = whole(client.get(f"/team/?{query}&page={page}")).decode()
        if "<tbody>" not in text:
            return [], []
        heads = re.findall(r'<th scope="col">(.*?)</th>', text.split("<thead>")[1].split("</thead>")[0])
        rows += screen(text)
        if not re.search(rf'[?&;]page={page + 1}"', text):
            return [html.unescape(head) for head in heads], rows
        page += 1


@pytest.fixture
def town() -> list[Course]:
    """72 people in six teams; the last two courses are held by few."""
    return make_town(72, 4, clock.now(), teams=6)


@pytest.fixture
def boss(town: list[Course]) -> User:
    """Supervises two of the six teams, one with a team below."""
    teams = list(Team.objects.order_by("name"))
    Team.objects.filter(pk=teams[4].pk).update(parent=teams[0], site=teams[0].site)
    user = factories.make_user("Ines Boss", site=teams[0].site)
    for team in teams[:2]:
        Supervision.objects.create(team=team, supervisor=user, started_at=clock.now())
    return user


def odd_queries(seed: int) -> Iterator[str]:
    """Addresses as people make them, and as they should not."""
    chance = random.Random(seed)
    today = clock.now().date()
    teams = [str(team.public_id) for team in Team.objects.order_by("pk")]
    offers: dict[str, list[str]] = {
        "search": ["Person", "nur", "crowd", "0001", "%"],
        "team": [*teams, "x"],
        "site": ["1", "2", "99999"],
        "category": ["staff", "volunteer", "x"],
        "job_role": [*ROLES, "x"],
        "course": ["course-1", "course-3", "gone"],
        "status": ["late", "attention", "complete", "expiring", "in_progress", "not_required", "x"],
        "due_from": [str(today - 30 * DAY), "x"],
        "due_to": [str(today + 300 * DAY)],
        "ends_from": [str(today), "x"],
        "ends_to": [str(today + 60 * DAY), str(today - 60 * DAY)],
        "sort": [*SORTS, "x"],
        "size": ["25", "50", "7"],
        "people": ["*"],
        "learner__team": ["3"],
    }
    for _ in range(7):
        names = chance.sample(sorted(offers), chance.randint(0, 4))
        pairs = [(name, chance.choice(offers[name])) for name in names]
        pairs += [("columns", f"course-{n}") for n in chance.sample(range(1, 6), chance.choice([0, 0, 2]))]
        yield urlencode(pairs)


@pytest.mark.both_db
@pytest.mark.parametrize("seed", range(4))
def test_screen_csv_and_xlsx_are_the_same_for_any_filters_and_hold_nobody_else(boss: User, seed: int) -> None:
    mine = set(
        User.objects.filter(team__in=Team.objects.filter(name__in=["Team 00", "Team 01", "Team 04"])).values_list(
            "name", flat=True
        )
    )
    assert len(mine) == 36
    client, found = client_of(boss), 0
    for query in odd_queries(seed):
        heads, rows = screen_of(client, query)
        table = csv_of(client, "table.csv", query)
        assert xlsx_of(client, "table.xlsx", query) == table, query
        listed = csv_of(client, "export.csv", query)
        assert [[str(value)[:10] if isinstance(value, dt.date) else value for value in line] for line in
                xlsx_of(client, "export.xlsx", query)] == listed, query  # fmt: skip
        assert {line[0] for line in table[1:]} <= mine, query
        assert {line[0] for line in listed[1:]} == {line[0] for line in table[1:]}, query
        assert len(table) - 1 == len(rows), query
        if rows:
            assert table[0] == [*PERSON_HEAD, *heads[1:]], query
        for shown, line in zip(rows, table[1:], strict=True):
            person = html.unescape(shown[0])
            assert person.startswith(f"{line[0]} {line[1]}"), query
            assert person.endswith(f"{line[2]}, {line[3]} {line[4]}"), query
            told = [html.unescape(cell).removesuffix(" Open another") for cell in shown[1:]]
            assert told == [cell.replace(", ", " ", 1) for cell in line[5:]], query
        printed = screen(whole(client.get(f"/team/print/?{query}")).decode()) if rows else []
        assert [row[0] for row in printed] == [row[0] for row in rows], query
        found += len(rows)
    assert found, "filters that find nobody show nothing"


@pytest.mark.both_db
def test_the_weekly_mail_tells_what_the_lists_hold(boss: User) -> None:
    """Person by person and course by course, and each number is that of the list with that filter."""
    client = client_of(boss)
    found = attention_of(boss, clock.now())
    told = Counter((row.learner.name, row.course.title, Status(row.status).label) for row in found.rows)  # type: ignore[attr-defined]
    listed = csv_of(client, "export.csv")[1:]
    assert told == Counter((line[0], line[3], line[4]) for line in listed if line[4] in {one.label for one in NEEDS})
    assert {label for _, _, label in told} == {one.label for one in NEEDS}, "the town has some of each"
    for status in NEEDS:
        lines = csv_of(client, "export.csv", f"status={status.value}")[1:]
        assert len(lines) == dict(found.counts).get(status, 0), status


def test_the_list_has_a_row_for_each_cell_and_its_dates_are_dates(boss: User) -> None:
    client = client_of(boss)
    table, listed = csv_of(client, "table.csv"), csv_of(client, "export.csv")
    assert tuple(listed[0]) == LIST_HEAD
    cells = [
        (line[0], title)
        for line in table[1:]
        for title, cell in zip(table[0][5:], line[5:], strict=True)
        if cell != NOT_REQUIRED
    ]
    assert [(line[0], line[3]) for line in listed[1:]] == cells
    late = csv_of(client, "export.csv", "status=expired")
    assert {line[4] for line in late[1:]} == {"Expired"}, "only what is looked for"
    for line in xlsx_of(client, "export.xlsx")[1:]:
        assert isinstance(line[6], dt.date), "due"
        assert line[7] == "" or isinstance(line[7], dt.date), "completed"


def test_people_without_a_course_are_in_the_list_too(boss: User) -> None:
    client = client_of(boss)
    factories.make_user("Nobody Asks", team=Team.objects.get(name="Team 00"))
    (line,) = [line for line in csv_of(client, "export.csv") if line[0] == "Nobody Asks"]
    assert line[4] == "No course assigned"
    assert not [line for line in csv_of(client, "export.csv", "status=complete") if line[0] == "Nobody Asks"]
    (line,) = [line for line in csv_of(client, "table.csv") if line[0] == "Nobody Asks"]
    assert line[4:] == ["No course assigned", *[NOT_REQUIRED] * 4]


EVIL = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\uff1d1+1", "\uff0b1", "\uff20SUM(1)", " =1+1", "\u00a0=1"]


@pytest.mark.parametrize("name", EVIL)
def test_no_cell_is_a_formula(name: str) -> None:
    team = factories.make_team()
    boss = factories.make_supervisor(team, name="Ines Boss")
    course = factories.make_course()
    Course.objects.update(title=name)
    factories.make_assignment(factories.make_user(name, team=team, job_role=name), course)
    Team.objects.update(name=name)
    client = client_of(boss)
    for table in (csv_of(client, "table.csv"), csv_of(client, "export.csv")):
        for line in table:
            for cell in line:
                assert not cell or cell.lstrip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20", cell
        assert f"'{name}" in [line[0] for line in table]
    assert xlsx_of(client, "table.xlsx") == csv_of(client, "table.csv")
    assert xlsx_of(client, "export.xlsx")[1][0] in (f"'{name}", "Ines Boss")


def test_names_come_whole() -> None:
    team = factories.make_team()
    people = ('Ann "Q", Jr', "Zoë; Müller", "\u05d3\u05d5\u05d3", "A\x01B")
    for name in people:
        factories.make_user(name, team=team)
    client = client_of(factories.make_supervisor(team))
    assert set(people) <= {line[0] for line in csv_of(client, "table.csv")}
    assert {*people[:3], "AB"} <= {line[0] for line in xlsx_of(client, "table.xlsx")}, "XML holds no control character"


@pytest.mark.parametrize("path", ["table.csv", "table.xlsx", "export.csv", "export.xlsx"])
def test_an_export_is_a_download_that_nobody_keeps(boss: User, path: str) -> None:
    response = client_of(boss).get(f"/team/{path}")
    assert response.streaming
    ending = path.rsplit(".", 1)[1]
    assert re.fullmatch(
        rf'attachment; filename="training-\d{{4}}-\d\d-\d\d\.{ending}"', response["Content-Disposition"]
    )
    assert "no-store" in response["Cache-Control"]
    assert whole(response)


# --- 20,000 people ----------------------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_a_page_of_20_000_people_fetches_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """First and last page, and a filter: under 15 queries, and rows for 25 people, not for more."""
    make_town(20_000, 10, clock.now(), teams=20, bare=True)
    client = client_of(factories.make_coordinator(site=factories.make_site("Site 1")))
    fetched: list[int] = []
    plain = compiler.cursor_iter

    def counting(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for rows in plain(*args, **kwargs):
            fetched.append(len(rows))
            yield rows

    monkeypatch.setattr(compiler, "cursor_iter", counting)
    for query in ("", "page=801", "status=late&sort=name&page=2"):
        fetched.clear()
        with CaptureQueriesContext(connection) as seen:
            text = whole(client.get(f"/team/?{query}")).decode()
        shown = len(screen(text))
        assert shown == (1 if "801" in query else 25), query
        assert len(seen) < 15, query
        around = 20 + 4 + 10 + len(ROLES)  # teams, sites, courses and job roles to choose from
        assert sum(fetched) <= shown + shown * 10 + shown + around + 10, (query, fetched)
