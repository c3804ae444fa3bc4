"""Where the stones of the crossing lie, and in which state each one is. Pure numbers; ``face.py`` draws them."""

import itertools
from typing import NamedTuple

# Along the way from the near bank (0) to the far one (1): place on the 480 x 236 drawing and half the width of a stone.
_WAY = (
    # share, x, y, radius
    (0.0, 104.0, 206.0, 48.0),
    (0.25, 191.1, 169.9, 38.1),
    (1 / 3, 209.2, 161.6, 35.5),
    (0.5, 232.5, 146.5, 30.8),
    (2 / 3, 268.8, 132.8, 26.3),
    (0.75, 292.0, 126.3, 24.2),
    (1.0, 338.0, 108.0, 18.0),
)
MOST_STEPS = 12
MOST_DRAWN = 5  # more stones than this would lie on top of each other


class Stone(NamedTuple):
    """One stone as drawn: its state and the two ellipse transforms (side and top), ready for an SVG attribute."""

    state: str  # "done", "now" or "off"; a missing stone is "off"
    side: str
    top: str
    outline: str


def states(done: int, total: int, now: int | None = None) -> list[str]:
    """The state of each step: "done", "now" or "off". ``now`` counts from 1; without it, it is the step after the last done."""
    done, total = int(done), int(total)
    if not 1 <= total <= MOST_STEPS:
        raise ValueError(f"Stones show 1 to {MOST_STEPS} steps, not {total}.")
    if not 0 <= done <= total:
        raise ValueError(f"{done} of {total} steps cannot be done.")
    here = (done + 1 if done < total else 0) if now is None else int(now)
    if not 0 <= here <= total:
        raise ValueError(f"There is no step {here} of {total}.")
    return ["now" if step == here else "done" if step <= done else "off" for step in range(1, total + 1)]


def stones(done: int, total: int, now: int | None = None, missing: int = 0) -> list[Stone]:
    """The stones of the drawing, near bank first. More than 5 steps are drawn as 5 in proportion."""
    total = int(total)
    drawn = states(done, total, now)
    if total > MOST_DRAWN:
        drawn = [drawn[index * (total - 1) // (MOST_DRAWN - 1)] for index in range(MOST_DRAWN)]
    count = len(drawn)
    result = []
    for index, state in enumerate(drawn):
        x, y, radius = _place(index / (count - 1) if count > 1 else 0.5)
        result.append(
            Stone(
                state="off" if index + 1 == missing else state,
                side=f"translate({x:.1f} {y + 0.12 * radius:.1f}) scale({radius:.1f})",
                top=f"translate({x:.1f} {y - 0.04 * radius:.1f}) scale({0.97 * radius:.1f} {0.84 * radius:.1f})",
                outline=f"translate({x:.1f} {y:.1f}) scale({radius:.1f})",
            )
        )
    return result


def _place(share: float) -> tuple[float, float, float]:
    for (start, *near), (end, *far) in itertools.pairwise(_WAY):
        if share <= end:
            part = (share - start) / (end - start)
            x, y, radius = (a + (b - a) * part for a, b in zip(near, far, strict=True))
            return x, y, radius
    raise ValueError(f"The way goes from 0 to 1, not to {share}.")
