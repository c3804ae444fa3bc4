"""Fifty hands on one attempt, each with a connection of its own: one open attempt, no gap, one result, no acknowledged answer lost."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from courses.actions import issuing
from courses.models import Certificate, Enrollment
from lms.lib import clock
from lms.record.queries import events_of, faults
from quizzes.actions import attempts, closing, granting
from quizzes.enums import AttemptState
from quizzes.models import Attempt, ExtraAttempt, Response
from tests import factories
from tests.faults import making
from tests.faults.harness import House, chances
from tests.faults.together import kinds_of, together

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

HANDS = 50
LIMIT = dt.timedelta(minutes=30)
GRACE = dt.timedelta(seconds=30)


def timed(slug: str = "timed") -> Enrollment:
    """A new learner of a course whose quiz has a time limit."""
    compiled = factories.compiled_course(slug, title="Timed")
    assert compiled.units[0].quiz is not None
    compiled.units[0].quiz["rules"] = {"time_limit_minutes": 30}
    return factories.make_enrollment(factories.make_user(), factories.make_course(compiled))


def begun(enrollment: Enrollment, at: dt.datetime) -> Attempt:
    return attempts.start(enrollment, enrollment.version.units.get(), at=at)


def starting(enrollment: Enrollment, at: dt.datetime) -> Callable[[], Any]:
    unit = enrollment.version.units.get()
    return lambda: attempts.start(Enrollment.objects.get(pk=enrollment.pk), unit, at=at)


def saving(attempt: Attempt, position: int, choice: int, revision: int, at: dt.datetime) -> Callable[[], Any]:
    return lambda: attempts.save(
        Attempt.objects.get(pk=attempt.pk), position, {"choice": choice}, revision=revision, at=at
    )


def handing_in(attempt: Attempt, at: dt.datetime) -> Callable[[], Any]:
    return lambda: attempts.submit(Attempt.objects.get(pk=attempt.pk), at=at)


def sweeping(at: dt.datetime) -> Callable[[], Any]:
    return lambda: closing.sweep(at=at)


def told(enrollment: Enrollment) -> list[str]:
    assert list(faults(enrollment.learner.subject)) == []
    return [event.kind for event in events_of(enrollment.learner.subject)]


def test_fifty_starts_open_one_attempt_each_time_and_never_one_too_many(house: House) -> None:
    enrollment, at = timed(), clock.now()
    for number in (1, 2, 3):
        opened = together(*[starting(enrollment, at)] * HANDS)
        assert kinds_of(opened) == {Attempt}, opened
        assert {(one.pk, one.number, one.deadline_at) for one in opened} == {(opened[0].pk, number, at + LIMIT)}
        assert Attempt.objects.filter(state=AttemptState.IN_PROGRESS).count() == 1
        handed = together(*[handing_in(opened[0], at)] * HANDS)
        assert [one.first_time for one in handed].count(True) == 1
        at += dt.timedelta(hours=2)
    refused = together(*[starting(enrollment, at)] * HANDS)
    assert kinds_of(refused) == {attempts.NotAllowedError}, refused
    assert list(Attempt.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    assert Response.objects.count() == 9
    kinds = told(enrollment)
    assert (kinds.count("quiz.started"), kinds.count("quiz.submitted")) == (3, 3)


def test_fifty_helpers_open_one_more_attempt_and_fifty_starts_use_it_once(house: House) -> None:
    enrollment, at = timed(), clock.now()
    unit = enrollment.version.units.get()
    for _ in range(3):
        attempts.submit(begun(enrollment, at), at=at)
        at += dt.timedelta(hours=2)

    def help_on() -> Any:
        return granting.open_attempt(
            Enrollment.objects.get(pk=enrollment.pk), unit, reason="We talked.", at=at, by=enrollment.learner.subject
        )

    helped = together(*[help_on] * HANDS)
    assert kinds_of(helped) == {ExtraAttempt, type(None)}, helped
    assert sum(one is not None for one in helped) == 1
    opened = together(*[starting(enrollment, at)] * HANDS)
    assert {one.number for one in opened} == {4}
    assert told(enrollment).count("attempt.opened") == ExtraAttempt.objects.count() == 1


def test_fifty_saves_to_all_questions_lose_nothing_that_was_acknowledged(house: House) -> None:
    """Each hand goes on from what it was told last, so acknowledged revisions of a question follow each other without a gap."""
    for chance in chances():
        enrollment = making.new_enrollment()
        attempt = begun(enrollment, clock.now())
        plan = [(chance.randint(1, 3), [chance.randrange(3) for _ in range(4)]) for _ in range(HANDS)]

        def work(position: int, choices: list[int], attempt: Attempt = attempt) -> Any:
            revision, acknowledged = 0, []
            for choice in choices:
                try:
                    said = attempts.save(attempt, position, {"choice": choice}, revision=revision, at=clock.now())
                    acknowledged.append((position, said.revision, choice, said.receipt))
                    revision = said.revision
                except attempts.StaleError as stale:
                    revision = stale.stored.revision
            return acknowledged

        answers = together(*[lambda p=p, c=c: work(p, c) for p, c in plan])
        assert kinds_of(answers) == {list}, answers
        said = {one for own in answers for one in own}
        for row in attempt.responses.all():
            own = {
                (revision, choice, receipt) for position, revision, choice, receipt in said if position == row.position
            }
            assert [revision for revision, _, _ in sorted(own)] == list(range(1, row.revision + 1)), (
                "one answer a revision"
            )
            if own:
                assert max(own) == (row.revision, (row.answer or {})["choice"], row.receipt)


def test_fifty_hands_save_hand_in_and_sweep_at_the_end_of_the_time(house: House) -> None:
    """At the last instant of the grace saves count; the sweep's clock is one millisecond ahead. Whoever wins, what was acknowledged
    was graded, and it was closed once."""
    for number, chance in enumerate(chances()):
        enrollment, start = timed(f"timed-{number}"), clock.now()
        attempt = begun(enrollment, start)
        factories.answer_all(attempt, right=False, at=start)
        rows = list(attempt.responses.select_related("question").order_by("position"))
        end = start + LIMIT + GRACE
        last = end - dt.timedelta(milliseconds=1)
        right = {row.position: factories.right_answer(row)["choice"] for row in rows}
        work: list[tuple[int, Callable[[], Any]]] = []
        for n in range(HANDS):
            position = 1 + n % 3
            work.append((position, saving(attempt, position, right[position], 1, last)))
        work += [(0, handing_in(attempt, last)), (0, handing_in(attempt, end))] * 2
        work += [(0, sweeping(end))] * 3
        chance.shuffle(work)
        answers = together(*[one for _, one in work])
        acknowledged = {p for (p, _), said in zip(work, answers, strict=True) if isinstance(said, Response)}
        for said in answers:
            assert isinstance(said, Response | attempts.AttemptClosedError | attempts.HandedIn | dict), said
        closed = sum(said.first_time for said in answers if isinstance(said, attempts.HandedIn))
        closed += sum(said["closed"] for said in answers if isinstance(said, dict))
        assert closed == 1
        attempt.refresh_from_db()
        rows = list(attempt.responses.order_by("position"))
        assert {row.position for row in rows if row.right} == acknowledged
        assert attempt.right == len(acknowledged)
        assert attempt.submitted_at == (attempt.deadline_at if attempt.closed_by == "deadline" else last)
        assert told(enrollment).count("quiz.submitted") == 1


def test_more_time_beside_the_sweep_either_comes_before_or_not_at_all(house: House) -> None:
    """The extension is given at the last instant and the sweep runs at the end of the grace: closed or extended, never both."""
    for number, chance in enumerate(chances()):
        enrollment, start = timed(f"more-{number}"), clock.now()
        attempt = begun(enrollment, start)
        end = start + LIMIT + GRACE

        def more(enrollment: Enrollment = enrollment, end: dt.datetime = end) -> Any:
            return granting.set_accommodation(
                enrollment.learner,
                time_factor=Decimal(2),
                extra_attempts=0,
                at=end - dt.timedelta(milliseconds=1),
                by=enrollment.learner.subject,
            )

        work: list[Callable[[], Any]] = [more, *[sweeping(end)] * 5]
        chance.shuffle(work)
        answers = together(*work)
        assert kinds_of(answers) == {bool, dict}, answers
        attempt.refresh_from_db()
        extended = "quiz.extended" in told(enrollment)
        assert extended == (attempt.state == AttemptState.IN_PROGRESS)
        assert attempt.deadline_at == start + (2 * LIMIT if extended else LIMIT)


def test_a_hundred_issues_make_one_certificate(house: House) -> None:
    certificate = making.passed()
    enrollment = certificate.enrollment

    def issue() -> Any:
        with transaction.atomic():
            return issuing.issue(Enrollment.objects.get(pk=enrollment.pk), at=clock.now())

    answers = together(*[issue] * 100)
    assert kinds_of(answers) == {IntegrityError}, answers
    assert list(Certificate.objects.filter(enrollment=enrollment)) == [certificate]
    assert told(enrollment).count("certificate.issued") == 1
    fresh = making.answered()
    handed = together(*[handing_in(fresh, clock.now())] * 100)
    assert kinds_of(handed) == {attempts.HandedIn}, handed
    assert [one.certificate is not None for one in handed].count(True) == 1
    assert Certificate.objects.filter(enrollment=fresh.enrollment).count() == 1
    numbers = sorted(int(one.number.rpartition("-")[2]) for one in Certificate.objects.all())
    assert numbers == [1, 2]
