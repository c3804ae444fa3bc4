"""What a result shows, and when. Pure: no ORM, no clock.

A quiz names for each moment how much of the review is open. The levels include each other, and a later moment never shows less
than an earlier one, so that nothing is taken back that a learner has seen.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Moment(StrEnum):
    """When a result is looked at. ``AFTER_SUBMIT`` is the first; the other two end the attempts at a quiz."""

    AFTER_SUBMIT = "after_submit"
    AFTER_PASS = "after_pass"  # noqa: S105  a moment, not a password
    AFTER_ATTEMPTS_USED = "after_attempts_used"


class Level(StrEnum):
    """How much is open, from least to most: the score; which questions were right; the reasons for what was chosen; everything."""

    RESULT = "result"
    RIGHT = "right"
    CHOSEN = "chosen"
    ANSWERS = "answers"

    @property
    def rank(self) -> int:
        return list(Level).index(self)

    def shows(self, other: "Level") -> bool:
        return self.rank >= other.rank


LATER_IN_WORDS = {
    Moment.AFTER_PASS: "when you have passed",
    Moment.AFTER_ATTEMPTS_USED: "when all attempts are used",
}
OPENS_IN_WORDS = {
    Level.RIGHT: "Which questions were right",
    Level.CHOSEN: "The reasons for what you chose",
    Level.ANSWERS: "The best answers, with all reasons,",
}


def level_at(moment: Moment, feedback: Mapping[str, str]) -> Level:
    """How much is open at this moment. What ``feedback`` does not name shows everything; a later moment shows at least what
    the first one does. An unknown word counts as the least."""

    def named(which: Moment) -> Level:
        word = feedback.get(which, Level.ANSWERS)
        return Level(word) if word in set(Level) else Level.RESULT

    return max(named(Moment.AFTER_SUBMIT), named(moment), key=lambda level: level.rank)


def moment_of(*, passed: bool, all_used: bool) -> Moment:
    """The moment of every attempt at a quiz, whichever is looked at: a pass opens the earlier results as well."""
    if passed:
        return Moment.AFTER_PASS
    return Moment.AFTER_ATTEMPTS_USED if all_used else Moment.AFTER_SUBMIT


def opens_later(now: Level, feedback: Mapping[str, str]) -> list[str]:
    """Sentences that say what is still closed and when it opens."""
    said = []
    for moment, when in LATER_IN_WORDS.items():
        then = level_at(moment, feedback)
        if then.rank > now.rank:
            said.append(f"{OPENS_IN_WORDS[then]} open {when}.")
    return said


def opened(review: Mapping[str, Any], level: Level, beliefs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The part of a kind's review that this level opens. Built from nothing: what is not named here stays closed.

    ``beliefs`` maps misconception ids to {belief, correction}; a wrong choice that is explained gets them as ``belief`` and
    ``truth``. Below ``CHOSEN`` no item says whether it is right; below ``ANSWERS`` only the learner's own choices are explained.
    """
    shown = {
        key: review[key]
        for key in ("kind", "critical", "content_note", "scene_html", "ask_html", "answered")
        if key in review
    }
    shown |= {"groups": [], "right": None, "partly": None}
    if not level.shows(Level.RIGHT):
        return shown
    shown |= {"right": review["right"], "partly": review["partly"]}
    everything = level.shows(Level.ANSWERS)
    for group in review["groups"]:
        title, rows = group["title"], group["items"]
        if "unkeyed" in group and not everything:  # its own order would tell the key
            title, rows = group["unkeyed"]["title"], [rows[n] for n in group["unkeyed"]["items"]]
        items = [_item(one, level, beliefs) for one in rows if everything or not one["best_only"]]
        if items:
            shown["groups"].append({"title": title, "items": items})
    return shown


def _item(one: Mapping[str, Any], level: Level, beliefs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    own = level.shows(Level.CHOSEN) and one["chosen"]
    everything = level.shows(Level.ANSWERS)
    if not (everything or own):
        closed = {"state": "plain", "why_html": "", "wanted": "", "note_html": "", "belief": "", "truth": ""}
        return {"html": one["html"], "given": one["given"], "tag": "Your answer" if one["chosen"] else "", **closed}
    held = beliefs.get(one["misconception"] or "", {}) if one["chosen"] and not one["best"] else {}
    return {
        "html": one["html"],
        "given": one["given"],
        "tag": one["tag"],
        "state": one["state"],
        # the reason of a prompt tells its best answer, so for a wrong choice it opens with the answers
        "why_html": one["why_html"] if everything or one["best"] or not one["given"] else "",
        "wanted": one["wanted"] if everything else "",
        "note_html": one["note_html"],
        "belief": held.get("belief", ""),
        "truth": held.get("correction", ""),
    }
