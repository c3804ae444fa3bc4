"""One line over time: shares in percent at days, the first and the last in words."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

HEIGHT = 170
TOP, BOTTOM = 20, 130
LEFT, RIGHT = 44, 12


@dataclasses.dataclass(frozen=True)
class Grid:
    y: float
    percent: int

    @property
    def baseline(self) -> float:
        return self.y + 5


@dataclasses.dataclass(frozen=True)
class Mark:
    """A point that has its number beside it."""

    x: float
    y: float
    percent: int
    day: dt.date

    @property
    def above(self) -> float:
        """Where its number stands: above the line, or below where there is no room."""
        return self.y - 9 if self.y > TOP + 14 else self.y + 22


@dataclasses.dataclass(frozen=True)
class Line:
    """``paths`` are stretches without a gap. ``first`` and ``last`` are None where nothing is known."""

    width: int
    height: int
    grid: tuple[Grid, ...]
    paths: tuple[str, ...]
    first: Mark | None
    last: Mark | None
    lowest: int | None
    highest: int | None

    @property
    def right(self) -> int:
        return self.width - RIGHT


def draw(points: Sequence[tuple[dt.date, int | None]], width: int) -> Line:
    """The line through these days and percents; a day of which nothing is known (None) is a gap. The scale ends at 100 and begins at a ten
    at or below the lowest value, so that a small change can be seen; the grid says where."""
    known = [(day, percent) for day, percent in points if percent is not None]
    values = [percent for _, percent in known]
    low = min(80, min(values) // 10 * 10) if values else 0
    days = [day for day, _ in points]
    span = (days[-1] - days[0]).days if days else 0

    def x_of(day: dt.date) -> float:
        inner = width - LEFT - RIGHT - 8
        return round(LEFT + (inner * (day - days[0]).days / span if span else inner), 1)

    def y_of(percent: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (percent - low) / (100 - low), 1)

    stretches: list[list[str]] = [[]]
    for day, percent in points:
        if percent is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{x_of(day)} {y_of(percent)}")
    marks = [Mark(x_of(day), y_of(percent), percent, day) for day, percent in known]
    middle = (100 + low) // 2
    return Line(
        width=width,
        height=HEIGHT,
        grid=tuple(Grid(y_of(percent), percent) for percent in (100, middle, low)),
        paths=tuple("M" + "L".join(one) for one in stretches if len(one) > 1),
        first=marks[0] if len(marks) > 1 else None,
        last=marks[-1] if marks else None,
        lowest=min(values, default=None),
        highest=max(values, default=None),
    )
