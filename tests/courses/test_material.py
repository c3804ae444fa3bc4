"""A material change of a course: who holds an older edition, asking them again, and leaving it."""

import dataclasses
import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from courses.actions import batches, cycles, excepting, reopening
from courses.enums import DueKind, EditionChoice, ExceptionKind, RenewalKind, RowState, Status
from courses.models import Assignment, Batch, Certificate, Course, CourseVersion, EditionDecision
from courses.panels import undecided_editions
from courses.queries.editions import counts_of, material_edition
from courses.queries.orders import Order, preview_of
from courses.queries.status import with_status
from courses.queries.why import why_of
from courses.reminders.assigned import CourseAssigned
from courses.requirements.facts import Due, Renewal
from courses.requirements.planning import Act, step
from lms.outbox.models import Occasion
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from lms.record.queries import faults
from tests import factories
from tests.courses.requirements.test_planning import ANN, RULE, TODAY, YEARLY, duty

pytestmark = pytest.mark.django_db
FIRST = {"date": "2026-01-01", "kind": "material", "note": "First edition."}
NOTE = "Give the second dose after two minutes, not three."
SECOND = {"date": "2026-11-20", "kind": "material", "note": NOTE}


@pytest.fixture(autouse=True)
def _clock(at: dt.datetime) -> Any:
    with time_machine.travel(at, tick=False):
        yield


@pytest.fixture
def before(at: dt.datetime) -> dt.datetime:
    return at - dt.timedelta(days=40)


@pytest.fixture
def course(before: dt.datetime) -> Course:
    return factories.make_course(changes=[FIRST], at=before)


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator(category="contractor")


def changed(at: dt.datetime, pool: int = 10, **more: Any) -> CourseVersion:
    course = factories.make_course(changes=[FIRST, SECOND], pool=pool, at=at, **more)
    assert course.current is not None
    found = material_edition(course.current)
    assert found is not None
    return found


def holder(name: str, course: Course, at: dt.datetime, **user: Any) -> User:
    """Somebody who was assigned the course by hand, and passed it."""
    who = factories.make_user(name, **user)
    factories.pass_unit(factories.make_enrollment(who, course, at=at), at=at)
    return who


def ruled(name: str, at: dt.datetime, **user: Any) -> User:
    """Somebody of whom the requirement asks it, and who passed it."""
    who = factories.make_user(name, **user)
    cycles.reconcile(who, at=at)
    row = Assignment.objects.get(learner=who)
    assert row.enrollment is not None
    factories.pass_unit(row.enrollment, at=at)
    return who


def ask(edition: CourseVersion, by: User, at: dt.datetime, **days: Any) -> Batch:
    batch = batches.make(
        Order("reopen", edition.course, edition=edition, **(days or {"days": 30})),
        {"holds_before": edition.number},
        reason="The guideline has changed",
        by=by,
        at=at,
        also=lambda made: reopening.decide_to_ask(edition, made, by=by, at=at),
    )
    batches.work(batch.pk, at=at)
    batch.refresh_from_db()
    return batch


def duties(who: User, at: dt.datetime) -> list[tuple[int, str, int]]:
    rows = with_status(Assignment.objects.filter(learner=who, withdrawn_at__isnull=True), at).order_by("cycle")
    return [(row.cycle, row.status, row.enrollment.version.number) for row in rows if row.enrollment]  # type: ignore[attr-defined]


@pytest.mark.both_db
def test_each_holder_gets_the_next_cycle_on_the_new_edition_and_keeps_the_certificate(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    requirement = factories.make_requirement(course, by=coordinator, at=before)
    ann = ruled("Ann Lee", before)
    bo = holder("Bo Ray", course, before, category="volunteer")
    edition = changed(at)
    assert (counts_of(edition, at).by_requirement, counts_of(edition, at).by_hand) == (1, 1)
    printed = list(Certificate.objects.order_by("pk").values())
    batch = ask(edition, coordinator, at)
    for who in (ann, bo):
        assert duties(who, at) == [(1, Status.COMPLETE, 1), (2, Status.NOT_STARTED, 2)]
    assert list(Certificate.objects.order_by("pk").values()) == printed
    mine = Assignment.objects.get(learner=ann, cycle=2)
    assert (mine.requirement, mine.rule, mine.due_on) == (requirement, requirement.current, dt.date(2026, 12, 23))
    assert Assignment.objects.get(learner=bo, cycle=2).requirement is None
    assert mine.reason == f"What this course teaches has changed: {NOTE}"
    occasion = Occasion.objects.get(recipient=ann, ref=str(mine.public_id))
    assert occasion.kind == "course_assigned"
    assert CourseAssigned().still_wanted(occasion, at) is None
    assert cycles.reconcile_all(at=at) == 0, "what was opened is kept"
    decision = EditionDecision.objects.get()
    assert (decision.version, decision.choice, decision.batch) == (edition, EditionChoice.ASK, batch)
    told = TrainingEvent.objects.get(kind=EventKind.EDITION_DECIDED)
    assert told.subject == coordinator.subject
    assert json.loads(told.payload)["choice"] == "ask"
    with pytest.raises(ValidationError, match="Nobody"):
        ask(edition, coordinator, at)
    assert Assignment.objects.filter(cycle=2).count() == 2, "twice is once"
    assert mine.enrollment is not None
    later = at + dt.timedelta(days=1)
    factories.pass_unit(mine.enrollment, at=later)
    assert cycles.reconcile_all(at=later) == 0
    assert counts_of(edition, later).people == 0
    assert not [*faults(ann.subject), *faults(coordinator.subject)]


def test_undoing_takes_back_what_nobody_has_begun(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    factories.make_requirement(course, by=coordinator, at=before)
    ann = ruled("Ann Lee", before)
    edition = changed(at)
    batch = ask(edition, coordinator, at)
    batches.undo(batch, reason="A mistake", by=coordinator, at=at)
    batches.work(batch.pk, at=at)
    assert batch.rows.get().state == RowState.UNDONE
    assert duties(ann, at) == [(1, Status.COMPLETE, 1)]
    assert cycles.reconcile_all(at=at) == 0


def test_a_minor_change_asks_nobody(course: Course, coordinator: User, before: dt.datetime, at: dt.datetime) -> None:
    holder("Ann Lee", course, before)
    minor = {"date": "2026-11-20", "kind": "minor", "note": "A comma."}
    course = factories.make_course(changes=[FIRST, minor], pool=10, at=at)
    assert course.current is not None
    assert material_edition(course.current) is None
    with pytest.raises(ValidationError, match="did not change what is taught"):
        reopening.leave(course.current, reason="x", by=coordinator, at=at)


def test_a_later_minor_edition_does_not_hide_the_material_one(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    ann = holder("Ann Lee", course, before)
    changed(at)
    again = changed(at, pool=11)
    assert again.number == 2
    ask(again, coordinator, at)
    assert duties(ann, at)[1] == (2, Status.NOT_STARTED, 3), "the current edition"


def test_who_is_left_out_and_why(course: Course, coordinator: User, before: dt.datetime, at: dt.datetime) -> None:
    holder("Ann Lee", course, before)
    exempt = holder("Bo Ray", course, before)
    excepting.grant(
        exempt, ExceptionKind.EXEMPTION, starts_on=at.date(), ends_on=None, reason="x", course=course, by=coordinator, at=at
    )  # fmt: skip
    gone = holder("Cy Cook", course, before)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    ran_out = holder("Di Day", course, before)
    Certificate.objects.filter(enrollment__learner=ran_out).update(
        expires_on=at.date() - dt.timedelta(days=2), expires_at=at - dt.timedelta(days=1)
    )
    revoked = holder("Ed Eve", course, before)
    Certificate.objects.filter(enrollment__learner=revoked).update(revoked_at=at)
    away = holder("Flo Fry", course, before)
    excepting.grant(
        away, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=dt.date(2026, 12, 31), reason="x", by=coordinator, at=at
    )
    edition = changed(at)
    holder("Gus Gee", edition.course, at)
    preview = preview_of(Order("reopen", edition.course, edition=edition, days=30), {}, at)
    found = {row.user.name: row.skip for row in preview.rows}
    assert found == {"Ann Lee": "", "Bo Ray": "Exempt.", "Flo Fry": ""}
    ask(edition, coordinator, at)
    occasion = Occasion.objects.get(recipient=away, key__startswith="course_assigned", ref=str(
        Assignment.objects.get(learner=away, cycle=2).public_id
    ))  # fmt: skip
    assert CourseAssigned().still_wanted(occasion, at) == "The person is exempt or on leave."
    back = dt.datetime(2027, 1, 2, 17, tzinfo=dt.UTC)
    excepting.settle_ended(at=back)
    assert Assignment.objects.get(learner=away, cycle=2).due_on == dt.date(2027, 1, 31), "the days that were left"


def test_somebody_whose_renewal_is_open_has_it_already_and_nobody_gets_longer_than_the_renewal(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    renewal = Renewal(RenewalKind.MONTHS, 2, window=14)  # passed October 14, so it ends on December 14
    factories.make_requirement(course, by=coordinator, at=before, renewal=renewal, grace=5)
    ann = ruled("Ann Lee", before)
    edition = changed(at)
    batch = ask(edition, coordinator, at, days=200)
    assert batch.rows.get(learner=ann).state == RowState.DONE
    assert Assignment.objects.get(learner=ann, cycle=2).due_on == dt.date(2026, 12, 19)
    for days in range(0, 60, 7):
        assert cycles.reconcile_all(at=at + dt.timedelta(days=days)) == 0


def test_a_renewal_that_is_open_is_not_asked_beside(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    factories.make_requirement(
        course, by=coordinator, at=before, renewal=Renewal(RenewalKind.MONTHS, 2, window=28), grace=5
    )
    ruled("Ann Lee", before)
    cycles.reconcile_all(at=at)
    edition = changed(at)
    (row,) = preview_of(Order("reopen", edition.course, edition=edition, days=30), {}, at).rows
    assert row.skip == "Has it to do already, due Dec 19, 2026."


@given(
    rule_number=st.integers(1, 3),
    moved=st.booleans(),
    yearly=st.booleans(),
    hired=st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)) | st.none(),
    later=st.integers(0, 800),
    due_in=st.integers(0, 400),
)
def test_the_rule_keeps_what_was_asked_again(
    rule_number: int, moved: bool, yearly: bool, hired: dt.date | None, later: int, due_in: int
) -> None:
    """Whatever facts or rules change, and however much time passes: it stays open, on its date, until it is done."""
    rule = dataclasses.replace(YEARLY if yearly else RULE, number=rule_number)
    person = dataclasses.replace(ANN, hire_date=hired)
    due_on = TODAY + dt.timedelta(days=due_in)
    asked = duty(cycle=2, reopened=True, moved=moved, due_on=due_on)
    found = step(rule, person, "c", duty=asked, holding=None, today=TODAY + dt.timedelta(days=later))
    assert (found.act, found.due_on) == (Act.KEEP if rule_number == asked.rule else Act.FOLLOW, due_on)


def test_leaving_it_is_decided_once(course: Course, coordinator: User, before: dt.datetime, at: dt.datetime) -> None:
    ann = holder("Ann Lee", course, before)
    edition = changed(at)
    with pytest.raises(ValidationError, match="Say why"):
        reopening.leave(edition, reason=" ", by=coordinator, at=at)
    reopening.leave(edition, reason="Told in the meeting", by=coordinator, at=at)
    with pytest.raises(ValidationError, match="decided before"):
        reopening.leave(edition, reason="Again", by=coordinator, at=at)
    with pytest.raises(ValidationError, match="leave it as it is"):
        ask(edition, coordinator, at)
    assert not Batch.objects.exists()
    assert len(duties(ann, at)) == 1
    assert TrainingEvent.objects.filter(kind=EventKind.EDITION_DECIDED).count() == 1


def test_why_says_what_has_changed(course: Course, coordinator: User, before: dt.datetime, at: dt.datetime) -> None:
    ann = holder("Ann Lee", course, before)
    ask(changed(at), coordinator, at)
    rows = Assignment.objects.select_related("learner__site", "course", "enrollment", "accepted", "requirement", "rule")
    why = why_of(rows.get(learner=ann, cycle=2), at)
    assert why.state[0].startswith(f"Edition 2 changed what is taught: {NOTE} Edition 1 was completed before")
    assert "because what is taught has changed" in why.due


def test_why_does_not_say_that_a_hire_date_moves_what_it_leaves_alone(
    course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
) -> None:
    factories.make_requirement(course, by=coordinator, at=before, due=Due(DueKind.AFTER_HIRE, 30))
    ann = ruled("Ann Lee", before, hire_date=before.date())
    ask(changed(at), coordinator, at)
    User.objects.filter(pk=ann.pk).update(hire_date=before.date() + dt.timedelta(days=20))
    assert cycles.reconcile_all(at=at) == 0
    for cycle, said in ((1, True), (2, False)):
        row = Assignment.objects.get(learner=ann, cycle=cycle)
        assert ("Another hire date would move the due date." in why_of(row, at).changes) is said


class TestPages:
    def test_from_the_card_to_the_batch(
        self, client: Client, course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
    ) -> None:
        ann = holder("Ann Lee", course, before)
        page = reverse("desk_course", args=[course.slug])
        client.force_login(coordinator)
        assert "changed what is taught" not in client.get(page).content.decode()
        edition = changed(at)
        shown = client.get(page).content.decode()
        assert NOTE in shown
        assert "1 person holds an older edition" in shown
        assert "Changed: decide who takes it again" in client.get(reverse("desk_courses")).content.decode()
        assert undecided_editions(at).number == 1
        address = reverse("ask_again", args=[edition.public_id])
        assert address in shown
        shown = client.get(address).content.decode()
        assert "Ask 1 person to take it again" in shown
        assert "Holds edition 1 (assigned by hand)." in shown
        nonsense = client.get(address, {"due_on": "2026-11-01", "days": ""})
        assert nonsense.status_code == 422
        assert "This day is over" in nonsense.content.decode()
        asked = f"{address}?due_on=2026-12-24&days="
        shown = client.get(asked).content.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="(seen|key)" value="([^"]+)"', shown))
        assert client.post(asked, {**hidden, "reason": ""}).status_code == 422
        assert not Batch.objects.exists()
        answer = client.post(asked, {**hidden, "reason": "New guideline"})
        batch = Batch.objects.get()
        assert answer.headers["Location"] == reverse("batch", args=[batch.public_id])
        assert (
            client.post(asked, {**hidden, "reason": "New guideline"}).headers["Location"] == answer.headers["Location"]
        )
        batches.work(batch.pk, at=at)
        assert "Ask again for Test course, due on December 24, 2026" in client.get(reverse("batches")).content.decode()
        shown = client.get(answer.headers["Location"] + "?show=all").content.decode()
        assert "people who hold an edition before 2" in shown
        assert "Asked again, due December 24, 2026." in shown
        assert "People are asked again" in client.get(page).content.decode()
        assert undecided_editions(at).number == 0
        assert (
            "is withdrawn from 1 person" in client.get(reverse("undo_batch", args=[batch.public_id])).content.decode()
        )
        client.force_login(ann)
        assert (
            NOTE
            in client.get(
                reverse("why", args=[Assignment.objects.get(learner=ann, cycle=2).public_id])
            ).content.decode()
        )

    def test_leaving(
        self, client: Client, course: Course, coordinator: User, before: dt.datetime, at: dt.datetime
    ) -> None:
        holder("Ann Lee", course, before)
        edition = changed(at)
        client.force_login(coordinator)
        address = reverse("leave_edition", args=[edition.public_id])
        assert "1 person holds" in client.get(address).content.decode()
        assert client.post(address, {"reason": ""}).status_code == 422
        shown = client.post(address, {"reason": "Told in the meeting"}, follow=True).content.decode()
        assert "Left as it is" in shown
        assert "Told in the meeting" in shown
        for name in ("ask_again", "leave_edition"):
            assert client.get(reverse(name, args=[edition.public_id])).status_code == 302

    def test_nobody_else_comes_here(
        self, client: Client, course: Course, before: dt.datetime, at: dt.datetime, coordinator: User
    ) -> None:
        ann = holder("Ann Lee", course, before)
        edition = changed(at)
        team = factories.make_team()
        for who in (ann, factories.make_user("Bo Ray"), factories.make_supervisor(team)):
            client.force_login(who)
            for name in ("ask_again", "leave_edition"):
                assert client.get(reverse(name, args=[edition.public_id])).status_code == 404
                assert client.post(reverse(name, args=[edition.public_id]), {"reason": "x"}).status_code == 404
        client.force_login(coordinator)
        old = course.versions.get(number=1)
        for name in ("ask_again", "leave_edition"):
            assert client.get(reverse(name, args=[old.public_id])).status_code == 404, "not a material change"
        assert client.get(reverse("write_batch", args=["reopen"])).status_code == 404

    @pytest.mark.parametrize("number", [1, 3])
    def test_queries(
        self,
        client: Client,
        course: Course,
        coordinator: User,
        before: dt.datetime,
        at: dt.datetime,
        number: int,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        factories.make_requirement(course, by=coordinator, at=before)
        for n in range(number):
            ruled(f"Person {n}", before)
        edition = changed(at)
        client.force_login(coordinator)
        with django_assert_num_queries(17):
            client.get(reverse("ask_again", args=[edition.public_id]))
        with django_assert_num_queries(20):
            client.get(reverse("desk_course", args=[course.slug]))
