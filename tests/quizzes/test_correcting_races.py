"""Two coordinators at once, and a correction while people hand in: once, and nobody is missed. On both databases."""

import datetime as dt
import threading
import time
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from courses.models import Certificate, Enrollment
from lms.lib import clock
from lms.outbox.models import Occasion
from lms.people.models import User
from lms.record import actions as record
from lms.record.queries import faults
from quizzes.actions import attempts
from quizzes.actions.correcting import Corrected, _locked, correct
from quizzes.actions.reviewing import dispute
from quizzes.models import Attempt, Correction, Dispute, Question, Rescore, Response
from quizzes.queries.effects import Draft
from quizzes.queries.results import counted, steps
from tests import factories
from tests.faults.together import together
from tests.quizzes import crowd

pytestmark = [pytest.mark.both_db, pytest.mark.django_db(transaction=True)]

ROUNDS = 3


def question_of(course: Any) -> Question:
    rows = Question.objects.select_related("quiz__unit__version__course")
    return rows.get(quiz__unit__version=course.current, author_id__endswith="-Q01")


def mend(question: Question, boss: User, key: list[str] | None = None) -> Corrected:
    return correct(question, Draft(key or ["b"]), reason="The source says b.", seen=0, by=boss, at=clock.now())


def test_two_coordinators_and_their_double_clicks_make_one_correction() -> None:
    course, _ = crowd.planted(clock.now(), able=6, weak=3)
    both = [factories.make_coordinator(name=name) for name in ("One Coordinator", "Two Coordinator")]
    done = together(*[lambda boss=boss: mend(question_of(course), boss) for boss in both * 3])
    assert {type(one) for one in done} == {Corrected}, done
    assert [one.new for one in done].count(True) == 1
    assert Correction.objects.count() == 1
    assert Rescore.objects.count() == Occasion.objects.filter(kind="result_raised").count() == 6
    assert Certificate.objects.count() == 7
    for person in User.objects.all():
        assert list(faults(person.subject)) == []


def test_two_different_corrections_at_once_leave_one_and_tell_the_other() -> None:
    course, _ = crowd.planted(clock.now(), able=4, weak=3)
    boss = factories.make_coordinator()
    done = together(*[lambda key=key: mend(question_of(course), boss, [key]) for key in ("b", "c")])
    assert sorted(type(one).__name__ for one in done) == ["Corrected", "ValidationError"], done
    assert "in the meantime" in str(next(one for one in done if isinstance(one, ValidationError)))
    assert Correction.objects.count() == 1


def open_attempt(course: Any, at: dt.datetime) -> Attempt:
    """Every answer as the truth is: the one to the first question is wrong under the old key."""
    enrollment = factories.make_enrollment(factories.make_user(), course, at=at)
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
    for response in attempt.responses.select_related("question"):
        pick = 1 if response.question.author_id.endswith("-Q01") else 0
        answer = {"choice": response.order["options"].index(pick)}
        attempts.save(attempt, response.position, answer, revision=0, at=at)
    return attempt


def test_a_correction_racing_hand_ins_misses_nobody() -> None:
    for number in range(ROUNDS):
        course = factories.make_course(
            factories.compiled_course(f"race-{number}", serve=3, pool=3, title=f"Race {number}")
        )
        boss = factories.make_coordinator(name=f"Coordinator {number}")
        opened = [open_attempt(course, clock.now()) for _ in range(5)]
        done = together(
            partial(mend, question_of(course), boss),
            *[lambda pk=one.pk: attempts.submit(Attempt.objects.get(pk=pk), at=clock.now()) for one in opened],
        )
        assert not [one for one in done if isinstance(one, Exception)], done
        for attempt in Attempt.objects.filter(pk__in=[one.pk for one in opened]).select_related("enrollment"):
            (now,) = counted([attempt])
            assert (now.passed, now.points) == (True, Decimal(3)), "before or after, the learner has the point"
            assert Certificate.objects.filter(enrollment=attempt.enrollment).count() == 1
            responses = list(attempt.responses.select_related("question").order_by("position"))
            assert attempt.submitted_at
            last = steps(attempt, responses, submitted_at=attempt.submitted_at)[-1].paper
            assert (last.passed, float(last.points)) == (True, 3.0)
            assert list(faults(attempt.enrollment.learner.subject)) == []


@pytest.mark.parametrize("work", ["start", "dispute"])
def test_a_correction_and_what_refers_to_its_question_never_wait_for_each_other(work: str) -> None:
    """Somebody who drew the question before begins another attempt, or disputes the question, while a correction holds the question and
    is about to take their record."""
    at = clock.now()
    course = factories.make_course(factories.compiled_course(serve=3, pool=3), at=at)
    enrollment = factories.make_enrollment(factories.make_user(), course, at=at)
    unit = enrollment.version.units.get()
    first = attempts.start(enrollment, unit, at=at)
    factories.answer_all(first, right=False, at=at)
    attempts.submit(first, at=at)
    response = first.responses.select_related("question").get(question=question_of(course))
    later, held = at + dt.timedelta(days=2), threading.Event()

    def correction() -> None:
        with transaction.atomic():
            _locked(question_of(course))
            held.set()
            time.sleep(0.5)  # the other one is on its way now
            record.hold(enrollment.learner.subject)

    def other() -> None:
        assert held.wait(20)
        if work == "start":
            attempts.start(Enrollment.objects.get(), unit, at=later)
        else:
            dispute(Response.objects.get(pk=response.pk), reason="Both are right.", at=later)

    assert together(correction, other) == [None, None]
    assert (Attempt.objects.count(), Dispute.objects.count()) == ((2, 0) if work == "start" else (1, 1))
