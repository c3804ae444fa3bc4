"""Draws a transcript as a PDF from its words (``quizzes.queries.transcripts``)."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import typst

from courses.certificates import drawing
from lms.lib import glyphs
from lms.lib.names import one_line

_TEMPLATE = Path(__file__).resolve().parent / "template"
_NO_PACKAGES = _TEMPLATE / "packages"  # does not exist, so that no package installed for the user can be imported


def draw(transcript: dict[str, Any], *, at: dt.datetime, paper: str = "us-letter") -> bytes:
    """Tagged, PDF/A-2a and PDF/UA-1. The same words give the same bytes. A name that the fonts cannot show is spelled in Latin
    letters; in other texts such characters are spelled so or left out."""
    moment = at.astimezone(dt.UTC).replace(microsecond=0)
    name = _name(transcript["person"])
    data = {
        **_printable(transcript),
        "name": name,
        "scripts": drawing.font_order(name),
        "paper": paper,
        "made": {part: getattr(moment, part) for part in ("year", "month", "day", "hour", "minute", "second")},
    }
    pdf = typst.compile(
        _TEMPLATE / "transcript.typ",
        root=_TEMPLATE,
        format="pdf",
        font_paths=drawing.fonts(),
        package_path=_NO_PACKAGES,
        package_cache_path=_NO_PACKAGES,
        sys_inputs={"data": json.dumps(data, sort_keys=True)},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(moment.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise RuntimeError("typst gave no PDF.")
    return pdf


def _name(person: dict[str, str]) -> str:
    for name in (person["name"], person["latin_name"]):
        if glyphs.explain(name) is None:
            return one_line(name)
    return glyphs.printable(person["name"]) or f"Person {person['subject'][:8]}"


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return glyphs.printable(value)
    if isinstance(value, dict):
        return {key: _printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_printable(inner) for inner in value]
    return value
