"""Requirements at work: who gets what, who loses it, what renews, and what a leaver keeps."""

import datetime as dt
import json
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from pytest_django import DjangoAssertNumQueries

from courses.actions import cycles, requiring
from courses.actions.assigning import move_due_date
from courses.enums import DueKind, RenewalKind, Status
from courses.models import Assignment, Certificate, Course, Enrollment, Requirement
from courses.queries.duties import all_asked
from courses.queries.status import with_status
from courses.queries.training import training_of
from courses.requirements.facts import Audience, Due, Renewal
from courses.requirements.planning import Act
from lms.outbox.models import Occasion
from lms.people.actions import organization, people
from lms.people.models import User
from lms.record import queries as record
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
VOLUNTEERS = Audience(categories=frozenset({"volunteer"}))
YEARLY = Renewal(RenewalKind.MONTHS, 12, window=60)


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def duties(learner: User) -> list[Assignment]:
    return list(Assignment.objects.filter(learner=learner).order_by("pk"))


def kinds_of(learner: User) -> list[str]:
    return [event.kind for event in record.events_of(learner.subject)]


def status(row: Assignment, at: dt.datetime) -> str:
    return with_status(Assignment.objects.filter(pk=row.pk), at).get().status  # type: ignore[attr-defined]


def test_switching_on_gives_the_course_to_exactly_those_who_are_meant(course: Course, at: dt.datetime) -> None:
    staff, volunteer = factories.make_user(), factories.make_user(category="volunteer")
    gone = factories.make_user(is_active=False)
    rule = factories.make_requirement(course, at=at)
    (row,) = duties(staff)
    assert (row.requirement, row.due_on, row.reason) == (rule, dt.date(2026, 12, 23), "Everybody here needs it.")
    assert row.enrollment is not None
    assert row.enrollment.version == course.current
    assert row.why["because"].startswith("30 days after it was assigned, November 23")
    assert duties(volunteer) == duties(gone) == []
    event = record.events_of(staff.subject)[-1]
    assert event.kind == "course.assigned"
    assert json.loads(event.payload)["rule"] == 1
    assert staff.name not in event.payload
    assert Occasion.objects.filter(recipient=staff).count() == 1
    coordinator = User.objects.get(is_coordinator=True)
    assert "requirement.switched_on" in kinds_of(coordinator)
    assert list(record.faults(staff.subject)) == []


def test_a_draft_asks_nothing(course: Course, at: dt.datetime) -> None:
    factories.make_user()
    factories.make_requirement(course, at=at, on=False)
    assert cycles.reconcile_all(at=at) == 0
    assert not Assignment.objects.exists()


def test_reconciling_again_changes_nothing(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at)
    before = (Assignment.objects.count(), Occasion.objects.count(), kinds_of(learner))
    assert cycles.reconcile(learner, at=at) == 0
    assert cycles.reconcile_all(at=at + 40 * DAY) == 0
    assert (Assignment.objects.count(), Occasion.objects.count(), kinds_of(learner)) == before


def test_joining_moving_and_changing_role_take_effect_at_once(course: Course, at: dt.datetime) -> None:
    rule = factories.make_requirement(course, at=at, audience=VOLUNTEERS)
    site = factories.make_site()
    new = people.add_person(name="Vi Novak", site=site, category="volunteer", by=SYSTEM, at=at + DAY)
    (row,) = duties(new)
    assert row.why["joined_on"] == "2026-11-24"
    people.change_person(new, category="staff", by=SYSTEM, at=at + 2 * DAY)
    row.refresh_from_db()
    assert row.withdrawn_at == at + 2 * DAY
    assert row.withdrawn_reason == "The requirement no longer applies to this person's role, team or site."
    assert kinds_of(new)[-1] == "assignment.withdrawn"
    people.change_person(new, category="volunteer", by=SYSTEM, at=at + 3 * DAY)
    again = duties(new)[-1]
    assert (again.cycle, again.requirement, again.enrollment) == (2, rule, row.enrollment)


def test_becoming_a_supervisor_counts_at_once(course: Course, at: dt.datetime) -> None:
    team = factories.make_team()
    person = factories.make_user(team=team)
    factories.make_requirement(course, at=at, audience=Audience(supervising="yes"))
    assert duties(person) == []
    supervision = organization.start_supervising(team, person, by=SYSTEM, at=at)
    assert len(duties(person)) == 1
    organization.stop_supervising(supervision, by=SYSTEM, at=at + DAY)
    assert duties(person)[0].withdrawn_at == at + DAY


def test_what_was_completed_stays_when_a_person_leaves_the_audience(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=YEARLY)
    row = duties(learner)[0]
    assert row.enrollment is not None
    factories.pass_unit(row.enrollment, at=at)
    people.change_person(learner, category="volunteer", by=SYSTEM, at=at + DAY)
    row.refresh_from_db()
    assert (row.withdrawn_at, row.ended_at) == (None, at + DAY)
    assert status(row, at + 2 * DAY) == Status.COMPLETE
    assert status(row, at + 500 * DAY) == Status.NOT_REQUIRED, "nobody asks for its renewal"
    assert cycles.reconcile_all(at=at + 500 * DAY) == 0
    assert Certificate.objects.filter(revoked_at=None).count() == 1
    people.change_person(learner, category="staff", by=SYSTEM, at=at + 500 * DAY)
    assert [a.cycle for a in duties(learner)] == [1, 2], "asked again, and the next cycle opens at once"
    assert {"assignment.ended", "assignment.resumed"} <= set(kinds_of(learner))


def test_a_leaver_loses_what_is_open_and_keeps_the_evidence(course: Course, at: dt.datetime) -> None:
    other = factories.make_course(slug="other", at=at)
    learner = factories.make_user()
    factories.make_requirement(course, at=at)
    by_hand = factories.make_assignment(learner, other, at=at)
    done = duties(learner)[0]
    assert done.enrollment is not None
    factories.pass_unit(done.enrollment, at=at)
    people.deactivate(learner, "left", by=SYSTEM, at=at + DAY)
    by_hand.refresh_from_db()
    done.refresh_from_db()
    assert by_hand.withdrawn_at == at + DAY
    assert (done.withdrawn_at, done.ended_at) == (None, at + DAY)
    assert Certificate.objects.get().revoked_at is None
    people.reactivate(learner, by=SYSTEM, at=at + 2 * DAY)
    done.refresh_from_db()
    assert done.ended_at is None


def test_two_requirements_share_one_enrollment_and_one_mail(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at)
    factories.make_requirement(course, at=at, name="Sooner", due=Due(days=15))
    first, second = duties(learner)
    assert first.enrollment == second.enrollment
    assert Enrollment.objects.filter(learner=learner).count() == 1
    assert Occasion.objects.filter(recipient=learner).count() == 1
    (shown,) = training_of(learner, at).todo
    assert shown.assignment == second, "the one that is due first"


def test_an_assignment_by_hand_is_left_alone(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    by_hand = factories.make_assignment(learner, course, at=at, due_in=5)
    factories.make_requirement(course, at=at)
    _, ruled = duties(learner)
    assert ruled.enrollment == by_hand.enrollment
    people.change_person(learner, category="volunteer", by=SYSTEM, at=at)
    by_hand.refresh_from_db()
    ruled.refresh_from_db()
    assert (by_hand.withdrawn_at, ruled.withdrawn_at) == (None, at)


def test_who_holds_it_already_gets_no_work_and_no_mail(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    done = factories.make_assignment(learner, course, at=at)
    assert done.enrollment is not None
    factories.pass_unit(done.enrollment, at=at)
    before = Occasion.objects.filter(recipient=learner).count()
    factories.make_requirement(course, at=at + DAY, renewal=YEARLY)
    held = duties(learner)[-1]
    assert held.enrollment == done.enrollment
    assert held.valid_until_on == dt.date(2027, 11, 23), "a year, although the certificate says two"
    assert status(held, at + DAY) == Status.COMPLETE
    assert Occasion.objects.filter(recipient=learner).count() == before


def test_renewal_opens_on_the_first_day_of_the_window_and_loses_no_time(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at, renewal=YEARLY)
    first = duties(learner)[0]
    assert first.enrollment is not None
    certificate = factories.pass_unit(first.enrollment, at=at).certificate
    assert certificate is not None
    assert certificate.expires_on == dt.date(2027, 11, 23), "the rule decides, not the course"
    opens = dt.datetime(2027, 9, 24, 12, tzinfo=dt.UTC)
    assert cycles.reconcile_all(at=opens - DAY) == 0
    assert cycles.reconcile_all(at=opens) == 1
    second = duties(learner)[-1]
    assert (second.cycle, second.renews_until_on, second.due_on) == (2, dt.date(2027, 11, 23), dt.date(2027, 12, 7))
    assert second.enrollment is not None
    assert second.enrollment != first.enrollment
    assert status(second, opens) == Status.EXPIRING
    assert status(second, opens + 70 * DAY) == Status.EXPIRED
    again = factories.pass_unit(second.enrollment, at=opens).certificate
    assert again is not None
    assert again.expires_on == dt.date(2028, 11, 23), "renewed early, it runs on from the old end"
    certificate.refresh_from_db()
    assert (certificate.revoked_at, certificate.superseded_at) == (None, None), "the old one stays"
    assert cycles.reconcile_all(at=opens + DAY) == 0


def test_a_revoked_certificate_has_to_be_earned_again(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    factories.make_requirement(course, at=at)
    first = duties(learner)[0]
    assert first.enrollment is not None
    factories.pass_unit(first.enrollment, at=at)
    Certificate.objects.update(revoked_at=at)
    assert cycles.reconcile_all(at=at + DAY) == 1
    assert [a.cycle for a in duties(learner)] == [1, 2]


def test_a_changed_rule_moves_what_is_open_but_not_what_somebody_chose(course: Course, at: dt.datetime) -> None:
    one, other = factories.make_user(), factories.make_user()
    rule = factories.make_requirement(course, at=at)
    coordinator = User.objects.get(is_coordinator=True)
    chosen = duties(other)[0]
    move_due_date(chosen, dt.date(2027, 2, 1), reason="Agreed", by=SYSTEM, at=at)
    wording = requiring.Wording(
        Audience(categories=frozenset({"staff"})), Due(days=60), Renewal(), active_from=dt.date(2026, 11, 22)
    )
    version = requiring.rewrite(
        rule, name=rule.name, reason=rule.reason, wording=wording, by=coordinator.subject, at=at + DAY
    )
    assert duties(one)[0].due_on == dt.date(2026, 12, 23), "not before it is switched on"
    requiring.switch_on(version, by=coordinator, at=at + DAY)
    assert duties(one)[0].due_on == dt.date(2027, 1, 22)
    assert duties(one)[0].rule == version
    assert duties(other)[0].due_on == dt.date(2027, 2, 1)
    assert kinds_of(one)[-1] == "assignment.moved"
    again = requiring.rewrite(rule, name=rule.name, reason=rule.reason, wording=wording, by=SYSTEM, at=at + DAY)
    assert again == version, "the same wording makes no other version"


def test_a_corrected_hire_date_moves_the_due_date(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user(hire_date=dt.date(2026, 11, 20))
    undated = factories.make_user("No Date")
    factories.make_requirement(course, at=at, due=Due(DueKind.AFTER_HIRE, 30))
    assert duties(learner)[0].due_on == dt.date(2026, 12, 20)
    assert duties(undated) == []
    problems = [p.step.because for p in cycles.preview(all_asked()[0], at) if p.step.act == Act.PROBLEM]
    assert any(words.startswith("No Date has no hire date") for words in problems)
    people.change_person(learner, hire_date=dt.date(2026, 11, 25), by=SYSTEM, at=at)
    assert duties(learner)[0].due_on == dt.date(2026, 12, 25)
    people.change_person(undated, hire_date=dt.date(2026, 11, 23), by=SYSTEM, at=at)
    assert duties(undated)[0].due_on == dt.date(2026, 12, 23)


def test_ending_a_requirement_closes_what_is_open(course: Course, at: dt.datetime) -> None:
    learner = factories.make_user()
    rule = factories.make_requirement(course, at=at)
    coordinator = User.objects.get(is_coordinator=True)
    requiring.end(rule, reason="Replaced by another", by=coordinator, at=at + DAY)
    assert duties(learner)[0].withdrawn_reason == "The requirement has ended."
    with pytest.raises(ValidationError, match="not switched on"):
        requiring.end(rule, reason="Again", by=coordinator, at=at + DAY)
    assert "requirement.ended" in kinds_of(coordinator)


def test_what_is_wrong_stands_by_its_field(course: Course, at: dt.datetime) -> None:
    with pytest.raises(ValidationError) as refused:
        factories.make_requirement(
            course, at=at, audience=Audience(), active_until=dt.date(2026, 1, 1), renewal=Renewal(RenewalKind.MONTHS, 0)
        )
    assert set(refused.value.message_dict) == {"categories", "active_until", "renewal_months"}
    assert not Requirement.objects.exists()


def test_a_course_that_may_not_be_required_is_a_problem(course: Course, at: dt.datetime, settings: object) -> None:
    factories.make_user()
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    rule = factories.make_requirement(course, at=at)
    assert not Assignment.objects.exists()
    version = rule.current
    assert version is not None
    found = cycles.preview(requiring.facts_of(rule, version), at)
    assert {p.step.act for p in found} == {Act.PROBLEM}
    assert "cannot be required of people yet" in found[0].step.because


@pytest.mark.parametrize("people_count", [3, 30])
def test_a_preview_asks_as_often_for_30_people_as_for_3(
    course: Course, at: dt.datetime, people_count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rule = factories.make_requirement(course, at=at, on=False)
    version = rule.versions.get()
    for _ in range(people_count):
        factories.make_user(password="")
    each = requiring.facts_of(rule, version)
    with django_assert_num_queries(7):
        assert len(cycles.preview(each, at)) == people_count + 1  # and the coordinator


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_many_at_once_open_one_cycle(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    learner = factories.make_user()
    rule = factories.make_requirement(course, at=at, on=False)
    version = rule.versions.get()
    Requirement.objects.filter(pk=rule.pk).update(current=version, switched_on_at=at)
    failed: list[BaseException] = []
    start = threading.Barrier(4)

    def run() -> None:
        try:
            start.wait()
            cycles.reconcile(learner, at=at)
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Assignment.objects.filter(learner=learner).count() == 1
    assert Occasion.objects.filter(recipient=learner).count() == 1
    assert list(record.faults(learner.subject)) == []
