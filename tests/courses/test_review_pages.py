"""The coordinator's pages about courses: the list, one course, reading it, approving, accepting, waiving."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.actions import reviewing
from courses.actions.paths import store_paths
from courses.actions.publishing import publish
from courses.actions.site_words import enter_words, waive_slot
from courses.authoring.compiled import CompiledPath
from courses.enums import ReviewRole
from courses.models import Assignment, Course, CourseAcceptance, CourseApproval, CourseVersion, SlotWaiver
from lms.lib import clock, dates
from lms.people.models import User
from quizzes.actions.storing import store_quiz
from tests import factories
from tests.courses.pages import all_rows, client_of

pytestmark = pytest.mark.django_db
HOSTILE = "<b hostile>A pilot</b>"


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator()


@pytest.fixture
def desk(coordinator: User) -> Client:
    return client_of(coordinator)


@pytest.fixture
def version(coordinator: User) -> CourseVersion:
    return current(factories.make_course())


def current(course: Course) -> CourseVersion:
    found = Course.objects.select_related("current__course").get(pk=course.pk).current
    assert found is not None
    return found


def text(response: Any) -> str:
    return str(response.content.decode())


def course_page(version: CourseVersion) -> str:
    return reverse("desk_course", args=[version.course.slug])


def approved(version: CourseVersion, by: User, role: ReviewRole = ReviewRole.CLINICIAN) -> CourseApproval:
    return reviewing.approve(version, reviewer=by, role=role, note="Read it all", at=clock.now())


GOOD = {"role": "clinician", "note": HOSTILE, "read": "on"}


# --- who -------------------------------------------------------------------------------------------------------------------
def test_the_pages_are_the_coordinators_alone(version: CourseVersion, coordinator: User) -> None:
    now = clock.now()
    acceptance = reviewing.accept_unreviewed(version, reason="Pilot", by=coordinator, at=now)
    approval = approved(version, coordinator)
    learner = factories.make_user()
    factories.make_assignment(learner, version.course)
    boss = factories.make_supervisor(factories.make_team())
    unit = version.units.get()
    pages = [
        reverse("desk_courses"),
        course_page(version),
        reverse("desk_unit", args=[version.course.slug, unit.slug]),
        reverse("desk_questions", args=[version.course.slug, unit.slug]),
        reverse("approve", args=[version.public_id]),
        reverse("accept", args=[version.public_id]),
        reverse("withdraw_approval", args=[approval.public_id]),
        reverse("end_acceptance", args=[acceptance.public_id]),
        reverse("waive_slot", args=["privacy"]),
    ]
    desk = client_of(coordinator)
    strangers = [client_of(learner), client_of(boss)]
    before = all_rows()
    for url in pages:
        answer = desk.get(url)
        assert answer.status_code == 200, url
        assert text(answer).count("<h1") == 1, url
    for client in strangers:
        for url in pages:
            assert client.get(url).status_code == 404, url
            assert client.post(url, {**GOOD, "reason": "x"}).status_code in (404, 405), url
    for url in pages:
        assert Client().get(url)["Location"].startswith(reverse("account_login"))
    assert all_rows() == before


def test_what_is_not_there(desk: Client, version: CourseVersion) -> None:
    Course.objects.create(slug="unpublished", title="Unpublished", created_at=clock.now())
    nobody = uuid.uuid4()
    for url in (
        reverse("desk_course", args=["nothing"]),
        reverse("desk_course", args=["unpublished"]),
        reverse("desk_unit", args=["test-course", "nothing"]),
        reverse("desk_questions", args=["test-course", "nothing"]),
        reverse("approve", args=[nobody]),
        reverse("accept", args=[nobody]),
        reverse("withdraw_approval", args=[nobody]),
        reverse("end_acceptance", args=[nobody]),
        reverse("waive_slot", args=["overdose"]),
        reverse("end_waiver", args=["privacy"]),
    ):
        assert desk.get(url).status_code == 404, url
        assert desk.post(url, {**GOOD, "reason": "x"}).status_code in (404, 405), url


def test_posts_want_the_token(version: CourseVersion, coordinator: User) -> None:
    client = client_of(coordinator, enforce_csrf_checks=True)
    before = all_rows()
    for name, key in (("approve", version.public_id), ("accept", version.public_id), ("waive_slot", "privacy")):
        assert client.post(reverse(name, args=[key]), {**GOOD, "reason": "x"}).status_code == 403
    assert all_rows() == before


# --- the list --------------------------------------------------------------------------------------------------------------
def test_the_list_says_what_stands_where(desk: Client, version: CourseVersion, coordinator: User) -> None:
    factories.make_assignment(factories.make_user(), version.course)
    store_paths([CompiledPath("first-day", "First day", "volunteer", ["test-course"])], at=clock.now())
    page = text(desk.get(reverse("desk_courses")))
    for words in (
        f"Edition {version.edition}",
        "1 unit",
        "1 person has it to do",
        "Pending review",
        "1 empty place",
        "Some courses are not ready",
        "First day",
        "For: volunteer",
    ):
        assert words in page, words
    assert 'aria-current="page"' in page
    reviewing.accept_unreviewed(version, reason="Pilot", by=coordinator, at=clock.now())
    assert "Accepted without approval" in text(desk.get(reverse("desk_courses")))
    approved(version, coordinator)
    approved(version, factories.make_coordinator(name="Omar Haddad"), ReviewRole.EDITOR)
    enter_words("privacy", "Ask Ines.", by=coordinator.subject, at=clock.now())
    page = text(desk.get(reverse("desk_courses")))
    assert "Approved" in page
    for gone in ("Pending", "empty place", "not ready"):
        assert gone not in page


def test_only_open_duties_of_active_people_count(desk: Client, version: CourseVersion) -> None:
    done = factories.make_enrollment(course=version.course)
    factories.pass_unit(done)
    withdrawn = factories.make_assignment(factories.make_user(), version.course)
    Assignment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=clock.now())
    gone = factories.make_assignment(factories.make_user(), version.course).learner
    User.objects.filter(pk=gone.pk).update(is_active=False)
    factories.make_assignment(factories.make_user(), version.course)
    factories.make_assignment(factories.make_user(), version.course)
    assert "2 people have it to do" in text(desk.get(reverse("desk_courses")))


def test_an_empty_list(desk: Client) -> None:
    assert "No course is published yet" in text(desk.get(reverse("desk_courses")))


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_of_the_pages(count: int, desk: Client, coordinator: User, django_assert_num_queries: Any) -> None:
    other = factories.make_coordinator(name="Omar Haddad")
    courses = [factories.make_course(factories.compiled_course(f"course-{n}", units=count)) for n in range(count)]
    for course in courses:
        approved(current(course), coordinator)
        approved(current(course), other, ReviewRole.EDITOR)
        factories.make_assignment(factories.make_user(), course)
        store_paths([CompiledPath(c.slug, c.title, "staff", [c.slug]) for c in courses], at=clock.now())
    unit = current(courses[0]).units.order_by("position")[0]
    desk.get(reverse("desk_courses"))
    with django_assert_num_queries(12):
        desk.get(reverse("desk_courses"))
    with django_assert_num_queries(12):
        desk.get(reverse("desk_course", args=["course-0"]))
    with django_assert_num_queries(9):
        desk.get(reverse("desk_unit", args=["course-0", unit.slug]))
    with django_assert_num_queries(7):
        desk.get(reverse("desk_questions", args=["course-0", unit.slug]))
    desk.get(reverse("assign", args=[other.public_id]))  # from here on it is noted that they looked
    with django_assert_num_queries(14):
        desk.get(reverse("assign", args=[other.public_id]))


# --- reading ---------------------------------------------------------------------------------------------------------------
def test_reading_as_a_coordinator_shows_all_and_records_nothing(desk: Client, version: CourseVersion) -> None:
    before = all_rows()
    unit = version.units.get()
    page = text(desk.get(reverse("desk_unit", args=["test-course", unit.slug])))
    assert "Some words to read." in page
    assert "Yes. Listening comes first." in page
    assert "Not yet. Listen first." in page
    assert "<form" not in page.split("<article")[1].split("</article>")[0]
    assert "reader.js" not in page
    assert "T-U1" not in page
    assert reverse("desk_questions", args=["test-course", unit.slug]) in page
    pool = text(desk.get(reverse("desk_questions", args=["test-course", unit.slug])))
    assert pool.count("<article") == 9
    assert "Each learner gets 3 of these 9" in pool
    assert "Right. That is the role." in pool
    assert "Advice belongs to others." in pool
    assert "Your answer" not in pool
    assert "You did not answer" not in pool
    assert all_rows() == before


# --- approving -------------------------------------------------------------------------------------------------------------
def test_two_people_approve(desk: Client, version: CourseVersion, coordinator: User) -> None:
    url = reverse("approve", args=[version.public_id])
    answer = desk.post(url, GOOD, follow=True)
    assert answer.redirect_chain == [(course_page(version), 302)]
    page = text(answer)
    assert "Your approval of Test course is stored." in page
    assert "so far 1 person has" in page
    assert "<b hostile>" not in page
    assert url not in page
    again = desk.post(url, GOOD)
    assert again.status_code == 422
    assert "You have approved this edition already" in text(again)
    other = client_of(factories.make_coordinator(name="Omar Haddad"))
    page = text(other.post(url, {**GOOD, "role": "lived_experience"}, follow=True))
    assert "Approved by 2 people." in page
    assert "Person with lived experience" in page
    assert [(a.reviewer.name, a.role) for a in CourseApproval.objects.all()] == [
        (coordinator.name, "clinician"),
        ("Omar Haddad", "lived_experience"),
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"role": ""}, "This field is required"),
        ({"role": "king"}, "Select a valid choice"),
        ({"read": ""}, "Read the units and the questions first"),
        ({"note": "x" * 501}, "at most 500 characters"),
    ],
)
def test_an_approval_that_is_not_complete(
    change: dict[str, str], sentence: str, desk: Client, version: CourseVersion
) -> None:
    answer = desk.post(reverse("approve", args=[version.public_id]), {**GOOD, "note": "Kept words", **change})
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "<title>Error:" in text(answer)
    assert change.get("note", "Kept words") in text(answer)
    assert not CourseApproval.objects.exists()


def test_an_older_edition_is_not_approved_by_mistake(desk: Client, version: CourseVersion) -> None:
    url = reverse("approve", args=[version.public_id])
    publish(factories.compiled_course(summary="Other words."), at=clock.now(), store_quiz=store_quiz)
    assert "There is a newer edition" in text(desk.get(url))
    answer = desk.post(url, GOOD)
    assert answer.status_code == 422
    assert "A newer edition was published in the meantime" in text(answer)
    assert not CourseApproval.objects.exists()


def test_withdrawing_an_approval(desk: Client, version: CourseVersion) -> None:
    row = approved(version, factories.make_coordinator(name="Omar Haddad"))
    url = reverse("withdraw_approval", args=[row.public_id])
    assert url in text(desk.get(course_page(version)))
    assert desk.post(url, {"reason": " "}).status_code == 422
    page = text(desk.post(url, {"reason": HOSTILE}, follow=True))
    assert "The approval by Omar Haddad is withdrawn." in page
    assert "so far nobody has" in page
    assert "Every decision about this edition" in page
    assert "&lt;b hostile&gt;" in page
    assert "was withdrawn before" in text(desk.post(url, {"reason": "Twice"}, follow=True))
    assert CourseApproval.objects.count() == 2


# --- accepting -------------------------------------------------------------------------------------------------------------
def test_accepting_and_ending_it(desk: Client, version: CourseVersion, coordinator: User) -> None:
    url = reverse("accept", args=[version.public_id])
    assert url in text(desk.get(course_page(version)))
    assert desk.post(url, {"reason": ""}).status_code == 422
    page = text(desk.post(url, {"reason": HOSTILE}, follow=True))
    assert "accepted without approval" in page
    assert "&lt;b hostile&gt;" in page
    assert url not in page
    again = desk.post(url, {"reason": "Twice"})
    assert (again.status_code, "accepted already" in text(again)) == (422, True)
    acceptance = CourseAcceptance.objects.get()
    assert acceptance.accepted_by == coordinator
    end = reverse("end_acceptance", args=[acceptance.public_id])
    assert end in page
    assert desk.post(end, {"reason": ""}).status_code == 422
    page = text(desk.post(end, {"reason": "Pilot is over"}, follow=True))
    assert "no longer accepted" in page
    assert "Pilot is over" in page
    assert "Pending review" in page
    assert url in page
    assert "was ended before" in text(desk.post(end, {"reason": "Twice"}, follow=True))


# --- places for site words ---------------------------------------------------------------------------------------------------
def test_waiving_a_place_and_ending_it(desk: Client, version: CourseVersion, coordinator: User) -> None:
    url, end = reverse("waive_slot", args=["privacy"]), reverse("end_waiver", args=["privacy"])
    assert url in text(desk.get(course_page(version)))
    assert url in text(desk.get(reverse("enter_site_words", args=["privacy"])))
    assert desk.post(url, {"reason": ""}).status_code == 422
    page = text(desk.post(url, {"reason": HOSTILE}, follow=True))
    assert "may stay empty" in page
    assert "Waived" in page
    assert "&lt;b hostile&gt;" in page
    assert "Places in courses that wait" not in text(desk.get(reverse("people:overview")))
    assert desk.get(url)["Location"] == end
    assert end in text(desk.get(course_page(version)))
    assert end in text(desk.get(reverse("enter_site_words", args=["privacy"])))
    assert desk.get(end).status_code == 200
    assert desk.post(end, {"reason": ""}).status_code == 422
    page = text(desk.post(end, {"reason": "Words come"}, follow=True))
    assert "asks for your site&#x27;s words again" in page
    assert SlotWaiver.objects.get().ended_reason == "Words come"
    assert "Places in courses that wait" in text(desk.get(reverse("people:overview")))
    waive_slot("privacy", reason="Again", by=coordinator, at=clock.now())
    enter_words("privacy", "Ask Ines.", by=coordinator.subject, at=clock.now())
    assert "Entered" in text(desk.get(course_page(version)))


# --- assigning -------------------------------------------------------------------------------------------------------------
def in_days(days: int) -> str:
    return str(dates.local_date(clock.now(), "America/Denver") + dt.timedelta(days=days))


def test_outside_production_the_form_marks_and_assigns(desk: Client, version: CourseVersion) -> None:
    person = factories.make_user()
    url = reverse("assign", args=[person.public_id])
    page = text(desk.get(url))
    assert "Test course (not ready)" in page
    assert "This is not a production system" in page
    assert course_page(version) in page
    answer = desk.post(url, {"course": version.course.pk, "due_on": in_days(9), "reason": "Onboarding"})
    assert answer.status_code == 302
    assert Assignment.objects.filter(learner=person).count() == 1


def test_in_production_the_form_refuses_in_words(
    desk: Client, version: CourseVersion, coordinator: User, settings: Any
) -> None:
    settings.PRODUCTION = True
    person = factories.make_user()
    url = reverse("assign", args=[person.public_id])
    sent = {"course": version.course.pk, "due_on": in_days(9), "reason": "Kept words"}
    assert "Test course (cannot be required yet)" in text(desk.get(url))
    answer = desk.post(url, sent)
    page = text(answer)
    assert answer.status_code == 422
    for words in ("cannot be required of people yet", "Edition 1 is not approved.", "is empty.", "Kept words"):
        assert words in page, words
    assert f'<a href="{course_page(version)}">Go to Test course</a>' in page
    assert not Assignment.objects.exists()
    reviewing.accept_unreviewed(version, reason="Pilot", by=coordinator, at=clock.now())
    waive_slot("privacy", reason="Comes in May", by=coordinator, at=clock.now())
    assert "cannot be required" not in text(desk.get(url))
    assert desk.post(url, sent).status_code == 302
    assert Assignment.objects.filter(learner=person).count() == 1


def test_learners_see_nothing_of_reviews(version: CourseVersion) -> None:
    enrollment = factories.make_enrollment(course=version.course)
    client = client_of(enrollment.learner)
    unit = version.units.get()
    for url in (
        reverse("my_training"),
        reverse("course", args=[enrollment.public_id]),
        reverse("unit", args=[enrollment.public_id, unit.slug]),
    ):
        page = text(client.get(url))
        for word in ("Pending", "approve", "accepted", "Waive", "/coordinator/"):
            assert word not in page, (url, word)
