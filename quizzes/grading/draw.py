"""Which questions a sitting gets."""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

KEPT_FOR = 2
"""For how many attempts a line keeps questions that nobody practices before."""


class PoolTooSmall(ValueError):
    """A line of the draw asks for more questions than there are. Checked when a quiz is loaded, so this is a defect."""


def draw(
    pool: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    rng: random.Random,
    *,
    seen: Collection[str] = (),
    practiced: Collection[str] = (),
    missed_critical: Collection[str] = (),
    void: Collection[str] = (),
) -> list[int]:
    """Indexes into ``pool`` (stored questions), in the order to serve.

    Each line {objective, take, critical} takes from the questions of its objective that are critical or not, as it says.
    First come questions not ``seen`` before, of these first the ones that could not be ``practiced``; then seen ones; then a
    critical question that was missed, so that it is answered by another one; last one in ``void``, so only where the pool is too
    small without it. Within each group chance decides. Retired questions are left out. No question comes
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
        able.sort(key=lambda index: _rank(pool[index]["id"], void, missed_critical, seen, practiced))
        taken += able[: line["take"]]
    rng.shuffle(taken)
    return taken


def _rank(name: str, *known: Collection[str]) -> tuple[bool, ...]:
    return tuple(name in one for one in known)


def practice_part(
    pool: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]], *, salt: str
) -> frozenset[str]:
    """The ids of the questions that may be practiced before they were met in an attempt; the others wait for the attempts.

    Of the live questions of an objective that are critical or not, ``KEPT_FOR`` times what the lines take from them are kept, and
    the rest is for practice. Which ones is chance, decided by ``salt`` and the question's id alone: the same at each call, and a
    question that is added or retired moves few others. A question that no line takes is for practice.
    """
    kept: Counter[tuple[str, bool]] = Counter()
    for line in lines:
        kept[line["objective"], bool(line.get("critical", False))] += KEPT_FOR * line["take"]
    groups: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for question in pool:
        if not question["retired"]:
            groups[question["objective"], question["critical"]].append(question["id"])
    return frozenset(
        name for group, names in groups.items() for name in sorted(names, key=lambda n: _lot(salt, n))[kept[group] :]
    )


def _lot(salt: str, name: str) -> bytes:
    return hashlib.sha256(f"{salt}:{name}".encode()).digest()
