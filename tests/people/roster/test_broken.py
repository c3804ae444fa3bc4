"""Broken rosters: each gets a sentence, or lines that tell the truth; what the preview says is what happens, and nothing half-done remains."""

import datetime as dt
import io
import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from lms.people.models import RosterImport, RosterRow, User
from lms.people.roster import reading
from tests import factories
from tests.people.roster.conftest import Office, effects, everybody, row_of, words
from tests.people.roster.files import HEAD, book, csv_bytes, repacked, saved

pytestmark = pytest.mark.django_db


def line(n: int = 1, **said: Any) -> list[Any]:
    known = {
        "number": f"E{n}", "name": f"Person {n}", "email": f"p{n}@example.org", "site": "Eastgate House", "team": "Day team", "role": "Aide",
        "category": "staff", "hired": "2026-03-09", "status": "active",
    }  # fmt: skip
    return list({**known, **said}.values())


GOOD = [line(1, name="José Ñandú"), line(2, name="Müller, Zoë")]

# --- Files that are read all the same ------------------------------------------------------------------------------------

READ: dict[str, Callable[[], bytes]] = {
    "plain": lambda: csv_bytes(GOOD),
    "UTF-8 with a mark": lambda: csv_bytes(GOOD, encoding="utf-8-sig"),
    "UTF-16 with a mark": lambda: csv_bytes(GOOD, encoding="utf-16"),
    "UTF-16 big-endian with a mark": lambda: b"\xfe\xff" + csv_bytes(GOOD, encoding="utf-16-be"),
    "UTF-16 without a mark": lambda: csv_bytes(GOOD, encoding="utf-16-le"),
    "Windows-1252": lambda: csv_bytes(GOOD, encoding="cp1252"),
    "semicolons": lambda: csv_bytes(GOOD, delimiter=";"),
    "tabs": lambda: csv_bytes(GOOD, delimiter="\t"),
    "UTF-16 with tabs, as Excel's Unicode text": lambda: csv_bytes(GOOD, delimiter="\t", encoding="utf-16"),
    "sep= line": lambda: b"sep=;\r\n" + csv_bytes(GOOD, delimiter=";"),
    "old Mac line ends": lambda: csv_bytes(GOOD).replace(b"\r\n", b"\r"),
    "empty lines everywhere": lambda: b"\r\n,,,\r\n" + csv_bytes(GOOD).replace(b"\r\n", b"\r\n\r\n,,,,,,,,\r\n"),
    "a title above the head": lambda: b"Staff roster November 2026,,,,,,,,\r\n\r\n" + csv_bytes(GOOD),
    "XLSX": lambda: saved(book(GOOD)),
    "XLSX with days as days": lambda: saved(book([[*row[:7], dt.datetime(2026, 3, 9), row[8]] for row in GOOD])),
    "XLSX with a merged title": lambda: merged(),
    "XLSX with a hidden sheet first": lambda: hidden(),
    "XLSX that lies about its size": lambda: lying(),
}


def merged() -> bytes:
    made = book(GOOD)
    sheet = made.active
    sheet.insert_rows(1)
    sheet["A1"] = "Staff roster November 2026"
    sheet.merge_cells("A1:I1")
    return saved(made)


def hidden() -> bytes:
    made = book(GOOD)
    other = made.create_sheet("Lists", 0)
    other.append(["Name", "Email"])
    other.append(["Nobody", "nobody@example.org"])
    other.sheet_state = "hidden"
    return saved(made)


def lying() -> bytes:
    xlsx = saved(book(GOOD))
    with zipfile.ZipFile(io.BytesIO(xlsx)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b'<dimension ref="A1:I3"' in sheet
    return repacked(xlsx, xl__worksheets__sheet1_xml=sheet.replace(b'ref="A1:I3"', b'ref="A1:XFD1048576"'))


@pytest.mark.parametrize("kind", READ)
def test_it_is_read_all_the_same(office: Office, kind: str) -> None:
    made = office.check(READ[kind]())
    assert made.head == HEAD
    assert words(made) == ["New in Day team at Eastgate House."] * 2
    assert effects(made) == ["new", "new"]
    office.run(office.confirm(made))
    assert sorted(User.objects.filter(hire_date=dt.date(2026, 3, 9)).values_list("name", flat=True)) == [
        "José Ñandú",
        "Müller, Zoë",
    ]


def test_what_was_passed_over_is_said(office: Office) -> None:
    assert office.check(merged()).note == "The names of the columns stand in line 2; what is above it is passed over."
    made = book(GOOD)
    made.create_sheet("More").append(["x"])
    assert office.check(saved(made)).note == "The file has 2 sheets. The first one is read: “Sheet”."


# --- Files that are refused as a whole -----------------------------------------------------------------------------------


def bomb() -> bytes:
    buffer = io.BytesIO(saved(book(GOOD)))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media.bin", "w") as part:
        for _ in range(300):
            part.write(b"\0" * 2**20)
    return buffer.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "This file is empty"),
    "only a mark": (lambda: b"\xef\xbb\xbf", "There is nothing in this file"),
    "only spaces": (lambda: b"  \r\n \r\n", "There is nothing in this file"),
    "only a head": (lambda: csv_bytes([]), "nobody below them"),
    "an old .xls": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, r"old Excel file \(.xls\)"),
    "a PDF": (lambda: b"%PDF-1.7\n...", "This is a PDF"),
    "a web page": (lambda: b"<html><table><tr><td>Name</td></tr></table></html>", "web page"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no list of people"),
    "no text at all": (lambda: b"Name,Email\r\n" + bytes([0x81, 0x8D, 0x90]) * 9, "not plain text"),
    "NUL bytes": (lambda: csv_bytes(GOOD).replace(b"Aide", b"Ai\0e"), "Line 2 holds zero bytes"),
    "a quotation mark without an end": (lambda: csv_bytes(GOOD) + b'E3,"Person 3,p3@example.org\r\n', "From line 4 on the quotation marks"),
    "a ZIP": (lambda: zipped(b"hello"), "no Excel workbook"),
    "half an XLSX": (lambda: saved(book(GOOD))[:2000], "cannot be opened"),
    "an XLSX with rubbish inside": (lambda: repacked(saved(book(GOOD)), xl__worksheets__sheet1_xml=b"<worksheet><row>"), "cannot be opened"),
    "an XLSX with entities": (
        lambda: repacked(saved(book(GOOD)), xl__workbook_xml=b'<!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>'), "cannot be opened",
    ),
    "a ZIP bomb": (bomb, "unpacks to far more"),
    "a million lines": (lambda: b"Email,Name\r\n" + b"a,b\r\n" * 1_000_000, "more than 25,000 lines"),
    "too wide": (lambda: csv_bytes([["x"] * 200]), "more than 80 columns"),
    "too large": (lambda: b"x" * (20 * 2**20 + 1), "more than 20 MB"),
}  # fmt: skip


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hello.txt", data)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_with_a_sentence(office: Office, kind: str) -> None:
    make, sentence = REFUSED[kind]
    with pytest.raises(ValidationError, match=sentence) as refused:
        office.take(make())
    (said,) = refused.value.message_dict["file"]
    assert said.endswith("."), "it ends with what to do"
    assert said.count(".") >= 2
    assert not RosterImport.objects.exists()


def test_a_million_rows_in_a_workbook_are_refused_early_and_in_little_memory() -> None:
    rows = b"".join(
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>a%d</t></is></c></row>' % (n, n, n) for n in range(2, 1_000_002)
    )
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>Email</t></is></c></row>' + rows + b"</sheetData></worksheet>"
    )
    data = repacked(saved(book([])), xl__worksheets__sheet1_xml=sheet)
    del rows, sheet
    assert len(data) < reading.MAX_BYTES
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(reading.RosterError, match="more than 25,000 lines"):
        reading.read(io.BytesIO(data), len(data))
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 2**20, f"{peak / 2**20:.0f} MB"
    assert took < 30, "it stops after 25,000 lines (tracing makes it slow)"


# --- Lines that are wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"email": "maya@"}, "“maya@” is not one complete email address, for example maya@example.org. Correct it."),
        ({"number": "", "email": ""}, "neither an email address nor an employee number"),
        ({"name": ""}, "A new person needs a name."),
        ({"name": "=cmd|' /C calc'!A0"}, "looks like a formula. Type the value itself."),
        ({"role": "@SUM(1+1)"}, "Job role: “@SUM(1+1)” looks like a formula."),
        ({"role": "'=1+1"}, "looks like a formula"),
        ({"name": "x" * 500}, "Name: the cell has more than 120 characters. Shorten it"),
        ({"name": "Maya \u202eOkafor"}, "Name: There is an invisible or control character"),
        ({"name": "小林"}, "The certificate cannot show"),
        ({"site": "Eastgate Hose"}, "There is no site “Eastgate Hose”. Did you mean “Eastgate House”?"),
        ({"site": "Nowhere"}, "There is no site “Nowhere”. There are: Eastgate House, Westside."),
        ({"team": "Dai team"}, "There is no team “Dai team” at Eastgate House. Did you mean “Day team”?"),
        ({"team": "Night team"}, "The team “Night team” is at Westside, not at Eastgate House. Correct the site or the team."),
        ({"site": "", "team": ""}, "Say at which site this new person works: Eastgate House, Westside."),
        ({"category": "boss"}, "We do not know the category “boss”. Write staff, volunteer or contractor."),
        ({"status": "maybe"}, "We do not know the status “maybe”. Write active or left."),
        ({"hired": "03/09/2026"}, "“03/09/2026” can mean two days."),
        ({"hired": "46090"}, "“46090” is a number. Format the cell as a date"),
        ({"hired": "2026-02-30"}, "“2026-02-30” is no day of the calendar."),
        ({"hired": "9999-01-01"}, "the year of 9999-01-01 cannot be right"),
        ({"hired": "soon"}, "“soon” is no date that we can read. Write it as 2026-03-09."),
        ({"role": "#REF!"}, "the spreadsheet shows the error #REF!"),
    ],
)  # fmt: skip
def test_a_wrong_cell_says_what_to_do(office: Office, said: dict[str, str], sentence: str) -> None:
    made = office.check(csv_bytes([line(1, **said), line(2)]))
    assert effects(made) == ["error", "new"], words(made)
    assert sentence in words(made)[0]


def test_all_that_is_wrong_with_a_line_is_told_at_once(office: Office) -> None:
    made = office.check(csv_bytes([line(1, hired="soon", category="boss", team="Dai team", email="x")]))
    for part in ("“x” is not one", "category “boss”", "“soon” is no date", "Did you mean “Day team”?"):
        assert part in words(made)[0]


def test_days_as_month_day_year_only_when_chosen(office: Office) -> None:
    data = csv_bytes(
        [line(1, hired="03/09/2026"), line(2, hired="3-9-2026"), line(3, hired="2026-03-09"), line(4, hired="03/09/26")]
    )
    made = office.check(data, dates="us")
    assert effects(made) == ["new", "new", "new", "error"]
    office.run(office.confirm(made))
    assert set(User.objects.filter(name__startswith="Person").values_list("hire_date", flat=True)) == {
        dt.date(2026, 3, 9)
    }


def test_the_same_person_twice(office: Office) -> None:
    factories.make_user("Known", email="known@example.org", employee_number="K1", site=office.east)
    rows = [
        line(1), line(2, email="P1@Example.ORG"), line(3, number="e1"), line(4),
        line(5, number="K1", email="new@example.org"), line(6, number="", email="KNOWN@example.org"),
    ]  # fmt: skip
    made = office.check(csv_bytes(rows))
    assert effects(made) == ["error", "error", "error", "new", "error", "error"]
    assert words(made)[0] == "Line 3, 4 is about the same person. Leave one of them in the file."
    assert words(made)[4] == "Line 7 is about the same person. Leave one of them in the file."


def test_what_contradicts(office: Office) -> None:
    factories.make_user("Ann Lee", email="ann@example.org", employee_number="A1", site=office.east)
    factories.make_user("Bo Ray", email="bo@example.org", employee_number="B1", site=office.east)
    rows = [line(1, number="A1", email="bo@example.org"), line(2, number="Z9", email="ann@example.org")]
    made = office.check(csv_bytes(rows[:1]))
    assert words(made)[0] == "The employee number is Ann Lee’s, the address is Bo Ray’s. Correct one of the two."
    made = office.check(csv_bytes(rows[1:]))
    assert "The address is Ann Lee’s, whose employee number here is A1." in words(made)[0]


def test_ragged_lines(office: Office) -> None:
    data = csv_bytes([line(1)[:5], [*line(2), "", ""], [*line(3), "Smith"]])
    made = office.check(data)
    assert effects(made) == ["new", "new", "error"]
    assert words(made)[2].startswith("This line has 10 cells, but only 9 columns have a name.")


def test_missing_and_doubled_columns(office: Office) -> None:
    data = csv_bytes([["Person 1", "Eastgate House"]], head=["Name", "Site"])
    made = office.take(data)
    with pytest.raises(ValidationError, match="Without either nobody is found again"):
        office.check(data)
    assert made.mapping == {}
    doubled = csv_bytes([["a@example.org", "b@example.org", "Person 1"]], head=["Email", "E-mail", "Name"])
    with pytest.raises(ValidationError, match="Choose the column with email addresses"):
        office.check(doubled)
    chosen = office.check(doubled, {"email": 1, "name": 2})
    assert row_of(chosen).email == "b@example.org"
    with pytest.raises(ValidationError, match="chosen for “Email” already"):
        office.check(doubled, {"email": 1, "name": 1})


def test_names_from_right_to_left(office: Office) -> None:
    made = office.imported(csv_bytes([line(1, name="محمد علي"), line(2, name="שרה כהן")]))
    assert effects(made) == ["new", "new"]
    assert User.objects.filter(name__in=["محمد علي", "שרה כהן"]).count() == 2


def test_numbers_of_a_workbook(office: Office) -> None:
    made = office.check(saved(book([line(1, number=4711), line(2, number=4712.0), line(3, hired=46090)])))
    assert [row.number for row in made.rows.order_by("position")] == ["4711", "4712", "e3"]
    assert effects(made) == ["new", "new", "error"]


def test_formulas_of_a_workbook_are_not_worked_out(office: Office) -> None:
    made = office.check(saved(book([line(1, role='=HYPERLINK("http://evil")'), line(2, name="=A1")])))
    assert effects(made) == ["new", "error"], "no value is stored beside the formula, so the cell says nothing"
    office.run(office.confirm(made))
    assert User.objects.get(name="Person 1").job_role == ""


# --- Whatever it is: the preview is the truth ----------------------------------------------------------------------------


def broken_rows(chance: random.Random, number: int) -> list[list[Any]]:
    """Half of them are wrong in some way; people who are here already are among them."""
    ways: list[dict[str, Any]] = [
        {}, {}, {}, {"role": "Nurse"}, {"team": "Night team", "site": "Westside"}, {"status": "left"}, {"team": "Kitchen"}, {"email": ""},
        {"number": ""}, {"number": "", "email": ""}, {"email": "p1@example.org"}, {"number": "E2"}, {"hired": "03/09/2026"}, {"name": ""},
        {"name": "=x"}, {"site": ""}, {"site": "Nowhere"}, {"category": "volunteer"}, {"email": "priya@example.org"}, {"team": ""},
        {"email": "moved@example.org"}, {"site": "Westside", "team": ""},
    ]  # fmt: skip
    return [line(n, **chance.choice(ways)) for n in range(1, number + 1)]


@pytest.mark.parametrize("seed", range(12))
def test_the_preview_is_what_happens_and_undoing_restores(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    for n in range(1, 13):
        factories.make_user(
            f"Person {n}", email=f"p{n}@example.org", employee_number=chance.choice([f"E{n}", None]), team=chance.choice([office.day, office.night]),
            is_active=chance.random() < 0.8, category=chance.choice(["staff", "volunteer"]),
        )  # fmt: skip
    before = everybody()
    options: dict[str, Any] = {
        "new_teams": chance.random() < 0.5,
        "absent": chance.random() < 0.3,
        "rename": chance.random() < 0.5,
    }
    made = office.check(csv_bytes(broken_rows(chance, 24)), **options)
    assert everybody() == before
    acting = [row.pk for row in made.rows.all() if row.effect not in ("error", "same")]
    told = {row.pk: (row.effect, row.plan) for row in made.rows.all()}
    if not acting:
        return
    office.run(office.confirm(made, invite=chance.random() < 0.5))
    for row in made.rows.select_related("user__site", "user__team"):
        effect, plan = told[row.pk]
        if effect in ("error", "same"):
            assert row.state == "skipped"
            continue
        assert (row.state, bool(row.user)) == ("done", True), (row.outcome, row.words)
        user = row.user
        assert user is not None
        assert user.is_active is (effect != "leaves")
        for field, (_, new) in plan.get("set", {}).items():
            assert str(getattr(user, field) or "") == new
        if "place" in plan:
            assert [user.site.name, user.team.name if user.team else ""] == plan["place"][1]
    office.undone(made)
    added = {row.user_id for row in RosterRow.objects.filter(effect="new") if row.user_id}
    here = [row for row in everybody() if User.objects.get(subject=row[0]).pk not in added]
    assert here == before
    assert not User.objects.filter(pk__in=added, is_active=True).exists()
