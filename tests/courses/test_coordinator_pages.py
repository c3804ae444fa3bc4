"""The coordinator's pages about courses: assign, move, withdraw, certificates, the site's own words."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.actions.site_words import enter_words
from courses.models import Assignment, Certificate, Course, SiteWords
from lms.lib import clock, dates
from lms.people.actions.people import change_person, deactivate
from lms.people.models import User
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from tests import factories
from tests.courses.pages import all_rows, client_of, finish

pytestmark = pytest.mark.django_db
HOSTILE = "<b hostile>Onboarding</b>"


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator()


@pytest.fixture
def desk(coordinator: User) -> Client:
    return client_of(coordinator)


@pytest.fixture
def course(coordinator: User) -> Course:
    return factories.make_course()


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return factories.make_assignment(factories.make_user("Maya Okafor"), course)


def text(response: Any) -> str:
    return str(response.content.decode())


def in_days(days: int) -> str:
    return str(dates.local_date(clock.now(), "America/Denver") + dt.timedelta(days=days))


def person_page(person: User) -> str:
    return reverse("people:person", args=[person.public_id])


# --- who -------------------------------------------------------------------------------------------------------------------
def test_the_pages_are_the_coordinators_alone(assignment: Assignment, coordinator: User) -> None:
    certificate = finish(assignment)
    urls = [
        reverse("assign", args=[assignment.learner.public_id]),
        reverse("change_assignment", args=[assignment.public_id]),
        reverse("withdraw", args=[assignment.public_id]),
        reverse("certificates"),
        reverse("revoke", args=[certificate.public_id]),
        reverse("reissue", args=[certificate.public_id]),
        reverse("site_words"),
        reverse("enter_site_words", args=["privacy"]),
    ]
    desk = client_of(coordinator)
    before = all_rows()
    for url in urls:
        answer = desk.get(url)
        assert answer.status_code == 200, url
        assert text(answer).count("<h1") == 1
        assert "sidenav" in text(answer)
    for other in (assignment.learner, factories.make_supervisor(factories.make_team())):
        client = client_of(other)
        for url in urls:
            assert client.get(url).status_code == 404, url
            assert client.post(url, {"reason": "x", "text": "x"}).status_code in (404, 405), url
    for url in urls:
        assert Client().get(url)["Location"].startswith(reverse("account_login"))
    after = all_rows()
    assert {k: v for k, v in after.items() if k not in CHANGED_BY_SETUP} == {
        k: v for k, v in before.items() if k not in CHANGED_BY_SETUP
    }


CHANGED_BY_SETUP = {"people.User", "people.Team", "people.Site", "people.Supervision"}


def test_posts_want_the_token(assignment: Assignment, coordinator: User) -> None:
    client = client_of(coordinator, enforce_csrf_checks=True)
    certificate = finish(factories.make_assignment(course=factories.make_course(factories.compiled_course("second"))))
    before = all_rows()
    for name, key in (
        ("assign", assignment.learner.public_id),
        ("withdraw", assignment.public_id),
        ("revoke", certificate.public_id),
    ):
        assert client.post(reverse(name, args=[key]), {"reason": "x"}).status_code == 403
    assert all_rows() == before


# --- assign ----------------------------------------------------------------------------------------------------------------
def test_assigning_a_course(desk: Client, course: Course, coordinator: User) -> None:
    person = factories.make_user("Ibrahim Al-Sayed")
    url = reverse("assign", args=[person.public_id])
    sent = {"course": course.pk, "due_on": in_days(16), "reason": HOSTILE}
    answer = desk.post(url, sent, follow=True)
    assert answer.redirect_chain == [(person_page(person), 302)]
    made = Assignment.objects.get(learner=person)
    assert (str(made.due_on), made.reason, made.assigned_by) == (in_days(16), HOSTILE, str(coordinator.subject))
    page = text(answer)
    assert "Test course is assigned to Ibrahim Al-Sayed. A mail tells them." in page
    assert "<b hostile>" not in page
    assert reverse("change_assignment", args=[made.public_id]) in page
    again = desk.post(url, sent)
    assert again.status_code == 422
    assert "already has Test course to do" in text(again)
    assert Assignment.objects.filter(learner=person).count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"due_on": ""}, "This field is required"),
        ({"due_on": "2026-13-45"}, "Give the date as year-month-day"),
        ({"due_on": "1999-01-01"}, "This day is over"),
        ({"due_on": "2999-01-01"}, "more than five years away"),
        ({"reason": ""}, "This field is required"),
        ({"reason": "   "}, "This field is required"),
        ({"course": "999999"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_assigned_is_said_and_nothing_typed_is_lost(
    change: dict[str, str], sentence: str, desk: Client, course: Course
) -> None:
    person = factories.make_user()
    sent = {"course": str(course.pk), "due_on": in_days(9), "reason": "Kept words", **change}
    answer = desk.post(reverse("assign", args=[person.public_id]), sent)
    page = text(answer)
    assert answer.status_code == 422
    assert sentence in page
    assert "<title>Error: " in page
    assert "data-takes-focus" in page
    assert "reason" in change or "Kept words" in page
    assert not Assignment.objects.exists()


def test_a_deactivated_person_gets_no_course(desk: Client, course: Course, coordinator: User) -> None:
    person = factories.make_user("Ibrahim Al-Sayed")
    deactivate(person, "Left", by=coordinator.subject, at=clock.now())
    answer = desk.post(
        reverse("assign", args=[person.public_id]), {"course": course.pk, "due_on": in_days(9), "reason": "x"}
    )
    assert answer.status_code == 422
    assert "Reactivate the person first" in text(answer)


def test_without_an_address_the_page_says_to_tell_them(desk: Client, course: Course) -> None:
    person = factories.make_user(email=None)
    url = reverse("assign", args=[person.public_id])
    assert "nothing is mailed" in text(desk.get(url))
    answer = desk.post(url, {"course": course.pk, "due_on": in_days(9), "reason": "x"}, follow=True)
    assert "please tell them" in text(answer)


# --- move and withdraw -------------------------------------------------------------------------------------------------------
def test_moving_a_due_date(desk: Client, assignment: Assignment) -> None:
    url = reverse("change_assignment", args=[assignment.public_id])
    assert str(assignment.due_on) in text(desk.get(url))
    answer = desk.post(url, {"due_on": in_days(40), "reason": "Covering two shifts"}, follow=True)
    assert answer.redirect_chain == [(person_page(assignment.learner), 302)]
    assignment.refresh_from_db()
    assert str(assignment.due_on) == in_days(40)
    assert assignment.due_at == dates.end_of_day(assignment.due_on, "America/Denver")
    assert TrainingEvent.objects.filter(kind=EventKind.ASSIGNMENT_MOVED).count() == 1
    assert desk.post(url, {"due_on": "2001-01-01", "reason": "x"}).status_code == 422


def test_withdrawing_twice_changes_once(desk: Client, assignment: Assignment) -> None:
    url = reverse("withdraw", args=[assignment.public_id])
    assert desk.post(url, {"reason": ""}).status_code == 422
    assert "is withdrawn" in text(desk.post(url, {"reason": "Another site"}, follow=True))
    assert "nothing was changed" in text(desk.post(url, {"reason": "Again"}, follow=True))
    assert TrainingEvent.objects.filter(kind=EventKind.ASSIGNMENT_WITHDRAWN).count() == 1
    assignment.refresh_from_db()
    assert assignment.withdrawn_reason == "Another site"


# --- the panel -----------------------------------------------------------------------------------------------------------------
def test_the_panel_of_a_person(desk: Client, assignment: Assignment) -> None:
    nobody = factories.make_user("New Person")
    assert "No course is assigned to this person." in text(desk.get(person_page(nobody)))
    page = text(desk.get(person_page(assignment.learner)))
    assert "Not started" in page
    assert "0 of 1 unit done" in page
    assert "Because: <bdi>Onboarding</bdi>" in page
    assert reverse("withdraw", args=[assignment.public_id]) in page
    certificate = finish(assignment)
    page = text(desk.get(person_page(assignment.learner)))
    assert reverse("certificate", args=[certificate.public_id]) in page
    assert reverse("withdraw", args=[assignment.public_id]) not in page


# --- certificates ----------------------------------------------------------------------------------------------------------------
def test_revoking_twice_changes_once(desk: Client, assignment: Assignment) -> None:
    certificate = finish(assignment)
    url = reverse("revoke", args=[certificate.public_id])
    assert desk.post(url, {"reason": " "}).status_code == 422
    assert "is revoked" in text(desk.post(url, {"reason": "Wrong person"}, follow=True))
    assert "nothing was changed" in text(desk.post(url, {"reason": "Again"}, follow=True))
    certificate.refresh_from_db()
    assert certificate.revoked_reason == "Wrong person"
    assert TrainingEvent.objects.filter(kind=EventKind.CERTIFICATE_REVOKED).count() == 1


def test_issuing_again_wants_a_changed_name(desk: Client, assignment: Assignment, coordinator: User) -> None:
    certificate = finish(assignment)
    url = reverse("reissue", args=[certificate.public_id])
    page = text(desk.get(url))
    assert "The name has not changed" in page
    assert reverse("people:edit_person", args=[assignment.learner.public_id]) in page
    assert desk.post(url, {"reason": "Name"}).status_code == 422
    change_person(assignment.learner, by=coordinator.subject, at=clock.now(), name="Maya Lindqvist")
    answer = desk.post(url, {"reason": "Married"}, follow=True)
    new = Certificate.objects.get(supersedes=certificate)
    assert answer.redirect_chain == [(reverse("certificate", args=[new.public_id]), 302)]
    assert f"Certificate {new.number} replaces {certificate.number}" in text(answer)
    assert desk.post(url, {"reason": "Once more"}).status_code == 422


@pytest.mark.parametrize("search", ["maya", "AR-", "test course", "\0", "%", "x" * 500])
def test_the_list_of_certificates_can_be_searched(search: str, desk: Client, assignment: Assignment) -> None:
    certificate = finish(assignment)
    answer = desk.get(reverse("certificates"), {"search": search, "page": "zzz"})
    assert answer.status_code == 200
    assert (certificate.number in text(answer)) == (search not in ("%", "x" * 500))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_three_as_for_one(
    count: int, desk: Client, course: Course, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        finish(factories.make_assignment(factories.make_user(), course))
    with django_assert_num_queries(6):
        desk.get(reverse("certificates"))


# --- the site's own words ----------------------------------------------------------------------------------------------------------
def test_entering_words_keeps_every_version(desk: Client, course: Course, coordinator: User) -> None:
    url = reverse("enter_site_words", args=["privacy"])
    assert "Empty" in text(desk.get(reverse("site_words")))
    assert "Places in courses that wait" in text(desk.get(reverse("people:overview")))
    assert "Stored." in text(desk.post(url, {"text": "Ask Dana."}, follow=True))
    desk.post(url, {"text": "Ask Dana."})
    desk.post(url, {"text": "Ask Ruth."})
    assert list(SiteWords.objects.order_by("number").values_list("number", "text")) == [
        (1, "Ask Dana."),
        (2, "Ask Ruth."),
    ]
    assert "Ask Ruth." in text(desk.get(reverse("site_words")))
    assert "Places in courses that wait" not in text(desk.get(reverse("people:overview")))
    assert desk.post(url, {"text": "x" * 2001}).status_code == 422


def test_emptied_words_count_as_empty(desk: Client, course: Course, coordinator: User) -> None:
    enter_words("privacy", "Ask Dana.", by=coordinator.subject, at=clock.now())
    desk.post(reverse("enter_site_words", args=["privacy"]), {"text": " "})
    assert "Empty" in text(desk.get(reverse("site_words")))
    assert "Places in courses that wait" in text(desk.get(reverse("people:overview")))


def test_a_slot_that_no_course_has_is_not_here(desk: Client, course: Course) -> None:
    assert desk.get(reverse("enter_site_words", args=["overdose"])).status_code == 404
    assert desk.post(reverse("enter_site_words", args=["overdose"]), {"text": "x"}).status_code == 404
    assert not SiteWords.objects.exists()
