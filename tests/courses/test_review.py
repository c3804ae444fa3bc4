"""Review before use: approvals, acceptance, waived slots, and what may be required of people in production."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.deletion import ProtectedError

from courses.actions import reviewing
from courses.actions.publishing import publish
from courses.actions.site_words import end_waiver, enter_words, waive_slot
from courses.authoring.compiled import CompiledCourse
from courses.enums import ReviewRole, ReviewState
from courses.models import Assignment, Course, CourseAcceptance, CourseApproval, CourseVersion, Enrollment, SlotWaiver
from courses.panels import empty_slots
from courses.queries.review import may_require, review_of, reviews_of
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from lms.record.queries import faults
from quizzes.actions.storing import store_quiz
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def version(at: dt.datetime) -> CourseVersion:
    return current(factories.make_course(at=at))


@pytest.fixture
def clinician() -> User:
    return factories.make_coordinator(name="Ines Duarte")


@pytest.fixture
def editor() -> User:
    return factories.make_coordinator(name="Omar Haddad")


@pytest.fixture
def production(settings: Any) -> None:
    settings.PRODUCTION = True


def current(course: Course) -> CourseVersion:
    found = Course.objects.select_related("current__course").get(pk=course.pk).current
    assert found is not None
    return found


def new_edition(at: dt.datetime, compiled: CompiledCourse | None = None) -> CourseVersion:
    changed = compiled or factories.compiled_course(summary="Other words.")
    return publish(changed, at=at, store_quiz=store_quiz).version


def both(version: CourseVersion, clinician: User, editor: User, at: dt.datetime) -> list[CourseApproval]:
    return [
        reviewing.approve(version, reviewer=editor, role=ReviewRole.EDITOR, at=at),
        reviewing.approve(version, reviewer=clinician, role=ReviewRole.CLINICIAN, note=" Dose words read. ", at=at),
    ]


def events(user: User) -> list[tuple[str, dict[str, Any], str]]:
    rows = TrainingEvent.objects.filter(subject=user.subject).order_by("seq")
    return [(row.kind, json.loads(row.payload), row.actor) for row in rows]


# --- approvals -------------------------------------------------------------------------------------------------------------
def test_a_version_begins_pending_and_two_people_approve_it(
    version: CourseVersion, clinician: User, editor: User, at: dt.datetime
) -> None:
    assert review_of(version).state == ReviewState.PENDING
    assert "so far nobody has" in review_of(version).obstacles[0]
    reviewing.approve(version, reviewer=clinician, role=ReviewRole.CLINICIAN, at=at)
    assert review_of(version).state == ReviewState.PENDING
    assert "so far 1 person has." in review_of(version).obstacles[0]
    reviewing.approve(version, reviewer=editor, role=ReviewRole.LIVED_EXPERIENCE, note="Tone is fair.", at=at + DAY)
    review = review_of(version)
    assert review.state == ReviewState.APPROVED
    assert [(r.reviewer, r.role, r.at, r.note) for r in review.standing] == [
        (clinician, "clinician", at, ""),
        (editor, "lived_experience", at + DAY, "Tone is fair."),
    ]


def test_two_people_without_a_clinician_are_not_enough(
    version: CourseVersion, clinician: User, editor: User, at: dt.datetime
) -> None:
    reviewing.approve(version, reviewer=editor, role=ReviewRole.EDITOR, at=at)
    reviewing.approve(version, reviewer=clinician, role=ReviewRole.COUNSEL, at=at)
    review = review_of(version)
    assert not review.approved
    assert "so far 2 people have, not as a clinician" in review.obstacles[0]


def test_one_person_cannot_be_two(version: CourseVersion, clinician: User, at: dt.datetime) -> None:
    reviewing.approve(version, reviewer=clinician, role=ReviewRole.CLINICIAN, at=at)
    with pytest.raises(ValidationError, match="has to be by somebody else"):
        reviewing.approve(version, reviewer=clinician, role=ReviewRole.EDITOR, at=at)
    assert CourseApproval.objects.count() == 1
    assert len(events(clinician)) == 1


def test_a_named_author_cannot_approve(at: dt.datetime, clinician: User) -> None:
    version = current(factories.make_course(authors=["Alderford Recovery Services", "  ines   DUARTE "], at=at))
    with pytest.raises(ValidationError, match="named as an author"):
        reviewing.approve(version, reviewer=clinician, role=ReviewRole.CLINICIAN, at=at)
    assert not CourseApproval.objects.exists()
    assert events(clinician) == []


def test_approvals_are_about_one_hash(version: CourseVersion, clinician: User, editor: User, at: dt.datetime) -> None:
    both(version, clinician, editor, at)
    second = new_edition(at + DAY)
    assert review_of(second).state == ReviewState.PENDING
    assert review_of(version).state == ReviewState.APPROVED
    version.refresh_from_db()
    with pytest.raises(ValidationError, match="newer edition"):
        reviewing.approve(
            CourseVersion.objects.get(pk=version.pk),
            reviewer=factories.make_coordinator(),
            role=ReviewRole.EDITOR,
            at=at,
        )
    again = publish(factories.compiled_course(), at=at + 2 * DAY, store_quiz=store_quiz)
    assert (again.new, again.version) == (False, version)
    assert review_of(again.version).state == ReviewState.APPROVED


def test_withdrawing_ends_the_approval_and_keeps_every_row(
    version: CourseVersion, clinician: User, editor: User, at: dt.datetime
) -> None:
    first, second = both(version, clinician, editor, at)
    with pytest.raises(ValidationError, match="Say why"):
        reviewing.withdraw_approval(second, reason="  ", by=clinician, at=at)
    assert reviewing.withdraw_approval(second, reason="A wrong figure", by=editor, at=at + DAY)
    assert not reviewing.withdraw_approval(second, reason="Twice", by=editor, at=at + DAY)
    review = review_of(version)
    assert (review.state, review.standing) == (ReviewState.PENDING, [first])
    assert [(r.decision, r.reviewer, r.note) for r in review.log] == [
        ("approved", editor, ""),
        ("approved", clinician, "Dose words read."),
        ("withdrawn", clinician, "A wrong figure"),
    ]
    assert review.log[-1].recorded_by == str(editor.subject)
    reviewing.approve(version, reviewer=clinician, role=ReviewRole.CLINICIAN, at=at + 2 * DAY)
    assert review_of(version).approved
    with pytest.raises(ProtectedError):
        version.delete()


def test_the_record_tells_who_approved_what(
    version: CourseVersion, clinician: User, editor: User, at: dt.datetime
) -> None:
    _, second = both(version, clinician, editor, at)
    reviewing.withdraw_approval(second, reason="A wrong figure", by=editor, at=at + DAY)
    about = {"course": "test-course", "edition": version.content_hash, "version": str(version.public_id)}
    (one, told, actor), (two, taken, other) = events(clinician)
    assert (one, two) == (EventKind.CONTENT_APPROVED, EventKind.CONTENT_APPROVAL_WITHDRAWN)
    assert {k: told[k] for k in about} == about
    assert (told["role"], told["note"], actor) == ("clinician", "Dose words read.", str(clinician.subject))
    assert (taken["role"], taken["reason"], other) == ("clinician", "A wrong figure", str(editor.subject))
    assert list(faults(clinician.subject)) == []
    assert "Ines" not in str(events(clinician))


# --- acceptance ------------------------------------------------------------------------------------------------------------
def test_accepting_without_approval(version: CourseVersion, editor: User, at: dt.datetime) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        reviewing.accept_unreviewed(version, reason=" ", by=editor, at=at)
    made = reviewing.accept_unreviewed(version, reason="Pilot with one team", by=editor, at=at)
    assert review_of(version).state == ReviewState.ACCEPTED
    with pytest.raises(ValidationError, match="accepted already"):
        reviewing.accept_unreviewed(version, reason="Again", by=editor, at=at)
    assert CourseAcceptance.objects.count() == 1
    with pytest.raises(ValidationError, match="Say why"):
        reviewing.end_acceptance(made, reason="", by=editor, at=at)
    assert reviewing.end_acceptance(made, reason="Pilot is over", by=editor, at=at + DAY)
    assert not reviewing.end_acceptance(made, reason="Twice", by=editor, at=at + DAY)
    assert review_of(version).state == ReviewState.PENDING
    assert [kind for kind, _, _ in events(editor)] == ["content.accepted_unreviewed", "content.acceptance_ended"]
    assert events(editor)[0][1]["reason"] == "Pilot with one team"
    reviewing.accept_unreviewed(version, reason="One more team", by=editor, at=at + 2 * DAY)
    assert CourseAcceptance.objects.count() == 2


def test_what_is_approved_needs_no_acceptance(
    version: CourseVersion, clinician: User, editor: User, at: dt.datetime
) -> None:
    both(version, clinician, editor, at)
    with pytest.raises(ValidationError, match="nothing to accept"):
        reviewing.accept_unreviewed(version, reason="Hurry", by=editor, at=at)


def test_an_acceptance_holds_for_its_edition_alone(version: CourseVersion, editor: User, at: dt.datetime) -> None:
    reviewing.accept_unreviewed(version, reason="Pilot", by=editor, at=at)
    second = new_edition(at + DAY)
    assert review_of(second).state == ReviewState.PENDING
    with pytest.raises(ValidationError, match="newer edition"):
        reviewing.accept_unreviewed(CourseVersion.objects.get(pk=version.pk), reason="Late", by=editor, at=at + DAY)


def test_the_database_holds_what_the_actions_promise(version: CourseVersion, editor: User, at: dt.datetime) -> None:
    row = {"version": version, "reviewer": editor, "role": "editor", "at": at, "recorded_by": "x"}
    for make in (
        lambda: CourseApproval.objects.create(decision="withdrawn", note="", **row),
        lambda: CourseAcceptance.objects.create(version=version, accepted_by=editor, reason="", at=at),
        lambda: SlotWaiver.objects.create(slot="privacy", waived_by=editor, reason="", at=at),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


# --- slots -----------------------------------------------------------------------------------------------------------------
def test_a_slot_is_filled_or_waived(version: CourseVersion, editor: User, at: dt.datetime) -> None:
    assert [s.name for s in review_of(version).empty_slots] == ["privacy"]
    assert empty_slots(at).number == 1
    with pytest.raises(ValidationError, match="Say why"):
        waive_slot("privacy", reason=" ", by=editor, at=at)
    waiver = waive_slot("privacy", reason="Our lawyer writes it", by=editor, at=at)
    assert review_of(version).empty_slots == []
    assert empty_slots(at).number == 0
    with pytest.raises(ValidationError, match="waived already"):
        waive_slot("privacy", reason="Again", by=editor, at=at)
    assert end_waiver(waiver, reason="It is written", by=editor, at=at + DAY)
    assert not end_waiver(waiver, reason="Twice", by=editor, at=at + DAY)
    assert [s.name for s in review_of(version).empty_slots] == ["privacy"]
    enter_words("privacy", "Ask Ines.", by=editor.subject, at=at)
    assert review_of(version).empty_slots == []
    enter_words("privacy", "", by=editor.subject, at=at)
    assert [s.name for s in review_of(version).empty_slots] == ["privacy"]
    waiver.refresh_from_db()
    assert (waiver.waived_by, waiver.ended_by, waiver.ended_reason) == (editor, str(editor.subject), "It is written")
    assert [(kind, told["reason"]) for kind, told, _ in events(editor)] == [
        ("slot.waived", "Our lawyer writes it"),
        ("slot.waiver_ended", "It is written"),
    ]


# --- what may be required --------------------------------------------------------------------------------------------------
def test_outside_production_nothing_is_refused(version: CourseVersion, at: dt.datetime) -> None:
    assert may_require(version) == []
    assert len(review_of(version).obstacles) == 2
    assert factories.make_assignment(course=version.course, at=at).pk


@pytest.mark.usefixtures("production")
class TestProduction:
    def test_each_obstacle_is_said_in_words(
        self, version: CourseVersion, clinician: User, editor: User, at: dt.datetime
    ) -> None:
        learner = factories.make_user()
        approval, slot = may_require(version)
        assert approval.startswith("Edition 1 is not approved.")
        assert slot.startswith("“Privacy at your site” is empty.")
        with pytest.raises(ValidationError) as refused:
            factories.make_assignment(learner, version.course, at=at)
        assert refused.value.messages == [f"Test course cannot be required of people yet. {approval} {slot}"]
        assert not Assignment.objects.exists()
        assert not Enrollment.objects.exists()
        assert events(learner) == []
        both(version, clinician, editor, at)
        assert may_require(version) == [slot]
        with pytest.raises(ValidationError, match="Privacy at your site"):
            factories.make_assignment(learner, version.course, at=at)
        enter_words("privacy", "Ask Ines.", by=editor.subject, at=at)
        assert may_require(version) == []
        assert factories.make_assignment(learner, version.course, at=at).pk

    def test_acceptance_and_waiver_open_the_way_and_close_it(
        self, version: CourseVersion, editor: User, at: dt.datetime
    ) -> None:
        acceptance = reviewing.accept_unreviewed(version, reason="Pilot", by=editor, at=at)
        waiver = waive_slot("privacy", reason="Comes in May", by=editor, at=at)
        assert may_require(version) == []
        kept = factories.make_assignment(course=version.course, at=at)
        end_waiver(waiver, reason="May is over", by=editor, at=at)
        reviewing.end_acceptance(acceptance, reason="Pilot is over", by=editor, at=at)
        assert len(may_require(version)) == 2
        with pytest.raises(ValidationError, match="cannot be required"):
            factories.make_assignment(course=version.course, at=at)
        kept.refresh_from_db()
        assert kept.withdrawn_at is None

    def test_a_slot_of_another_course_is_no_obstacle(self, editor: User, at: dt.datetime) -> None:
        plain = factories.compiled_course("plain")
        plain.units[0].blocks = [b for b in plain.units[0].blocks if b["type"] != "protocol"]
        factories.make_course(at=at)
        version = current(factories.make_course(plain, at=at))
        reviewing.accept_unreviewed(version, reason="Pilot", by=editor, at=at)
        assert may_require(version) == []

    def test_who_has_not_begun_keeps_the_edition_until_the_new_one_is_ready(
        self, version: CourseVersion, clinician: User, editor: User, at: dt.datetime
    ) -> None:
        both(version, clinician, editor, at)
        waiver = waive_slot("privacy", reason="Comes in May", by=editor, at=at)
        waiting = factories.make_enrollment(course=version.course, at=at)
        begun = factories.make_enrollment(course=version.course, at=at)
        Enrollment.objects.filter(pk=begun.pk).update(started_at=at)
        second = new_edition(at + DAY)
        assert versions_of(waiting, begun) == [version, version]
        end_waiver(waiver, reason="Words come", by=editor, at=at + DAY)
        both(second, clinician, editor, at + DAY)
        assert versions_of(waiting, begun) == [version, version]
        enter_words("privacy", "Ask Ines.", by=editor.subject, at=at + DAY)
        assert versions_of(waiting, begun) == [second, version]

    def test_an_acceptance_moves_them_too(self, version: CourseVersion, editor: User, at: dt.datetime) -> None:
        waive_slot("privacy", reason="Comes in May", by=editor, at=at)
        reviewing.accept_unreviewed(version, reason="Pilot", by=editor, at=at)
        waiting = factories.make_enrollment(course=version.course, at=at)
        second = new_edition(at + DAY)
        assert versions_of(waiting) == [version]
        reviewing.accept_unreviewed(second, reason="A figure is mended", by=editor, at=at + DAY)
        assert versions_of(waiting) == [second]


def versions_of(*enrollments: Enrollment) -> list[CourseVersion]:
    return [Enrollment.objects.select_related("version").get(pk=row.pk).version for row in enrollments]


@pytest.mark.parametrize("courses", [1, 3])
def test_reviews_take_the_same_queries_for_any_number(
    courses: int, clinician: User, editor: User, at: dt.datetime, django_assert_num_queries: Any
) -> None:
    for number in range(courses):
        both(
            current(factories.make_course(factories.compiled_course(f"course-{number}"), at=at)), clinician, editor, at
        )
    versions = list(CourseVersion.objects.all())
    with django_assert_num_queries(5):
        assert [r.approved for r in reviews_of(versions)] == [True] * courses
