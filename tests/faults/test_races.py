"""Many hands at the same moment: one certificate, one mail, one open attempt, no gap in any number."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from courses.actions import filing, issuing, learning
from courses.models import Certificate, Enrollment
from lms.lib import clock
from lms.outbox import actions as outbox
from lms.outbox.models import Message
from lms.record import actions as record
from lms.record.queries import events_of, faults
from quizzes.actions import attempts
from quizzes.enums import AttemptState
from quizzes.models import Attempt, Response
from tests.factories import answer_all, make_course, make_enrollment, make_user, right_answer
from tests.faults import making
from tests.faults.harness import House, chances
from tests.faults.outcome import assert_file, assert_one_certificate, assert_record, certificate_message
from tests.faults.together import kinds_of, together

pytestmark = [pytest.mark.fault, pytest.mark.both_db]

HANDS = 20


def mail_all(house: House) -> None:
    filing.sweep(at=clock.now())
    for pk in Message.objects.values_list("pk", flat=True):
        outbox.deliver(pk)


def finished(enrollment: Enrollment, house: House) -> None:
    mail_all(house)
    assert_one_certificate(enrollment, house.mail)


def test_twenty_starts_open_one_attempt_and_numbers_have_no_gap(house: House) -> None:
    """Three attempts, each started and failed by twenty hands at once; then twenty hands are refused."""
    enrollment = making.new_enrollment()
    unit = enrollment.version.units.get()
    at = clock.now()
    for number in (1, 2, 3):
        opened = together(
            *[lambda at=at: attempts.start(Enrollment.objects.get(pk=enrollment.pk), unit, at=at)] * HANDS
        )
        assert kinds_of(opened) == {Attempt}, opened
        assert {(attempt.pk, attempt.number) for attempt in opened} == {(opened[0].pk, number)}
        attempt = Attempt.objects.get(enrollment=enrollment, state=AttemptState.IN_PROGRESS)
        assert attempt.responses.count() == attempt.out_of == 3
        answer_all(attempt, right=False, at=at)
        handed = together(*[lambda a=attempt.pk, at=at: attempts.submit(Attempt.objects.get(pk=a), at=at)] * HANDS)
        assert kinds_of(handed) == {attempts.HandedIn}, handed
        assert sum(one.first_time for one in handed) == 1
        assert {one.attempt.passed for one in handed} == {False}
        at += dt.timedelta(minutes=61)
    refused = together(*[lambda: attempts.start(Enrollment.objects.get(pk=enrollment.pk), unit, at=at)] * HANDS)
    assert kinds_of(refused) == {attempts.NotAllowedError}, refused
    assert list(Attempt.objects.values_list("number", "state")) == [(n, AttemptState.SUBMITTED) for n in (1, 2, 3)]
    kinds = [event.kind for event in events_of(enrollment.learner.subject)]
    assert (kinds.count("quiz.started"), kinds.count("quiz.submitted"), kinds.count("certificate.issued")) == (3, 3, 0)
    assert list(faults(enrollment.learner.subject)) == []


def test_twenty_hand_ins_complete_once(house: House) -> None:
    """Rounds, since each is a race of its own."""
    for _ in chances():
        attempt = making.answered()
        handed = together(*[lambda pk=attempt.pk: attempts.submit(Attempt.objects.get(pk=pk), at=clock.now())] * HANDS)
        assert kinds_of(handed) == {attempts.HandedIn}, handed
        assert [one.first_time for one in handed].count(True) == 1
        assert [one.certificate for one in handed if one.first_time] == list(
            Certificate.objects.filter(enrollment=attempt.enrollment)
        )
        assert {(one.attempt.passed, one.attempt.right) for one in handed} == {(True, 3)}
        finished(attempt.enrollment, house)


def test_twenty_saves_of_one_answer_store_one_and_tell_the_others(house: House) -> None:
    for chance in chances():
        enrollment = making.new_enrollment()
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
        position = chance.randint(1, attempt.out_of)
        choices = [chance.randrange(3) for _ in range(HANDS)]

        def save(choice: int, attempt: Attempt = attempt, position: int = position) -> Any:
            return attempts.save(attempt, position, {"choice": choice}, revision=0, at=clock.now())

        answers = together(*[lambda choice=choice: save(choice) for choice in choices])
        row = Response.objects.get(attempt=attempt, position=position)
        assert row.revision == 1
        for choice, answer in zip(choices, answers, strict=True):
            if {"choice": choice} == row.answer:
                assert isinstance(answer, Response), answer
                assert (answer.revision, answer.receipt) == (1, row.receipt)
            else:
                assert isinstance(answer, attempts.StaleError), answer
                assert answer.stored.answer == row.answer


def test_a_save_either_counts_in_the_result_or_is_refused(house: House) -> None:
    """Ten hands change answers to right ones while ten hand in. What was acknowledged is in the result, and nothing else."""
    for _ in chances():
        enrollment = making.new_enrollment()
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
        answer_all(attempt, right=False)
        rows = list(attempt.responses.select_related("question").order_by("position"))

        def save(row: Response, attempt: Attempt = attempt) -> Any:
            return attempts.save(attempt, row.position, right_answer(row), revision=1, at=clock.now())

        def hand_in(pk: int = attempt.pk) -> Any:
            return attempts.submit(Attempt.objects.get(pk=pk), at=clock.now())

        answers = together(*[lambda row=row: save(row) for row in rows], *[hand_in] * 3)
        saved = [isinstance(answer, Response) for answer in answers[: len(rows)]]
        for stored, answer in zip(saved, answers, strict=False):
            assert stored or isinstance(answer, attempts.AttemptClosedError), answer
        attempt.refresh_from_db()
        assert attempt.right == sum(saved)
        assert [row.right for row in attempt.responses.order_by("position")] == saved
        assert attempt.passed is all(saved)
        assert Certificate.objects.filter(enrollment=enrollment).exists() is all(saved)
        assert list(faults(enrollment.learner.subject)) == []


def test_the_last_two_units_handed_in_at_once_complete_the_course(house: House) -> None:
    """Each hand-in alone would see one unit missing."""
    for number, _ in enumerate(chances()):
        course = make_course(slug=f"pair-{number}", units=2, title=f"Pair {number}")
        enrollment = make_enrollment(make_user(), course)
        both = []
        for unit in enrollment.version.units.all():
            both.append(attempts.start(enrollment, unit, at=clock.now()))
            answer_all(both[-1])
        handed = together(
            *[lambda pk=one.pk: attempts.submit(Attempt.objects.get(pk=pk), at=clock.now()) for one in both] * 4
        )
        assert kinds_of(handed) == {attempts.HandedIn}, handed
        assert [one.certificate is not None for one in handed].count(True) == 1
        enrollment.refresh_from_db()
        assert enrollment.completed_at is not None
        assert Certificate.objects.filter(enrollment=enrollment).count() == 1
        assert list(faults(enrollment.learner.subject)) == []


def in_transaction(action: Callable[..., Any], enrollment: Enrollment) -> Callable[[], Any]:
    def call() -> Any:
        with transaction.atomic():
            record.hold(enrollment.learner.subject)
            return action(Enrollment.objects.get(pk=enrollment.pk), at=clock.now())

    return call


def test_twenty_judges_of_completion_and_twenty_issues_make_one_certificate(house: House) -> None:
    attempt = making.answered()
    enrollment = attempt.enrollment
    with transaction.atomic():
        progress = enrollment.progress.get()
        enrollment.progress.update(completed_at=clock.now(), points=3, out_of=3)
    judged = together(*[in_transaction(learning.finish_if_done, enrollment)] * HANDS)
    assert kinds_of(judged) == {Certificate, type(None)}, judged
    assert sum(one is not None for one in judged) == 1
    issued = together(*[in_transaction(issuing.issue, enrollment)] * HANDS)
    assert kinds_of(issued) == {IntegrityError}, issued
    assert progress.unit.version == enrollment.version
    assert Certificate.objects.filter(enrollment=enrollment).count() == 1
    assert Message.objects.filter(kind="certificate_ready").count() == 1
    kinds = [event.kind for event in events_of(enrollment.learner.subject)]
    assert (kinds.count("course.completed"), kinds.count("certificate.issued")) == (1, 1)
    assert list(faults(enrollment.learner.subject)) == []


def test_twenty_learners_finish_at_once_and_certificate_numbers_have_no_gap(house: House) -> None:
    started = [making.answered() for _ in range(HANDS)]
    handed = together(*[lambda one=one: attempts.submit(one, at=clock.now()) for one in started])
    assert kinds_of(handed) == {attempts.HandedIn}, handed
    numbers = sorted(int(certificate.number.rpartition("-")[2]) for certificate in Certificate.objects.all())
    assert numbers == list(range(1, HANDS + 1))
    mail_all(house)
    for one in started:
        assert_one_certificate(one.enrollment, house.mail)


def test_twenty_workers_on_one_certificate_store_one_file_and_send_one_mail(house: House) -> None:
    certificate = making.passed()
    stored = together(*[lambda: filing.file_certificate(certificate.pk, at=clock.now())] * HANDS)
    assert sorted(stored) == [False] * (HANDS - 1) + [True]
    assert_file(certificate)
    message = certificate_message(certificate)
    assert together(*[lambda: outbox.deliver(message.pk)] * HANDS) == [None] * HANDS
    message.refresh_from_db()
    assert (certificate.tries, message.tries) == (1, 1)
    finished(certificate.enrollment, house)
    assert_record(certificate.enrollment)
