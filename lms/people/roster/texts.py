"""Reading text files: which encoding, which delimiter, then line by line."""

import contextlib
import csv
import io
import statistics
from collections.abc import Iterator
from typing import BinaryIO

from lms.people.roster.limits import MAX_BYTES, RosterError

DELIMITERS = (",", ";", "\t", "|")
_LOOK = 20  # lines that decide about the delimiter
NO_TEXT = (
    "This file is not plain text in an encoding that we know. Save it as “CSV UTF-8” or as .xlsx, then upload it again."
)


def encoding_of(file: BinaryIO, start: bytes) -> str:
    """UTF-8 or UTF-16 by their marks, UTF-16 by its zero bytes, else UTF-8 if the whole file is, else Windows-1252. Raises RosterError if it is
    none of them."""
    if start.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise RosterError(NO_TEXT)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    odd, even = start[1:400:2], start[0:400:2]
    if odd and odd.count(0) > 0.4 * len(odd) and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > 0.4 * len(even) and not odd.count(0):
        return "utf-16-be"
    for encoding in ("utf-8-sig", "cp1252"):
        if _decodes(file, encoding):
            return encoding
    raise RosterError(NO_TEXT)


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    try:
        for _ in _text(file, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _text(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Yields lines with their ends, so that a cell may hold a line break; a lone CR ends a line as well."""
    file.seek(0)
    wrapper = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        for line in wrapper:  # noqa: UP028  "yield from" would close the file when the reader stops early
            yield line
    finally:
        with contextlib.suppress(ValueError):  # closed by whoever opened it
            wrapper.detach()  # the file stays open


def delimiter_of(sample: list[str]) -> str:
    """The delimiter by which the first lines fall into most columns, and into equally many. A line "sep=;", as Excel writes it, decides."""
    if sample and (said := sample[0].strip().strip('"').lower()).startswith("sep=") and len(said) <= 5:
        return said[4:] or "\t"
    best, best_score = ",", (0.0, 0.0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        middle = statistics.median_low(widths)
        alike = sum(width == middle for width in widths) / len(widths)
        score = (alike if middle > 1 else 0.0, float(middle))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def lines(file: BinaryIO, start: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yields (number of the line, cells). Raises RosterError for what is no text, holds zero bytes, or has a quotation mark without an end."""
    encoding = encoding_of(file, start)
    sample = []
    for line in _text(file, encoding):
        sample.append(line[:4096])
        if len(sample) == _LOOK:
            break
    delimiter = delimiter_of(sample)
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(_checked(_text(file, encoding)), delimiter=delimiter, strict=True)
    said = bool(sample) and sample[0].strip().strip('"').lower().startswith("sep=")
    begins = 1
    try:
        for row in reader:
            if not (said and begins == 1):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise RosterError(
            f"From line {begins} on the quotation marks do not fit together. A quotation mark inside a cell is written twice. Mend the line, or save the list as .xlsx."
        ) from error
    except UnicodeError as error:
        raise RosterError(NO_TEXT) from error


def _checked(texts: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(texts, 1):
        if "\0" in text:
            raise RosterError(
                f"Line {number} holds zero bytes, so the file is damaged or no text. Save the list again as “CSV UTF-8” or as .xlsx."
            )
        yield text
