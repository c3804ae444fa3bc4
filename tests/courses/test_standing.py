"""What people are shown where two rules ask the same course, a certificate was revoked, a rule was rewritten, a leave is over."""

import datetime as dt
import re
from typing import Any

import pytest
from django.urls import reverse

from courses.actions import assigning, cycles, excepting, issuing, requiring
from courses.actions.assigning import move_due_date
from courses.enums import DueKind, ExceptionKind, RenewalKind, Status
from courses.models import Assignment, Certificate, Course, Enrollment, Requirement
from courses.queries.matrix import Filters, Matrix
from courses.queries.requirements import list_rows
from courses.queries.today import today_of
from courses.queries.why import why_of
from courses.reminders.overdue import Overdue
from courses.reminders.planner import plan
from courses.requirements.facts import Audience, Due, Renewal
from lms.lib import clock, dates
from lms.outbox.models import Message, Occasion
from lms.people.actions import organization
from lms.people.models import Organization, Team, User
from lms.people.queries.teams import people_below
from lms.record import actions as record
from lms.record.actions import SYSTEM
from quizzes.queries.transcripts import exceptions_of, transcript_of
from tests import factories
from tests.courses.pages import client_of, enrollment_of
from tests.letters import gather_and_deliver
from tests.quizzes import timed

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SUPERVISORS = Audience(supervising="yes")
YEARLY = Renewal(RenewalKind.MONTHS, 12, window=60)


@pytest.fixture
def team() -> Team:
    factories.make_organization()
    return factories.make_team()


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Denise Whitaker")


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at - 900 * DAY)


def standing(person: User, at: dt.datetime) -> list[str]:
    """The status of each course, as people and courses shows it."""
    table = Matrix(User.objects.filter(pk=person.pk), at)
    (row,) = table.rows(0, 25)
    return [str(cell.status) for cell in row.cells if cell is not None]


def completed_long_ago(team: Team, course: Course, at: dt.datetime) -> User:
    """Somebody who completed the course under a rule that never asks for it again."""
    person = factories.make_user(team=team)
    factories.make_requirement(course, at=at - 800 * DAY)
    factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 790 * DAY)
    return person


def rewritten(rule: Requirement, at: dt.datetime, **changes: Any) -> None:
    by = User.objects.filter(is_coordinator=True)[0]
    wording = requiring.Wording(
        Audience(categories=frozenset({"staff"})), changes.pop("due", Due()), changes.pop("renewal", YEARLY),
        active_from=dt.date(2026, 1, 1),
    )  # fmt: skip
    version = requiring.rewrite(rule, name=rule.name, reason=rule.reason, wording=wording, by=by.subject, at=at)
    requiring.switch_on(version, by=by, at=at)


# --- two that ask the same course -------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_what_another_rule_asks_counts_before_what_the_first_is_content_with(
    team: Team, course: Course, at: dt.datetime
) -> None:
    person = completed_long_ago(team, course, at)
    factories.make_requirement(course, at=at - DAY, name="Supervisors", audience=SUPERVISORS, renewal=YEARLY)
    assert standing(person, at) == ["complete"]
    organization.start_supervising(team, person, by=SYSTEM, at=at)
    first, second = person.assignments.order_by("pk")
    assert first.enrollment != second.enrollment
    assert (first.cycle, second.cycle) == (1, 2)
    assert standing(person, at) == ["not_started"]
    assert standing(person, at + 40 * DAY) == ["overdue"]


@pytest.mark.both_db
def test_what_is_assigned_again_by_hand_counts_before_a_rule_that_is_content(
    team: Team, course: Course, at: dt.datetime
) -> None:
    person = completed_long_ago(team, course, at)
    again = factories.make_assignment(person, course, at=at)
    assert standing(person, at) == ["not_started"]
    assigning.withdraw(again, reason="A mistake", by=SYSTEM, at=at)
    assert standing(person, at) == ["complete"]
    third = factories.make_assignment(person, course, at=at)
    assert (third.enrollment, third.cycle) == (again.enrollment, again.cycle + 1)
    assert standing(person, at) == ["not_started"]


@pytest.mark.both_db
def test_learning_from_elsewhere_does_not_hide_what_is_asked_again(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    """The enrollment stays open when what was learned elsewhere is accepted, and the next duty takes it up."""
    person = factories.make_user(team=team)
    first = factories.make_assignment(person, course, at=at - 20 * DAY, due_in=40)
    today = dates.local_date(at, person.zone)
    excepting.grant(person, ExceptionKind.PRIOR_LEARNING, starts_on=today - 30 * DAY, ends_on=today + 300 * DAY, course=course,
                    reason="x", evidence="A certificate", by=boss, at=at - 10 * DAY)  # fmt: skip
    assert standing(person, at) == ["complete"]
    again = factories.make_assignment(person, course, at=at, due_in=5)
    assert again.enrollment == first.enrollment
    assert standing(person, at) == ["not_started"]
    assert standing(person, at + 10 * DAY) == ["overdue"]


def test_a_rule_that_accepts_it_does_not_hide_the_one_that_does_not(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    person = factories.make_user(team=team)
    today = dates.local_date(at, person.zone)
    excepting.grant(person, ExceptionKind.PRIOR_LEARNING, starts_on=today - 600 * DAY, ends_on=today + 300 * DAY, course=course,
                    reason="x", evidence="A certificate", by=boss, at=at - 10 * DAY)  # fmt: skip
    factories.make_requirement(course, at=at - DAY, name="Strict", renewal=YEARLY, due=Due(days=3), grace=0)
    factories.make_requirement(course, at=at - DAY, name="Content", by=User.objects.filter(is_coordinator=True)[0])
    strict, content = person.assignments.order_by("pk")
    assert (strict.satisfied_at, content.satisfied_at is None) == (None, False)
    assert standing(person, at) == ["not_started"]
    assert standing(person, at + 10 * DAY) == ["overdue"]


# --- a certificate that was revoked -----------------------------------------------------------------------------------
def test_a_revoked_certificate_opens_new_work_that_renews_nothing(team: Team, course: Course, at: dt.datetime) -> None:
    person = factories.make_user("Maya Quist", team=team)
    User.objects.filter(pk=person.pk).update(hire_date=at.date())
    rule = factories.make_requirement(course, at=at - 10 * DAY, due=Due(DueKind.AFTER_HIRE, 20), renewal=YEARLY)
    factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 5 * DAY)
    issuing.revoke(Certificate.objects.get(), reason="Mixed up", by=factories.make_coordinator().subject, at=at)
    cycles.reconcile_all(at=at)
    _, again = person.assignments.order_by("pk")
    assert again.renews_until_on is None
    assert again.why["because"] == "the certificate was revoked, so it has to be earned again"
    assert "hire date would move" not in str(why_of(again, at))
    assert standing(person, at) == ["not_started"]
    assert standing(person, at + DAY) == ["not_started"]
    assert set(Occasion.objects.values_list("kind", flat=True)) == {"course_assigned", "certificate_ready"}
    due_on = again.due_on
    rewritten(rule, at + DAY, due=Due(days=400))
    again.refresh_from_db()
    assert (again.due_on, again.rule.number if again.rule else 0) == (due_on, 2), "it is no first cycle: its date stays"


@pytest.mark.both_db
def test_a_revoked_certificate_is_valid_to_no_day(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(factories.make_user("Maya Quist", team=team), course, at=at - 30 * DAY, due_in=40)
    factories.pass_unit(enrollment_of(row), at=at - 20 * DAY)
    certificate = Certificate.objects.get()
    assert certificate.expires_on is not None
    year = certificate.expires_on
    around = Filters(ends_from=year - DAY, ends_to=year + DAY)
    people = people_below(boss).exclude(pk=boss.pk)
    assert Matrix(people, at, around).counts().found == 1
    issuing.revoke(certificate, reason="Mixed up", by=boss.subject, at=at - DAY)
    assert Matrix(people, at, around).counts().found == 0
    (line,) = Matrix(people, at).rows(0, 25)
    (cell,) = [cell for cell in line.cells if cell is not None]
    assert (cell.status, cell.expires_on) == (Status.EXPIRED, None)
    told = transcript_of(row.learner, until=at, as_of=at.date(), organization=Organization.objects.get())
    words = str(told)
    assert "revoked on November 22, 2026: Mixed up" in words
    assert "Valid to" not in words
    leave = excepting.grant(row.learner, ExceptionKind.LEAVE, starts_on=at.date() - DAY, ends_on=None, reason="x", by=boss, at=at)  # fmt: skip
    assert Matrix(people, at, around).counts().found == 0
    ((line,), _) = (Matrix(people, at).rows(0, 25), leave)
    assert [(cell.status, cell.expires_on) for cell in line.cells if cell is not None] == [(Status.ON_LEAVE, None)]
    before = transcript_of(
        row.learner, until=at - 2 * DAY, as_of=(at - 2 * DAY).date(), organization=Organization.objects.get()
    )
    assert f"'Valid to', '{dates.long_date(year)}'" in str(before)


# --- a rule that was rewritten ----------------------------------------------------------------------------------------
def test_a_renewal_that_is_open_comes_under_the_newer_version(team: Team, course: Course, at: dt.datetime) -> None:
    person = factories.make_user(team=team)
    two_years = Renewal(RenewalKind.MONTHS, 24, window=60)
    rule = factories.make_requirement(course, at=at - 740 * DAY, renewal=two_years)
    factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 700 * DAY)
    cycles.reconcile_all(at=at)
    _, renewal = person.assignments.order_by("pk")
    assert renewal.renews_until_on is not None
    rewritten(rule, at, renewal=YEARLY)
    renewal.refresh_from_db()
    assert (renewal.rule.number if renewal.rule else 0) == 2
    course_page = client_of(person).get(reverse("course", args=[enrollment_of(renewal).public_id])).content.decode()
    ends = dates.add_months(renewal.renews_until_on, 12)
    factories.pass_unit(enrollment_of(renewal), at=at)
    assert Certificate.objects.latest("pk").expires_on == ends
    assert "24 months" not in course_page


def test_an_undone_extension_gives_the_date_back_to_the_rule_that_holds_now(
    team: Team, course: Course, at: dt.datetime
) -> None:
    person = factories.make_user(team=team)
    rule = factories.make_requirement(course, at=at)
    row = person.assignments.get()
    before = row.due_on
    move_due_date(row, before + 30 * DAY, reason="Shifts", by=SYSTEM, at=at)
    rewritten(rule, at, due=Due(days=60))
    row.refresh_from_db()
    assert (row.due_on, row.rule.number if row.rule else 0) == (before + 30 * DAY, 2), (
        "the date stays where somebody put it"
    )
    move_due_date(row, before, reason="Undone", by=SYSTEM, at=at, by_hand=False)
    cycles.reconcile_all(at=at)
    row.refresh_from_db()
    assert row.due_on == before + 30 * DAY, "60 days, as the rule says now"
    assert "dated" not in row.why
    assert cycles.reconcile_all(at=at) == 0


def test_why_speaks_of_the_rule_that_holds_now(team: Team, course: Course, at: dt.datetime) -> None:
    person = factories.make_user(team=team)
    rule = factories.make_requirement(course, at=at - 20 * DAY, renewal=YEARLY)
    row = person.assignments.get()
    factories.pass_unit(enrollment_of(row), at=at - 10 * DAY)
    ends = Certificate.objects.get().expires_on
    assert ends is not None
    assert f"renewed from {dates.long_date(ends - 60 * DAY)}" in str(why_of(Assignment.objects.get(pk=row.pk), at))
    rewritten(rule, at, renewal=Renewal(RenewalKind.MONTHS, 12, window=30))
    assert f"renewed from {dates.long_date(ends - 30 * DAY)}" in str(why_of(Assignment.objects.get(pk=row.pk), at))
    requiring.end(rule, reason="Over", by=User.objects.get(is_coordinator=True), at=at)
    assert "renewed from" not in str(why_of(Assignment.objects.get(pk=row.pk), at + DAY))


def test_the_list_of_requirements_counts_what_holds(team: Team, course: Course, at: dt.datetime) -> None:
    holds, ran_out, late, away = [factories.make_user(team=team) for _ in range(4)]
    factories.make_requirement(course, at=at - 60 * DAY, due=Due(days=20), renewal=Renewal(RenewalKind.MONTHS, 12))
    for person in (holds, ran_out):
        factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 50 * DAY)
    gone = at - 2 * DAY
    Certificate.objects.filter(enrollment__learner=ran_out).update(expires_on=gone.date(), expires_at=gone)
    today = dates.local_date(at, away.zone)
    excepting.grant(away, ExceptionKind.LEAVE, starts_on=today - 50 * DAY, ends_on=None, reason="x", by=factories.make_coordinator(), at=at)  # fmt: skip
    (row,) = list_rows(at)
    assert (row.held, row.late) == (1, 2), "the coordinator who made the rule is late too"
    assert late.assignments.get().due_at < at


# --- Today ------------------------------------------------------------------------------------------------------------
def decisions(boss: User, at: dt.datetime) -> list[tuple[str, str]]:
    found = today_of(boss, people_below(boss), at)
    return [(part.group.value, row.text) for part in found.parts for row in part.rows]


def test_who_is_back_from_leave_with_an_expired_certificate_is_listed(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    """The leave moved the date of the renewal, and nobody decided anything."""
    person = factories.make_user(team=team)
    factories.make_requirement(course, at=at - 380 * DAY, renewal=YEARLY)
    factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 362 * DAY)
    cycles.reconcile_all(at=at - 20 * DAY)
    today = dates.local_date(at, person.zone)
    excepting.grant(person, ExceptionKind.LEAVE, starts_on=today - 15 * DAY, ends_on=today + 14 * DAY, reason="x", by=boss, at=at - 15 * DAY)  # fmt: skip
    assert decisions(boss, at) == []
    back = at + 16 * DAY
    assert excepting.settle_ended(at=back) == 1
    row = person.assignments.latest("pk")
    assert row.due_at > back
    ((group, text),) = decisions(boss, back)
    assert group == "late"
    assert "ran out on" in text
    assert "because of a leave or an exemption" in str(why_of(row, back))
    move_due_date(row, row.due_on + DAY, reason="Agreed", by=SYSTEM, at=back)
    assert decisions(boss, back) == [], "somebody gave time"
    row.refresh_from_db()
    assert "The date was moved by a person" in str(why_of(row, back))


def test_a_renewal_under_a_rule_of_first_shifts_is_no_matter_of_a_shift(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    person = factories.make_user(team=team, first_shift_on=(at - 370 * DAY).date())
    factories.make_requirement(course, at=at - 380 * DAY, due=Due(DueKind.FIRST_SHIFT), renewal=YEARLY)
    factories.pass_unit(enrollment_of(person.assignments.get()), at=at - 375 * DAY)
    cycles.reconcile_all(at=at - 30 * DAY)
    ((group, text),) = decisions(boss, at)
    assert group == "late"
    assert "first shift" not in text


# --- the course page and mails ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("renewal", "says"), [(Renewal(RenewalKind.MONTHS, 36), 36), (Renewal(), None)])
def test_the_course_page_says_how_long_it_will_count_under_the_rule(
    team: Team, course: Course, renewal: Renewal, says: int | None
) -> None:
    now = clock.now()
    person = factories.make_user(team=team)
    factories.make_requirement(course, at=now - DAY, renewal=renewal)
    run = enrollment_of(person.assignments.get())
    client = client_of(person)
    page = client.get(reverse("course", args=[run.public_id])).content.decode()
    today = dates.local_date(now, person.zone)
    to = dates.long_date(dates.add_months(today, says)) if says else ""
    assert (f"Finish today, and it is valid to {to}" if says else "Does not expire") in page
    certificate = factories.pass_unit(run, at=now).certificate
    assert certificate is not None
    page = client.get(reverse("course", args=[run.public_id])).content.decode()
    assert (f"Valid to {to}" if says else "Does not expire") in page
    issuing.revoke(certificate, reason="x", by=person.subject, at=now)
    assert "<dd>Withdrawn</dd>" in client.get(reverse("course", args=[run.public_id])).content.decode()


@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_attempt_left_is_not_told_that_they_can_finish(team: Team, boss: User, at: dt.datetime) -> None:
    run = timed.enroll(at - 9 * DAY, factories.make_user("Used Up", team=team))
    timed.use_up(run, at - 2 * DAY)
    assert Enrollment.objects.get(pk=run.pk).attempts_used_at is not None
    row = run.assignments.get()
    letters = {}
    for moment in range(20):
        plan(at=at + moment * DAY)
        gather_and_deliver(at + moment * DAY)
    for mail in Message.objects.filter(recipient=run.learner, state="sent"):
        letters.update({occasion.kind: mail.body_text for occasion in mail.occasions.all()})
    told = {kind: text for kind, text in letters.items() if kind in ("due_soon", "overdue")}
    assert told, row.due_on
    spoken = Overdue().line(Occasion.objects.filter(kind="overdue")[0], at + 20 * DAY)
    assert spoken.endswith(
        "All attempts at one of its quizzes are used: please talk with your supervisor, who can open another one."
    )
    for text in told.values():
        assert re.search(r"All attempts at one of its\s+quizzes are used", text)
        assert "can still finish" not in text
        assert "minutes" not in text


# --- exceptions -------------------------------------------------------------------------------------------------------
def test_a_leave_that_was_ended_early_has_the_end_that_was_known_on_a_past_day(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    person = factories.make_user(team=team)
    today = dates.local_date(at, person.zone)
    with record.recorded_as_told():
        leave = excepting.grant(person, ExceptionKind.LEAVE, starts_on=today, ends_on=today + 40 * DAY, reason="x", by=boss, at=at)  # fmt: skip
        excepting.end(leave, reason="Back early", by=boss, at=at + 9 * DAY)
    (then,) = exceptions_of([person], until=at + 5 * DAY)
    assert (then.ends_on, then.ended_reason) == (today + 40 * DAY, "")
    (now,) = exceptions_of([person], until=at + 10 * DAY)
    assert (now.ends_on, now.ended_reason) == (today + 9 * DAY, "Back early")


def test_an_exception_that_never_began_says_so(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(factories.make_user(team=team), course, at=at)
    first = dates.local_date(at, row.learner.zone) + 20 * DAY
    leave = excepting.grant(row.learner, ExceptionKind.LEAVE, starts_on=first, ends_on=None, reason="Travel", by=boss, at=at)  # fmt: skip
    excepting.end(leave, reason="Stays", by=boss, at=at + DAY)
    assert f"Leave of absence: {dates.long_date(first)}, taken back before it began." in str(why_of(row, at + 30 * DAY))
