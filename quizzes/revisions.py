"""What a new edition of a quiz changed without saying so."""

from dataclasses import dataclass
from typing import Any

from quizzes import kinds


@dataclass(frozen=True)
class Change:
    """A difference between two editions of a quiz that its author must settle."""

    question: str
    why: str
    fix: str


def unannounced_changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What a new edition of a stored quiz changed materially without raising the revision, or took away without retiring.

    Both are dicts from ``compile_quiz``. Material: kind, key, options or steps, answer, tolerance, scoring, objective,
    critical. Wording is not.
    """
    new = {stored["id"]: stored for stored in after["questions"]}
    found = []
    for old in before["questions"]:
        name, now = old["id"], new.get(old["id"])
        if now is None:
            why = "This question was taken out."
            found.append(Change(name, why, "Keep it, with 'retired: \"YYYY-MM-DD: reason\"'."))
        elif now["revision"] < old["revision"]:
            why = f"The revision went back from {old['revision']} to {now['revision']}."
            found.append(Change(name, why, f"Write 'revision: {old['revision'] + 1}'."))
        elif now["revision"] == old["revision"] and _judged(now) != _judged(old):
            why = "The key, the options, the objective or 'critical' changed, and the revision did not."
            found.append(Change(name, why, f"Write 'revision: {old['revision'] + 1}'."))
    return found


def _judged(stored: dict[str, Any]) -> dict[str, Any]:
    """What is material in a stored question, whatever its kind."""
    own = kinds.get(stored["kind"]).material(stored)
    return {"kind": stored["kind"], "objective": stored["objective"], "critical": stored["critical"], "own": own}
