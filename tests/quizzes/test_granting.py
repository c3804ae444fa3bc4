"""What a person gets beyond a quiz's rules: accommodations, other attempts, and the mail about them."""

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.actions import assigning
from courses.models import Enrollment
from lms.lib import clock
from lms.outbox.enums import MessageState
from lms.outbox.models import Occasion
from lms.people.models import Supervision, Team, User
from lms.record.actions import SYSTEM
from lms.record.queries import events_of, faults
from quizzes.actions import attempts, granting
from quizzes.actions.attempts import NotAllowedError
from quizzes.actions.settling import helpers_of
from quizzes.models import Accommodation, Attempt, ExtraAttempt
from quizzes.queries.grants import used_up
from quizzes.queries.standing import standing
from tests import factories
from tests.faults.together import together
from tests.letters import letter
from tests.quizzes import timed
from tests.quizzes.timed import DAY, HOUR, MINUTE, SECOND

pytestmark = pytest.mark.django_db


def give(learner: User, factor: str = "1", extra: int = 0, *, at: dt.datetime, by: User | None = None) -> bool:
    return granting.set_accommodation(
        learner, time_factor=Decimal(factor), extra_attempts=extra, at=at, by=(by or learner).subject
    )


def more(enrollment: Enrollment, at: dt.datetime, position: int = 1, reason: str = "We talked it over") -> Any:
    unit = enrollment.version.units.get(position=position)
    return granting.open_attempt(
        enrollment, unit, reason=reason, at=at, by=factories.make_coordinator(email=None).subject
    )


def allowed(enrollment: Enrollment, at: dt.datetime) -> int:
    return standing(enrollment, enrollment.version.units.get(position=1), at).allowed


def kinds_of(learner: User) -> list[str]:
    return [e.kind for e in events_of(learner.subject)]


@pytest.fixture
def enrollment(at: dt.datetime) -> Enrollment:
    return timed.enroll(at - 10 * DAY)


class TestAccommodations:
    def test_it_follows_the_person_through_every_quiz(self, at: dt.datetime) -> None:
        learner = factories.make_user()
        give(learner, "2", 2, at=at)
        for n in (1, 2):
            course = timed.make_course(at, slug=f"course-{n}", title=f"Course {n}", limit=30 * n)
            enrollment = factories.make_enrollment(learner, course, at=at)
            attempt = timed.start(enrollment, at)
            assert attempt.deadline_at == at + n * HOUR
            assert allowed(enrollment, at) == 5

    def test_the_old_row_is_ended_and_kept(self, at: dt.datetime) -> None:
        learner = factories.make_user()
        assert give(learner, "1.5", 0, at=at)
        assert give(learner, "2", 1, at=at + DAY)
        assert not give(learner, "2.00", 1, at=at + 2 * DAY), "the same again changes nothing"
        assert give(learner, "1", 0, at=at + 3 * DAY)
        rows = list(Accommodation.objects.order_by("pk").values_list("time_factor", "started_at", "ended_at"))
        assert rows == [
            (Decimal("1.50"), at, at + DAY),
            (Decimal("2.00"), at + DAY, at + 3 * DAY),
        ]
        assert kinds_of(learner) == ["accommodation.changed"] * 3
        payloads = [e.payload for e in events_of(learner.subject)]
        assert '"extra_attempts":1' in payloads[1]
        assert '"time_factor":"2"' in payloads[1]
        assert list(faults(learner.subject)) == []

    @pytest.mark.parametrize(("factor", "extra"), [("0.5", 0), ("10.01", 0), ("0", 0), ("1", 51)])
    def test_what_the_table_does_not_allow(self, at: dt.datetime, factor: str, extra: int) -> None:
        learner = factories.make_user()
        with pytest.raises(ValidationError):
            give(learner, factor, extra, at=at)
        assert not Accommodation.objects.exists()
        assert kinds_of(learner) == []

    def test_an_open_attempt_gets_the_longer_time_and_nobody_elses_does(self, at: dt.datetime) -> None:
        mine, other = (timed.start(timed.enroll(at), at) for _ in range(2))
        give(mine.enrollment.learner, "2", at=at + 10 * MINUTE)
        mine.refresh_from_db()
        other.refresh_from_db()
        assert (mine.deadline_at, other.deadline_at) == (at + 90 * MINUTE, at + 45 * MINUTE)
        event = next(e for e in events_of(mine.enrollment.learner.subject) if e.kind == "quiz.extended")
        assert '"after":"2026-11-23T18:30:00+00:00"' in event.payload
        assert '"before":"2026-11-23T17:45:00+00:00"' in event.payload
        assert "quiz.extended" not in kinds_of(other.enrollment.learner)

    @pytest.mark.parametrize(("factor", "extra"), [("1", 0), ("1.5", 3)])
    def test_less_time_later_takes_none_away(self, at: dt.datetime, factor: str, extra: int) -> None:
        attempt = timed.start(timed.enroll(at), at)
        learner = attempt.enrollment.learner
        give(learner, "2", 0, at=at)
        give(learner, factor, extra, at=at + MINUTE)
        attempt.refresh_from_db()
        assert attempt.deadline_at == at + 90 * MINUTE
        assert kinds_of(learner).count("quiz.extended") == 1

    def test_an_attempt_without_a_limit_gets_none(self, at: dt.datetime) -> None:
        attempt = timed.start(timed.enroll(at, limit=None), at)
        give(attempt.enrollment.learner, "2", 0, at=at)
        attempt.refresh_from_db()
        assert attempt.deadline_at is None

    def test_time_that_is_over_comes_not_back(self, at: dt.datetime) -> None:
        attempt = timed.start(timed.enroll(at), at)
        give(attempt.enrollment.learner, "2", 0, at=at + 45 * MINUTE + 30 * SECOND)
        attempt.refresh_from_db()
        assert attempt.deadline_at == at + 45 * MINUTE
        assert "quiz.extended" not in kinds_of(attempt.enrollment.learner)

    def test_in_the_grace_it_still_does(self, at: dt.datetime) -> None:
        attempt = timed.start(timed.enroll(at), at)
        give(attempt.enrollment.learner, "2", 0, at=at + 45 * MINUTE + 29 * SECOND)
        attempt.refresh_from_db()
        assert attempt.deadline_at == at + 90 * MINUTE

    def test_extra_attempts_open_what_was_used_up_and_their_end_closes_it_again(
        self, enrollment: Enrollment, at: dt.datetime
    ) -> None:
        timed.use_up(enrollment, at)
        give(enrollment.learner, "1", 2, at=at + HOUR)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at is None
        timed.fail(enrollment, at + DAY)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at is None, "four of five"
        give(enrollment.learner, "1", 0, at=at + 2 * DAY)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at == at + 2 * DAY
        with pytest.raises(NotAllowedError, match="All attempts"):
            timed.start(enrollment, at + 3 * DAY)

    @given(
        factors=st.lists(
            st.tuples(st.sampled_from(["1", "1.25", "1.5", "2", "3"]), st.integers(0, 3), st.integers(0, 40)),
            max_size=6,
        )
    )
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_whatever_is_given_and_ended_an_open_attempt_never_gets_less(
        self, at: dt.datetime, factors: list[tuple[str, int, int]]
    ) -> None:
        attempt, other = (timed.start(timed.enroll(at), at) for _ in range(2))
        learner = attempt.enrollment.learner
        had = attempt.deadline_at
        instant = at
        for factor, extra, minutes in factors:
            instant = min(instant + minutes * MINUTE, at + 44 * MINUTE)
            give(learner, factor, extra, at=instant)
            attempt.refresh_from_db()
            assert attempt.deadline_at is not None
            assert had is not None
            assert attempt.deadline_at >= had
            had = attempt.deadline_at
        other.refresh_from_db()
        assert other.deadline_at == at + 45 * MINUTE
        best = max((Decimal(f) for f, _, _ in factors), default=Decimal(1))
        assert had is not None
        assert had - at >= 45 * MINUTE * float(best)


class TestAnotherAttempt:
    def test_it_opens_one_and_the_learner_can_start(self, enrollment: Enrollment, at: dt.datetime) -> None:
        timed.use_up(enrollment, at)
        extra = more(enrollment, at + DAY)
        enrollment.refresh_from_db()
        assert (extra.reason, enrollment.attempts_used_at) == ("We talked it over", None)
        assert allowed(enrollment, at + DAY) == 4
        assert timed.start(enrollment, at + DAY).number == 4
        event = next(e for e in events_of(enrollment.learner.subject) if e.kind == "attempt.opened")
        assert '"reason":"We talked it over"' in event.payload
        assert event.actor == str(extra.opened_by)

    def test_only_when_all_are_used(self, enrollment: Enrollment, at: dt.datetime) -> None:
        assert more(enrollment, at) is None
        timed.use_up(enrollment, at - DAY, times=2)
        assert more(enrollment, at) is None
        open_one = timed.start(enrollment, at)
        assert more(enrollment, at) is None
        attempts.submit(open_one, at=at)
        assert more(enrollment, at + HOUR) is not None
        assert more(enrollment, at + HOUR) is None, "a second click"
        assert ExtraAttempt.objects.count() == 1

    def test_not_for_what_is_passed_withdrawn_or_complete(self, at: dt.datetime) -> None:
        timed.make_course(at, units=2)
        enrollment = timed.enroll(at - 9 * DAY)
        factories.pass_unit(enrollment, 1, at=at)
        assert more(enrollment, at) is None
        timed.use_up(enrollment, at, position=2)
        assigning.withdraw(enrollment.assignments.get(), reason="x", by=SYSTEM, at=at)
        assert more(enrollment, at, position=2) is None
        assert not ExtraAttempt.objects.exists()

    @pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
    def test_not_without_a_reason(self, enrollment: Enrollment, at: dt.datetime, reason: str) -> None:
        timed.use_up(enrollment, at)
        with pytest.raises(ValidationError, match="Say why"):
            more(enrollment, at, reason=reason)

    def test_with_two_quizzes_used_up_the_enrollment_says_so_until_both_are_open(self, at: dt.datetime) -> None:
        timed.make_course(at, units=2)
        enrollment = timed.enroll(at - 9 * DAY)
        for position in (1, 2):
            timed.use_up(enrollment, at, position=position)
        more(enrollment, at + HOUR, position=2)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at == at
        assert [u.unit.position for u in used_up(enrollment.learner)] == [1]
        more(enrollment, at + HOUR, position=1)
        enrollment.refresh_from_db()
        assert enrollment.attempts_used_at is None
        assert used_up(enrollment.learner) == ()

    def test_it_changes_nobody_elses(self, at: dt.datetime) -> None:
        mine, other = (timed.enroll(at - 9 * DAY) for _ in range(2))
        for enrollment in (mine, other):
            timed.use_up(enrollment, at)
        more(mine, at)
        other.refresh_from_db()
        assert other.attempts_used_at == at
        assert allowed(other, at) == 3

    @pytest.mark.parametrize("number", [1, 3])
    def test_whose_attempts_are_used_takes_five_queries(
        self, at: dt.datetime, number: int, django_assert_num_queries: Any
    ) -> None:
        learner = factories.make_user()
        for n in range(number):
            course = timed.make_course(at - 9 * DAY, slug=f"course-{n}", title=f"Course {n}")
            timed.use_up(factories.make_enrollment(learner, course, at=at - 9 * DAY), at)
        with django_assert_num_queries(5):
            found = used_up(learner)
        assert len(found) == number
        fresh = factories.make_user()
        with django_assert_num_queries(1):
            assert used_up(fresh) == ()


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_eight_clicks_open_one(self, at: dt.datetime) -> None:
        enrollment = timed.enroll(at - 9 * DAY)
        timed.use_up(enrollment, at)
        by = factories.make_coordinator().subject
        unit = enrollment.version.units.get()
        click = partial(granting.open_attempt, unit=unit, reason="Two of us clicked", at=at, by=by)
        found = together(*[partial(click, Enrollment.objects.get()) for _ in range(8)])
        assert sum(isinstance(one, ExtraAttempt) for one in found) == 1, found
        assert found.count(None) == 7
        assert ExtraAttempt.objects.count() == 1
        assert Occasion.objects.filter(kind="attempt_opened").count() == 1
        assert list(faults(enrollment.learner.subject)) == []

    def test_the_last_failure_beside_extra_attempts_leaves_what_is_true(self, at: dt.datetime) -> None:
        """Whichever comes first: attempts are left, so the enrollment does not say that they are used."""
        for _ in range(4):
            enrollment = timed.enroll(at - 9 * DAY)
            timed.use_up(enrollment, at - DAY, times=2)
            last = timed.start(enrollment, at)
            learner = User.objects.get(pk=enrollment.learner_id)
            found = together(
                partial(attempts.submit, Attempt.objects.get(pk=last.pk), at=at),
                partial(give, learner, "1", 1, at=at),
                partial(give, learner, "1", 1, at=at),
            )
            assert sorted(map(str, found[1:])) == ["False", "True"], found
            enrollment.refresh_from_db()
            assert enrollment.attempts_used_at is None
            assert Accommodation.objects.filter(learner=learner).count() == 1
            assert list(faults(learner.subject)) == []


# --- mail ----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Ines Boss", email="ines@example.org")


@pytest.fixture
def desk() -> User:
    return factories.make_coordinator(email="priya@example.org")


@pytest.fixture
def stuck(team: Team, boss: User, desk: User) -> Enrollment:
    """All three attempts failed, the last an hour ago."""
    now = clock.now()
    enrollment = timed.enroll(now - 9 * DAY, factories.make_user("Maya Quist", team=team, email="maya@example.org"))
    timed.use_up(enrollment, now - HOUR)
    return enrollment


def told(kind: str) -> list[str]:
    return sorted(str(m.recipient.email) for m in Occasion.objects.filter(kind=kind).select_related("recipient"))


def sent(occasion: Occasion) -> str:
    """The text of its mail after it was delivered; the reason when it was not."""
    message = letter(occasion)
    return message.body_text if message.state == MessageState.SENT else message.last_reply


class TestMail:
    def test_supervisors_and_coordinators_are_told_once(self, stuck: Enrollment) -> None:
        assert told("attempts_used") == ["ines@example.org", "priya@example.org"]
        text = outbox_text("attempts_used", "ines@example.org")
        assert "Maya Quist has used all 3 attempts" in text
        assert f"/team/people/{stuck.learner.public_id}/attempts/{stuck.public_id}/unit-1/" in text

    def test_again_only_for_another_number_of_attempts(self, stuck: Enrollment) -> None:
        now = clock.now()
        give(stuck.learner, "1", 0, at=now)
        assert Occasion.objects.filter(kind="attempts_used").count() == 2
        more(stuck, now)
        timed.fail(stuck, now + DAY)
        keys = Occasion.objects.filter(kind="attempts_used").values_list("key", flat=True)
        assert len(keys) == len(set(keys)) == 4
        assert sum(":4:" in key for key in keys) == 2

    def test_nobody_is_told_about_themselves(self, team: Team, boss: User) -> None:
        desk = factories.make_coordinator(team=team)
        assert helpers_of(desk) == [boss]
        assert helpers_of(boss) == [desk]
        Supervision.objects.update(ended_at=clock.now())
        assert helpers_of(desk) == []

    def test_not_when_it_is_no_longer_so(self, stuck: Enrollment, boss: User, desk: User) -> None:
        mine, central = (Occasion.objects.get(kind="attempts_used", recipient=who) for who in (boss, desk))
        Supervision.objects.update(ended_at=clock.now())
        assert "no longer supervises" in sent(mine)
        more(stuck, clock.now())
        assert "opened since" in sent(central)

    def test_not_after_a_pass(self, stuck: Enrollment, desk: User) -> None:
        now = clock.now()
        more(stuck, now)
        factories.pass_unit(stuck, at=now + DAY)
        assert "passed since" in sent(Occasion.objects.get(kind="attempts_used", recipient=desk))

    def test_not_when_the_course_was_withdrawn(self, stuck: Enrollment, desk: User) -> None:
        assigning.withdraw(stuck.assignments.get(), reason="x", by=SYSTEM, at=clock.now())
        assert "no longer assigned" in sent(Occasion.objects.get(kind="attempts_used", recipient=desk))

    def test_the_learner_is_told_of_another_attempt(self, stuck: Enrollment) -> None:
        Attempt.objects.filter(number=3).update(submitted_at=clock.now() - 2 * HOUR)
        more(stuck, clock.now(), reason="We went through part two together")
        assert told("attempt_opened") == ["maya@example.org"]
        text = outbox_text("attempt_opened", "maya@example.org")
        assert "We went through part two together" in text
        assert "whenever you are ready" in text
        assert f"/courses/{stuck.public_id}/units/unit-1/quiz/" in text

    def test_the_mail_names_the_wait(self, stuck: Enrollment) -> None:
        Attempt.objects.filter(number=3).update(submitted_at=clock.now())
        more(stuck, clock.now())
        assert "You can start it from" in outbox_text("attempt_opened", "maya@example.org")

    def test_not_when_it_was_started_since(self, stuck: Enrollment) -> None:
        Attempt.objects.filter(number=3).update(submitted_at=clock.now() - 2 * HOUR)
        more(stuck, clock.now())
        timed.start(stuck, clock.now())
        assert "started since" in sent(Occasion.objects.get(kind="attempt_opened"))

    def test_without_an_address_nothing_is_written(self, team: Team, boss: User, at: dt.datetime) -> None:
        enrollment = timed.enroll(at - 9 * DAY, factories.make_user(team=team, email=None))
        User.objects.filter(pk=boss.pk).update(email=None)
        timed.use_up(enrollment, at)
        assert more(enrollment, at) is not None
        assert not Occasion.objects.filter(kind__in=["attempts_used", "attempt_opened"]).exists()


def outbox_text(kind: str, address: str) -> str:
    return sent(Occasion.objects.get(kind=kind, recipient__email=address))
