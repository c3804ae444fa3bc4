"""From a folder to one ZIP, file by file, so that memory does not grow with the pack."""

import datetime as dt
import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

PIECE = 1 << 20
_PACKED_ALREADY = (".pdf",)


def files_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name in the pack, path) of every file, in the order of names. What a killed worker left half written begins with a dot and is
    left out."""
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    yield from sorted(found.items())


def digest(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file, read in pieces."""
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
            size += len(piece)
    return {"sha256": hashed.hexdigest(), "size": size}


def write(folder: Path, out: BinaryIO, *, top: str, at: dt.datetime) -> None:
    """All files of the folder below ``top`` in the ZIP, with ``at`` as their date: the same files give the same bytes."""
    date = at.astimezone(dt.UTC)
    stamp = (date.year, date.month, date.day, date.hour, date.minute, date.second)
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        for name, path in files_of(folder):
            info = zipfile.ZipInfo(f"{top}/{name}", date_time=stamp)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
            info.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(info, "w") as target:
                while piece := source.read(PIECE):
                    target.write(piece)


def store(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
