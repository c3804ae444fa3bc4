"""Everything that can happen to attempts, in any order, against a model kept beside: the invariants hold after every step."""

import datetime as dt
import json
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from courses.actions import assigning
from courses.actions.publishing import publish
from courses.models import Assignment, Certificate, Enrollment, Unit
from lms.record.actions import SYSTEM
from lms.record.queries import events_of, faults
from quizzes import kinds
from quizzes.actions import attempts, closing, granting
from quizzes.actions.storing import store_quiz
from quizzes.models import Attempt, Response
from tests import factories
from tests.conftest import ROUNDS
from tests.quizzes import sittings
from tests.quizzes.kinds import samples
from tests.quizzes.modelled import ATTEMPTS, PASS_MARK, WAIT, Kept, Person, Sitting

BEGIN = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
LEARNERS = ("Maya", "Ravi", "Ines")
SERVED = 4
STORIES = 3  # for each round

who = st.sampled_from(LEARNERS)
sure = st.sampled_from([None, "", "sure", "guessing"])
seeds = st.integers(0, 10**6)
steps = st.sampled_from([0, 1, 29, 30, 31, 600, 1770, 1799, 1800, 1829, 1830, 1831, 3600, 90 * 60, 86_400])


def edition(number: int, limit: int | None) -> Any:
    """A pool of all kinds. Each edition has other keys than the one before, under the same words."""
    compiled = sittings.course_of_all_kinds(
        planted=number % 2 == 1,
        summary=f"Edition {number}",
        attempts=ATTEMPTS,
        pass_mark=PASS_MARK,
        wait_minutes=int(WAIT.total_seconds() // 60),
    )
    quiz = compiled.units[0].quiz
    quiz["serve"] = quiz["draw"][0]["take"] = SERVED
    quiz["rules"] = {"time_limit_minutes": limit}
    return compiled


def columns(attempt: Attempt, responses: list[Response]) -> Any:
    """Every column of the attempt and of its responses."""
    return [[getattr(row, field.attname) for field in row._meta.concrete_fields] for row in (attempt, *responses)]


class Attempts(RuleBasedStateMachine):
    limit: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.at = BEGIN
        self.edition = 1
        self.chance = random.Random(7)
        attempts.secrets = self  # type: ignore[assignment]  # draws that hypothesis can repeat
        course = factories.make_course(edition(1, self.limit), at=self.at)
        self.people = {}
        for name in LEARNERS:
            enrollment = factories.make_enrollment(factories.make_user(name), course, at=self.at)
            self.people[name] = Person(name, enrollment.pk, enrollment.version.units.get().pk, 1, self.limit)

    def randbits(self, size: int) -> int:
        return self.chance.getrandbits(size)

    def teardown(self) -> None:
        try:
            self.the_record_tells_the_same()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    # ---- tools ---------------------------------------------------------------------------------------------------
    def enrollment(self, person: Person) -> Enrollment:
        return Enrollment.objects.select_related("learner__site", "version", "course").get(pk=person.enrollment)

    def unit(self, person: Person) -> Unit:
        return Unit.objects.get(pk=person.unit)

    def attempt(self, sitting: Sitting) -> Attempt:
        return Attempt.objects.get(pk=sitting.pk)

    def close(self, sitting: Sitting) -> None:
        """It is to be closed now; what its rows say from now on is never to change."""
        sitting.close(self.at)
        self.seal(sitting)

    def seal(self, sitting: Sitting | None) -> None:
        if sitting is not None and sitting.closed_at is not None:
            sitting.rows = self.rows_of(sitting)

    def rows_of(self, sitting: Sitting) -> Any:
        return columns(self.attempt(sitting), list(Response.objects.filter(attempt=sitting.pk).order_by("position")))

    def some_answer(self, sitting: Sitting, position: int, seed: int) -> dict[str, Any] | None:
        _, stored, order = sitting.asked[position]
        rng = random.Random(seed)
        if rng.random() < 0.6:  # so that quizzes are passed now and then
            return kinds.get(stored["kind"]).model_answer(stored, order)
        return samples.some_answer(stored["kind"], order, rng)

    def sitting(self, name: str) -> Sitting | None:
        """The open attempt whose time is not over. A save to one whose time is over is tried here, and closes it."""
        sitting = self.people[name].open
        if sitting is not None and sitting.is_over(self.at):
            with pytest.raises(attempts.TimeOverError):
                self.send(sitting, 1, self.some_answer(sitting, 1, sitting.pk), sitting.kept[1].revision)
            self.close(sitting)
            return None
        return sitting

    def send(
        self, sitting: Sitting, position: int, answer: Any, revision: int, confidence: str | None = None
    ) -> Response:
        """As a request does: the answer has gone through JSON and its kind's form."""
        _, stored, order = sitting.asked[position]
        clean = kinds.get(stored["kind"]).parse_answer(stored, order, json.dumps(answer))
        return attempts.save(
            self.attempt(sitting), position, clean, revision=revision, at=self.at, confidence=confidence
        )

    # ---- what happens --------------------------------------------------------------------------------------------
    @rule(name=who)
    def start(self, name: str) -> None:
        person = self.people[name]
        before = person.open
        if before is not None and before.is_over(self.at):
            before.close(self.at)
        over, before = before, person.open
        may = person.may_begin(self.at)
        try:
            attempt = attempts.start(self.enrollment(person), self.unit(person), at=self.at)
        except attempts.NotAllowedError:
            assert before is None
            assert not may
            self.seal(over)
            return
        if before is not None:
            assert attempt.pk == before.pk
            return
        assert may
        assert (attempt.number, attempt.out_of) == (len(person.sittings) + 1, SERVED)
        person.sittings.append(Sitting.of(attempt, person.deadline(self.at)))
        self.seal(over)

    @rule(name=who, position=st.integers(1, SERVED), seed=seeds, sure=sure)
    def save(self, name: str, position: int, seed: int, sure: str | None) -> None:
        sitting = self.sitting(name)
        if sitting is None:
            return
        kept, answer = sitting.kept[position], self.some_answer(sitting, position, seed)
        said = self.send(sitting, position, answer, kept.revision, sure)
        felt = kept.confidence if sure is None else sure
        if (answer, felt) == (kept.answer, kept.confidence):
            assert (said.revision, said.receipt) == (kept.revision, kept.receipt), "the same again is the same receipt"
            return
        assert (said.answer, said.revision) == (answer, kept.revision + 1)
        assert said.receipt
        assert said.receipt != kept.receipt
        sitting.kept[position] = Kept(said.answer, said.revision, said.receipt, said.confidence)
        assert said.confidence == felt

    @rule(name=who, position=st.integers(1, SERVED), seed=seeds, off=st.sampled_from([-3, -2, -1, 1, 2, 2**31 - 1]))
    def save_from_another_tab(self, name: str, position: int, seed: int, off: int) -> None:
        """A revision of the past or the future changes nothing, unless the very same answer is stored since."""
        sitting = self.sitting(name)
        if sitting is None:
            return
        kept = sitting.kept[position]
        answer = kept.answer if seed % 3 == 0 else self.some_answer(sitting, position, seed)
        revision = min(max(0, kept.revision + off), 2**31 - 1)
        if revision == kept.revision:
            return
        if answer != kept.answer or revision > kept.revision:
            with pytest.raises(attempts.StaleError) as stale:
                self.send(sitting, position, answer, revision)
            assert (stale.value.stored.answer, stale.value.stored.revision) == (kept.answer, kept.revision)
            return
        said = self.send(sitting, position, answer, revision)
        assert (said.revision, said.receipt) == (kept.revision, kept.receipt)

    @rule(name=who, position=st.integers(1, SERVED))
    def save_the_same_again(self, name: str, position: int) -> None:
        sitting = self.sitting(name)
        if sitting is None:
            return
        kept = sitting.kept[position]
        said = self.send(sitting, position, kept.answer, max(0, kept.revision - 1))
        assert (said.answer, said.revision, said.receipt) == (kept.answer, kept.revision, kept.receipt)

    @rule(name=who, position=st.integers(1, SERVED), seed=seeds, back=st.integers(1, 3))
    def save_to_a_closed_one(self, name: str, position: int, seed: int, back: int) -> None:
        closed = [s for s in self.people[name].sittings if s.closed_at is not None][-back:]
        if not closed:
            return
        with pytest.raises(attempts.AttemptClosedError):
            self.send(
                closed[0], position, self.some_answer(closed[0], position, seed), closed[0].kept[position].revision
            )

    @rule(name=who)
    def submit(self, name: str) -> None:
        sitting = self.people[name].open
        if sitting is None:
            return
        handed = attempts.submit(self.attempt(sitting), at=self.at)
        assert handed.first_time
        self.close(sitting)

    @rule(name=who, back=st.integers(1, 4))
    def submit_again(self, name: str, back: int) -> None:
        closed = [s for s in self.people[name].sittings if s.closed_at is not None][-back:]
        if not closed:
            return
        handed = attempts.submit(self.attempt(closed[0]), at=self.at)
        assert (handed.first_time, handed.certificate) == (False, None)
        assert closed[0].paper is not None
        assert (handed.attempt.passed, handed.attempt.right) == (closed[0].paper.passed, closed[0].paper.right)

    @rule(seconds=steps)
    def time_goes_on(self, seconds: int) -> None:
        self.at += dt.timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        """Invariant 6: whatever is over is closed and graded with what was stored, though nobody came back."""
        over = [s for p in self.people.values() if (s := p.open) is not None and s.is_over(self.at)]
        assert closing.sweep(at=self.at) == {"closed": len(over), "failed": 0}
        for sitting in over:
            self.close(sitting)

    @rule(name=who, factor=st.sampled_from(["1", "1.25", "1.5", "2"]), extra=st.integers(0, 1))
    def accommodate(self, name: str, factor: str, extra: int) -> None:
        """More time and attempts for one person. Less again shortens nothing that began."""
        person = self.people[name]
        learner = self.enrollment(person).learner
        same = (Decimal(factor), extra) == (person.factor, person.extra)
        changed = granting.set_accommodation(
            learner, time_factor=Decimal(factor), extra_attempts=extra, at=self.at, by=learner.subject
        )
        assert changed is not same
        if changed:
            person.give(Decimal(factor), extra, self.at)

    @rule(name=who)
    def open_another(self, name: str) -> None:
        person = self.people[name]
        enrollment = self.enrollment(person)
        extra = granting.open_attempt(
            enrollment, self.unit(person), reason="We talked.", at=self.at, by=enrollment.learner.subject
        )
        assert (extra is not None) == (person.used_up and person.assigned)
        if extra is not None:
            person.opened += 1
            person.most = max(person.most, person.allowed)

    @rule()
    def edit_the_quiz(self) -> None:
        """A new edition with other keys. Who has not begun follows it; nobody else does."""
        self.edition += 1
        version = publish(edition(self.edition, self.limit), at=self.at, store_quiz=store_quiz).version
        for person in self.people.values():
            if not person.sittings:
                person.edition, person.unit = self.edition, version.units.get().pk

    @precondition(lambda self: any(not p.passed for p in self.people.values()))
    @rule(name=who)
    def take_the_course_away_or_give_it_back(self, name: str) -> None:
        person = self.people[name]
        enrollment = self.enrollment(person)
        if enrollment.completed_at is not None:
            return
        if person.assigned:
            row = Assignment.objects.select_related("learner", "course").get(enrollment=enrollment, withdrawn_at=None)
            assigning.withdraw(row, reason="A plan changed.", by=SYSTEM, at=self.at)
        else:
            factories.make_assignment(enrollment.learner, enrollment.course, at=self.at)
        person.assigned = not person.assigned

    # ---- what holds after every step -------------------------------------------------------------------------------
    @invariant()
    def nothing_acknowledged_is_lost_and_nothing_changes_afterwards(self) -> None:
        """Invariants 1, 3, 4, 5, 7, 8, 9 and 11, from the rows as they are."""
        rows = Attempt.objects.filter(enrollment__in=[p.enrollment for p in self.people.values()])
        found = {attempt.pk: attempt for attempt in rows.order_by("number")}
        responses: dict[int, list[Response]] = {pk: [] for pk in found}
        for response in Response.objects.filter(attempt__in=found).select_related("question").order_by("position"):
            responses[response.attempt_id].append(response)
        assert sorted(found) == sorted(s.pk for p in self.people.values() for s in p.sittings)
        for person in self.people.values():
            mine = [a for a in found.values() if a.enrollment_id == person.enrollment]
            assert [a.number for a in mine] == list(range(1, len(mine) + 1))
            assert sum(a.state == "in_progress" for a in mine) <= 1
            assert len(mine) <= person.most
            for sitting in person.sittings:
                attempt, own = found[sitting.pk], responses[sitting.pk]
                assert attempt.deadline_at == sitting.deadline_at
                assert attempt.unit_id == person.unit
                assert [(r.answer, r.revision, r.receipt, r.confidence) for r in own] == [
                    (k.answer, k.revision, k.receipt, k.confidence) for _, k in sorted(sitting.kept.items())
                ]
                asked = {r.position: (r.question_id, r.question.stored, r.order) for r in own}
                assert asked == sitting.asked, "an edit reached an attempt that had begun"
                if sitting.paper is None:
                    assert (attempt.state, attempt.points, attempt.passed) == ("in_progress", None, None)
                    assert {(r.points, r.right) for r in own} == {(None, None)}
                    continue
                self.graded(attempt, own, sitting)

    def graded(self, attempt: Attempt, own: list[Response], sitting: Sitting) -> None:
        paper = sitting.paper
        assert paper is not None
        assert (attempt.state, attempt.submitted_at) == ("submitted", sitting.closed_at)
        assert attempt.closed_by == sitting.closed_by
        assert (attempt.right, attempt.passed) == (paper.right, paper.passed)
        assert abs(float(attempt.points or 0) - float(paper.points)) < 0.0001
        assert [r.right for r in own] == [result.right for result in paper.results]
        again = attempts.grade(attempt, own)
        assert (again.points, again.right, again.passed) == (paper.points, paper.right, paper.passed)
        assert columns(attempt, own) == sitting.rows, "a closed attempt changed"

    @invariant()
    def one_certificate_for_a_pass_and_none_without(self) -> None:
        issued = Counter(Certificate.objects.filter(superseded_at=None).values_list("enrollment", flat=True))
        assert issued == {p.enrollment: 1 for p in self.people.values() if p.passed}

    @invariant()
    def what_a_page_may_know_holds_nothing_secret(self) -> None:
        """Invariant 10: an odd edition carries the sentinel in all that is secret."""
        for person in self.people.values():
            if person.edition % 2 == 0 or person.open is None:
                continue
            for position, (_, stored, order) in person.open.asked.items():
                kept = person.open.kept[position].answer
                assert samples.SENTINEL in json.dumps(stored)
                if samples.SENTINEL not in json.dumps(kept):  # an answer is shown to who gave it
                    page = json.dumps(kinds.get(stored["kind"]).taking(stored, order, kept))
                    assert samples.SENTINEL not in page

    def the_record_tells_the_same(self) -> None:
        for person in self.people.values():
            subject = self.enrollment(person).learner.subject
            assert list(faults(subject)) == []
            told = Counter(event.kind for event in events_of(subject))
            assert told["quiz.started"] == len(person.sittings)
            assert told["quiz.submitted"] == sum(s.closed_at is not None for s in person.sittings)
            assert told["course.completed"] == told["certificate.issued"] == person.passed


@pytest.mark.both_db
@pytest.mark.django_db
@pytest.mark.parametrize("limit", [30, None])
def test_attempts_keep_their_promises(limit: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """``LMS_FAULT_ROUNDS`` sets how many stories are tried."""
    monkeypatch.setattr(attempts, "secrets", attempts.secrets)
    machine = type("Attempts", (Attempts,), {"limit": limit})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=STORIES * ROUNDS,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
