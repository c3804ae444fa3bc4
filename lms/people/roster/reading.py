"""Reading an uploaded roster into lines of text. Memory stays bounded, nothing in the file is carried out.

The content decides what a file is, never its name. Whatever is wrong with the file as a whole is a ``RosterError``: a sentence that says what and
what to do. What is wrong in one line is found later, line by line.
"""

import dataclasses
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from lms.people.roster import sheets, texts
from lms.people.roster.columns import recognized
from lms.people.roster.limits import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, TOO_LARGE, RosterError, too_many

HEAD_WITHIN = 10  # filled lines in which the names of the columns are looked for


@dataclasses.dataclass(frozen=True)
class Line:
    """``number`` is the line as the person's own program counts it."""

    number: int
    cells: list[str]


@dataclasses.dataclass(frozen=True)
class Table:
    """A read file. ``head`` are the names of the columns, ``rows`` what stands below them; ``note`` is what the person should know of the
    reading (which sheet, which lines above the head were passed over)."""

    head: list[str]
    rows: list[Line]
    sha256: str
    note: str = ""


def read(file: BinaryIO, size: int) -> Table:
    """The table in an uploaded file. Empty lines are passed over; a cell longer than ``MAX_CELL`` is cut one character later, so that its line can
    say so. Raises RosterError."""
    if size > MAX_BYTES:
        raise RosterError(TOO_LARGE)
    if not size:
        raise RosterError("This file is empty. Save the list again, then upload it.")
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(2**20):
        digest.update(block)
    file.seek(0)
    start = file.read(4096)
    file.seek(0)
    refuse_strangers(start)
    if start.startswith(b"PK"):
        lines, note = sheets.lines(file)
    else:
        lines, note = texts.lines(file, start), ""
    head, rows, above = _split(lines)
    if above:
        note = f"{note} The names of the columns stand in line {above}; what is above it is passed over.".strip()
    return Table(head, rows, digest.hexdigest(), note)


def refuse_strangers(start: bytes) -> None:
    """Refuses what is no roster by its first bytes, whatever the file is called. Raises RosterError."""
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise RosterError(
            "This is an old Excel file (.xls), or one with a password. Open it in Excel and save it as “Excel workbook (.xlsx)” without a password, or as CSV."
        )
    if start.startswith(b"%PDF"):
        raise RosterError("This is a PDF. Export the list as CSV or XLSX from the program it comes from.")
    if start.lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise RosterError("This is a web page or XML file. Open it in Excel and save it as .xlsx or CSV.")
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b")):
        raise RosterError("This is no list of people. Export the list as CSV or XLSX.")


def _split(lines: Iterable[tuple[int, list[str]]]) -> tuple[list[str], list[Line], int]:
    """Finds the line with the names of the columns among the first filled ones: the one in which most names are known, at least two of
    them; else the first. Returns head, lines below it, and the head's number if lines above it were passed over."""
    filled = _filled(lines)
    first = list(itertools.islice(filled, HEAD_WITHIN))
    if not first:
        raise RosterError("There is nothing in this file. Save the list again, then upload it.")
    known = [recognized(line.cells) for line in first]
    best = known.index(max(known)) if max(known) >= 2 else 0
    head = [" ".join(cell.split())[:80] for cell in first[best].cells]
    while head and not head[-1]:
        head.pop()
    rows = first[best + 1 :]
    for line in filled:
        rows.append(line)
        if len(rows) > MAX_ROWS:
            raise too_many()
    if not rows:
        raise RosterError("This file has names of columns but nobody below them. Check that you saved the whole list.")
    return head, rows, first[best].number if best else 0


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Iterator[Line]:
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            if len(cells) > MAX_COLUMNS and any(cell.strip() for cell in cells[MAX_COLUMNS:]):
                raise RosterError(
                    f"Line {number} has more than {MAX_COLUMNS} columns. Leave only the columns about people, then upload the list again."
                )
            kept = [cell.strip()[: MAX_CELL + 1] for cell in cells[:MAX_COLUMNS]]
            while not kept[-1]:
                kept.pop()
            yield Line(number, kept)
