r"""Cuts the certificate's fonts from npm packages and writes down which characters they cover.

Run it by hand, only when a font changes; the system itself reads the results and never runs this file:

    npm install @fontsource-variable/source-serif-4@5.3.1 @fontsource-variable/atkinson-hyperlegible-next@5.3.0 \
        @fontsource/noto-serif@5.3.0 @fontsource/amiri@5.3.0 \
        @fontsource/noto-serif-hebrew@5.3.0 @fontsource/noto-serif-devanagari@5.3.0
    python courses/certificates/fonts/make_fonts.py node_modules      # needs fonttools and brotli

The packages hold each face in pieces (Latin, Greek ...). Pieces of one face are made static and merged into one file, so
that a letter and its accent are always shaped by the same font. Presentation forms and symbols are left out: a name does
not need them, and one of them is ten letters wide. Amiri was chosen for Arabic because it draws a letter and its dots as
one glyph: text copied from the certificate then comes out whole, which it did not with Noto Naskh Arabic.
"""

import json
import sys
import tempfile
import unicodedata
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

HERE = Path(__file__).resolve().parent
COVERAGE = HERE.parents[2] / "lms" / "lib" / "glyphs_data.json"

SERIF = "@fontsource-variable/source-serif-4/files/source-serif-4-{piece}-opsz-{style}.woff2"
SANS = "@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-{piece}-wght-{style}.woff2"
NOTO = "@fontsource/{face}/files/{face}-{piece}-400-normal.woff2"
ALL_PIECES = ("latin", "vietnamese", "latin-ext", "greek", "cyrillic", "cyrillic-ext")

# file, family, style, weight, source, pieces, axes
CUTS: tuple[tuple[str, str, str, int, str, tuple[str, ...], dict[str, float]], ...] = (
    ("display", "Cert Display", "Regular", 400, SERIF, ALL_PIECES, {"wght": 400, "opsz": 60}),
    ("text", "Cert Text", "Regular", 500, SERIF, ("latin", "latin-ext"), {"wght": 500, "opsz": 14}),
    ("text-italic", "Cert Text", "Italic", 400, SERIF, ("latin",), {"wght": 400, "opsz": 24}),
    ("sans", "Cert Sans", "Regular", 400, SANS, ("latin", "latin-ext"), {"wght": 420}),
    ("sans-bold", "Cert Sans", "Bold", 700, SANS, ("latin", "latin-ext"), {"wght": 650}),
    ("wide", "Cert Wide", "Regular", 400, NOTO.replace("{face}", "noto-serif"), (*ALL_PIECES, "greek-ext"), {}),
    ("arabic", "Cert Arabic", "Regular", 400, NOTO.replace("{face}", "amiri"), ("arabic",), {}),
    ("hebrew", "Cert Hebrew", "Regular", 400, NOTO.replace("{face}", "noto-serif-hebrew"), ("hebrew",), {}),
    (
        "devanagari",
        "Cert Devanagari",
        "Regular",
        400,
        NOTO.replace("{face}", "noto-serif-devanagari"),
        ("devanagari",),
        {},
    ),
)
NAME_FAMILIES = ("display", "wide", "arabic", "hebrew", "devanagari")

# What a name may be written with; the rest of each font (symbols, presentation forms, controls) is cut away.
WANTED = (
    *((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2AF), (0x2B0, 0x52F)),  # Latin, Greek, Cyrillic, marks
    *((0x591, 0x5F4), (0x606, 0x61B), (0x61D, 0x6DC), (0x6DE, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8E1), (0x8E3, 0x8FF)),
    (0x900, 0x97F),  # Devanagari
    *((0x1C80, 0x1C8F), (0x1D00, 0x1FFF), (0x200C, 0x200D), (0x2010, 0x2027), (0x2030, 0x203A), (0x25CC, 0x25CC)),
    *((0x2C60, 0x2C7F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F), (0xA720, 0xA7FF), (0xAB30, 0xAB6F)),
)


def wanted() -> set[int]:
    """Every code point a bundled font may keep."""
    return {point for first, last in WANTED for point in range(first, last + 1)}


def cut(source: Path, axes: dict[str, float], points: set[int], out: Path) -> None:
    """Makes one piece static, keeps only `points`, and writes it to `out`."""
    font = TTFont(source, recalcTimestamp=False)
    font.flavor = None
    if axes:
        font = instantiateVariableFont(font, axes)
    options = Options()
    options.layout_features = ["*"]
    options.hinting = False
    options.glyph_names = True
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    for table in ("STAT", "BASE", "gasp", "prep", "fpgm", "cvt ", "MVAR", "HVAR", "avar"):
        if table in font:
            del font[table]
    font.save(out)


def lend_anchors(font: TTFont) -> None:
    """Lets a letter with one mark built in carry a second one where its plain letter would: Yoruba writes acute over dotted e.

    The faces place marks only on plain letters. A letter gets the anchors of its plain letter in every lookup that does
    not place the mark it already wears.
    """
    glyphs = font.getBestCmap()
    subtables = [
        table for lookup in font["GPOS"].table.LookupList.Lookup if lookup.LookupType == 4 for table in lookup.SubTable
    ]
    for point, glyph in glyphs.items():
        plain, *marks = list(unicodedata.normalize("NFD", chr(point)))
        if not marks or ord(plain) not in glyphs:
            continue
        for table in subtables:
            bases, placed = table.BaseCoverage.glyphs, set(table.MarkCoverage.glyphs)
            if (
                glyph in bases
                or glyphs[ord(plain)] not in bases
                or any(glyphs.get(ord(mark)) in placed for mark in marks)
            ):
                continue
            table.BaseArray.BaseRecord.append(table.BaseArray.BaseRecord[bases.index(glyphs[ord(plain)])])
            table.BaseArray.BaseCount = len(table.BaseArray.BaseRecord)
            bases.append(glyph)
    for table in subtables:
        order = sorted(
            range(len(table.BaseCoverage.glyphs)), key=lambda i: font.getGlyphID(table.BaseCoverage.glyphs[i])
        )
        table.BaseCoverage.glyphs = [table.BaseCoverage.glyphs[i] for i in order]
        table.BaseArray.BaseRecord = [table.BaseArray.BaseRecord[i] for i in order]


def rename(font: TTFont, family: str, style: str, weight: int) -> None:
    """Gives the face our own family name, so no font installed on a machine can take its place."""
    names = font["name"]
    for record in list(names.names):
        if record.nameID not in (0, 13, 14):
            names.removeNames(nameID=record.nameID)
    full = f"{family} {style}"
    for name_id, value in ((1, family), (2, style), (3, full), (4, full), (6, f"{family}-{style}".replace(" ", ""))):
        names.setName(value, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    italic = style == "Italic"
    font["OS/2"].fsSelection = 0x01 if italic else 0x20 if style == "Bold" else 0x40
    font["head"].macStyle = 2 if italic else 1 if style == "Bold" else 0


def make(node_modules: Path, name: str, family: str, style: str, weight: int, source: str, pieces: tuple[str, ...],
         axes: dict[str, float]) -> TTFont:  # fmt: skip
    """Cuts and merges one face, and saves it as `<name>.ttf` beside this file. A character belongs to the first piece that has it."""
    taken: set[int] = set()
    keep = wanted()
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for piece in pieces:
            path = node_modules / source.format(piece=piece, style="italic" if style == "Italic" else "normal")
            points = (set(TTFont(path).getBestCmap()) & keep) - taken
            if name == "wide":
                # Its pieces have lost the anchors for marks: a mark is better refused than printed through the letter.
                points = {point for point in points if not unicodedata.category(chr(point)).startswith("M")}
            taken |= points
            parts.append(Path(folder) / f"{piece}.ttf")
            cut(path, axes, points, parts[-1])
        font = Merger().merge([str(part) for part in parts]) if len(parts) > 1 else TTFont(parts[0])
        if name == "display":
            lend_anchors(font)
        rename(font, family, style, weight)
        font["head"].created = font["head"].modified = 3_850_000_000
        font.recalcTimestamp = False
        font.save(HERE / f"{name}.ttf")
    return TTFont(HERE / f"{name}.ttf")


def ranges(points: set[int]) -> list[list[int]]:
    """The sorted points as [first, last] pairs."""
    out: list[list[int]] = []
    for point in sorted(points):
        if out and out[-1][1] == point - 1:
            out[-1][1] = point
        else:
            out.append([point, point])
    return out


def main(node_modules: Path) -> None:
    """Makes every font, then writes the coverage file from the fonts as saved."""
    for row in CUTS:
        font = make(node_modules, *row)
        print(row[0], len(font.getBestCmap()), (HERE / f"{row[0]}.ttf").stat().st_size)
    coverage = {name: ranges(set(TTFont(HERE / f"{name}.ttf").getBestCmap())) for name in NAME_FAMILIES}
    lines = ",\n".join(f'  "{name}": {json.dumps(pairs, separators=(",", ":"))}' for name, pairs in coverage.items())
    COVERAGE.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
