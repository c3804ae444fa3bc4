"""CSV cells that a spreadsheet program cannot take for formulas."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_STARTERS = "=+-@\t\r\n"


def cell(value: object) -> str:
    """The value as text; one apostrophe is put before a text that a spreadsheet would run (=, +, -, @, tab, CR, LF, wide forms)."""
    text = "" if value is None else str(value)
    first = unicodedata.normalize("NFKC", text[:1])
    stripped = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if (first and first in _STARTERS) or (stripped and stripped in _STARTERS) else text


def lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yields each row as one CSV line, every cell made safe."""
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([cell(value) for value in row])
        yield buffer.getvalue()
