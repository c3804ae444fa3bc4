"""Numbers, CSV cells, codes, canonical JSON, names."""

import csv
import io
import math
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from lms.lib import canonical, codes, csvsafe, names, numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4", "4"), ("4.0000", "4"), ("3.5", "3.5"), ("3.99", "3.9"), ("0", "0"), ("0.0500", "0"), ("10", "10"),
        ("20.00", "20"), ("100", "100"), ("2.6667", "2.6"), ("0.9999", "0.9"),
    ],
)  # fmt: skip
def test_points_are_rounded_down(value: str, shown: str) -> None:
    assert numbers.points(Decimal(value)) == shown


def test_no_points_are_none() -> None:
    assert numbers.points(None) == "0"


STARTERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("start", [*STARTERS, " =", "\u00a0+", "\u3000@", "  \t-"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert csvsafe.cell(f"{start}1") == f"'{start}1"


@pytest.mark.parametrize("value", ["Ann", "a=b", "1-2", "a@b.example", "", "'=1", "Zoë", "\u05d0"])
def test_plain_text_stays_as_it_is(value: str) -> None:
    assert csvsafe.cell(value) == value


def test_other_values() -> None:
    assert csvsafe.cell(None) == ""
    assert csvsafe.cell(3) == "3"
    assert csvsafe.cell(-3) == "'-3"


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=4))
def test_lines_read_back_as_they_were_made_safe(rows: list[list[str]]) -> None:
    text = "".join(csvsafe.lines(rows))
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert back == [[csvsafe.cell(value) for value in row] for row in rows]
    for row in back:
        for cell in row:
            assert not cell.strip() or cell.strip()[0] not in STARTERS


def test_public_codes_are_long_random_and_readable() -> None:
    found = {codes.public_code() for _ in range(500)}
    assert len(found) == 500
    for code in found:
        assert len(code) == codes.CODE_LENGTH
        assert not set(code) & set("01OILU")
    alphabet = {sign for code in found for sign in code}
    assert len(alphabet) ** codes.CODE_LENGTH >= 2**128
    assert math.log2(len(alphabet)) * codes.CODE_LENGTH >= 128


def test_a_code_is_found_however_it_is_typed() -> None:
    code = codes.public_code()
    printed = codes.grouped(code)
    assert printed.replace("-", "") == code
    assert {len(group) for group in printed.split("-")[:-1]} == {4}
    for typed in (
        printed,
        printed.lower(),
        printed.replace("-", " "),
        f"  {printed}\n",
        printed.replace("-", "\u2013"),
        code,
    ):
        assert codes.normalized(typed) == code
    assert codes.normalized(code + "!") != code


def test_receipts_and_tokens() -> None:
    receipt = codes.receipt()
    assert len(receipt) == 7
    assert receipt[4] == "-"
    token = codes.token()
    assert len(token) >= 43
    assert codes.token_hash(token) != token
    assert codes.token_hash(token) == codes.token_hash(token)
    assert len({codes.token() for _ in range(100)}) == 100
    assert codes.new_id() != codes.new_id()


def test_equal_values_have_one_spelling() -> None:
    assert canonical.dumps({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'
    assert canonical.sha256({"a": 1, "b": 2}) == canonical.sha256({"b": 2, "a": 1})
    assert canonical.sha256([1, 2]) != canonical.sha256([2, 1])
    assert canonical.sha256([12]) != canonical.sha256([1, 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"x"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical.dumps(value)


def test_names_are_one_line() -> None:
    assert names.one_line("  Ann\r\n B\u00a0 C ") == "Ann B C"
    assert names.one_line("e\u0301") == "é"


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\0b", "\u202eb", "a\u2028b", "a\x1bb", "\ud800"])
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        names.validate_one_line(value)


@pytest.mark.parametrize("value", ["Ann O'Neil-Smith", "Zoë", "\u05d3\u05d5\u05d3", "李"])
def test_names_of_the_world_pass(value: str) -> None:
    names.validate_one_line(value)
    assert names.one_line(value) == value
