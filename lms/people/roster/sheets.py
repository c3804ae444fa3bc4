"""Reading XLSX: values only, the first sheet that is not hidden. No formula is worked out and no macro is run: both stay what they are, parts of a
file that is thrown away."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._reader import WorkSheetParser

from lms.people.roster.limits import MAX_COLUMNS, MAX_PARTS, MAX_SHARED, MAX_UNPACKED, RosterError

DAMAGED = (
    "This XLSX file cannot be opened. Open it in Excel, save it once more as “Excel workbook (.xlsx)”, and upload that."
)
UNPACKED = "This XLSX file unpacks to far more than a roster needs. Copy the list into a new workbook, save it, and upload that."


def lines(file: BinaryIO) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Yields (number of the row, cells as text), and a note which sheet it is if there are several. Raises RosterError."""
    _refuse_bombs(file)
    file.seek(0)
    try:
        # The steps of openpyxl's load_workbook, without the sheets: it reads a sheet to its end when that does not say how large it is
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        seen = [
            (sheet, rel)
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in reader.valid_files and "chartsheet" not in rel.Type and sheet.state == "visible"
        ]
    except Exception as error:
        raise RosterError(DAMAGED) from error
    if not seen:
        raise RosterError(
            "Every sheet of this file is hidden. Show the sheet with the list, save, and upload it again."
        )
    sheet, rel = seen[0]
    note = f"The file has {len(seen)} sheets. The first one is read: “{sheet.name}”." if len(seen) > 1 else ""
    return _rows(reader, rel.target), note


def _refuse_bombs(file: BinaryIO) -> None:
    """Looks at what the file says of its parts before any is unpacked; a part that holds more than it says ends there when it is read."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise RosterError("This is a ZIP file but no Excel workbook. Save the list as .xlsx or CSV.")
            shared = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
            if (
                len(parts) > MAX_PARTS
                or sum(part.file_size for part in parts) > MAX_UNPACKED
                or shared > MAX_SHARED
                or len(names) != len(parts)
            ):
                raise RosterError(UNPACKED)
            for part in parts:
                if part.flag_bits & 1:
                    raise RosterError("This file has a password. Save it without one, then upload it again.")
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        start = opened.read(4096)
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start or b"\0" in start:
                        raise RosterError(DAMAGED)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, RuntimeError) as error:
        raise RosterError(DAMAGED) from error


def _rows(reader: Any, path: str) -> Iterator[tuple[int, list[str]]]:
    """Rows as the file numbers them; gaps between them, however large, cost nothing."""
    book = reader.wb
    try:
        with reader.archive.open(path) as source:
            parser = WorkSheetParser(
                source,
                reader.shared_strings,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            for number, row in parser.parse():
                cells = [""] * min(max((cell["column"] for cell in row), default=0), MAX_COLUMNS + 1)
                for cell in row:
                    place = min(cell["column"] - 1, MAX_COLUMNS)
                    cells[place] = _text(cell["value"]) or cells[place]
                yield number, cells
    except RosterError:
        raise
    except Exception as error:
        raise RosterError(DAMAGED) from error


def _text(value: object) -> str:
    """A value as a person would type it: days as 2026-12-09, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).encode("utf-8", "replace").decode().replace("\0", "\ufffd")  # which no database takes
