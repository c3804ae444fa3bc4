"""People and courses as of a past day: what was known then and what is known now, who was where, the exports, and nobody else."""

import datetime as dt
import html
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions import assigning, excepting, issuing
from courses.enums import ExceptionKind, Known, Status
from courses.models import Certificate, Course, SavedView
from courses.queries.asof import people_as_of
from courses.queries.matrix import SORTS, Filters
from courses.queries.matrix_rows import PERSON_HEAD
from courses.queries.past_matrix import PastMatrix
from lms.lib import clock, dates
from lms.people.actions import people
from lms.people.models import Team, User
from lms.people.queries.people import zones_in_use
from lms.record import actions as record
from lms.record.actions import SYSTEM
from tests import factories
from tests.courses.pages import client_of
from tests.courses.test_matrix import screen, whole
from tests.courses.test_matrix_exports import csv_of, screen_of, xlsx_of

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ZONE = "America/Denver"
PATHS = (
    "/team/", "/team/print/", "/team/summary/", "/team/table.csv", "/team/table.xlsx", "/team/export.csv", "/team/export.xlsx",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_told() -> Iterator[None]:
    with record.recorded_as_told():
        yield


@pytest.fixture
def start() -> dt.datetime:
    """100 days ago, at noon or so."""
    return clock.now() - 100 * DAY


@pytest.fixture
def house() -> Team:
    return factories.make_team("House")


@pytest.fixture
def night(house: Team) -> Team:
    return factories.make_team("Night", parent=house)


@pytest.fixture
def other() -> Team:
    return factories.make_team("Other", site=factories.make_site("Westside"))


@pytest.fixture
def boss(house: Team) -> User:
    """Works nowhere that the record knows, so never a row."""
    return factories.make_supervisor(house, name="Ines Boss")


@pytest.fixture
def course(start: dt.datetime) -> Course:
    return factories.make_course(units=2, at=start - 9 * DAY)


def day_of(start: dt.datetime, days: int) -> dt.date:
    return dates.local_date(start + days * DAY, ZONE)


def address(day: dt.date, known: str = "then", **others: Any) -> str:
    return urlencode({"on": str(day), "known": known, **others}, doseq=True)


def shown(client: Client, query: str) -> list[list[str]]:
    text = whole(client.get(f"/team/?{query}")).decode()
    return [[html.unescape(cell) for cell in row] for row in screen(text)] if "<tbody>" in text else []


def names(client: Client, query: str) -> list[str]:
    return [row[0].split()[0] for row in shown(client, query)]


def history(house: Team, night: Team, other: Team, course: Course, start: dt.datetime) -> User:
    """Eight people over 100 days with all that can happen to them; a coordinator comes back."""
    priya = factories.make_coordinator()
    second = factories.make_course(factories.compiled_course("other", title="Other"), at=start - 9 * DAY)
    folk = {
        name: factories.make_recorded_person(name, team=team, at=start, job_role=role)
        for name, team, role in (
            ("Ana", house, "Nurse"), ("Ben", night, "Cook"), ("Cleo", night, "Nurse"), ("Dan", other, ""),
            ("Eva", house, "Cook"), ("Finn", other, "Nurse"), ("Gus", night, ""), ("Hal", house, "Nurse"),
        )
    }  # fmt: skip
    duties = {
        name: factories.make_assignment(person, course, at=start + number * DAY, due_in=20)
        for number, (name, person) in enumerate(folk.items())
        if name != "Hal"
    }
    for name in ("Ana", "Dan", "Gus"):
        factories.make_assignment(folk[name], second, at=start + 3 * DAY, due_in=60)
    for name, days in (("Ana", 10), ("Cleo", 30), ("Finn", 12)):
        run = duties[name].enrollment
        assert run is not None
        for unit in (1, 2):
            factories.pass_unit(run, unit, at=start + days * DAY)
    run = duties["Eva"].enrollment
    assert run is not None
    factories.pass_unit(run, 1, at=start + 15 * DAY)
    issuing.revoke(
        Certificate.objects.get(enrollment=duties["Ana"].enrollment), reason="x", by=priya.subject, at=start + 70 * DAY
    )
    excepting.grant(
        folk["Ben"], ExceptionKind.LEAVE, starts_on=day_of(start, 10), ends_on=day_of(start, 90), reason="Ill", by=priya,
        at=start + 60 * DAY,
    )  # fmt: skip
    excepting.grant(
        folk["Gus"], ExceptionKind.EXEMPTION, starts_on=day_of(start, 20), ends_on=day_of(start, 50), reason="x", by=priya,
        at=start + 18 * DAY, course=course,
    )  # fmt: skip
    assigning.withdraw(duties["Dan"], reason="x", by=SYSTEM, at=start + 40 * DAY)
    people.change_person(folk["Cleo"], team=other, site=other.site, by=SYSTEM, at=start + 50 * DAY)
    people.change_person(folk["Finn"], team=night, site=night.site, by=SYSTEM, at=start + 55 * DAY)
    people.deactivate(folk["Eva"], "Left", by=SYSTEM, at=start + 65 * DAY)
    return priya


# --- what was known then, what is known now ---------------------------------------------------------------------------
@pytest.mark.both_db
def test_a_late_correction_differs_between_known_then_and_known_now(
    boss: User, house: Team, course: Course, start: dt.datetime
) -> None:
    ill, cheat = (factories.make_recorded_person(name, team=house, at=start) for name in ("Ill", "Cheat"))
    factories.make_assignment(ill, course, at=start, due_in=5)
    run = factories.make_enrollment(cheat, course, at=start)
    for unit in (1, 2):
        factories.pass_unit(run, unit, at=start + 2 * DAY)
    excepting.grant(
        ill, ExceptionKind.LEAVE, starts_on=day_of(start, 1), ends_on=day_of(start, 40), reason="Ill",
        by=factories.make_coordinator(), at=start + 30 * DAY,
    )  # fmt: skip
    revoked_at = start + 35 * DAY
    issuing.revoke(Certificate.objects.get(enrollment=run), reason="x", by=boss.subject, at=revoked_at)
    client, day = client_of(boss), day_of(start, 10)
    then = {row[0].split()[0]: row[1] for row in shown(client, address(day))}
    now = {row[0].split()[0]: row[1] for row in shown(client, address(day, "now"))}
    due, revoked = day_of(start, 5), day_of(start, 35)
    assert then["Ill"] == f"Overdue since {due:%b} {due.day}"
    assert then["Cheat"].startswith("Complete to ")
    assert now == {"Ill": "On leave", "Cheat": f"Expired revoked {revoked:%b} {revoked.day}"}
    assert names(client, address(day, status="late")) == ["Ill"]
    assert names(client, address(day, "now", status="late")) == ["Cheat"]
    late = day_of(start, 60)
    assert shown(client, address(late)) == shown(client, address(late, "now")), "nothing was corrected after it"


@pytest.mark.both_db
def test_who_moved_is_shown_where_they_were_and_only_to_the_supervisors_of_it(
    boss: User, house: Team, night: Team, other: Team, course: Course, start: dt.datetime
) -> None:
    mover = factories.make_recorded_person("Mover", team=night, at=start)
    factories.make_assignment(mover, course, at=start)
    people.change_person(mover, team=other, site=other.site, by=SYSTEM, at=start + 20 * DAY)
    chief = factories.make_supervisor(other, name="Otto Chief", team=None)
    before, after = address(day_of(start, 10)), address(day_of(start, 30))
    here, there, desk = client_of(boss), client_of(chief), client_of(factories.make_coordinator())
    (row,) = shown(here, before)
    assert row[0] == "Mover Staff Night, Eastgate House 0 of 1 complete"
    assert shown(here, after) == []
    assert shown(there, before) == []
    assert [row[0] for row in shown(there, after)] == ["Mover Staff Other, Westside 0 of 1 complete"]
    assert names(desk, before) == names(desk, after) == ["Mover"]
    for path in PATHS:
        assert b"Mover" not in whole(there.get(f"{path}?{before}")), path
    for team, found in ((house, ["Mover"]), (night, ["Mover"]), (other, [])):
        assert names(desk, address(day_of(start, 10), team=team.public_id)) == found
    assert names(desk, address(day_of(start, 10), site=other.site_id)) == []
    assert names(desk, address(day_of(start, 30), site=other.site_id)) == ["Mover"]
    # the record of somebody who is not theirs today does not open, so nothing leads there
    page = whole(here.get(f"/team/?{before}")).decode()
    assert str(mover.public_id) not in page
    page = whole(there.get(f"/team/?{after}")).decode()
    link = f"/team/people/{mover.public_id}/?{after.replace('&', '&amp;')}"
    assert page.count(link) == 2, "the name and the cell"
    assert there.get(html.unescape(link)).status_code == 200


def test_the_page_says_which_day_it_is_and_offers_no_action(
    boss: User, house: Team, course: Course, start: dt.datetime
) -> None:
    person = factories.make_recorded_person("Ana", team=house, at=start)
    run = factories.make_enrollment(person, course, at=start)
    type(run).objects.filter(pk=run.pk).update(attempts_used_at=start + DAY)
    client, day = client_of(boss), day_of(start, 10)
    for known, words in (("then", "as it was known then"), ("now", "as we know it today")):
        query = address(day, known)
        said = f"You are looking at {dates.weekday_date(day)}, {day.year}, end of day, {words}"
        page = whole(client.get(f"/team/?{query}&sort=name")).decode()
        assert said in page
        assert "Open another" not in page
        assert "/why/" not in page
        assert f'<input type="hidden" name="on" value="{day}">' in page, "the filters keep the day"
        assert f'<input type="hidden" name="known" value="{known}">' in page
        assert 'href="/team/?sort=name">Back to today' in page
        assert f"/team/table.csv?{query.replace('&', '&amp;')}" in page
        assert said in whole(client.get(f"/team/summary/?{query}")).decode()
        printed = whole(client.get(f"/team/print/?{query}")).decode()
        assert f"As of {dates.weekday_date(day)}, {day.year}, end of day, {words}" in printed
        for kind in ("csv", "xlsx"):
            file = client.get(f"/team/table.{kind}?{query}")
            assert f'filename="training-as-of-{day}-known-{known}.{kind}"' in file["Content-Disposition"]
            assert whole(file)


def test_today_gives_the_page_of_today_and_a_bad_day_a_sentence(
    boss: User, house: Team, course: Course, start: dt.datetime
) -> None:
    factories.make_assignment(factories.make_recorded_person("Ana", team=house, at=start), course, at=start)
    client = client_of(boss)
    plain = shown(client, "")
    today = dates.local_date(clock.now(), ZONE)
    page = whole(client.get(f"/team/?{address(today, sort='name')}")).decode()
    assert "You are looking at" not in page
    assert f"on={today}" not in page, "no link keeps it"
    assert shown(client, address(today)) == plain
    tomorrow = today + 2 * DAY
    for bad, said in (
        ("yesterday", "“yesterday” is not a date. Write it as year, month, day: 2026-11-14."),
        (str(tomorrow), f"{dates.long_date(tomorrow)} is still to come."),
        ("1999-01-01", "so there is nothing to show for January 1, 1999."),
        ("\0\ud7ff", "is not a date."),
    ):
        for path in PATHS:
            answer = client.get(path, {"on": bad, "known": "x"})
            if path.endswith((".csv", ".xlsx")):
                assert answer.status_code == 400, "a file of another day would be taken for it"
            else:
                assert "This day cannot be shown" in whole(answer).decode(), path
            assert said in answer.content.decode(), path
        assert shown(client, urlencode({"on": bad.replace("\ud7ff", "")})) == plain


def test_choosing_a_day_keeps_the_filters(boss: User, house: Team, course: Course, start: dt.datetime) -> None:
    second = factories.make_course(factories.compiled_course("other", title="Other"), at=start - 9 * DAY)
    third = factories.make_course(factories.compiled_course("third", title="Third"), at=start - 9 * DAY)
    person = factories.make_recorded_person("Ana", team=house, at=start)
    for each in (course, second, third):
        factories.make_assignment(person, each, at=start)
    page = whole(client_of(boss).get("/team/?sort=name&columns=other&columns=third")).decode()
    bar = page.split('<form class="asof"')[1].split("</form>")[0]
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', bar)
    assert kept == [("sort", "name"), ("columns", "other"), ("columns", "third")]
    query = urlencode([*kept, ("on", str(day_of(start, 9)))])
    heads, _ = screen_of(client_of(boss), query)
    assert heads == ["Person", "Other", "Third"]


def test_nobody_on_that_day(boss: User, house: Team, start: dt.datetime) -> None:
    factories.make_recorded_person("First", team=factories.make_team("Far"), at=start)
    factories.make_recorded_person("Ana", team=house, at=start + 50 * DAY)
    page = whole(client_of(boss).get(f"/team/?{address(day_of(start, 10))}")).decode()
    assert "Nobody was in your teams on that day, as far as was known then." in page
    assert "Nobody on that day" in page
    assert whole(client_of(boss).get(f"/team/summary/?{address(day_of(start, 10))}"))


def test_a_saved_view_may_hold_a_past_day(boss: User, house: Team, course: Course, start: dt.datetime) -> None:
    factories.make_recorded_person("Ana", team=house, at=start)
    client, query = client_of(boss), address(day_of(start, 10), "now", sort="name")
    answer = client.post("/team/views/", {"name": "The incident", "query": query})
    assert answer["Location"] == f"/team/?{query}"
    assert SavedView.objects.get().query == query
    page = whole(client.get(answer["Location"])).decode()
    assert f'href="/team/?{query.replace("&", "&amp;")}" aria-current="true"' in page


# --- any filters ------------------------------------------------------------------------------------------------------
def odd_queries(start: dt.datetime, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    offers: dict[str, list[str]] = {
        "search": ["a", "nur", "Ben"],
        "team": [str(team.public_id) for team in Team.objects.order_by("pk")],
        "site": [str(pk) for pk in Team.objects.order_by("pk").values_list("site", flat=True)],
        "job_role": ["Nurse", "Cook"],
        "course": ["test-course", "other"],
        "status": ["late", "attention", *Status.values],
        "due_from": [str(day_of(start, 21))],
        "due_to": [str(day_of(start, 25)), "x"],
        "ends_from": [str(day_of(start, 20))],
        "ends_to": [str(day_of(start, 2000))],
        "sort": list(SORTS),
        "columns": ["other", "test-course"],
    }
    for _ in range(8):
        chosen = {name: chance.choice(offers[name]) for name in chance.sample(sorted(offers), chance.randint(0, 3))}
        yield address(
            day_of(start, chance.choice([1, 12, 22, 35, 45, 58, 75])), chance.choice(["then", "now"]), **chosen
        )


@pytest.mark.both_db
@pytest.mark.parametrize("seed", range(3))
def test_screen_csv_and_xlsx_are_the_same_for_any_filters_and_hold_nobody_else(
    boss: User, house: Team, night: Team, other: Team, course: Course, start: dt.datetime, seed: int
) -> None:
    client = client_of(history(house, night, other, course, start))
    mine, found = client_of(boss), 0
    for query in odd_queries(start, seed):
        parts = dict(pair.split("=", 1) for pair in query.split("&"))
        day, known = dt.date.fromisoformat(parts["on"]), Known(parts["known"])
        places: Any = people_as_of(day, known)
        own = {person.name for person in places if person.then_team in (house.pk, night.pk)}
        for reader, allowed in ((client, {person.name for person in places}), (mine, own)):
            heads, rows = screen_of(reader, query)
            table = csv_of(reader, "table.csv", query)
            assert xlsx_of(reader, "table.xlsx", query) == table, query
            listed = csv_of(reader, "export.csv", query)
            assert [
                [str(value)[:10] if isinstance(value, dt.date) else value for value in line]
                for line in xlsx_of(reader, "export.xlsx", query)
            ] == listed, query
            assert {line[0] for line in table[1:]} <= allowed, query
            assert {line[0] for line in listed[1:]} == {line[0] for line in table[1:]}, query
            assert len(table) - 1 == len(rows), query
            if rows:
                assert table[0] == [*PERSON_HEAD, *heads[1:]], query
            for cells, line in zip(rows, table[1:], strict=True):
                assert cells[0].endswith(f"{line[2]}, {line[3]} {line[4]}"), query
                assert cells[1:] == [cell.replace(", ", " ", 1) for cell in line[5:]], query
            printed = screen(whole(reader.get(f"/team/print/?{query}")).decode()) if rows else []
            assert printed == rows, query
            found += len(rows)
    assert found


def past(day: dt.date, known: Known, zones: list[str], **filters: Any) -> PastMatrix:
    everybody = people_as_of(day, known, zones)
    return PastMatrix(everybody, clock.now(), Filters(sort="name", **filters), day=day, known=known, zones=zones)


@pytest.mark.both_db
def test_filters_and_counts_find_what_a_reader_of_the_whole_table_would(
    house: Team, night: Team, other: Team, course: Course, start: dt.datetime
) -> None:
    history(house, night, other, course, start)
    zones = zones_in_use()
    for days in (12, 35, 75):
        for known in Known:
            day = day_of(start, days)

            everything = past(day, known, zones).rows(0, 100)
            assert len(everything) == (8 if days < 65 else 7)
            grid: list[dict[str, Any]] = [
                {"status": status, "course": slug}
                for status in ("", "late", "attention", *Status)
                for slug in ("", "other")
            ]
            grid += [{"due_from": day}, {"due_to": day}, {"ends_from": day}, {"status": "overdue", "due_to": day}]
            for filters in grid:
                matrix = past(day, known, zones, **filters)
                kept = [
                    row.person.name
                    for row in everything
                    if not matrix.filters.about_cells or any(cell and matrix._fits(cell) for cell in row.cells)
                ]
                assert [row.person.name for row in matrix.all_rows()] == kept, (days, known, filters)
                assert matrix.counts().found == len(kept), (days, known, filters)


def test_each_number_of_the_summary_is_the_number_of_people_it_leads_to(
    house: Team, night: Team, other: Team, course: Course, start: dt.datetime
) -> None:
    client, seen = client_of(history(house, night, other, course, start)), 0
    for by in ("team", "site"):
        page = whole(client.get(f"/team/summary/?{address(day_of(start, 35))}&by={by}")).decode()
        body = page.split("<tbody>")[1].split("</tbody>")[0]
        for href, number in re.findall(r'<a href="([^"]+)">(\d+)<', body):
            assert f"of {number} p" in whole(client.get(html.unescape(href))).decode(), (href, number)
            seen += 1
    assert seen >= 8


# --- queries ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_people(
    boss: User, house: Team, course: Course, start: dt.datetime, number: int
) -> None:
    for _ in range(number):
        factories.make_assignment(factories.make_recorded_person(team=house, at=start), course, at=start)
    client, query = client_of(boss), address(day_of(start, 10))
    for path, expected in (
        (f"/team/?{query}", 15),
        (f"/team/?{query}&status=not_started&sort=due", 15),
        (f"/team/summary/?{query}", 12),
        (f"/team/print/?{query}", 12),
    ):
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
        assert len(seen) == expected, path + "\n" + "\n".join(q["sql"][:150] for q in seen)
