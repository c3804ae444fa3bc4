"""What a learner may practice now."""

import dataclasses
import datetime as dt
from enum import StrEnum

from courses.models import Enrollment
from quizzes.feedback import Level, level_at, moment_of
from quizzes.grading.draw import practice_part
from quizzes.models import Correction, Question, Quiz, Response
from quizzes.queries.standing import Standing, standing


class Closed(StrEnum):
    """Why there is no practice now."""

    ATTEMPT = "attempt"
    FEEDBACK = "feedback"
    NOTHING = "nothing"


@dataclasses.dataclass(frozen=True)
class Practice:
    """``questions`` by primary key; ``met`` are those of them that an attempt of the learner has asked. ``level`` is what an answer opens."""

    closed: Closed | None
    standing: Standing
    level: Level
    questions: dict[int, Question]
    met: set[int]


def practice_of(enrollment: Enrollment, quiz: Quiz, at: dt.datetime) -> Practice:
    """What may be practiced at this moment; ``quiz`` needs its unit.

    Closed while an attempt is open, and while the quiz does not say which questions were right. Otherwise: the practice part of the
    pool; also every question of an attempt that was handed in, once its result opens all answers; after a pass the whole pool.
    Retired and corrected questions are left out.
    """
    state = standing(enrollment, quiz.unit, at)
    level = level_at(moment_of(passed=state.passed, all_used=state.all_used), quiz.feedback)
    if state.open is not None:
        return Practice(Closed.ATTEMPT, state, level, {}, set())
    if not level.shows(Level.RIGHT):
        return Practice(Closed.FEEDBACK, state, level, {}, set())
    pool = [question for question in quiz.questions.all() if not question.stored["retired"]]
    asked = Response.objects.filter(attempt__enrollment=enrollment, attempt__unit=quiz.unit)
    met = set(asked.values_list("question__author_id", flat=True))
    corrected = set(
        Correction.objects.filter(question__quiz__unit__version__course=enrollment.course_id).values_list(
            "question__author_id", flat=True
        )
    )
    part = practice_part([q.stored for q in pool], quiz.lines, salt=enrollment.public_id.hex)
    if level.shows(Level.ANSWERS):
        part |= met
    able = {q.pk: q for q in pool if (state.passed or q.author_id in part) and q.author_id not in corrected}
    return Practice(
        None if able else Closed.NOTHING, state, level, able, {pk for pk, q in able.items() if q.author_id in met}
    )
