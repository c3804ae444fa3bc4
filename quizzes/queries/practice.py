"""What a learner may practice now."""

import dataclasses
import datetime as dt
from enum import StrEnum

from courses.models import Enrollment
from quizzes.enums import AttemptState
from quizzes.feedback import Level, level_at, moment_of
from quizzes.grading.draw import practice_part
from quizzes.models import Attempt, Question, Quiz, Response
from quizzes.queries.corrections import rulings
from quizzes.queries.standing import standing


class Closed(StrEnum):
    """Why there is no practice now."""

    ATTEMPT = "attempt"
    AGAIN = "again"
    FEEDBACK = "feedback"
    NOTHING = "nothing"


@dataclasses.dataclass(frozen=True)
class Practice:
    """``questions`` by primary key; ``met`` are those of them that an attempt of the learner has asked. ``level`` is what an answer
    opens. ``instead`` is where to go while it is closed by an open attempt or by a later enrollment."""

    level: Level
    questions: dict[int, Question] = dataclasses.field(default_factory=dict)
    met: set[int] = dataclasses.field(default_factory=set)
    closed: Closed | None = None
    instead: Attempt | Enrollment | None = None


def practice_of(enrollment: Enrollment, quiz: Quiz, at: dt.datetime) -> Practice:
    """What may be practiced at this moment; ``quiz`` needs its unit.

    Closed while the learner has an open attempt at this quiz, in whatever enrollment; in an enrollment after which they began the
    course again, as it would show what the new one keeps; and while the quiz does not say which questions were right. Otherwise:
    the practice part of the pool; also every question of an attempt that was handed in, once its result opens all answers; after a
    pass the whole pool. Retired and void questions are left out; a mended one has the key that holds now.
    """
    state = standing(enrollment, quiz.unit, at)
    level = level_at(moment_of(passed=state.passed, all_used=state.all_used), quiz.feedback)
    running = _open_attempt(enrollment, quiz)
    if running is not None:
        return Practice(level, closed=Closed.ATTEMPT, instead=running)
    later = _later(enrollment)
    if later is not None:
        return Practice(level, closed=Closed.AGAIN, instead=later)
    if not level.shows(Level.RIGHT):
        return Practice(level, closed=Closed.FEEDBACK)
    pool = [question for question in quiz.questions.all() if not question.stored["retired"]]
    asked = Response.objects.filter(attempt__enrollment=enrollment, attempt__unit=quiz.unit)
    met = set(asked.values_list("question__author_id", flat=True))
    part = practice_part([q.stored for q in pool], quiz.lines, salt=enrollment.public_id.hex)
    if level.shows(Level.ANSWERS):
        part |= met
    held = rulings(enrollment.course_id, pool)
    able = {}
    for question in pool:
        stored = held[question.pk][-1].stored if question.pk in held else question.stored
        if stored is not None and (state.passed or question.author_id in part):
            question.stored = stored  # for the page alone; a published question is never saved
            able[question.pk] = question
    if not able:
        return Practice(level, closed=Closed.NOTHING)
    return Practice(level, able, {pk for pk, question in able.items() if question.author_id in met})


def _open_attempt(enrollment: Enrollment, quiz: Quiz) -> Attempt | None:
    rows = Attempt.objects.filter(
        enrollment__learner=enrollment.learner,
        enrollment__course=enrollment.course_id,
        unit__author_id=quiz.unit.author_id,
        state=AttemptState.IN_PROGRESS,
    )
    return rows.select_related("enrollment", "unit").first()


def _later(enrollment: Enrollment) -> Enrollment | None:
    rows = Enrollment.objects.filter(learner=enrollment.learner, course=enrollment.course_id, pk__gt=enrollment.pk)
    return rows.order_by("-pk").first()
