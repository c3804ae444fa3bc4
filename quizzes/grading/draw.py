"""Which questions a sitting gets."""

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any


class PoolTooSmall(ValueError):
    """A line of the draw asks for more questions than there are. Checked when a quiz is loaded, so this is a defect."""


def draw(
    pool: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    rng: random.Random,
    *,
    seen: Collection[str] = (),
    missed_critical: Collection[str] = (),
) -> list[int]:
    """Indexes into ``pool`` (stored questions), in the order to serve.

    Each line {objective, take, critical} takes from the questions of its objective that are critical or not, as it says.
    First come questions not ``seen`` before, then seen ones, and last a critical question that was missed, so that it
    is answered by another one; within each group chance decides. Retired questions are left out. No question comes
    twice. Everything is shuffled at the end. Raises PoolTooSmall.
    """
    taken: list[int] = []
    for line in lines:
        critical = bool(line.get("critical", False))
        able = [
            index
            for index, question in enumerate(pool)
            if question["objective"] == line["objective"]
            and question["critical"] == critical
            and not question["retired"]
            and index not in taken
        ]
        if len(able) < line["take"]:
            raise PoolTooSmall(f"{line['objective']} needs {line['take']} questions and has {len(able)}.")
        rng.shuffle(able)
        able.sort(key=lambda index: (pool[index]["id"] in missed_critical, pool[index]["id"] in seen))
        taken += able[: line["take"]]
    rng.shuffle(taken)
    return taken
