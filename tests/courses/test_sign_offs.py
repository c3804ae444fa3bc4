"""Observed practice: who may sign off what, completion waits for it, what stands in the record, what is struck out."""

import datetime as dt
import functools
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.actions import excepting, issuing, observing
from courses.actions.assessors import end_assessor
from courses.authoring.compiled import CompiledCourse
from courses.enums import ExceptionKind, Observed, Status
from courses.models import Assignment, Certificate, Course, CourseVersion, Enrollment, SignOff
from courses.queries.assessors import Key, assessors_of
from courses.queries.practices import missing_of, practices_of
from courses.queries.sign_offs import all_waiting, duties_of, sign_offs_of, steps_of, waiting_rows
from courses.queries.status import with_status
from lms.outbox.models import Message, Occasion
from lms.people.actions import people as people_actions
from lms.people.models import Site, Supervision, Team, User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from tests import factories
from tests.faults.together import together

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def doors(at: dt.datetime) -> Course:
    return factories.make_practice_course(at=at)


@pytest.fixture
def run(team: Team, doors: Course, at: dt.datetime) -> Enrollment:
    return factories.make_enrollment(factories.make_user("Maya Okafor", team=team), doors, at=at)


@pytest.fixture
def trainer(doors: Course, at: dt.datetime) -> User:
    person = factories.make_user("Tomas Ortega")
    factories.make_assessor(person, doors, at=at)
    return person


def status(run: Enrollment, at: dt.datetime) -> Status:
    return Status(with_status(Assignment.objects.filter(enrollment=run), at).get().status)  # type: ignore[attr-defined]


def events(person: User) -> list[tuple[str, dict[str, Any]]]:
    rows = TrainingEvent.objects.filter(subject=person.subject).order_by("seq")
    return [(row.kind, json.loads(row.payload)) for row in rows]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ValidationError) as caught:
        act()
    return " ".join(caught.value.messages)


def certify(person: User, at: dt.datetime) -> Certificate:
    """A certificate of the course that the practice names for assessors."""
    course = Course.objects.filter(slug="test-course").first() or factories.make_course(at=at)
    certificate = factories.pass_unit(factories.make_enrollment(person, course, at=at), at=at).certificate
    assert certificate is not None
    return certificate


# --- completion waits ---


def test_a_course_without_a_practice_hashes_and_completes_as_before(at: dt.datetime) -> None:
    compiled: CompiledCourse = factories.compiled_course()
    assert "sign_offs" not in compiled.content()
    with_one = factories.compiled_course(sign_offs=[factories.practice_entry()])
    assert with_one.content_hash() != compiled.content_hash()
    run = factories.make_enrollment(at=at)
    assert factories.pass_unit(run, at=at).certificate is not None
    (completed,) = [facts for kind, facts in events(run.learner) if kind == EventKind.COURSE_COMPLETED]
    assert "sign_offs" not in completed


def test_the_edition_keeps_its_practice_and_those_who_began_keep_their_edition(
    run: Enrollment, at: dt.datetime
) -> None:
    factories.pass_unit(run, at=at)
    factories.make_practice_course(at=at + DAY, sign_offs=[factories.practice_entry(checklist=["Knocks twice."])])
    run.refresh_from_db()
    assert CourseVersion.objects.filter(course=run.course).count() == 2
    assert practices_of(run.version)[0].checklist == ("Knocks.", "Opens the door.", "Says hello.")


def test_the_last_quiz_waits_for_the_sign_off_and_the_sign_off_completes(
    run: Enrollment, trainer: User, at: dt.datetime
) -> None:
    assert factories.pass_unit(run, at=at).certificate is None
    run.refresh_from_db()
    assert (run.awaits_sign_off_at, run.completed_at) == (at, None)
    assert status(run, at) == Status.SIGN_OFF_WAITING
    assert status(run, at + 30 * DAY) == Status.OVERDUE, "late is late"
    assert not Certificate.objects.exists()
    done = factories.observe(run, trainer, at=at + DAY)
    run.refresh_from_db()
    assert run.completed_at == at + DAY
    assert done.certificate is not None
    assert status(run, at + DAY) == Status.COMPLETE
    assert Occasion.objects.filter(kind="certificate_ready").count() == Message.objects.count() == 1
    kinds = [kind for kind, _ in events(run.learner)]
    assert kinds[-5:] == [
        "unit.completed",
        "sign_off.awaited",
        "sign_off.recorded",
        "course.completed",
        "certificate.issued",
    ]
    assert TrainingEvent.objects.get(kind=EventKind.COURSE_COMPLETED).actor == str(trainer.subject)


def test_the_record_holds_what_a_replay_needs_and_no_words_but_the_place(
    run: Enrollment, trainer: User, at: dt.datetime
) -> None:
    factories.pass_unit(run, at=at)
    row = factories.observe(run, trainer, at=at + DAY, place="  Training\nroom ", note="Calm hands.").sign_off
    told = dict(events(run.learner))
    assert told["sign_off.awaited"]["missing"] == ["opening"]
    facts = {
        "sign_off": str(row.public_id),
        "practice": "opening",
        "outcome": "passed",
        "items": [0, 1, 2],
        "assessor": row.assessor_snapshot,
        "basis": f"given:{trainer.assessor_for.get().public_id}",
        "observed_on": str(row.observed_on),
        "place": "Training room",
    }
    assert facts.items() <= told["sign_off.recorded"].items()
    assert told["sign_off.recorded"]["of"] == 3
    assert told["course.completed"]["sign_offs"] == [facts]
    for kind in ("sign_off.awaited", "sign_off.recorded", "course.completed"):
        assert told[kind]["enrollment"] == str(run.public_id)
        assert told[kind]["edition"] == run.version.content_hash
    assert "Calm" not in json.dumps(told)
    assert "Tomas" not in json.dumps(told)


def test_a_sign_off_before_the_quiz_starts_the_course_and_the_quiz_completes_it(
    run: Enrollment, trainer: User, at: dt.datetime
) -> None:
    assert factories.observe(run, trainer, at=at).certificate is None
    run.refresh_from_db()
    assert (run.started_at, run.awaits_sign_off_at) == (at, None)
    assert status(run, at) == Status.IN_PROGRESS
    assert factories.pass_unit(run, at=at + DAY).certificate is not None
    run.refresh_from_db()
    assert (run.completed_at, run.awaits_sign_off_at) == (at + DAY, None)


def test_two_practices_are_both_needed(team: Team, at: dt.datetime) -> None:
    entries = [factories.practice_entry(), factories.practice_entry("closing", title="Closing a door")]
    course = factories.make_practice_course(at=at, sign_offs=entries)
    run = factories.make_enrollment(factories.make_user(team=team), course, at=at)
    trainer = factories.make_user()
    for name in ("opening", "closing"):
        factories.make_assessor(trainer, course, practice=name, at=at)
    factories.pass_unit(run, at=at)
    assert factories.observe(run, trainer, at=at).certificate is None
    assert [practice.id for practice in missing_of(run)] == ["closing"]
    last = practices_of(run.version)[1]
    seen = observing.Seen(Observed.PASSED, (0, 1, 2), at.date(), "Hall")
    assert observing.observe(run, last, seen, by=trainer, at=at + DAY).certificate is not None
    assert len(events(run.learner)[-2][1]["sign_offs"]) == 2


def test_not_yet_says_what_and_is_told_once(run: Enrollment, trainer: User, at: dt.datetime) -> None:
    factories.pass_unit(run, at=at)
    words = refused(lambda: factories.observe(run, trainer, at=at, outcome=Observed.NOT_YET, items=[0]))
    assert words == "Say what to work on. The person reads it."
    done = factories.observe(run, trainer, at=at, outcome=Observed.NOT_YET, items=[0], work_on="The handle")
    assert done.certificate is None
    assert status(run, at) == Status.SIGN_OFF_WAITING
    assert [o.recipient for o in Occasion.objects.filter(kind="sign_off_not_yet")] == [run.learner]
    (step,) = steps_of(run, at)
    assert step.not_yet == done.sign_off
    assert factories.observe(run, trainer, at=at + DAY).certificate is not None
    (step,) = steps_of(Enrollment.objects.get(pk=run.pk), at)
    assert step.not_yet is None
    assert step.passed is not None


# --- who may, when, and what is refused ---


def test_all_items_must_be_seen_to_pass(run: Enrollment, trainer: User, at: dt.datetime) -> None:
    words = refused(lambda: factories.observe(run, trainer, at=at, items=[0, 2, 2]))
    assert words.startswith("1 item is not ticked.")
    assert refused(lambda: factories.observe(run, trainer, at=at, items=[0, 1, 2, 3])) == observing.CHANGED
    assert refused(lambda: factories.observe(run, trainer, at=at, place="  ")).startswith("Say where it was")
    assert not SignOff.objects.exists()


def test_the_day_lies_between_the_beginning_and_today(run: Enrollment, trainer: User, at: dt.datetime) -> None:
    later = at + 5 * DAY
    assert "still to come" in refused(lambda: factories.observe(run, trainer, at=at, observed_on=at.date() + 2 * DAY))
    early = refused(lambda: factories.observe(run, trainer, at=later, observed_on=at.date() - 3 * DAY))
    assert early.startswith("The course is theirs since")
    assert factories.observe(run, trainer, at=later, observed_on=at.date() + DAY).sign_off.recorded_at == later


def test_a_qualification_counts_on_its_days_only(run: Enrollment, doors: Course, at: dt.datetime) -> None:
    person = factories.make_user()
    today = at.date()
    factories.make_assessor(person, doors, at=at, starts_on=today, ends_on=today + 3 * DAY)
    after = at + 5 * DAY
    assert "not qualified to sign this off today" in refused(lambda: factories.observe(run, person, at=after))
    day_after = today + 4 * DAY
    assert "You were not qualified" in refused(lambda: factories.observe(run, person, at=after, observed_on=day_after))
    assert factories.observe(run, person, at=after, observed_on=today + 3 * DAY).sign_off.observed_on == today + 3 * DAY


def test_ending_a_qualification_ends_it_for_every_day_and_leaves_what_was_signed(
    run: Enrollment, doors: Course, at: dt.datetime
) -> None:
    person, desk = factories.make_user(), factories.make_coordinator()
    row = factories.make_assessor(person, doors, at=at)
    factories.observe(run, person, at=at, outcome=Observed.NOT_YET, items=[], work_on="All of it")
    assert refused(lambda: end_assessor(row, reason=" ", by=desk, at=at))
    assert end_assessor(row, reason="Left the county", by=desk, at=at + DAY)
    assert not end_assessor(row, reason="Again", by=desk, at=at + DAY)
    refused(lambda: factories.observe(run, person, at=at + DAY, observed_on=at.date()))
    assert SignOff.objects.count() == 1
    assert [kind for kind, _ in events(person)][-2:] == ["assessor.named", "assessor.ended"]


def test_a_supervisor_needs_a_certificate_in_date_of_a_course_that_is_named(
    run: Enrollment, team: Team, at: dt.datetime
) -> None:
    boss = factories.make_supervisor(team, name="Dana Whitfield")
    refused(lambda: factories.observe(run, boss, at=at))
    certificate = certify(boss, at)
    (one,) = assessors_of([run], at)[Key(run.pk, "opening")]
    assert (one.person, one.basis) == (boss, f"certificate:{certificate.public_id}")
    assert assessors_of([run], at + 5000 * DAY)[Key(run.pk, "opening")] == (), "it ran out"
    Certificate.objects.filter(pk=certificate.pk).update(expires_on=None)
    assert assessors_of([run], at + 5000 * DAY)[Key(run.pk, "opening")]
    issuing.revoke(certificate, reason="Somebody else's work", by=boss.subject, at=at)
    assert assessors_of([run], at)[Key(run.pk, "opening")] == ()
    other = factories.make_user(team=team)
    certify(other, at)
    assert assessors_of([run], at)[Key(run.pk, "opening")] == (), "a certificate alone makes nobody an assessor"


def test_supervisors_above_reach_down_and_those_beside_do_not(at: dt.datetime, doors: Course) -> None:
    house = factories.make_team("House")
    day, night = factories.make_team("Day", parent=house), factories.make_team("Night", parent=house)
    run = factories.make_enrollment(factories.make_user(team=day), doors, at=at)
    above, beside = factories.make_supervisor(house), factories.make_supervisor(night)
    for person in (above, beside):
        certify(person, at)
    assert [one.person for one in assessors_of([run], at)[Key(run.pk, "opening")]] == [above]
    Supervision.objects.filter(supervisor=above).update(ended_at=at)
    assert assessors_of([run], at)[Key(run.pk, "opening")] == ()


def test_somebody_named_for_a_site_reaches_its_people_only(run: Enrollment, doors: Course, at: dt.datetime) -> None:
    other: Site = factories.make_site("Harbor Street", "America/Los_Angeles")
    person = factories.make_user()
    row = factories.make_assessor(person, doors, at=at, site=other)
    factories.pass_unit(run, at=at)
    assert waiting_rows(person, at) == []
    refused(lambda: factories.observe(run, person, at=at))
    row.site = run.learner.site
    row.save()
    (waiting,) = waiting_rows(person, at)
    assert (waiting.person, waiting.may, waiting.since) == (run.learner, True, at)


@pytest.mark.both_db
def test_nobody_signs_off_their_own_practice(doors: Course, at: dt.datetime) -> None:
    person = factories.make_user()
    factories.make_assessor(person, doors, at=at)
    run = factories.make_enrollment(person, doors, at=at)
    assert refused(lambda: factories.observe(run, person, at=at)).startswith("Nobody signs off their own")
    assert waiting_rows(person, at) == waiting_rows(person, at, early=True) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        row(run, assessor=person)


def row(run: Enrollment, **changes: Any) -> SignOff:
    words: dict[str, Any] = {
        "outcome": Observed.PASSED,
        "practice": "opening",
        "observed_on": run.opened_at.date(),
        "recorded_at": run.opened_at,
        "place": "Hall",
        "assessor_snapshot": "x",
        "basis": "given:x",
    }
    return SignOff.objects.create(enrollment=run, learner=run.learner, **{**words, **changes})


@pytest.mark.both_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"place": ""},
        {"outcome": Observed.NOT_YET},
        {"voided_reason": "No row was struck out"},
        {"voided_at": dt.datetime(2026, 12, 1, tzinfo=dt.UTC)},
    ],
)
def test_the_database_refuses(run: Enrollment, trainer: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(run, assessor=trainer, **wrong)
    row(run, assessor=trainer)
    with pytest.raises(IntegrityError), transaction.atomic():
        row(run, assessor=trainer)


def test_what_is_not_theirs_to_do_is_not_signed_off(run: Enrollment, trainer: User, at: dt.datetime) -> None:
    Assignment.objects.filter(enrollment=run).update(withdrawn_at=at)
    assert "not this person's to do" in refused(lambda: factories.observe(run, trainer, at=at))
    Assignment.objects.filter(enrollment=run).update(withdrawn_at=None)
    people_actions.deactivate(run.learner, reason="Left", by=trainer.subject, at=at)
    run = Enrollment.objects.get(pk=run.pk)
    assert "deactivated" in refused(lambda: factories.observe(run, trainer, at=at))


def test_a_new_edition_since_the_page_was_opened_stores_nothing(
    run: Enrollment, trainer: User, at: dt.datetime
) -> None:
    old = practices_of(run.version)[0]
    seen = observing.Seen(Observed.PASSED, (0, 1, 2), at.date(), "Hall")
    factories.make_practice_course(at=at, sign_offs=[factories.practice_entry(checklist=["Knocks."])])
    assert refused(lambda: observing.observe(run, old, seen, by=trainer, at=at)) == observing.CHANGED
    assert not SignOff.objects.exists()


# --- struck out ---


def test_struck_out_before_completion_is_missing_again(run: Enrollment, trainer: User, at: dt.datetime) -> None:
    first = factories.observe(run, trainer, at=at).sign_off
    desk = factories.make_coordinator()
    assert refused(lambda: observing.strike_out(first, reason="", by=desk, at=at)).startswith("Say why")
    assert observing.strike_out(first, reason="Wrong person ticked", by=desk, at=at)
    assert not observing.strike_out(first, reason="Again", by=desk, at=at)
    assert factories.pass_unit(run, at=at + DAY).certificate is None
    assert status(run, at + DAY) == Status.SIGN_OFF_WAITING
    assert factories.observe(run, trainer, at=at + 2 * DAY).certificate is not None
    told = [facts for kind, facts in events(run.learner) if kind == EventKind.SIGN_OFF_VOIDED]
    assert [(facts["sign_off"], facts["reason"]) for facts in told] == [(str(first.public_id), "Wrong person ticked")]
    assert [(line.ticked, line.row.voided_reason) for line in sign_offs_of(run.learner)][1] == (
        3,
        "Wrong person ticked",
    )


def test_struck_out_after_completion_leaves_the_certificate_to_the_coordinator(
    run: Enrollment, trainer: User, at: dt.datetime
) -> None:
    factories.pass_unit(run, at=at)
    done = factories.observe(run, trainer, at=at)
    assert observing.strike_out(done.sign_off, reason="Not seen at all", by=factories.make_coordinator(), at=at)
    run.refresh_from_db()
    assert run.completed_at == at
    assert Certificate.objects.get().revoked_at is None
    assert "complete already" in refused(lambda: factories.observe(run, trainer, at=at))


# --- whatever happens in whatever order ---


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["quiz", "watch", "not yet", "strike"]), max_size=8))
def test_it_is_complete_from_when_both_stood_and_never_before(doors: Course, acts: list[str]) -> None:
    at = doors.created_at
    run = factories.make_enrollment(factories.make_user(), doors, at=at)
    trainer, desk = factories.make_user(), factories.make_coordinator()
    factories.make_assessor(trainer, doors, at=at)
    quiz = stands = waits = complete = False
    for hours, act in enumerate(acts):
        now = at + dt.timedelta(hours=hours)
        if act == "quiz" and not quiz:
            factories.pass_unit(run, at=now)
            quiz, waits = True, not stands
        elif act in ("watch", "not yet"):
            passed = act == "watch"
            words: dict[str, Any] = (
                {} if passed else {"outcome": Observed.NOT_YET, "items": [1], "work_on": "The handle"}
            )
            if stands or complete:
                refused(functools.partial(factories.observe, run, trainer, at=now, **words))
            else:
                factories.observe(run, trainer, at=now, **words)
                stands = passed
        elif act == "strike":
            newest = SignOff.objects.standing().filter(enrollment=run).first()
            if newest is not None:
                observing.strike_out(newest, reason="A mistake", by=desk, at=now)
                stands = stands and newest.outcome != Observed.PASSED
        complete = complete or (quiz and stands)
        run.refresh_from_db()
        assert (run.completed_at is not None, run.awaits_sign_off_at is not None) == (complete, waits)
        assert Certificate.objects.filter(enrollment=run).count() == complete
    kinds = [kind for kind, _ in events(run.learner)]
    assert (kinds.count("sign_off.awaited"), kinds.count("course.completed")) == (waits, complete)


# --- two at once ---


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_two_assessors_at_once_complete_once(team: Team, at: dt.datetime) -> None:
    doors = factories.make_practice_course(at=at)
    run = factories.make_enrollment(factories.make_user(team=team), doors, at=at)
    people = [factories.make_user(), factories.make_user()]
    for person in people:
        factories.make_assessor(person, doors, at=at)
    factories.pass_unit(run, at=at)
    ends = together(*[functools.partial(attempt, run, person, at) for person in people])
    assert sorted(end.split(" signed")[-1][:12] for end in ends) == [" this off al", "stored"]
    assert (SignOff.objects.count(), Certificate.objects.count()) == (1, 1)
    assert TrainingEvent.objects.filter(kind=EventKind.COURSE_COMPLETED).count() == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_the_sign_off_and_the_last_quiz_at_once_complete_once(team: Team, at: dt.datetime) -> None:
    doors = factories.make_practice_course(at=at)
    run = factories.make_enrollment(factories.make_user(team=team), doors, at=at)
    trainer = factories.make_user()
    factories.make_assessor(trainer, doors, at=at)
    ends = together(lambda: attempt(run, trainer, at), lambda: str(factories.pass_unit(run, at=at).first_time))
    assert ends == ["stored", "True"]
    run.refresh_from_db()
    assert run.completed_at == at
    assert Certificate.objects.count() == 1
    assert TrainingEvent.objects.filter(kind=EventKind.COURSE_COMPLETED).count() == 1


def attempt(run: Enrollment, person: User, at: dt.datetime) -> str:
    try:
        factories.observe(Enrollment.objects.get(pk=run.pk), person, at=at)
    except ValidationError as error:
        return " ".join(error.messages)
    return "stored"


# --- lists ---


def test_waiting_lists_hold_whom_they_should(run: Enrollment, team: Team, doors: Course, at: dt.datetime) -> None:
    boss = factories.make_supervisor(team)
    foreign = factories.make_supervisor(factories.make_team("Night"))
    assert waiting_rows(boss, at) == []
    assert [row.person for row in waiting_rows(boss, at, early=True)] == [run.learner]
    factories.pass_unit(run, at=at)
    (row,) = waiting_rows(boss, at)
    assert (row.may, row.assessors, row.practice.id) == (False, (), "opening")
    assert waiting_rows(boss, at, early=True) == waiting_rows(foreign, at) == []
    assert [row.assessors for row in all_waiting(at)] == [()]
    certify(boss, at)
    assert [row.may for row in waiting_rows(boss, at)] == [True]
    excepting.grant(
        run.learner,
        ExceptionKind.LEAVE,
        starts_on=at.date() - DAY,
        ends_on=at.date() + 9 * DAY,
        course=None,
        reason="Rest",
        by=boss,
        at=at,
    )
    assert waiting_rows(boss, at) == [], "nobody waits for a person who is away"


@pytest.mark.parametrize("number", [1, 3])
def test_a_list_costs_the_same_for_one_and_for_three(
    number: int, team: Team, doors: Course, at: dt.datetime, django_assert_num_queries: Any
) -> None:
    boss = factories.make_supervisor(team)
    certify(boss, at)
    for _ in range(number):
        factories.pass_unit(factories.make_enrollment(factories.make_user(team=team), doors, at=at), at=at)
    with django_assert_num_queries(9):
        assert len(waiting_rows(boss, at)) == number
    with django_assert_num_queries(7):
        assert len(all_waiting(at)) == number
    with django_assert_num_queries(1):
        duties = duties_of(boss)
    assert (duties.supervisor, duties.watches, duties.anybody_waits) == (True, True, True)


def test_who_has_to_do_with_sign_offs(run: Enrollment, trainer: User, team: Team) -> None:
    learner, boss = duties_of(run.learner), duties_of(factories.make_supervisor(team))
    assert (learner.supervisor, learner.watches, learner.anybody_waits) == (False, False, False)
    assert (boss.supervisor, boss.watches) == (True, True)
    assert (duties_of(trainer).supervisor, duties_of(trainer).watches) == (False, True)
    Course.objects.update(current=None)
    assert not duties_of(factories.make_supervisor(team)).watches, "no course asks for a practice"
