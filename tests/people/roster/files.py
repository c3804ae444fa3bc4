"""Rosters as people save them, made in memory."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

HEAD = ["Employee ID", "Name", "Email", "Site", "Team", "Job title", "Type", "Hire date", "Status"]
Row = Sequence[Any]


def csv_bytes(rows: Iterable[Row], *, delimiter: str = ",", encoding: str = "utf-8", head: Row | None = HEAD) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    if head is not None:
        writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def book(rows: Iterable[Row], *, head: Row | None = HEAD) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet = made.active
    if head is not None:
        sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def repacked(xlsx: bytes, **parts: bytes) -> bytes:
    """The workbook with some parts replaced; names with __ for /."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        given = {name.replace("__", "/").replace("_xml", ".xml"): data for name, data in parts.items()}
        for name in old.namelist():
            new.writestr(name, given.pop(name) if name in given else old.read(name))
        for name, data in given.items():
            new.writestr(name, data)
    return buffer.getvalue()


def upload(data: bytes, name: str = "roster.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)
