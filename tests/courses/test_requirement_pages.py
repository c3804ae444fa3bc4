"""The coordinator's pages of requirements and exceptions, and the answer to "Why?"."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from courses.enums import DueKind, ExceptionKind, RenewalKind
from courses.models import Assignment, Course, CoursePath, DutyException, Requirement
from courses.requirements.facts import Audience, Due, Renewal
from lms.people.models import User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(at: dt.datetime) -> Any:
    with time_machine.travel(at, tick=False):
        yield


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator(category="contractor")


@pytest.fixture
def desk(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Basics, yearly",
        "what": "",
        "reason": "The state asks for it.",
        "categories": ["volunteer"],
        "supervising": "",
        "people": "",
        "without_people": "",
        "due_kind": "after_assignment",
        "due_days": "21",
        "due_on": "",
        "grace_days": "14",
        "renewal_kind": "months",
        "renewal_months": "12",
        "renewal_month": "1",
        "renewal_day": "1",
        "window_days": "60",
        "active_from": "2026-11-23",
        "active_until": "",
        **changes,
    }


def test_from_the_editor_over_the_preview_to_switched_on(desk: Client, course: Course) -> None:
    learner = factories.make_user("Vi Novak", category="volunteer")
    answer = desk.post(reverse("add_requirement"), filled(what=f"course:{course.pk}"))
    rule = Requirement.objects.get()
    assert answer.headers["Location"] == reverse("preview_requirement", args=[rule.public_id])
    assert not Assignment.objects.exists()
    page = desk.get(answer.headers["Location"]).content.decode()
    assert (
        "All volunteers must hold Test course within 21 days after it is assigned and renew it every 12 months." in page
    )
    assert "Vi Novak" in page
    assert "Dec 14, 2026" in page
    assert "Switch on for 1 person" in page
    stale = desk.post(answer.headers["Location"], {"rule": "9"}, follow=True).content.decode()
    assert "newer version" in stale
    assert not Assignment.objects.exists()
    on = desk.post(answer.headers["Location"], {"rule": "1"}, follow=True).content.decode()
    assert "is switched on" in on
    assert Assignment.objects.get().learner == learner
    assert "Switched on" in desk.get(reverse("requirements")).content.decode()


def test_a_path_gives_each_of_its_courses(desk: Client, course: Course, at: dt.datetime) -> None:
    factories.make_course(slug="second", title="Second course", at=at)
    path = CoursePath.objects.create(
        slug="p", title="Start", audience="staff", position=1, courses=["test-course", "second"]
    )
    factories.make_user("Ann Lee", category="volunteer")
    desk.post(reverse("add_requirement"), filled(what=f"path:{path.pk}"))
    page = desk.get(reverse("preview_requirement", args=[Requirement.objects.get().public_id])).content.decode()
    assert "Gets 2 courses" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": []}, "This rule means nobody yet."),
        ({"what": ""}, "Choose a course or a path."),
        ({"name": " "}, "Give the requirement a name."),
        ({"reason": ""}, "Say why. People are shown it."),
        ({"due_kind": "fixed"}, "Choose the day on which it is due."),
        ({"due_kind": "fixed", "due_on": "soon"}, "Give the date as year-month-day"),
        ({"due_days": "many"}, "Give a whole number."),
        ({"active_until": "2026-11-01"}, "The last day is before the first day."),
        ({"renewal_months": ""}, "Give a number of months from 1"),
        ({"renewal_kind": "fixed", "renewal_month": "2", "renewal_day": "30"}, "There is no such day."),
        ({"window_days": "500"}, "Give a number of days from 0 to 180."),
        ({"people": "Nobody Known"}, "There is nobody called Nobody Known."),
    ],
)
def test_bad_input_says_what_to_do_and_loses_nothing(
    desk: Client, course: Course, changes: dict[str, Any], words: str
) -> None:
    answer = desk.post(reverse("add_requirement"), filled(**{"what": f"course:{course.pk}", **changes}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "Error: " in page
    if "reason" not in changes:
        assert "The state asks for it." in page
    assert not Requirement.objects.exists()


def test_who_cannot_be_dated_is_listed_in_preview_and_as_a_task(
    desk: Client, course: Course, coordinator: User
) -> None:
    rule = factories.make_requirement(course, by=coordinator, on=False, due=Due(DueKind.AFTER_HIRE, 30))
    factories.make_user("No Date")
    page = desk.get(reverse("preview_requirement", args=[rule.public_id])).content.decode()
    assert "No Date has no hire date, and this rule counts from it." in page
    assert "a date of theirs is missing" not in desk.get(reverse("people:overview")).content.decode()
    desk.post(reverse("preview_requirement", args=[rule.public_id]), {"rule": "1"})
    assert "a date of theirs is missing" in desk.get(reverse("people:overview")).content.decode()
    assert "No Date has no hire date" in desk.get(reverse("requirements")).content.decode()


def test_changing_and_ending(desk: Client, course: Course, coordinator: User) -> None:
    learner = factories.make_user("Ann Lee")
    rule = factories.make_requirement(course, by=coordinator)
    edit = reverse("edit_requirement", args=[rule.public_id])
    page = desk.get(edit).content.decode()
    assert 'value="30"' in page
    assert desk.post(edit, filled(categories=["staff"], due_days="60")).status_code == 302
    assert (
        "The due date moves for 1 person"
        in desk.get(reverse("preview_requirement", args=[rule.public_id])).content.decode()
    )
    assert "A newer version waits" in desk.get(reverse("requirement", args=[rule.public_id])).content.decode()
    desk.post(reverse("preview_requirement", args=[rule.public_id]), {"rule": "2"})
    assert Assignment.objects.get(learner=learner).due_on == dt.date(2027, 1, 22)
    end = reverse("end_requirement", args=[rule.public_id])
    assert "1 person has it to do now" in desk.get(end).content.decode()
    assert desk.post(end, {"reason": ""}).status_code == 422
    assert "has ended" in desk.post(end, {"reason": "Replaced"}, follow=True).content.decode()
    assert Assignment.objects.get(learner=learner).withdrawn_at is not None


def test_the_downloaded_list_is_the_preview(desk: Client, course: Course, coordinator: User) -> None:
    factories.make_user("=Ann Lee")
    rule = factories.make_requirement(course, by=coordinator, on=False)
    answer = desk.get(reverse("preview_list", args=[rule.public_id]))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "Name,Job role,Team,Site,What happens,Due,What is missing"
    assert lines[1].startswith("'=Ann Lee,")
    assert "Gets it" in lines[1]


@pytest.mark.parametrize("people", [3, 30])
def test_the_preview_page_asks_as_often_for_30_people_as_for_3(
    desk: Client, course: Course, coordinator: User, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rule = factories.make_requirement(course, by=coordinator, on=False)
    for _ in range(people):
        factories.make_user()
    address = reverse("preview_requirement", args=[rule.public_id])
    desk.get(address)
    with django_assert_num_queries(23):
        desk.get(address)


@pytest.mark.parametrize("rules", [1, 3])
def test_the_list_asks_as_often_for_3_rules_as_for_1(
    desk: Client, course: Course, coordinator: User, rules: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(rules):
        factories.make_requirement(course, by=coordinator, name=f"Rule {n}", due=Due(DueKind.AFTER_HIRE, 30))
    factories.make_user()
    desk.get(reverse("requirements"))
    with django_assert_num_queries(17):
        desk.get(reverse("requirements"))


def test_pages_are_the_coordinators(client: Client, course: Course, coordinator: User) -> None:
    rule = factories.make_requirement(course, by=coordinator, on=False)
    learner = factories.make_user()
    row = factories.make_assignment(learner, course)
    leave = DutyException.objects.create(
        learner=learner, kind=ExceptionKind.LEAVE, starts_on=dt.date(2026, 11, 1), starts_at=row.assigned_at,
        reason="x", approved_by="system", approved_at=row.assigned_at,
    )  # fmt: skip
    addresses = [
        reverse("requirements"),
        reverse("add_requirement"),
        *(reverse(name, args=[rule.public_id]) for name in ("requirement", "edit_requirement", "preview_requirement", "preview_list", "end_requirement")),
        reverse("grant_exception", args=[learner.public_id, "leave"]),
        reverse("end_exception", args=[leave.public_id]),
    ]  # fmt: skip
    for address in addresses:
        assert client.get(address).status_code == 302, address
    supervisor = factories.make_supervisor(factories.make_team())
    client.force_login(supervisor)
    for address in addresses:
        assert client.get(address).status_code == 404, address
    assert client.post(reverse("preview_requirement", args=[rule.public_id]), {"rule": "1"}).status_code == 404
    client.force_login(coordinator)
    unknown = uuid.uuid4()
    assert client.get(reverse("requirement", args=[unknown])).status_code == 404
    assert client.get(reverse("end_exception", args=[unknown])).status_code == 404
    assert client.get(reverse("grant_exception", args=[learner.public_id, "nonsense"])).status_code == 404


def test_exceptions_on_the_page_of_a_person(desk: Client, course: Course) -> None:
    row = factories.make_assignment(factories.make_user("Ann Lee"), course)
    person = reverse("people:person", args=[row.learner.public_id])
    address = reverse("grant_exception", args=[row.learner.public_id, "leave"])
    assert "No exemption, no leave" in desk.get(person).content.decode()
    wrong = desk.post(address, {"starts_on": "2026-11-23", "ends_on": "2026-11-01", "reason": "Family"})
    assert wrong.status_code == 422
    assert "The last day is before the first day" in wrong.content.decode()
    page = desk.post(
        address, {"starts_on": "2026-11-23", "ends_on": "", "reason": "Family"}, follow=True
    ).content.decode()
    assert "The leave is noted" in page
    assert "On leave" in page
    assert "approved by" in page
    leave = DutyException.objects.get()
    page = desk.post(reverse("end_exception", args=[leave.public_id]), {"reason": "Back"}, follow=True).content.decode()
    assert "It is ended" in page
    elsewhere = reverse("grant_exception", args=[row.learner.public_id, "prior_learning"])
    assert desk.post(elsewhere, {"starts_on": "2026-01-01", "reason": "County"}).status_code == 422
    sent = {
        "course": course.pk,
        "starts_on": "2026-01-01",
        "ends_on": "",
        "reason": "County",
        "evidence": "Seen on paper",
    }
    assert "Learned elsewhere" in desk.post(elsewhere, sent, follow=True).content.decode()
    row.refresh_from_db()
    assert row.satisfied_at is not None


def test_why_says_the_same_to_all_whom_it_concerns(client: Client, course: Course, coordinator: User) -> None:
    team = factories.make_team()
    learner = factories.make_user("Ann Lee", team=team, hire_date=dt.date(2026, 11, 20), job_role="Nurse")
    supervisor, other = factories.make_supervisor(team), factories.make_supervisor(factories.make_team("Other"))
    factories.make_requirement(
        course, by=coordinator, due=Due(DueKind.AFTER_HIRE, 30), renewal=Renewal(RenewalKind.MONTHS, 12, window=60),
        audience=Audience(job_roles=frozenset({"nurse"})),
    )  # fmt: skip
    row = Assignment.objects.get(learner=learner)
    address = reverse("why", args=[row.public_id])
    assert client.get(address).status_code == 302
    for viewer, code in (
        (learner, 200),
        (supervisor, 200),
        (coordinator, 200),
        (other, 404),
        (factories.make_user(), 404),
    ):
        client.force_login(viewer)
        answer = client.get(address)
        assert answer.status_code == code, viewer
        if code == 200:
            page = answer.content.decode()
            for words in (
                "All people who work as nurse must hold Test course within 30 days after the hire date",
                "30 days after the hire date, November 20, 2026.",
                "Another hire date would move the due date.",
                "Nurse",
                "Not started",
            ):
                assert words in page, (viewer, words)
    client.force_login(learner)
    assert address in client.get(reverse("my_training")).content.decode()
    client.force_login(supervisor)
    assert address in client.get(reverse("team")).content.decode()
