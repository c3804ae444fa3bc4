"""What asks a person to look at a question. Thresholds as the guide for writing questions sets them."""

import datetime as dt
from dataclasses import dataclass

from lms.lib import dates
from quizzes.statistics import THIRDS
from quizzes.statistics.question import Figures, Table

HARD, EASY = 0.30, 0.95
LOW_DISCRIMINATION = 0.15
"""Raised from THIRDS answers on: with fewer, chance alone gives every fourth sound question such a value."""
UNUSED = 0.05
UNUSED_FROM = 20
"""Below twenty answers, a single one is already more than 5 percent, so a missing one says nothing."""
SLOW_SECONDS = 120
DISPUTES = 3
REVIEW_ANSWERS = 30
REVIEW_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Flag:
    """``family`` and ``word`` make the badge; ``why`` says what was seen, ``todo`` what to do next. Listed gravest first."""

    slug: str
    family: str
    word: str
    why: str
    todo: str


@dataclass(frozen=True, slots=True)
class Life:
    """What else is known of a question: disputes, all its answers, and whether it is time for a look."""

    disputes: int = 0
    answers: int = 0
    reviewed_at: dt.datetime | None = None
    published_at: dt.datetime | None = None


def flags(found: Figures, life: Life, at: dt.datetime) -> tuple[Flag, ...]:
    """Every flag, gravest first. Those that rest on figures appear with the figures, never before."""
    raised = [
        _wrong_key(found),
        _disputed(life),
        _low(found),
        _hard(found),
        _easy(found),
        _unused(found),
        _slow(found),
        _due(life, at),
    ]
    return tuple(flag for flag in raised if flag is not None)


def likely_wrong_key(table: Table) -> str | None:
    """The text of a wrong choice that better learners prefer to the key: more of the upper third made it than chose the key, and
    making it goes with more points on the rest. None if there is none, or the group is too small for thirds."""
    keys = [line for line in table.lines if line.right]
    if not keys or any(line.upper is None for line in table.lines):
        return None
    uppers = [line.upper or 0.0 for line in keys]
    key = min(uppers) if table.several else sum(uppers)
    better = [
        line
        for line in table.lines
        if not line.right
        and not line.nothing
        and line.discrimination is not None
        and line.discrimination > 0
        and (line.upper or 0.0) > key
    ]
    return max(better, key=lambda line: line.upper or 0.0).text if better else None


def _wrong_key(found: Figures) -> Flag | None:
    text = next((text for text in map(likely_wrong_key, found.tables) if text), None)
    if text is None:
        return None
    why = f"Those who did best on the rest of the quiz chose another answer more often than the key: “{text}”"
    return Flag(
        "likely_wrong_key", "late", "The key may be wrong", why, "Check the key against the source, then mend it here."
    )


def _disputed(life: Life) -> Flag | None:
    if life.disputes < DISPUTES:
        return None
    why = f"{life.disputes} learners say that something is wrong with this question."
    return Flag("disputed", "late", "Disputed", why, "Read their reasons, then keep, mend or void the question.")


def _low(found: Figures) -> Flag | None:
    if (
        found.discrimination is None
        or found.discrimination.n < THIRDS
        or found.discrimination.value >= LOW_DISCRIMINATION
    ):
        return None
    why = "Learners who do well on the rest of the quiz hardly do better here than others."
    return Flag(
        "low_discrimination",
        "soon",
        "Tells little apart",
        why,
        "Look for two answers that can both be right, or an unclear stem.",
    )


def _hard(found: Figures) -> Flag | None:
    if found.facility is None or found.facility.value >= HARD:
        return None
    why = f"Fewer than {HARD:.0%} of the points are earned."
    return Flag("hard", "soon", "Very hard", why, "Check that the unit teaches it, and that the key is right.")


def _easy(found: Figures) -> Flag | None:
    if found.facility is None or found.facility.value <= EASY:
        return None
    why = f"More than {EASY:.0%} of the points are earned."
    return Flag(
        "easy", "soon", "Very easy", why, "Fine for a safety question. Otherwise make the wrong options more tempting."
    )


def _unused(found: Figures) -> Flag | None:
    if found.n < UNUSED_FROM:
        return None
    idle = [
        line.text
        for table in found.tables
        for line in table.lines
        if not line.right and not line.nothing and line.share < UNUSED
    ]
    if not idle:
        return None
    more = f" (and {len(idle) - 1} more)" if len(idle) > 1 else ""
    return Flag(
        "unused_option", "soon", "Option hardly chosen", f"Fewer than 5% chose this option{more}: “{idle[0]}”",
        "Replace it by a mistake that people really make, or leave it out.",
    )  # fmt: skip


def _slow(found: Figures) -> Flag | None:
    if found.mean_seconds is None or found.mean_seconds <= SLOW_SECONDS:
        return None
    why = f"It takes {round(found.mean_seconds)} seconds on average."
    return Flag("slow", "soon", "Takes long", why, "Shorten the stem, or split the question in two.")


def _due(life: Life, at: dt.datetime) -> Flag | None:
    since = life.reviewed_at or life.published_at
    if life.reviewed_at is None and life.answers >= REVIEW_ANSWERS:
        why = f"It has {life.answers} answers and was not reviewed yet."
    elif life.answers and since is not None and dates.add_months(since.date(), REVIEW_MONTHS) <= at.date():
        why = "It was not reviewed for 12 months."
    else:
        return None
    return Flag("review_due", "active", "Review due", why, "Read the question again with its figures beside it.")
