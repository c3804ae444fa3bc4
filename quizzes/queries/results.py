"""What counts now: the result of an attempt as it was handed in, or as a later correction raised it. Every page asks here."""

import copy
import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import prefetch_related_objects

from quizzes.grading.paper import PaperItem
from quizzes.grading.rescoring import Step, history
from quizzes.models import Attempt, Rescore, Response
from quizzes.queries.corrections import Ruling, rulings


def raised_by(attempt: Attempt) -> Rescore | None:
    """The rescore in force; None while the result is the one that was handed in."""
    return max(attempt.rescores.all(), key=lambda row: row.number, default=None)


def counted(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Copies of the attempts whose result columns say what counts now. For reading: a copy is never saved. One query, none when
    ``rescores`` is prefetched."""
    rows = list(attempts)
    prefetch_related_objects(rows, "rescores")
    return [_counted(row) for row in rows]


def _counted(attempt: Attempt) -> Attempt:
    held = raised_by(attempt)
    if held is None:
        return attempt
    now = copy.copy(attempt)
    now.points, now.out_of, now.right = held.points, held.out_of, held.right
    now.passed, now.critical_missed, now.by_objective = held.passed, held.critical_missed, held.by_objective
    return now


def steps(attempt: Attempt, responses: Sequence[Response], *, submitted_at: dt.datetime) -> list[Step]:
    """Every result that the stored answers ever had, recomputed; the last one counts. ``responses`` in order, with their questions."""
    held = rulings(attempt.enrollment.course_id, [response.question for response in responses])
    return steps_under(held, responses, pass_mark=attempt.pass_mark, submitted_at=submitted_at)


def steps_under(
    held: dict[int, list[Ruling]], responses: Sequence[Response], *, pass_mark: int, submitted_at: dt.datetime
) -> list[Step]:
    items = [PaperItem(r.question.stored, r.order, r.answer) for r in responses]
    found = [
        (ruling, index) for index, response in enumerate(responses) for ruling in held.get(response.question_id, ())
    ]
    found.sort(key=lambda pair: (pair[0].correction.made_at, pair[0].correction.pk))
    amendments = [ruling.amendment(index) for ruling, index in found]
    return history(items, amendments, pass_mark=pass_mark, submitted_at=submitted_at)
