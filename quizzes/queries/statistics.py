"""Collects answers for statistics. A question is followed across editions by its id and revision; no person is read at all."""

import dataclasses
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from fractions import Fraction
from typing import Any

from django.db.models import CharField, F, Q, TextField
from django.db.models.functions import Cast

from quizzes import kinds
from quizzes.enums import AttemptState, Confidence
from quizzes.grading.result import Part
from quizzes.models import Correction, Dispute, ItemReview, Question, Response
from quizzes.queries.corrections import adapted, same_question
from quizzes.statistics.flags import Flag, Life, flags
from quizzes.statistics.question import Figures, Given, figures
from quizzes.statistics.quiz import Reliability, reliability

Key = tuple[int, str, int]
"""Course, question id, revision."""


@dataclasses.dataclass(frozen=True)
class QuestionRow:
    """One question of a current edition. ``correction`` is the one in force, ``review`` the open one."""

    question: Question
    figures: Figures
    life: Life
    flags: tuple[Flag, ...]
    correction: Correction | None
    review: ItemReview | None

    @property
    def retired(self) -> bool:
        return bool(self.question.stored["retired"])

    @property
    def grave(self) -> int:
        """For sorting: the gravest flag first, most flags first."""
        families = [flag.family for flag in self.flags]
        return families.count("late") * 10_000 + families.count("soon") * 100 + families.count("active")


@dataclasses.dataclass(frozen=True)
class QuizRow:
    """The quiz of one unit of a current edition, with its questions in the order of the file."""

    questions: tuple[QuestionRow, ...]
    reliability: Reliability

    @property
    def quiz(self) -> Any:
        return self.questions[0].question.quiz

    @property
    def flagged(self) -> list[QuestionRow]:
        return [row for row in self.questions if row.flags and not row.retired]

    @property
    def answers(self) -> int:
        return sum(row.figures.n + row.figures.later for row in self.questions)


def quiz_rows(at: dt.datetime, *, course: str | None = None, unit: str | None = None) -> list[QuizRow]:
    """Every quiz of the current editions, or those of one course, or of one unit (by slugs), with all figures and flags.

    Answers are judged by the key that is in force now, so a mended key mends its figures; a void question keeps its last key.
    A fixed number of queries, however many questions and answers.
    """
    current = Question.objects.filter(quiz__unit__version__course__current=F("quiz__unit__version"))
    if course is not None:
        current = current.filter(quiz__unit__version__course__slug=course)
    if unit is not None:
        current = current.filter(quiz__unit__slug=unit)
    shown = list(
        current.select_related("quiz__unit__version__course").order_by(
            "quiz__unit__version__title", "quiz__unit__position", "position"
        )
    )
    if not shown:
        return []
    courses = {row.quiz.unit.version.course_id for row in shown}
    units = {row.quiz.unit.author_id for row in shown}
    scope = Q(quiz__unit__version__course_id__in=courses, quiz__unit__author_id__in=units)
    known = {row.pk: row for row in Question.objects.filter(scope).select_related("quiz__unit__version")}
    ruled, latest = _rulings(known.values())
    answers, forms = _answers(known, ruled)
    lives = _lives(known, answers)
    reviews = {
        _key(known[review.question_id]): review
        for review in ItemReview.objects.filter(question__in=list(known), closed_at__isnull=True)
    }
    quizzes: dict[int, list[QuestionRow]] = defaultdict(list)
    for row in shown:
        key, kind = _key(row), kinds.get(row.kind)
        found = figures(answers[key], kind.tables(ruled.get(row.pk, row.stored)), Confidence.values)
        life = lives[key]
        quizzes[row.quiz_id].append(
            QuestionRow(row, found, life, flags(found, life, at), latest.get(row.pk), reviews.get(key))
        )
    return [QuizRow(tuple(rows), _reliability(rows, forms)) for rows in quizzes.values()]


def _key(question: Question) -> Key:
    return question.quiz.unit.version.course_id, question.author_id, question.revision


def _reliability(rows: list[QuestionRow], forms: dict[tuple[int, str], list[dict[Hashable, float]]]) -> Reliability:
    quiz = rows[0].question.quiz
    return reliability(forms[quiz.unit.version.course_id, quiz.unit.author_id], quiz.serve)


def _rulings(questions: Iterable[Question]) -> tuple[dict[int, dict[str, Any]], dict[int, Correction]]:
    """By question: the stored form with the key in force, where that was mended, and the correction in force."""
    by_id: dict[tuple[int, str], list[Question]] = defaultdict(list)
    for row in questions:
        by_id[row.quiz.unit.version.course_id, row.author_id].append(row)
    stored: dict[int, dict[str, Any]] = {}
    latest: dict[int, Correction] = {}
    for correction in Correction.objects.select_related("question__quiz__unit__version").order_by("made_at", "pk"):
        about = correction.question
        for row in by_id.get((about.quiz.unit.version.course_id, about.author_id), ()):
            if same_question(about, row):
                latest[row.pk] = correction
                mended = adapted(correction, row)
                if mended is not None:
                    stored[row.pk] = mended
    return stored, latest


def _answers(
    known: dict[int, Question], ruled: dict[int, dict[str, Any]]
) -> tuple[dict[Key, list[Given]], dict[tuple[int, str], list[dict[Hashable, float]]]]:
    """The graded answers by question, and by unit the points of each first attempt. Equal answers are graded once."""
    rows = (
        Response.objects.filter(question__in=list(known), attempt__state=AttemptState.SUBMITTED)
        .order_by("attempt_id")
        .values_list(
            "attempt_id",
            "attempt__number",
            "question_id",
            Cast("order", TextField()),
            Cast("answer", TextField()),
            "seconds",
            Cast("confidence", CharField()),
        )
    )
    graded: dict[tuple[int, str, str | None], tuple[float, tuple[Part, ...]]] = {}
    sittings: dict[int, list[tuple[int, int, float, tuple[Part, ...], int | None, str]]] = defaultdict(list)
    for attempt, number, pk, order, answer, seconds, confidence in rows.iterator(chunk_size=5000):
        held = graded.get((pk, order, answer))
        if held is None:
            held = graded[pk, order, answer] = _grade(known[pk], ruled.get(pk), order, answer)
        sittings[attempt].append((number, pk, *held, seconds, confidence))
    answers: dict[Key, list[Given]] = defaultdict(list)
    forms: dict[tuple[int, str], list[dict[Hashable, float]]] = defaultdict(list)
    keys = {pk: _key(row) for pk, row in known.items()}
    for attempt, sat in sittings.items():
        total = sum(row[2] for row in sat)
        for number, pk, points, parts, seconds, confidence in sat:
            rest = (total - points) / (len(sat) - 1) if len(sat) > 1 else None
            answers[keys[pk]].append(Given(attempt, number == 1, points, rest, parts, seconds, confidence))
        if sat[0][0] == 1:
            unit = known[sat[0][1]].quiz.unit
            forms[unit.version.course_id, unit.author_id].append({keys[row[1]]: row[2] for row in sat})
    return answers, forms


def _grade(
    question: Question, stored: dict[str, Any] | None, order: str, answer: str | None
) -> tuple[float, tuple[Part, ...]]:
    kind, judged = kinds.get(question.kind), stored or question.stored
    result = kind.grade(judged, json.loads(order), json.loads(answer) if answer else None)
    parts = tuple(
        Part(part.label, part.right, kind.choice_of(judged, part), part.misconception) for part in result.parts
    )
    return float(Fraction(result.points)), parts


def _lives(known: dict[int, Question], answers: dict[Key, list[Given]]) -> dict[Key, Life]:
    disputes = Counter(
        _key(known[pk])
        for pk in Dispute.objects.filter(response__question__in=list(known)).values_list(
            "response__question", flat=True
        )
    )
    reviewed: dict[Key, dt.datetime] = {}
    closed = ItemReview.objects.filter(question__in=list(known), closed_at__isnull=False).order_by("closed_at")
    for review in closed:
        assert review.closed_at is not None
        reviewed[_key(known[review.question_id])] = review.closed_at
    published: dict[Key, dt.datetime] = {}
    for row in known.values():
        key, since = _key(row), row.quiz.unit.version.published_at
        published[key] = min(since, published.get(key, since))
    return {key: Life(disputes[key], len(answers[key]), reviewed.get(key), since) for key, since in published.items()}
