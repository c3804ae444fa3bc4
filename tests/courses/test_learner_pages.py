"""My training, a course and a unit: who may see them, what they say, and that looking changes nothing."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.actions import assigning
from courses.actions.site_words import enter_words
from courses.models import Course, Enrollment, UnitProgress
from lms.lib import clock, dates
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.actions import attempts
from tests import factories
from tests.courses.pages import all_rows, client_of, enrollment_of, finish, stop_at

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><b hostile>'


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Okafor")


@pytest.fixture
def enrollment(learner: User) -> Enrollment:
    return factories.make_enrollment(learner, factories.make_course(units=3))


def unit_url(enrollment: Enrollment, position: int = 1) -> str:
    return reverse("unit", args=[enrollment.public_id, enrollment.version.units.get(position=position).slug])


def text(response: Any) -> str:
    return str(response.content.decode())


# --- who ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["course", "unit"])
def test_a_page_of_an_enrollment_is_its_learners_alone(page: str, enrollment: Enrollment) -> None:
    url = reverse("course", args=[enrollment.public_id]) if page == "course" else unit_url(enrollment)
    assert client_of(enrollment.learner).get(url).status_code == 200
    for other in (
        factories.make_user(),
        factories.make_coordinator(),
        factories.make_supervisor(factories.make_team()),
    ):
        assert client_of(other).get(url).status_code == 404
    stranger = Client().get(url)
    assert stranger.status_code == 302
    assert stranger["Location"].startswith(reverse("account_login"))


def test_my_training_asks_a_stranger_to_sign_in() -> None:
    factories.make_organization()
    assert Client().get(reverse("my_training")).status_code == 302


def test_a_unit_of_another_course_is_not_here(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    assert client.get(reverse("unit", args=[enrollment.public_id, "no-such-unit"])).status_code == 404


def test_the_pages_are_read_and_never_posted_to(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    for url in (reverse("my_training"), reverse("course", args=[enrollment.public_id]), unit_url(enrollment)):
        assert client.post(url).status_code == 405


# --- my training -------------------------------------------------------------------------------------------------------
def test_nothing_assigned_yet(learner: User) -> None:
    page = text(client_of(learner).get(reverse("my_training")))
    assert "Nothing is assigned to you yet" in page
    assert page.count("<h1") == 1


def test_the_next_step_is_one_link_to_the_remembered_place(enrollment: Enrollment) -> None:
    stop_at(enrollment, 1, 1)
    response = client_of(enrollment.learner).get(reverse("my_training"))
    page = text(response)
    assert f'href="{unit_url(enrollment)}#section-second-part"' in page
    assert "You stopped at “Second part”" in page
    assert page.count('class="panel ') == 1
    due = response.context["training"].next.assignment.due_on
    assert f"{due:%A}, {due:%B} {due.day}, end of day (Denver time)" in page


def test_after_the_quiz_was_begun_the_quiz_is_the_next_step(enrollment: Enrollment) -> None:
    unit = enrollment.version.units.get(position=1)
    attempts.start(enrollment, unit, at=clock.now())
    page = text(client_of(enrollment.learner).get(reverse("my_training")))
    assert "Go on with the quiz" in page
    assert f'href="{reverse("quiz", args=[enrollment.public_id, unit.slug])}"' in page


def test_what_is_late_is_said_kindly(learner: User) -> None:
    factories.make_assignment(learner, factories.make_course(), at=clock.now() - dt.timedelta(days=20))
    page = text(client_of(learner).get(reverse("my_training")))
    assert "One course is past its due date." in page
    assert "This was due on" in page
    assert "It still counts when you finish it now." in page


def test_a_course_that_opens_later_stands_apart(learner: User) -> None:
    now = clock.now()
    opens = now.date() + dt.timedelta(days=10)
    course = factories.make_course(title="Winter course")
    assigning.assign(
        learner, course, due_on=opens + dt.timedelta(days=9), opens_on=opens, reason="Winter", by=SYSTEM, at=now
    )
    page = text(client_of(learner).get(reverse("my_training")))
    assert "Nothing to do now" in page
    assert "Opens later" in page
    assert f"Opens {opens:%B} {opens.day}, {opens.year}" in page


def test_all_done_shows_the_certificate(learner: User) -> None:
    certificate = finish(factories.make_assignment(learner, factories.make_course()))
    page = text(client_of(learner).get(reverse("my_training")))
    assert "All done for now" in page
    assert reverse("certificate", args=[certificate.public_id]) in page
    assert "certificate valid to" in page


def test_a_certificate_that_ran_out_is_not_called_done(learner: User) -> None:
    then = clock.now() - dt.timedelta(days=3 * 365)
    finish(factories.make_assignment(learner, factories.make_course(), at=then), at=then)
    page = text(client_of(learner).get(reverse("my_training")))
    assert "All done" not in page
    assert "A certificate of yours ran out" in page
    assert "Expired" in page


def test_used_up_attempts_lead_to_a_person(enrollment: Enrollment) -> None:
    Enrollment.objects.filter(pk=enrollment.pk).update(attempts_used_at=clock.now(), started_at=clock.now())
    page = text(client_of(enrollment.learner).get(reverse("my_training")))
    assert "Please talk with your supervisor" in page
    assert "Start reading" not in page


def test_a_withdrawn_course_is_gone_from_my_training_and_says_so_on_its_page(enrollment: Enrollment) -> None:
    assignment = enrollment.assignments.get()
    assigning.withdraw(assignment, reason="Another site", by=SYSTEM, at=clock.now())
    client = client_of(enrollment.learner)
    assert "Nothing is assigned to you yet" in text(client.get(reverse("my_training")))
    assert "not assigned to you now" in text(client.get(reverse("course", args=[enrollment.public_id])))


def test_it_says_who_assigned_and_why(learner: User) -> None:
    coordinator = factories.make_coordinator()
    now = clock.now()
    assigning.assign(
        learner,
        factories.make_course(),
        due_on=now.date() + dt.timedelta(days=9),
        reason="Asked for",
        by=coordinator.subject,
        at=now,
    )
    client = client_of(learner)
    enrollment = Enrollment.objects.get()
    for url in (reverse("my_training"), reverse("course", args=[enrollment.public_id])):
        page = text(client.get(url))
        assert "<bdi>Priya Raman</bdi> assigned it to you." in page
        assert "<bdi>Asked for</bdi>" in page


# --- course ------------------------------------------------------------------------------------------------------------
def test_the_course_page_shows_done_now_and_to_come(enrollment: Enrollment) -> None:
    factories.pass_unit(enrollment, 1)
    stop_at(enrollment, 2, 1)
    page = text(client_of(enrollment.learner).get(reverse("course", args=[enrollment.public_id])))
    assert page.count('class="is-done"') == 1
    assert page.count('aria-current="step"') == 1
    assert "Quiz passed</a>, 3 of 3" in page
    assert "You stopped at “Second part”" in page
    assert f'href="{unit_url(enrollment, 2)}#section-second-part"' in page
    assert "80 percent right passes" in page
    to = dates.add_months(dates.local_date(clock.now(), enrollment.learner.zone), 24)
    assert f"Finish today, and it is valid to {dates.long_date(to)}" in page


# --- unit --------------------------------------------------------------------------------------------------------------
def test_the_unit_shows_aims_contents_sources_and_the_way_to_the_quiz(learner: User) -> None:
    compiled = factories.compiled_course(notice="Not medical advice.")
    compiled.units[0].glossary = [
        {
            "id": "moud",
            "term": "Medication",
            "short": "MOUD",
            "definition_html": "A <em>name</em>.",
            "see": ["other", "gone"],
        },
        {"id": "other", "term": "Other", "short": None, "definition_html": "Something else.", "see": []},
    ]
    compiled.units[0].sources = [
        {"id": "KW", "name": "Kelly", "year": "2010", "url": "https://example.org/kw", "checked": None}
    ]
    compiled.units[0].blocks.insert(
        3,
        {
            "type": "html",
            "html": '<p><a class="term" href="#term-moud">MOUD</a> <a class="source" href="#source-KW">Kelly</a></p>',
        },
    )
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    stop_at(enrollment, 1, 1)
    page = text(client_of(learner).get(unit_url(enrollment)))
    assert "Find the right person." in page
    assert "T-1.1" not in page
    assert "T-U1" not in page
    assert 'You stopped at “Second part”. <a href="#section-second-part">Go on there</a>' in page
    assert page.count('href="#section-first-part"') == 2
    assert 'id="term-moud"' in page
    assert '<a href="#term-other">Other</a>.' in page
    assert 'id="source-KW"' in page
    assert 'href="https://example.org/kw" rel="noopener noreferrer external"' in page
    assert page.count('href="#section-second-part" data-back>') == 2
    assert "Not medical advice." in page
    assert f"Edition {enrollment.version.edition}" in page
    assert "Ready for the quiz?" in page
    assert reverse("quiz", args=[enrollment.public_id, "unit-1"]) in page


def test_a_completed_unit_leads_to_the_next(enrollment: Enrollment) -> None:
    factories.pass_unit(enrollment, 1)
    page = text(client_of(enrollment.learner).get(unit_url(enrollment)))
    assert "You have completed this unit" in page
    assert f'href="{unit_url(enrollment, 2)}"' in page
    assert "keep-place" not in page


def test_an_empty_slot_says_so_and_a_filled_one_shows_the_words_escaped(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    assert "Your site has not entered its own words here yet." in text(client.get(unit_url(enrollment)))
    enter_words("privacy", f"Ask Dana.\n{HOSTILE}", by=enrollment.learner.subject, at=clock.now())
    page = text(client.get(unit_url(enrollment)))
    assert "not entered" not in page
    assert "<p>Ask Dana.<br>&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_learner_keeps_the_edition_that_was_started(enrollment: Enrollment) -> None:
    stop_at(enrollment, 1, 0)
    changed = factories.compiled_course(units=3)
    changed.units[0].blocks[0] = {"type": "html", "html": "<p>A later edition.</p>"}
    factories.make_course(changed)
    page = text(client_of(enrollment.learner).get(unit_url(enrollment)))
    assert "A later edition." not in page
    assert "Some words to read." in page


# --- what a page may not do ----------------------------------------------------------------------------------------------
def test_names_and_reasons_are_escaped(learner: User) -> None:
    User.objects.filter(pk=learner.pk).update(name=f"{HOSTILE} Okafor")
    learner.refresh_from_db()
    now = clock.now()
    course = factories.make_course()
    Course.objects.update(title=HOSTILE)
    assigning.assign(learner, course, due_on=now.date() + dt.timedelta(days=9), reason=HOSTILE, by=SYSTEM, at=now)
    enrollment = Enrollment.objects.get()
    client = client_of(learner)
    for url in (reverse("my_training"), reverse("course", args=[enrollment.public_id]), unit_url(enrollment)):
        page = text(client.get(url))
        assert "<script>alert" not in page
        assert "<b hostile>" not in page


def test_reading_pages_changes_no_row(learner: User) -> None:
    started = factories.make_enrollment(learner, factories.make_course(units=2))
    stop_at(started, 1, 1)
    certificate = finish(factories.make_assignment(learner, factories.make_course(factories.compiled_course("second"))))
    client = client_of(learner)
    before = all_rows()
    urls = [
        reverse("my_training"),
        reverse("course", args=[started.public_id]),
        unit_url(started, 1),
        unit_url(started, 2),
        reverse("certificate", args=[certificate.public_id]),
        reverse("certificate_preview", args=[certificate.public_id]),
        reverse("verify_ask"),
        reverse("verify", args=[certificate.code]),
        reverse("help"),
    ]
    for url in urls:
        assert client.get(url).status_code == 200, url
    assert all_rows() == before


@pytest.mark.parametrize("courses", [1, 3])
def test_my_training_asks_as_often_for_three_courses_as_for_one(
    courses: int, learner: User, django_assert_num_queries: Any
) -> None:
    for n in range(courses):
        enrollment_of(
            factories.make_assignment(learner, factories.make_course(factories.compiled_course(f"course-{n}", units=2)))
        )
        finish(factories.make_assignment(learner, factories.make_course(factories.compiled_course(f"done-{n}"))))
    client = client_of(learner)
    with django_assert_num_queries(11):
        client.get(reverse("my_training"))


@pytest.mark.parametrize("units", [1, 3])
def test_a_course_asks_as_often_for_three_units_as_for_one(
    units: int, learner: User, django_assert_num_queries: Any
) -> None:
    enrollment = factories.make_enrollment(learner, factories.make_course(units=units))
    for position in range(1, units + 1):
        stop_at(enrollment, position, 1)
    client = client_of(learner)
    with django_assert_num_queries(13):
        client.get(reverse("course", args=[enrollment.public_id]))


@pytest.mark.parametrize("units", [1, 3])
def test_a_unit_asks_as_often_in_a_course_of_three_as_of_one(
    units: int, learner: User, django_assert_num_queries: Any
) -> None:
    enrollment = factories.make_enrollment(learner, factories.make_course(units=units))
    stop_at(enrollment, 1, 1)
    client, url = client_of(learner), unit_url(enrollment)
    with django_assert_num_queries(10):
        client.get(url)
    assert UnitProgress.objects.count() == 1


@pytest.mark.parametrize("who", ["signed in", "stranger"])
def test_help_is_for_everyone(who: str, learner: User) -> None:
    client = client_of(learner) if who == "signed in" else Client()
    page = text(client.get(reverse("help")))
    assert "988" in page
    assert "911" in page
    assert "Whom to ask" in page
