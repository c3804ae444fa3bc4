"""One sitting of a quiz: the rules, whatever page or script asks."""

import datetime as dt
import json
import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from courses.actions import assigning
from courses.actions.publishing import publish
from courses.models import Certificate, Enrollment, Unit
from lms.record import queries as record
from lms.record.actions import SYSTEM
from quizzes.actions import attempts
from quizzes.actions.attempts import AttemptClosedError, NotAllowedError, StaleError
from quizzes.actions.storing import store_quiz
from quizzes.enums import AttemptState
from quizzes.models import Attempt, Response
from quizzes.queries.standing import standing
from tests import factories

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def enrollment(at: dt.datetime) -> Enrollment:
    return factories.make_enrollment(course=factories.make_course(at=at), at=at)


@pytest.fixture
def unit(enrollment: Enrollment) -> Unit:
    return enrollment.version.units.get()


def fail(enrollment: Enrollment, unit: Unit, at: dt.datetime) -> Attempt:
    attempt = attempts.start(enrollment, unit, at=at)
    factories.answer_all(attempt, right=False, at=at)
    return attempts.submit(attempt, at=at).attempt


def refusal(enrollment: Enrollment, unit: Unit, at: dt.datetime) -> str:
    before = Attempt.objects.count()
    with pytest.raises(NotAllowedError) as refused:
        attempts.start(enrollment, unit, at=at)
    assert Attempt.objects.count() == before
    assert not standing(enrollment, unit, at).may_start
    return str(refused.value)


class TestStarting:
    def test_it_stores_what_was_drawn_and_how_it_is_served(
        self, enrollment: Enrollment, unit: Unit, at: dt.datetime
    ) -> None:
        attempt = attempts.start(enrollment, unit, at=at)
        responses = list(attempt.responses.select_related("question"))
        assert [r.position for r in responses] == [1, 2, 3]
        assert len({r.question_id for r in responses}) == 3
        assert all(sorted(r.order["options"]) == [0, 1, 2] for r in responses)
        assert (attempt.number, attempt.state, attempt.out_of, attempt.pass_mark) == (1, "in_progress", 3, 80)
        kinds = [e.kind for e in record.events_of(enrollment.learner.subject)]
        assert kinds == ["course.assigned", "course.started", "unit.left_for_quiz", "quiz.started"]

    def test_again_goes_on_with_the_open_one(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        first = attempts.start(enrollment, unit, at=at)
        assert attempts.start(enrollment, unit, at=at + DAY) == first
        assert Response.objects.count() == 3

    def test_not_when_withdrawn(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        assigning.withdraw(enrollment.assignments.get(), reason="x", by=SYSTEM, at=at)
        assert "no longer assigned" in refusal(enrollment, unit, at)

    def test_not_before_it_opens(self, at: dt.datetime) -> None:
        course = factories.make_course(at=at)
        later = factories.make_assignment(course=course, at=at, opens_on=dt.date(2026, 12, 1)).enrollment
        assert later is not None
        unit = later.version.units.get()
        opens = later.assignments.get().opens_at
        assert "not open yet" in refusal(later, unit, opens - dt.timedelta(microseconds=1))
        assert attempts.start(later, unit, at=opens).number == 1

    def test_not_after_a_pass(self, at: dt.datetime) -> None:
        enrollment = factories.make_enrollment(course=factories.make_course(units=2, at=at), at=at)
        factories.pass_unit(enrollment, at=at)
        assert "passed" in refusal(enrollment, enrollment.version.units.get(position=1), at + DAY)
        assert attempts.start(enrollment, enrollment.version.units.get(position=2), at=at).number == 1

    def test_not_after_completion(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        factories.pass_unit(enrollment, at=at)
        assert "passed" in refusal(Enrollment.objects.get(), unit, at + DAY)

    def test_not_during_the_wait(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        fail(enrollment, unit, at)
        assert "wait" in refusal(enrollment, unit, at + HOUR - dt.timedelta(microseconds=1))
        assert attempts.start(enrollment, unit, at=at + HOUR).number == 2

    def test_not_over_the_limit(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        for n in range(3):
            enrollment.refresh_from_db()
            assert enrollment.attempts_used_at is None
            fail(enrollment, unit, at + n * DAY)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at == at + 2 * DAY
        assert "All attempts" in refusal(enrollment, unit, at + 9 * DAY)
        assert standing(enrollment, unit, at + 9 * DAY).all_used

    def test_limits_count_within_the_unit(self, at: dt.datetime) -> None:
        enrollment = factories.make_enrollment(course=factories.make_course(units=2, at=at), at=at)
        first, second = enrollment.version.units.all()
        for n in range(3):
            fail(enrollment, first, at + n * DAY)
        assert attempts.start(enrollment, second, at=at).number == 1

    def test_not_on_an_edition_that_the_enrollment_left(
        self, enrollment: Enrollment, unit: Unit, at: dt.datetime
    ) -> None:
        publish(factories.compiled_course(pool=10), at=at, store_quiz=store_quiz)
        with pytest.raises(NotAllowedError, match="new edition"):
            attempts.start(enrollment, unit, at=at)
        assert not Attempt.objects.exists()
        assert not Response.objects.exists()

    def test_a_changed_course_changes_no_open_attempt(
        self, enrollment: Enrollment, unit: Unit, at: dt.datetime
    ) -> None:
        attempt = attempts.start(enrollment, unit, at=at)
        before = list(attempt.responses.values_list("question_id", "order"))
        publish(factories.compiled_course(pool=10, pass_mark=100, attempts=1), at=at, store_quiz=store_quiz)
        enrollment = Enrollment.objects.get()
        assert attempts.start(enrollment, unit, at=at) == attempt
        assert list(attempt.responses.values_list("question_id", "order")) == before
        assert Attempt.objects.get().pass_mark == 80

    def test_the_database_allows_one_open_attempt(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        attempt = attempts.start(enrollment, unit, at=at)
        with pytest.raises(IntegrityError), transaction.atomic():
            Attempt.objects.create(
                enrollment=enrollment, unit=unit, quiz=attempt.quiz, number=2, started_at=at, pass_mark=80, out_of=3
            )


class TestRetakes:
    def questions(self, attempt: Attempt) -> set[int]:
        return set(attempt.responses.values_list("question_id", flat=True))

    def test_unseen_questions_come_first(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        drawn = [self.questions(fail(enrollment, unit, at + n * DAY)) for n in range(3)]
        assert len(set.union(*drawn)) == 9, "nine questions, three attempts of three: none twice"

    def test_a_missed_critical_question_is_asked_by_another_one(self, at: dt.datetime) -> None:
        compiled = factories.compiled_course(pool=4, serve=2)
        quiz = compiled.units[0].quiz
        assert quiz is not None
        quiz["questions"] = [factories.stored_question(n, critical=n < 3) for n in range(1, 5)]
        quiz["draw"] = [
            {"objective": "T-1.1", "take": 1, "critical": True},
            {"objective": "T-1.1", "take": 1, "critical": False},
        ]
        course = factories.make_course(compiled, at=at)
        for _ in range(6):
            enrollment = factories.make_enrollment(factories.make_user(), course, at=at)
            unit = enrollment.version.units.get()
            drawn = []
            for n in range(2):
                attempt = fail(enrollment, unit, at + n * DAY)
                drawn.append(attempt.responses.get(question__critical=True).question_id)
            assert drawn[0] != drawn[1]


class TestSaving:
    @pytest.fixture
    def attempt(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> Attempt:
        return attempts.start(enrollment, unit, at=at)

    def test_each_save_raises_the_revision_and_gives_a_receipt(self, attempt: Attempt, at: dt.datetime) -> None:
        first = attempts.save(attempt, 1, {"choice": 0}, revision=0, at=at)
        second = attempts.save(attempt, 1, {"choice": 1}, revision=1, at=at + HOUR)
        assert (first.revision, second.revision) == (1, 2)
        assert first.receipt != second.receipt
        assert (second.answer, second.answered, second.saved_at) == ({"choice": 1}, True, at + HOUR)

    def test_clearing_is_saving(self, attempt: Attempt, at: dt.datetime) -> None:
        attempts.save(attempt, 1, {"choice": 0}, revision=0, at=at)
        cleared = attempts.save(attempt, 1, None, revision=1, at=at)
        assert (cleared.answer, cleared.answered, cleared.revision) == (None, False, 2)
        assert Response.objects.filter(answer__isnull=True).count() == 3

    def test_nothing_into_nothing_changes_nothing(self, attempt: Attempt, at: dt.datetime) -> None:
        untouched = attempts.save(attempt, 1, None, revision=0, at=at)
        assert (untouched.revision, untouched.saved_at) == (0, None)

    def test_a_stale_revision_keeps_what_is_stored(self, attempt: Attempt, at: dt.datetime) -> None:
        attempts.save(attempt, 1, {"choice": 2}, revision=0, at=at)
        with pytest.raises(StaleError) as stale:
            attempts.save(attempt, 1, {"choice": 1}, revision=0, at=at)
        assert stale.value.stored.answer == {"choice": 2}
        with pytest.raises(StaleError):
            attempts.save(attempt, 1, None, revision=0, at=at)
        assert attempt.responses.get(position=1).answer == {"choice": 2}

    def test_the_same_answer_again_is_the_same_request(self, attempt: Attempt, at: dt.datetime) -> None:
        first = attempts.save(attempt, 1, {"choice": 2}, revision=0, at=at)
        again = attempts.save(attempt, 1, {"choice": 2}, revision=0, at=at + HOUR)
        assert (again.revision, again.receipt, again.saved_at) == (first.revision, first.receipt, at)

    @pytest.mark.parametrize("answer", [{"choice": 2}, {"choice": 1}, None])
    def test_a_revision_from_the_future_is_refused(
        self, attempt: Attempt, at: dt.datetime, answer: dict[str, int] | None
    ) -> None:
        attempts.save(attempt, 1, {"choice": 2}, revision=0, at=at)
        with pytest.raises(StaleError):
            attempts.save(attempt, 1, answer, revision=2**31 - 1, at=at)
        assert attempt.responses.get(position=1).revision == 1

    def test_a_position_that_was_not_drawn(self, attempt: Attempt, at: dt.datetime) -> None:
        for position in (0, 4, -1, 10**9):
            with pytest.raises(Response.DoesNotExist):
                attempts.save(attempt, position, {"choice": 0}, revision=0, at=at)

    def test_not_after_hand_in(self, attempt: Attempt, at: dt.datetime) -> None:
        attempts.submit(attempt, at=at)
        with pytest.raises(AttemptClosedError):
            attempts.save(attempt, 1, {"choice": 0}, revision=0, at=at)
        assert attempt.responses.get(position=1).answer is None


class TestHandingIn:
    def test_it_stores_the_result_once(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        attempt = attempts.start(enrollment, unit, at=at)
        factories.answer_all(attempt, at=at)
        first = attempts.submit(attempt, at=at + HOUR)
        again = attempts.submit(Attempt.objects.get(), at=at + DAY)
        assert (first.first_time, again.first_time) == (True, False)
        assert first.certificate is not None
        stored = Attempt.objects.get()
        assert (stored.state, stored.submitted_at, stored.passed) == (AttemptState.SUBMITTED, at + HOUR, True)
        assert (stored.points, stored.right, stored.out_of) == (Decimal(3), 3, 3)
        assert stored.by_objective == [["T-1.1", 3, 3, False]]
        assert Certificate.objects.count() == 1
        events = [e for e in record.events_of(enrollment.learner.subject) if e.kind == "quiz.submitted"]
        assert len(events) == 1
        assert json.loads(events[0].payload)["passed"] is True
        assert list(record.faults(enrollment.learner.subject)) == []

    def test_the_event_holds_no_answer(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        fail(enrollment, unit, at)
        for event in record.events_of(enrollment.learner.subject):
            assert "choice" not in event.payload
            assert enrollment.learner.name not in event.payload

    @pytest.mark.parametrize(("right", "passed"), [(5, True), (4, True), (3, False), (0, False)])
    def test_four_of_five_pass(self, at: dt.datetime, right: int, passed: bool) -> None:
        enrollment = factories.make_enrollment(course=factories.make_course(serve=5, at=at), at=at)
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
        for response in attempt.responses.select_related("question"):
            answer = (
                factories.right_answer(response) if response.position <= right else factories.wrong_answer(response)
            )
            attempts.save(attempt, response.position, answer, revision=0, at=at)
        done = attempts.submit(attempt, at=at)
        assert (done.attempt.passed, done.attempt.right) == (passed, right)
        assert (done.certificate is not None) == passed

    def test_unanswered_counts_as_not_right(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        done = attempts.submit(attempts.start(enrollment, unit, at=at), at=at).attempt
        assert (done.passed, done.points, done.right) == (False, Decimal(0), 0)
        assert set(done.responses.values_list("right", flat=True)) == {False}

    def test_a_missed_critical_question_fails_whatever_the_total(self, at: dt.datetime) -> None:
        compiled = factories.compiled_course(pool=5, serve=5)
        quiz = compiled.units[0].quiz
        assert quiz is not None
        quiz["questions"] = [factories.stored_question(n, critical=n == 1) for n in range(1, 6)]
        quiz["draw"] = [
            {"objective": "T-1.1", "take": 1, "critical": True},
            {"objective": "T-1.1", "take": 4, "critical": False},
        ]
        enrollment = factories.make_enrollment(course=factories.make_course(compiled, at=at), at=at)
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
        for response in attempt.responses.select_related("question"):
            critical = response.question.critical
            answer = factories.wrong_answer(response) if critical else factories.right_answer(response)
            attempts.save(attempt, response.position, answer, revision=0, at=at)
        done = attempts.submit(attempt, at=at)
        assert (done.attempt.right, done.attempt.passed, done.attempt.critical_missed) == (4, False, True)
        assert done.certificate is None

    def test_an_attempt_begun_before_a_withdrawal_may_be_ended(
        self, enrollment: Enrollment, unit: Unit, at: dt.datetime
    ) -> None:
        attempt = attempts.start(enrollment, unit, at=at)
        assigning.withdraw(enrollment.assignments.get(), reason="x", by=SYSTEM, at=at)
        factories.answer_all(attempt, at=at)
        assert attempts.submit(attempt, at=at).attempt.passed

    def test_grading_again_gives_the_same(self, enrollment: Enrollment, unit: Unit, at: dt.datetime) -> None:
        attempt = fail(enrollment, unit, at)
        paper = attempts.grade(attempt, list(attempt.responses.select_related("question")))
        assert (paper.right, paper.passed) == (attempt.right, attempt.passed)
        assert attempt.points == Decimal(str(float(paper.points)))


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
class TestManyHands:
    def together(self, count: int, action: object) -> list[object]:
        start, found = threading.Barrier(count), []

        def run(n: int) -> None:
            try:
                start.wait(20)
                found.append(action(n))  # type: ignore[operator]
            except Exception as error:
                found.append(error)
            finally:
                connections.close_all()

        workers = [threading.Thread(target=run, args=(n,)) for n in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        return found

    def test_starts(self, at: dt.datetime) -> None:
        enrollment = factories.make_enrollment(course=factories.make_course(at=at), at=at)
        unit = enrollment.version.units.get()
        found = self.together(8, lambda n: attempts.start(Enrollment.objects.get(), unit, at=at).pk)
        assert len(found) == 8
        assert set(found) == {Attempt.objects.get().pk}
        assert Response.objects.count() == 3

    def test_saves_of_different_answers_keep_one(self, at: dt.datetime) -> None:
        enrollment = factories.make_enrollment(course=factories.make_course(at=at), at=at)
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
        found = self.together(3, lambda n: attempts.save(attempt, 1, {"choice": n}, revision=0, at=at).answer)
        stored = attempt.responses.get(position=1)
        assert sum(isinstance(f, StaleError) for f in found) == 2
        assert [f for f in found if not isinstance(f, StaleError)] == [stored.answer]
        assert stored.revision == 1

    def test_saves_beside_a_hand_in(self, at: dt.datetime) -> None:
        """Whatever was acknowledged was graded."""
        enrollment = factories.make_enrollment(course=factories.make_course(at=at), at=at)
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
        answers = {r.position: factories.right_answer(r) for r in attempt.responses.select_related("question")}

        def act(n: int) -> object:
            if n == 3:
                return attempts.submit(attempt, at=at)
            return attempts.save(attempt, n + 1, answers[n + 1], revision=0, at=at).position

        found = self.together(4, act)
        acknowledged = {f for f in found if isinstance(f, int)}
        right = set(attempt.responses.filter(right=True).values_list("position", flat=True))
        assert right == acknowledged
        assert all(isinstance(f, int | AttemptClosedError | attempts.HandedIn) for f in found)
        assert Attempt.objects.get().right == len(acknowledged)
