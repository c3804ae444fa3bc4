"""What the record says of every attempt that an event is about, and how a result stands in the tables."""

from decimal import Decimal
from typing import Any

from quizzes.grading.paper import PaperResult
from quizzes.models import Attempt


def attempt_facts(attempt: Attempt, identity: str) -> dict[str, Any]:
    """Which attempt at which unit of which edition. ``identity`` is the hash of the learner's snapshot, so no name stands here."""
    return {
        "attempt": str(attempt.public_id),
        "number": attempt.number,
        "unit": attempt.unit.author_id,
        "course": attempt.enrollment.course.slug,
        "edition": attempt.enrollment.version.content_hash,
        "identity": identity,
    }


def result_columns(paper: PaperResult) -> dict[str, Any]:
    """A result as the columns of an attempt and of a rescore hold it."""
    return {
        "points": round(Decimal(paper.points.numerator) / Decimal(paper.points.denominator), 4),
        "out_of": paper.out_of,
        "right": paper.right,
        "passed": paper.passed,
        "critical_missed": bool(paper.critical_missed),
        "by_objective": [[o.objective, o.right, o.total, bool(o.critical_missed)] for o in paper.objectives],
    }
