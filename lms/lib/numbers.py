"""Numbers as people read them."""

from decimal import ROUND_DOWN, Decimal

_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def in_words(number: int) -> str:
    """A number in running text: a word below ten, else digits."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else str(number)


def points(value: Decimal | None) -> str:
    """Points to one place, rounded down for display only, without a trailing zero: 4, 3.5."""
    if value is None:
        return "0"
    shown = Decimal(value).quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    return f"{shown:f}".rstrip("0").rstrip(".") if "." in f"{shown:f}" else f"{shown:f}"
