"""Which corrections hold for a question.

A correction is made for one question of one edition and holds for that question in every edition of the course that asks the
same: same id, same revision, same kind and key material. A file that raises the revision has announced a new question.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from quizzes import kinds
from quizzes.grading.rescoring import Amendment
from quizzes.models import Correction, Question


@dataclasses.dataclass(frozen=True)
class Ruling:
    """A correction as it applies to one edition's question: ``stored`` is that edition's own words with the mended key, None is void."""

    correction: Correction
    stored: dict[str, Any] | None

    def amendment(self, index: int) -> Amendment:
        return Amendment(index, self.correction.made_at, self.stored, self.correction.pk)


def same_question(one: Question, other: Question) -> bool:
    """Whether two rows of one course are the same question in two editions."""
    return (
        one.author_id == other.author_id
        and one.revision == other.revision
        and one.kind == other.kind
        and (one.pk == other.pk or one.stored == other.stored or _material(one) == _material(other))
    )


def _material(question: Question) -> Any:
    return kinds.get(question.kind).material(question.stored)


def editions_of(question: Question) -> list[Question]:
    """The same question in every edition of its course, the oldest first. ``question`` needs its quiz, unit and version."""
    rows = Question.objects.filter(
        quiz__unit__version__course_id=question.quiz.unit.version.course_id, author_id=question.author_id
    ).select_related("quiz__unit__version__course")
    return [row for row in rows.order_by("pk") if same_question(row, question)]


def rulings(course_id: int, questions: Iterable[Question]) -> dict[int, list[Ruling]]:
    """Every correction of each question (by primary key), in the order in which they were made. One query."""
    rows = list(questions)
    found: dict[int, list[Ruling]] = defaultdict(list)
    corrections = (
        Correction.objects.filter(
            question__quiz__unit__version__course_id=course_id, question__author_id__in={row.author_id for row in rows}
        )
        .select_related("question")
        .order_by("made_at", "pk")
    )
    for correction in corrections:
        for row in rows:
            if same_question(correction.question, row):
                found[row.pk].append(Ruling(correction, adapted(correction, row)))
    return dict(found)


def adapted(correction: Correction, question: Question) -> dict[str, Any] | None:
    """The correction's key in the words of this edition's question; None for void."""
    if correction.void or correction.stored is None:
        return None
    if correction.question_id == question.pk:
        return dict(correction.stored)
    kind = kinds.get(question.kind)
    return kind.rekeyed(question.stored, kind.key_of(correction.stored))


def void_ids(course_id: int, pool: Iterable[Question]) -> set[str]:
    """The author ids of the questions in a pool that are void now."""
    rows = list(pool)
    held = rulings(course_id, rows)
    return {row.author_id for row in rows if row.pk in held and held[row.pk][-1].stored is None}


def still_uncorrected(course_slug: str, quizzes: Iterable[dict[str, Any]]) -> list[tuple[str, Correction]]:
    """(question id, correction) where a compiled quiz brings a question with the key that was corrected, whatever its revision."""
    latest: dict[str, Correction] = {}
    rows = Correction.objects.filter(question__quiz__unit__version__course__slug=course_slug).select_related("question")
    for correction in rows.order_by("made_at", "pk"):
        latest[correction.question.author_id] = correction
    found = []
    for quiz in quizzes:
        for stored in quiz["questions"]:
            held = latest.get(stored["id"])
            if held is None or stored["retired"] or stored["kind"] != held.question.kind:
                continue
            if kinds.get(stored["kind"]).material(stored) == _material(held.question):
                found.append((stored["id"], held))
    return found
