"""The practice questions of a unit, which give nothing away, and the place that is remembered."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Enrollment, ShownSiteWords, UnitProgress
from lms.record.enums import EventKind
from lms.record.models import TrainingEvent
from tests import factories
from tests.courses.pages import all_rows, client_of, stop_at

pytestmark = pytest.mark.django_db

RIGHT, WRONG = "SENTINEL-RIGHT-FEEDBACK", "SENTINEL-WRONG-FEEDBACK"


def course_with_practice(*, multiple: bool = False) -> Any:
    compiled = factories.compiled_course()
    block = next(b for b in compiled.units[0].blocks if b["type"] == "practice")
    block["multiple"] = multiple
    block["options"] = [
        {"html": "Alpha.", "right": False, "feedback_html": f"<p>{WRONG}-0</p>"},
        {"html": "Beta.", "right": True, "feedback_html": f"<p>{RIGHT}-1</p>"},
        {"html": "Gamma.", "right": multiple, "feedback_html": f"<p>{RIGHT if multiple else WRONG}-2</p>"},
    ]
    return factories.make_course(compiled)


@pytest.fixture
def enrollment() -> Enrollment:
    return factories.make_enrollment(factories.make_user(), course_with_practice())


def practice(enrollment: Enrollment, number: int = 1) -> str:
    return reverse("practice", args=[enrollment.public_id, "unit-1", number])


def place(enrollment: Enrollment) -> str:
    return reverse("place", args=[enrollment.public_id, "unit-1"])


def unit(enrollment: Enrollment) -> str:
    return reverse("unit", args=[enrollment.public_id, "unit-1"])


# --- practice ------------------------------------------------------------------------------------------------------------
def test_before_choosing_the_page_gives_nothing_away(enrollment: Enrollment) -> None:
    page = client_of(enrollment.learner).get(unit(enrollment)).content.decode()
    assert "Beta." in page
    assert "SENTINEL" not in page
    question = page[page.index('id="practice-1"') : page.index("Check my answer")]
    assert not re.search(r"right|correct|checked", question)


@pytest.mark.parametrize(("choice", "seen", "word"), [("1", f"{RIGHT}-1", "Right."), ("0", f"{WRONG}-0", "Not yet.")])
def test_feedback_comes_only_for_what_was_chosen(choice: str, seen: str, word: str, enrollment: Enrollment) -> None:
    page = client_of(enrollment.learner).post(practice(enrollment), {"choice": choice}).content.decode()
    assert page.count("SENTINEL") == 1
    assert seen in page
    assert f"<b>{word}" in page
    assert "checked" in page
    assert "data-takes-focus" in page


def test_of_several_choices_a_single_choice_question_takes_one(enrollment: Enrollment) -> None:
    page = client_of(enrollment.learner).post(practice(enrollment), {"choice": ["0", "1", "2"]}).content.decode()
    assert page.count("SENTINEL") == 1


def test_a_multiple_choice_question_says_that_more_fits() -> None:
    enrollment = factories.make_enrollment(factories.make_user(), course_with_practice(multiple=True))
    client = client_of(enrollment.learner)
    half = client.post(practice(enrollment), {"choice": ["1"]}).content.decode()
    assert "There is more that fits." in half
    assert f"{RIGHT}-2" not in half
    whole = client.post(practice(enrollment), {"choice": ["1", "2"]}).content.decode()
    assert "There is more that fits." not in whole
    assert whole.count("SENTINEL") == 2


@pytest.mark.parametrize("sent", [{}, {"choice": "9"}, {"choice": "-1"}, {"choice": "x"}, {"choice": "\u0661"}])
def test_without_a_known_choice_the_page_asks_for_one(sent: dict[str, str], enrollment: Enrollment) -> None:
    page = client_of(enrollment.learner).post(practice(enrollment), sent).content.decode()
    assert "Choose an answer first" in page
    assert "SENTINEL" not in page


def test_practice_is_stored_nowhere(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    before = all_rows()
    client.post(practice(enrollment), {"choice": "1"})
    assert all_rows() == before


def test_an_unknown_practice_question_is_not_here(enrollment: Enrollment) -> None:
    assert client_of(enrollment.learner).post(practice(enrollment, 7), {"choice": "1"}).status_code == 404
    assert client_of(enrollment.learner).get(practice(enrollment)).status_code == 405


# --- place -----------------------------------------------------------------------------------------------------------------
def test_the_script_gets_204_and_the_place_is_kept(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    answer = client.post(place(enrollment), {"place": "section-second-part"}, headers={"Accept": "application/json"})
    assert answer.status_code == 204
    assert UnitProgress.objects.get().place == "section-second-part"
    assert "You stopped at “Second part”" in client.get(unit(enrollment)).content.decode()
    enrollment.refresh_from_db()
    assert enrollment.started_at is not None


def test_a_form_without_script_comes_back_to_the_place(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    answer = client.post(place(enrollment), {"place": "section-second-part"}, headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 302
    assert answer["Location"] == unit(enrollment) + "#section-second-part"
    assert "Your place is kept" in client.get(unit(enrollment)).content.decode()


@pytest.mark.parametrize("unknown", ["section-nowhere", "<script>", "x" * 5000, "term-moud"])
def test_an_unknown_place_is_ignored(unknown: str, enrollment: Enrollment) -> None:
    stop_at(enrollment, 1, 1)
    client = client_of(enrollment.learner)
    before = all_rows()
    assert client.post(place(enrollment), {"place": unknown}).status_code == 204
    assert client.post(place(enrollment), {"place": unknown}, headers={"Accept": "text/html"})["Location"] == unit(
        enrollment
    )
    assert all_rows() == before


def test_an_empty_place_says_that_the_unit_was_opened_once(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner)
    for _ in range(2):
        assert client.post(place(enrollment), {"place": ""}).status_code == 204
    progress = UnitProgress.objects.get()
    assert progress.place == ""
    assert TrainingEvent.objects.filter(kind=EventKind.COURSE_STARTED).count() == 1
    assert not ShownSiteWords.objects.exists()


def test_nobody_else_can_move_a_place_or_try_a_question(enrollment: Enrollment) -> None:
    before_urls = (place(enrollment), practice(enrollment))
    for other in (factories.make_user(), factories.make_coordinator()):
        client = client_of(other)
        before = all_rows()
        for url in before_urls:
            assert client.post(url, {"place": "section-second-part", "choice": "1"}).status_code == 404
        assert all_rows() == before
    for url in before_urls:
        assert Client().post(url).status_code == 302


def test_posts_want_the_token(enrollment: Enrollment) -> None:
    client = client_of(enrollment.learner, enforce_csrf_checks=True)
    assert client.post(place(enrollment), {"place": "section-second-part"}).status_code == 403
    assert client.post(practice(enrollment), {"choice": "1"}).status_code == 403
    assert not UnitProgress.objects.exists()
