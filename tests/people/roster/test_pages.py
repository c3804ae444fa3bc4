"""The coordinator's pages of rosters: upload, columns, preview, confirm, progress, result, undo."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from lms.lib import uploads
from lms.people.actions import rosters
from lms.people.models import RosterImport, User
from lms.people.views import base
from lms.people.views import roster as views
from tests import factories
from tests.people.roster.conftest import Office, effects
from tests.people.roster.files import HEAD, csv_bytes, upload
from tests.people.roster.test_importing import line

pytestmark = pytest.mark.django_db
LIST = reverse("people:rosters")


@pytest.fixture
def desk(client: Client, office: Office) -> Client:
    client.force_login(office.coordinator)
    return client


def text_of(response: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def sent(desk: Client, data: bytes, name: str = "roster.csv") -> RosterImport:
    response = desk.post(LIST, {"file": upload(data, name)})
    assert response.status_code == 302, text_of(response)
    made = RosterImport.objects.first()
    assert made is not None
    assert response["Location"] == reverse("people:roster_columns", args=[made.public_id])
    return made


def columns(made: RosterImport, **changes: Any) -> dict[str, Any]:
    keys = ("number", "name", "email", "site", "team", "job_role", "category", "hire_date", "status")
    chosen = {key: str(n) for n, key in enumerate(keys)}
    return {**chosen, "dates": "iso", "names": "as_written", "rename": "on", **changes}


def checked(desk: Client, rows: list[Any], **changes: Any) -> RosterImport:
    made = sent(desk, csv_bytes(rows))
    response = desk.post(reverse("people:roster_columns", args=[made.public_id]), columns(made, **changes))
    assert response.status_code == 302, text_of(response)
    made.refresh_from_db()
    return made


def page(desk: Client, made: RosterImport, query: str = "") -> Any:
    return desk.get(reverse("people:roster", args=[made.public_id]) + query)


def confirmed(desk: Client, made: RosterImport, **more: Any) -> Any:
    data = {"seen": rosters.stamp(made), "mode": "right", "invite": "no", **more}
    return desk.post(reverse("people:roster", args=[made.public_id]), data)


def test_from_the_file_to_undoing(desk: Client, office: Office) -> None:
    assert "Import a roster" in text_of(desk.get(reverse("people:people")))
    rows = [line(), line(number="E2", name="Bo Ray", email="bo@example.org", team="Nowhere")]
    made = sent(desk, csv_bytes(rows), "Staff list.csv")
    asked = desk.get(reverse("people:roster_columns", args=[made.public_id]))
    assert "Staff list.csv has 2 lines of people. Please check what we recognized." in text_of(asked)
    assert asked.context["form"]["email"].value() == "2"
    desk.post(reverse("people:roster_columns", args=[made.public_id]), columns(made))
    made.refresh_from_db()
    shown = page(desk, made)
    words = text_of(shown)
    assert "1 new" in words
    assert "1 with an error" in words
    assert "There is no team “Nowhere” at Eastgate House. There are: Day team." in words, "errors are shown first"
    assert "Maya Okafor" not in words
    assert "New in Day team at Eastgate House." in text_of(page(desk, made, "?show=all"))
    assert not User.objects.filter(email="maya@example.org").exists()
    response = confirmed(desk, made, invite="yes")
    assert response.status_code == 302
    working = page(desk, made)
    assert "0 of 1 line" in text_of(working)
    assert b'hx-trigger="every 2s"' in working.content
    office.run(made)
    assert page(desk, made).headers.get("HX-Refresh") is None
    asks = desk.get(reverse("people:roster", args=[made.public_id]), headers={"HX-Request": "true"})
    assert asks.headers["HX-Refresh"] == "true"
    result = text_of(page(desk, made, "?show=all"))
    assert "Added and invited." in result
    assert "1 left out because of errors" in result
    undo = reverse("people:undo_roster", args=[made.public_id])
    assert "1 new account is deactivated, never deleted" in text_of(desk.get(undo))
    assert User.objects.get(email="maya@example.org").is_active
    assert desk.post(undo).status_code == 302
    office.run(RosterImport.objects.get(pk=made.pk))
    assert "Somebody undid this import" in text_of(page(desk, made))
    assert not User.objects.get(email="maya@example.org").is_active
    assert desk.post(undo).status_code == 302
    assert "Undone" in text_of(desk.get(LIST))


def test_columns_and_meanings_are_remembered(desk: Client) -> None:
    first = sent(
        desk, csv_bytes([["maya@example.org", "Okafor, Maya", "Eastgate House"]], head=["Contact", "Who", "Where"])
    )
    url = reverse("people:roster_columns", args=[first.public_id])
    refused = desk.post(url, {"dates": "us", "names": "last_first"})
    assert refused.status_code == 422
    assert "Choose the column with email addresses or the one with employee numbers." in text_of(refused)
    assert (
        desk.post(
            url, {"email": "0", "name": "1", "site": "2", "dates": "us", "names": "last_first", "absent": "on"}
        ).status_code
        == 302
    )
    second = sent(
        desk, csv_bytes([["Eastgate House", "x", "bo@example.org", "Ray, Bo"]], head=["WHERE", "New", "contact", "Who"])
    )
    asked = desk.get(reverse("people:roster_columns", args=[second.public_id]))
    form = asked.context["form"]
    assert [form[key].value() for key in ("email", "name", "site")] == ["2", "3", "0"]
    assert (form["dates"].value(), form["names"].value(), form["rename"].value()) == ("us", "last_first", False)
    assert form["absent"].value() is False, "closing accounts is chosen anew each time"
    assert "The columns are chosen as the last time" in text_of(asked)


def test_a_file_that_cannot_be_read(desk: Client) -> None:
    for data, sentence in [
        (b"%PDF-1.7", "This is a PDF."),
        (b"", "This file is empty."),
        (csv_bytes([]), "nobody below them"),
    ]:
        response = desk.post(LIST, {"file": upload(data)})
        assert response.status_code == 422
        assert sentence in text_of(response)
    assert "Choose a file." in text_of(desk.post(LIST, {}))
    assert not RosterImport.objects.exists()


def test_a_file_that_is_too_large_is_never_stored(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 200_000)
    response = desk.post(LIST, {"file": upload(b"Email,Name\r\n" + b"a,b\r\n" * 100_000)})
    assert response.status_code == 422
    assert "This file has more than 20 MB." in text_of(response)
    assert text_of(response).count("Choose a file") == 0
    assert sent(desk, csv_bytes([line()])).lines == 1, "the next file is read as ever"


def test_nothing_until_all_is_right(desk: Client) -> None:
    made = checked(desk, [line(), line(number="", email="")])
    response = confirmed(desk, made, mode="all")
    assert response.status_code == 422
    assert "1 line has an error, so nothing is imported." in text_of(response)
    made.refresh_from_db()
    assert made.confirmed_at is None


def test_the_number_of_those_who_leave(desk: Client, office: Office) -> None:
    for n in range(3):
        factories.make_user(f"Leaver {n}", email=f"l{n}@example.org", site=office.east)
    made = checked(desk, [line(number="", email=f"l{n}@example.org", status="left") for n in range(3)])
    shown = page(desk, made)
    assert "3 people leave. That is more than one in five, so type the number to go on." in text_of(shown)
    assert "Invite new people" not in text_of(shown)
    assert "Type 3, the number of people" in text_of(confirmed(desk, made))
    assert confirmed(desk, made, typed="3").status_code == 302


def test_a_preview_that_is_old_is_shown_again(desk: Client, office: Office) -> None:
    made = checked(desk, [line()])
    response = confirmed(desk, made, seen="2020-01-01T00:00:00")
    assert response.status_code == 422
    assert "The preview has changed since you looked." in text_of(response)


def test_errors_as_csv(desk: Client) -> None:
    made = checked(desk, [line(), line(number="E2", name="=1+1", email="-")])
    response = desk.get(reverse("people:roster_lines", args=[made.public_id]) + "?show=error")
    rows = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert rows[0] == "Line,What it does,In words,What happened," + ",".join(HEAD)
    assert len(rows) == 2
    assert ",'=1+1,'-," in rows[1], "no spreadsheet runs it"
    assert rows[1].startswith("3,Error,")


def test_a_list_is_thrown_away(desk: Client) -> None:
    made = checked(desk, [line()])
    response = desk.post(reverse("people:discard_roster", args=[made.public_id]), follow=True)
    assert "The uploaded list is deleted. Nothing was imported." in text_of(response)
    assert not RosterImport.objects.exists()


def test_a_long_list_is_checked_by_the_worker(desk: Client, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "AT_ONCE", dt.timedelta(0))
    made = checked(desk, [line()])
    assert made.checked_at is None
    assert "The lines are being checked" in text_of(page(desk, made))
    office.run(made)
    assert effects(made) == ["new"]
    assert "Before it is imported" in text_of(page(desk, made))


def test_stopped_and_tried_again(desk: Client, office: Office) -> None:
    made = checked(desk, [line()])
    confirmed(desk, made)
    RosterImport.objects.filter(pk=made.pk).update(tries=8)
    office.run(made)
    assert "It stopped" in text_of(page(desk, made))
    assert "Rosters that stopped" in text_of(desk.get(reverse("people:overview")))
    desk.post(reverse("people:resume_roster", args=[made.public_id]))
    office.run(RosterImport.objects.get(pk=made.pk))
    assert User.objects.filter(email="maya@example.org").exists()


@pytest.mark.parametrize("number", [1, 3])
def test_queries(desk: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int, office: Office) -> None:
    rows = [line(number=f"E{n}", name=f"Person {n}", email=f"p{n}@example.org") for n in range(number)]
    made = checked(desk, rows)
    page(desk, made)
    with django_assert_num_queries(9):
        page(desk, made)
    confirmed(desk, made)
    office.run(RosterImport.objects.get(pk=made.pk))
    with django_assert_num_queries(10):
        page(desk, made)
    with django_assert_num_queries(9):
        desk.get(LIST)


def test_pages_of_lines(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ROWS_A_PAGE", 2)
    made = checked(desk, [line(number=f"E{n}", name=f"Person {n}", email=f"p{n}@example.org") for n in range(5)])
    assert "Person 4" in text_of(page(desk, made, "?show=new&page=3"))


def test_nobody_but_the_coordinator(client: Client, office: Office) -> None:
    made = office.check(csv_bytes([line()]))
    urls = [LIST] + [
        reverse(f"people:{name}", args=[made.public_id])
        for name in ("roster", "roster_columns", "roster_lines", "undo_roster")
    ]
    client.force_login(factories.make_supervisor(office.day))
    for url in urls:
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404
    for name in ("resume_roster", "discard_roster"):
        assert client.post(reverse(f"people:{name}", args=[made.public_id])).status_code == 404
    assert RosterImport.objects.get().confirmed_at is None
