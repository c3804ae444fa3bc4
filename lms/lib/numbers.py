"""Numbers as people read them."""

from decimal import ROUND_DOWN, Decimal


def points(value: Decimal | None) -> str:
    """Points to one place, rounded down for display only, without a trailing zero: 4, 3.5."""
    if value is None:
        return "0"
    shown = Decimal(value).quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    return f"{shown:f}".rstrip("0").rstrip(".") if "." in f"{shown:f}" else f"{shown:f}"
