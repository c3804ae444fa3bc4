"""Counting and looking at plain words."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_FIGURES = (
    re.compile(r"\b\d[\d.,]*\s?(?:percent\b|%)"),
    re.compile(r"\b\d+ (?:in|out of) (?:every )?\d+\b"),
    re.compile(r"(?<![\d(-])\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"(?<![\d(,-])\b\d{3,}\b(?![-\d,])"),
)
_NUMBERS_TO_CALL = {"911", "988"}


def count_words(text: str) -> int:
    """Words as a reader counts them; ``don't`` is one, ``person-first`` is two."""
    return len(_WORD.findall(text))


def first_figure(text: str) -> re.Match[str] | None:
    """The first number that claims something: a percentage, a share, or a count of 100 or more.

    Years (1900 to 2099), 911, 988 and parts of telephone numbers are no claims.
    """
    found = [match for pattern in _FIGURES for match in pattern.finditer(text) if not _harmless(match[0])]
    return min(found, key=lambda match: match.start(), default=None)


def _harmless(number: str) -> bool:
    return number in _NUMBERS_TO_CALL or (number.isdigit() and 1900 <= int(number) <= 2099)
