"""Draws a certificate as a PDF from frozen facts. Pure: no database, no clock, no network, nothing but this folder's files."""

import dataclasses
import datetime as dt
import functools
import hashlib
import importlib.metadata
import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import segno
import typst

from lms.lib import glyphs
from lms.lib.dates import long_date
from lms.lib.names import one_line

TEMPLATE_VERSION = "crossing-1"
"""Raise the number with every change to the template or the fonts: old files are then known to have been drawn otherwise."""

PAPERS = ("us-letter", "a4")
_FOLDER = Path(__file__).resolve().parent
_TEMPLATE = _FOLDER / "template"
_NO_PACKAGES = _TEMPLATE / "packages"  # does not exist, so that no package installed for the user can be imported
FAMILIES = ("Cert Display", "Cert Wide", "Cert Arabic", "Cert Hebrew", "Cert Devanagari")
_SCRIPTS = {"ARABIC": "Cert Arabic", "HEBREW": "Cert Hebrew", "DEVANAGARI": "Cert Devanagari"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class CertificateFacts:
    """What one certificate says. Dates are the printed ones; `issued_at` is the instant in the file's metadata."""

    organization: str
    name: str
    latin_name: str
    course: str
    edition: str
    content_hash: str
    completed_on: dt.date
    expires_on: dt.date | None
    hours: str
    score: str
    number: str
    code: str
    verify_url: str
    signatory: str
    signatory_title: str
    issued_at: dt.datetime
    paper: str = "us-letter"
    language: str = "en"

    def __post_init__(self) -> None:
        if self.issued_at.utcoffset() is None:
            raise ValueError("issued_at needs a time zone.")
        if self.paper not in PAPERS:
            raise ValueError(f"paper must be one of {', '.join(PAPERS)}, not {self.paper!r}.")
        if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2})?", self.language):
            raise ValueError(f"language must be a code such as en or en-us, not {self.language!r}.")


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A drawn certificate: the file, its SHA-256 in hex, the name as it stands there, and whether that is not the name asked for."""

    pdf: bytes
    sha256: str
    name_drawn: str
    fell_back: bool


def versions() -> dict[str, str]:
    """What the bytes depend on beside the facts; kept with each certificate."""
    return {"typst": importlib.metadata.version("typst"), "template": TEMPLATE_VERSION}


def draw(facts: CertificateFacts) -> Drawing:
    """One landscape page, tagged, PDF/A-2a and PDF/UA-1. The same facts and versions give the same bytes.

    The name is tried first as it is; if the fonts cannot show it, the Latin name; then that in plain ASCII; then the number
    of the certificate stands in its place. So a certificate is always drawn, and `fell_back` says that somebody should look.
    In the other texts a character that the fonts cannot show is spelled in Latin letters or left out.
    """
    wanted = one_line(facts.name)
    refusal: typst.TypstError | None = None
    for candidate in _candidates(facts):
        try:
            pdf = _compile(facts, candidate)
        except typst.TypstError as error:
            refusal = error
            continue
        return Drawing(
            pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest(), name_drawn=candidate, fell_back=candidate != wanted
        )
    raise RuntimeError(f"Certificate {facts.number} cannot be drawn, whatever the name.") from refusal


def preview(facts: CertificateFacts, name: str = "") -> bytes:
    """The same page as a PNG picture of about 1200 pixels width, to look at on a screen. ``name`` is the name as the file has it;
    without it, the first that the fonts can show. Raises when it cannot be drawn: a picture is never worth a failing page."""
    issued = facts.issued_at.astimezone(dt.UTC).replace(microsecond=0)
    png = typst.compile(
        _TEMPLATE / "crossing.typ",
        root=_TEMPLATE,
        format="png",
        ppi=110,
        font_paths=fonts(),
        package_path=_NO_PACKAGES,
        package_cache_path=_NO_PACKAGES,
        sys_inputs=_inputs(facts, name or _candidates(facts)[0], issued),
    )
    if not isinstance(png, bytes):
        raise RuntimeError("typst gave no picture.")
    return png


def _candidates(facts: CertificateFacts) -> list[str]:
    """The names to try, best first; those known to be unprintable are skipped, and the last one always prints."""
    out = [one_line(name) for name in (facts.name, facts.latin_name) if glyphs.explain(name) is None]
    for name in (facts.latin_name, facts.name):
        plain = glyphs.ascii_spelling(one_line(name))[: glyphs.MAX_LENGTH].strip()
        if any(character.isalpha() for character in plain):
            out.append(plain)
    return [*out, f"The holder of certificate {glyphs.ascii_spelling(facts.number)}"]


def _compile(facts: CertificateFacts, name: str) -> bytes:
    issued = facts.issued_at.astimezone(dt.UTC).replace(microsecond=0)
    pdf = typst.compile(
        _TEMPLATE / "crossing.typ",
        root=_TEMPLATE,
        format="pdf",
        font_paths=fonts(),
        package_path=_NO_PACKAGES,
        package_cache_path=_NO_PACKAGES,
        sys_inputs=_inputs(facts, name, issued),
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(issued.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise RuntimeError("typst gave no PDF.")
    return pdf


def _inputs(facts: CertificateFacts, name: str, issued: dt.datetime) -> dict[str, str]:
    return {"data": json.dumps(_data(facts, name, issued), sort_keys=True), "qr": _qr(facts.verify_url)}


def _data(facts: CertificateFacts, name: str, issued: dt.datetime) -> dict[str, Any]:
    language, _, region = facts.language.replace("_", "-").partition("-")
    place, _, last = facts.verify_url.removeprefix("https://").removeprefix("http://").rstrip("/").rpartition("/")
    texts = {
        "organization": facts.organization,
        "course": facts.course,
        "edition": f"{facts.edition} · {facts.content_hash}" if facts.content_hash else facts.edition,
        "hours": facts.hours,
        "score": facts.score,
        "number": facts.number,
        "code": facts.code,
        "verify_url": facts.verify_url,
        "verify_place": place or last,
        "signatory": facts.signatory,
        "signatory_title": facts.signatory_title,
    }
    return {
        **{key: glyphs.printable(text) for key, text in texts.items()},
        "name": name,
        "scripts": (order := font_order(name)),
        "latin_like": order[0] in ("Cert Display", "Cert Wide"),
        "rtl": _right_to_left(name),
        "completed": long_date(facts.completed_on),
        "valid_to": long_date(facts.expires_on) if facts.expires_on else "does not expire",
        "issued": {part: getattr(issued, part) for part in ("year", "month", "day", "hour", "minute", "second")},
        "paper": facts.paper,
        "lang": language.lower(),
        "region": region.upper() or None,
    }


def _qr(url: str) -> str:
    out = io.BytesIO()
    segno.make_qr(url, error="m").save(out, kind="svg", border=0, dark="#241C2B", xmldecl=False, svgns=True)
    return out.getvalue().decode()


def font_order(name: str) -> list[str]:
    """The fonts for the name, best first.

    The font of the first letter's script leads, since joiners and spaces from another font break a word's shaping. A name
    with a letter that only the wide font has is drawn in it throughout, not in two faces.
    """
    script = next((unicodedata.name(c, "").split(" ")[0] for c in name if c.isalpha()), "")
    covers = glyphs.coverage()
    wide = any(ord(c) in covers["wide"] and ord(c) not in covers["display"] for c in name)
    first = _SCRIPTS.get(script, "Cert Wide" if wide else "Cert Display")
    return sorted(FAMILIES, key=lambda family: family != first)


def _right_to_left(name: str) -> bool:
    return next(
        (kind in ("R", "AL") for c in name if (kind := unicodedata.bidirectional(c)) in ("L", "R", "AL")), False
    )


@functools.cache
def fonts() -> typst.Fonts:
    """The bundled fonts and nothing else."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FOLDER / "fonts")])
