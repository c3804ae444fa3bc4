"""A table as an XLSX file whose texts no spreadsheet program takes for formulas and whose dates are dates."""

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from lms.lib import csvsafe

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def write(rows: Iterable[Sequence[object]], *, title: str) -> IO[bytes]:
    """Writes the rows, the first as heads, into a temporary file that goes away when it is closed; gives it back at its beginning.

    Memory does not grow with the rows. Texts are made safe as in ``csvsafe``; characters that no XML file may hold are left out.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=title[:31])
    sheet.freeze_panes = "B2"
    waiting = iter(rows)
    heads = next(waiting, ())
    for number in range(1, len(heads) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 24
    bold = Font(bold=True)
    sheet.append([_cell(sheet, value, font=bold) for value in heads])
    try:
        for row in waiting:
            sheet.append([_cell(sheet, value) for value in row])
    except BaseException:
        sheet.close()  # else its half-written part complains when it is thrown away
        raise
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever streams it closes it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: object, value: object, *, font: Font | None = None) -> WriteOnlyCell:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", csvsafe.cell(value)))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell
