"""Which questions of a pool may be practiced, and which one comes next. Pure: no ORM, chance comes from outside."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any


def kept_back(
    pool: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    *,
    seen: Collection[str],
    left: int,
    rank: Callable[[str], str],
) -> set[str]:
    """Ids of the questions that practice leaves to graded attempts that may still come. ``pool`` holds no retired question.

    What was ``seen`` in a handed-in attempt is kept back no longer: its result has shown the key. Of the rest every critical question
    is kept. Of the others each line keeps what ``left`` attempts take, but leaves as much as one attempt takes to practice, and
    keeps at least what the next attempt takes (all, where there are fewer). ``rank`` orders the questions of one learner in a way
    that nobody can foresee and that stays the same from one attempt to the next, so that a question that was kept back stays so.
    """
    takes: Counter[tuple[str, bool]] = Counter()
    for line in lines:
        takes[line["objective"], bool(line.get("critical", False))] += line["take"]
    groups: dict[tuple[str, bool], list[str]] = {}
    for question in pool:
        if question["id"] not in seen:
            groups.setdefault((question["objective"], bool(question["critical"])), []).append(question["id"])
    kept: set[str] = set()
    for (objective, critical), unseen in groups.items():
        take = takes[objective, critical]
        number = len(unseen) if critical else min(max(1, left) * take, max(take, len(unseen) - take))
        kept.update(sorted(unseen, key=rank)[:number])
    return kept


def next_question(
    able: Sequence[int], *, drawn: Collection[int], met: Sequence[int], rng: random.Random
) -> tuple[int, list[int]]:
    """The next of the questions that may be practiced, and which were met in this round before it.

    Those that no attempt drew come first. When all were met, a new round begins, not with the question that came last. Raises
    ValueError when there is none at all.
    """
    if not able:
        raise ValueError("there is nothing to practice")
    known = [one for one in met if one in able]
    fresh = [one for one in able if one not in known]
    if not fresh:
        fresh = [one for one in able if one != known[-1]] or list(able)
        known = []
    others = [one for one in fresh if one not in drawn]
    return rng.choice(others or fresh), known
