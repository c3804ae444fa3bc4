"""Bars of parts: one bar a row, its parts side by side, each with its number in it."""

import dataclasses
from collections.abc import Sequence

WIDTH = 960
LABELS = 250  # before the bars
TAIL = 70  # behind the longest bar
STEP = 38
HEIGHT = 26
LONGEST = 36  # signs of a label


@dataclasses.dataclass(frozen=True)
class Series:
    """A kind of part: its class in the style sheet, and its word."""

    css: str
    word: str


@dataclasses.dataclass(frozen=True)
class Part:
    css: str
    x: float
    width: float
    number: int

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclasses.dataclass(frozen=True)
class Bar:
    """``label`` is the title as it fits, ``title`` the whole one."""

    title: str
    label: str
    y: int
    parts: tuple[Part, ...]
    total: int
    end: float

    @property
    def baseline(self) -> int:
        return self.y + 18


@dataclasses.dataclass(frozen=True)
class Bars:
    width: int
    height: int
    bars: tuple[Bar, ...]


def draw(rows: Sequence[tuple[str, Sequence[int]]], series: Sequence[Series]) -> Bars:
    """The bars of these titles and numbers, in their order; the largest total fills the width.

    A part of 0 is not drawn. A part that would be too narrow for its number is drawn as wide as the number asks, and the others of its
    bar give way, so that one person of three hundred can be seen. Raises ValueError for a row with another count of numbers than there
    are series, or with a negative one.
    """
    largest = max((sum(numbers) for _, numbers in rows), default=0)
    room = WIDTH - LABELS - TAIL
    bars = []
    for place, (title, numbers) in enumerate(rows):
        if len(numbers) != len(series) or any(number < 0 for number in numbers):
            raise ValueError(f"{title}: {len(series)} numbers from 0 are asked for, not {list(numbers)}")
        total = sum(numbers)
        length = room * total / largest if largest else 0.0
        x = float(LABELS)
        parts = []
        for one, number, width in zip(series, numbers, widths(numbers, length), strict=True):
            if number:
                parts.append(Part(one.css, round(x, 1), round(width, 1), number))
                x += width
        bars.append(Bar(title, _short(title), 4 + place * STEP, tuple(parts), total, round(x + 10, 1)))
    return Bars(WIDTH, max(1, len(bars)) * STEP, tuple(bars))


def widths(numbers: Sequence[int], length: float) -> list[float]:
    """How a length is shared among numbers: by their size, none of those above 0 narrower than its digits need. All together they are
    as long as the length, or as long as the digits need if that is more."""
    least = [8 * len(str(number)) + 10 if number else 0 for number in numbers]
    if sum(least) >= length:
        return [float(one) for one in least]
    fixed: set[int] = set()
    while True:
        free = length - sum(least[place] for place in fixed)
        whole = sum(number for place, number in enumerate(numbers) if place not in fixed)
        found = [
            float(least[place]) if place in fixed else free * number / whole if whole else 0.0
            for place, number in enumerate(numbers)
        ]
        narrow = {place for place, width in enumerate(found) if numbers[place] and width < least[place]} - fixed
        if not narrow:
            return found
        fixed |= narrow


def _short(title: str) -> str:
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"
