"""Many sittings at once, as rows: for statistics and corrections, which look at hundreds."""

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from courses.actions import learning
from courses.models import Course, Enrollment
from lms.people.models import User
from quizzes import kinds
from quizzes.enums import AttemptState
from quizzes.grading.paper import PaperItem, grade_paper
from quizzes.models import Attempt, Question, Response
from tests import factories


def make_people(number: int) -> list[User]:
    """People who never sign in; a password would take longer than all the rest."""
    site = factories.make_site()
    start = User.objects.count()
    rows = [
        User(name=f"Learner {start + n}", email=f"learner{start + n}@example.org", site=site, password="!")
        for n in range(number)
    ]
    return User.objects.bulk_create(rows)


def enroll(course: Course, people: Sequence[User], at: dt.datetime) -> list[Enrollment]:
    rows = [
        Enrollment(learner=person, course=course, version=course.current, opened_at=at, started_at=at)
        for person in people
    ]
    return Enrollment.objects.bulk_create(rows)


def sit(
    enrollments: Sequence[Enrollment],
    chosen: Sequence[Sequence[int | None]],
    *,
    at: dt.datetime,
    number: int = 1,
    questions: Sequence[Question] | None = None,
    seconds: Sequence[int | None] | None = None,
    confidence: Sequence[str] | None = None,
    seed: int = 1,
) -> list[Attempt]:
    """One handed-in attempt a person at the quiz of the course's first unit, its single-choice questions answered by ``chosen``: the
    index of the option as written (None: no answer), question by question. Served in a shuffled order; passes complete the unit."""
    rng = random.Random(seed)
    unit = enrollments[0].version.units.get(position=1)
    pool = list(questions or unit.quiz.questions.all())
    attempts, responses = [], []
    for person, (enrollment, picks) in enumerate(zip(enrollments, chosen, strict=True)):
        items = []
        for question, pick in zip(pool, picks, strict=True):
            order = kinds.get(question.kind).serve(question.stored, rng)
            answer = None if pick is None else {"choice": order["options"].index(pick)}
            items.append(PaperItem(question.stored, order, answer))
        paper = grade_paper(items, pass_mark=enrollment.version.pass_mark)
        attempt = Attempt(
            enrollment=enrollment,
            unit=unit,
            quiz=unit.quiz,
            number=number,
            state=AttemptState.SUBMITTED,
            started_at=at,
            submitted_at=at + dt.timedelta(minutes=5),
            pass_mark=enrollment.version.pass_mark,
            points=Decimal(str(float(paper.points))),
            out_of=paper.out_of,
            right=paper.right,
            passed=paper.passed,
            critical_missed=bool(paper.critical_missed),
            by_objective=[[o.objective, o.right, o.total, bool(o.critical_missed)] for o in paper.objectives],
        )
        attempts.append(attempt)
        for position, (question, item, result) in enumerate(zip(pool, items, paper.results, strict=True), start=1):
            responses.append(
                Response(
                    attempt=attempt,
                    position=position,
                    question=question,
                    order=item.order,
                    answer=item.answer,
                    answered=item.answer is not None,
                    revision=1,
                    saved_at=at,
                    points=float(result.points),
                    right=result.right,
                    seconds=seconds[person] if seconds else None,
                    confidence=confidence[person] if confidence else "",
                )
            )
    Attempt.objects.bulk_create(attempts, batch_size=500)
    Response.objects.bulk_create(responses, batch_size=500)
    for attempt in attempts:
        if attempt.passed:
            complete(attempt)
    return attempts


def complete(attempt: Attempt) -> None:
    with transaction.atomic():
        assert attempt.submitted_at
        passed = learning.Passed(points=Decimal(attempt.points or 0), out_of=attempt.out_of)
        learning.complete_unit(attempt.enrollment, attempt.unit, passed, at=attempt.submitted_at)


def planted(
    at: dt.datetime, *, able: int = 24, weak: int = 16, lucky: int = 1, **changes: Any
) -> tuple[Course, list[Attempt]]:
    """A course whose first question has a wrong key: "a" is marked, and "b" is true. Able people choose b and are right on the other
    two; weak ones choose a and miss the others; lucky ones choose a and are right on the others, so they passed."""
    course = factories.make_course(serve=3, pool=3, at=at, **changes)
    people = make_people(able + weak + lucky)
    rng = random.Random(7)
    chosen = (
        [[1, 0, 0]] * able + [[0, rng.choice([1, 2]), rng.choice([1, 2])] for _ in range(weak)] + [[0, 0, 0]] * lucky
    )
    return course, sit(enroll(course, people, at), chosen, at=at)
