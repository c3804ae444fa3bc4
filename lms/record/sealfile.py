"""The file of exported seals: JSON, small, to be kept where nobody who can write the database can write."""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from lms.record.chain import instant
from lms.record.models import Seal

FORMAT = "lms-seals-1"
ABOUT = (
    "The seals of a training record. Keep this file where nobody who can change the database can change it. "
    "To compare the record with it: manage.py verify_record --seals FILE"
)


class SealFileError(ValueError):
    """The file is not one of exported seals. The text says what is wrong with it."""


class ExportedSeal(NamedTuple):
    """A seal as it stands in a file: the same columns, days and instants as text."""

    number: int
    day: str
    at: str
    size: int
    root: str
    heads: int
    heads_root: str
    prev: str
    hash: str

    @property
    def date(self) -> dt.date:
        return dt.date.fromisoformat(self.day)


def exported(seal: Seal) -> ExportedSeal:
    return ExportedSeal(
        number=seal.number,
        day=seal.day.isoformat(),
        at=instant(seal.at),
        size=seal.size,
        root=seal.root,
        heads=seal.heads,
        heads_root=seal.heads_root,
        prev=seal.prev,
        hash=seal.hash,
    )


def write(seals: Iterable[Seal], *, organization: str, at: dt.datetime) -> str:
    """The text of the file, one seal a line."""
    lines = ",\n  ".join(json.dumps(exported(seal)._asdict()) for seal in seals)
    return (
        f'{{"format": {json.dumps(FORMAT)},\n "about": {json.dumps(ABOUT)},\n'
        f' "organization": {json.dumps(organization)},\n "exported_at": {json.dumps(instant(at))},\n'
        f' "seals": [\n  {lines}\n ]}}\n'
    )


def read(text: str) -> list[ExportedSeal]:
    """The seals of a file. Raises SealFileError for anything else: other JSON, other columns, no seal, a gap in the numbers."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise SealFileError(f"It is not JSON ({error}).") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SealFileError(f'It does not say "format": "{FORMAT}", so it is no file of exported seals.')
    rows = found.get("seals")
    if not isinstance(rows, list) or not rows:
        raise SealFileError("It holds no seals.")
    seals = [_seal(row, place) for place, row in enumerate(rows, 1)]
    for place, seal in enumerate(seals, 1):
        if seal.number != place:
            raise SealFileError(f"Its seals are not numbered 1, 2, 3 ...: in place {place} stands seal {seal.number}.")
    return seals


def _seal(row: Any, place: int) -> ExportedSeal:
    if not isinstance(row, dict) or set(row) != set(ExportedSeal._fields):
        raise SealFileError(f"Its seal in place {place} does not have the columns {', '.join(ExportedSeal._fields)}.")
    for name, kind in ExportedSeal.__annotations__.items():
        if type(row[name]) is not kind:
            raise SealFileError(f"Its seal in place {place} has a {name} that cannot be one.")
    try:
        dt.date.fromisoformat(row["day"])
    except ValueError as error:
        raise SealFileError(f"Its seal in place {place} has a day that cannot be one.") from error
    return ExportedSeal(**row)
