"""Tables as XLSX files: texts that stay texts, dates that are dates."""

import datetime as dt
from collections.abc import Iterator

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from lms.lib import csvsafe, xlsx


def test_heads_texts_dates_and_empty_cells() -> None:
    rows = [("Name", "Due"), ("Ann", dt.date(2026, 12, 9)), ("", None), ("7", 7)]
    with xlsx.write(rows, title="A title that is longer than a sheet may have") as file:
        (sheet,) = openpyxl.load_workbook(file).worksheets
    assert [[cell.value for cell in line] for line in sheet.iter_rows()] == [
        ["Name", "Due"],
        ["Ann", dt.datetime(2026, 12, 9)],
        [None, None],
        ["7", "7"],
    ]
    assert sheet["B2"].number_format == "yyyy-mm-dd"
    assert sheet["B2"].is_date
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "B2"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_no_text_becomes_a_formula_and_none_is_lost(words: list[str]) -> None:
    with xlsx.write([words], title="T") as file:
        (sheet,) = openpyxl.load_workbook(file).worksheets
    found = [cell for line in sheet.iter_rows() for cell in line]
    assert not [cell for cell in found if cell.data_type == "f"]
    expected = [
        ILLEGAL_CHARACTERS_RE.sub("", csvsafe.cell(word)).replace("\r\n", "\n").replace("\r", "\n") for word in words
    ]
    assert [(cell.value or "").replace("\r\n", "\n").replace("\r", "\n") for cell in found] == expected


def test_rows_are_taken_one_by_one_and_nothing_is_left_when_they_fail() -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("Name",)
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="gone"):
        xlsx.write(rows(), title="T")


def test_a_table_without_rows() -> None:
    with xlsx.write([], title="T") as file:
        assert file.read(2) == b"PK"
