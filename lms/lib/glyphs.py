"""Which characters the certificate's fonts can print, so that a name is checked where it is typed and not where it is drawn.

The coverage lies beside this file as data (`glyphs_data.json`), one list of ranges for each font, written by the script
that cuts the fonts. A letter and the marks on it must come from one font; that is how they are checked here.
"""

import functools
import json
import unicodedata
from pathlib import Path

from .names import one_line

MAX_LENGTH = 120
_DATA = Path(__file__).with_name("glyphs_data.json")
_JOINERS = "\u200c\u200d"  # they shape Persian and Hindi words; every other invisible character is refused
_SPECIAL_SPELLINGS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "þ": "th",
     "Þ": "Th", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ı": "i", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}
)  # fmt: skip


@functools.cache
def coverage() -> dict[str, frozenset[int]]:
    """The code points of each font that may draw a name, in the order in which the fonts are tried."""
    ranges: dict[str, list[list[int]]] = json.loads(_DATA.read_text(encoding="utf-8"))
    return {
        name: frozenset(p for first, last in pairs for p in range(first, last + 1)) for name, pairs in ranges.items()
    }


def uncovered(name: str) -> list[str]:
    """The characters of a name that the bundled fonts cannot print, each once, in order of appearance.

    A mark without a letter to stand on, or on a letter of another script, counts as one of them.
    """
    missing: list[str] = []
    for cluster in _clusters(unicodedata.normalize("NFC", name)):
        missing += [character for character in _missing(cluster) if character not in missing]
    return missing


def explain(name: str) -> str | None:
    """What to change in a name so that a certificate can show it, as one plain sentence; None when it can be printed as it is."""
    if _hidden(name):
        return "This name holds a line break or a hidden character. Type it again on one line instead of pasting it."
    tidy = one_line(name)
    if not tidy:
        return "Type the name as it should be printed on the certificate."
    if len(tidy) > MAX_LENGTH:
        return f"This name has {len(tidy):,} characters, and a certificate has room for {MAX_LENGTH}. Type a shorter form of it."
    if missing := uncovered(tidy):
        shown = ", ".join(_label(character) for character in missing[:5]) + (" and more" if len(missing) > 5 else "")
        return f"The certificate cannot show {shown}. Leave that out, or spell the name in Latin letters."
    if not any(character.isalpha() for character in tidy):
        return "A name needs at least one letter."
    return None


def printable(text: str) -> str:
    """The text on one line with only characters the fonts can print: others become plain Latin letters, or are left out."""
    out = []
    for cluster in _clusters(one_line("".join(" " if _hidden(c) else c for c in text))):
        out.append(cluster if not _missing(cluster) else ascii_spelling(cluster))
    return one_line("".join(out))


def ascii_spelling(text: str) -> str:
    """The text in plain ASCII: accents taken off, a few letters spelled out, everything else left out. May be empty."""
    bare = unicodedata.normalize("NFKD", text.translate(_SPECIAL_SPELLINGS))
    return one_line("".join(character for character in bare if " " <= character <= "~"))


def _hidden(text: str) -> bool:
    return any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c not in _JOINERS for c in text)


def _clusters(text: str) -> list[str]:
    """Letters, each together with the marks and joiners that follow it."""
    out: list[str] = []
    for character in text:
        if out and (unicodedata.category(character).startswith("M") or character in _JOINERS):
            out[-1] += character
        else:
            out.append(character)
    return out


def _missing(cluster: str) -> list[str]:
    base = cluster[0]
    if unicodedata.category(base).startswith("M") or base in _JOINERS:
        return list(cluster)
    holders = [points for points in coverage().values() if ord(base) in points]
    if not holders:
        return [base]
    if base == " ":
        return list(cluster[1:])
    return min(([c for c in cluster if ord(c) not in points] for points in holders), key=len)


def _label(character: str) -> str:
    """The character itself, or its Unicode name when it cannot stand alone."""
    if unicodedata.category(character)[0] in "MCZ":
        return unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return f"“{character}”"
