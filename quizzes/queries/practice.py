"""What a learner may practice of a quiz now. Practice stores nothing; whether it is open is computed from the attempts alone.

It never tells more about a question that may still be graded than the results of the learner's own attempts do: see
``practice_of`` and ``quizzes.grading.practice``.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils.crypto import salted_hmac

from courses.models import Enrollment, Unit
from quizzes.feedback import Level, Moment, level_at, moment_of
from quizzes.grading.practice import kept_back
from quizzes.models import Correction, Question, Quiz, Response
from quizzes.queries.standing import Standing, standing


@dataclasses.dataclass(frozen=True)
class Closed:
    """Why there is no practice now, in words for the learner, and what opens it."""

    title: str
    text: str


@dataclasses.dataclass(frozen=True)
class Practice:
    """``questions`` by primary key, with the stored form in force; ``drawn`` are those that an attempt of this enrollment drew."""

    closed: Closed | None
    questions: dict[int, tuple[Question, dict[str, Any]]]
    drawn: frozenset[int]


NOT_OFFERED = Closed(
    "This quiz has no practice", "Read the unit again instead. The “Try it” questions in it are for you alone."
)
ATTEMPT_OPEN = Closed(
    "Practice waits while your attempt is open",
    "Hand the attempt in first. Then you can practice as often as you like.",
)
NO_ATTEMPT = Closed(
    "Practice opens after your first attempt",
    "So the first result shows what the unit taught you. The “Try it” questions in the unit are there for you before.",
)
NOTHING_LEFT = Closed(
    "All other questions are kept for your next attempt", "When you have passed the quiz, you can practice all of them."
)


def practice_of(enrollment: Enrollment, unit: Unit, at: dt.datetime, state: Standing | None = None) -> Practice:
    """Whether a learner may practice the pool of a unit now, and with which questions.

    Closed when the quiz does not offer it; while an attempt is open; before the first attempt is handed in; and while results
    show less than all answers, because as many tries as one likes would turn "right" and "not right" into the key. Retired and void
    questions are left out. Until the quiz is passed, questions are kept back for the attempts that may come.
    """
    quiz = Quiz.objects.get(unit=unit)
    state = state or standing(enrollment, unit, at)
    closed = _closed(quiz, state)
    if closed is not None:
        return Practice(closed, {}, frozenset())
    drawn = _drawn(enrollment, unit)
    pool = list(quiz.questions.all())
    able = practicable(enrollment, quiz, pool, seen=set(drawn.values()), left=None if _over(state) else state.left)
    questions = {row.pk: (row, stored) for row, stored in _in_force(enrollment, pool) if row.author_id in able}
    return Practice(None if questions else NOTHING_LEFT, questions, frozenset(drawn))


def is_open(quiz: Quiz, state: Standing) -> bool:
    """Whether a page may lead to practice. Asks the database nothing."""
    return _closed(quiz, state) is None


def practicable(
    enrollment: Enrollment, quiz: Quiz, pool: Iterable[Question], *, seen: set[str], left: int | None
) -> set[str]:
    """Author ids of the questions that are not kept back. ``left`` is None when no graded attempt can come any more. One query."""
    live = [stored for _, stored in _in_force(enrollment, pool)]
    ids = {str(stored["id"]) for stored in live}
    if left is None:
        return ids

    def rank(author_id: str) -> str:
        return salted_hmac(
            "quizzes.practice.kept", f"{enrollment.public_id}:{author_id}", algorithm="sha256"
        ).hexdigest()

    return ids - kept_back(live, quiz.lines, seen=seen, left=left, rank=rank)


def _over(state: Standing) -> bool:
    """No graded attempt can come any more. (After all attempts are used another may be opened.)"""
    return state.passed or not state.enrollment_open


def _closed(quiz: Quiz, state: Standing) -> Closed | None:
    if not quiz.practice:
        return NOT_OFFERED
    if state.open is not None:
        return ATTEMPT_OPEN
    if state.last is None and not _over(state):
        return NO_ATTEMPT
    level = level_at(moment_of(passed=state.passed, all_used=state.all_used), quiz.feedback)
    if level == Level.ANSWERS:
        return None
    after_pass = level_at(Moment.AFTER_PASS, quiz.feedback) == Level.ANSWERS
    opens = (
        "It opens when you have passed." if after_pass and not state.passed else "This quiz keeps its answers closed."
    )
    return Closed(
        "Practice is closed",
        f"{opens} Practice shows every answer with its reasons, and your result does not do so yet.",
    )


def _drawn(enrollment: Enrollment, unit: Unit) -> dict[int, str]:
    rows = Response.objects.filter(attempt__enrollment=enrollment, attempt__unit=unit)
    return dict(rows.values_list("question_id", "question__author_id"))


def _in_force(enrollment: Enrollment, pool: Iterable[Question]) -> list[tuple[Question, dict[str, Any]]]:
    """The questions that are neither retired nor void, each with the key that holds. One that was corrected in the words of another
    edition is left out."""
    rows = [row for row in pool if not row.stored["retired"]]
    latest: dict[tuple[str, int], Correction] = {}
    corrections = Correction.objects.filter(
        question__quiz__unit__version__course_id=enrollment.course_id,
        question__author_id__in=[row.author_id for row in rows],
    ).select_related("question")
    for correction in corrections.order_by("made_at", "pk"):
        latest[correction.question.author_id, correction.question.revision] = correction
    found = []
    for row in rows:
        held = latest.get((row.author_id, row.revision))
        if held is None:
            found.append((row, row.stored))
        elif held.stored is not None and held.question_id == row.pk:
            found.append((row, held.stored))
    return found
