"""What happens around a learner in the middle of a quiz: the session ends, a response is lost, the quiz is edited or goes, the person
moves or leaves. Rows F18 and F22 of reliability.md, section 5, as far as no browser is needed."""

import datetime as dt
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client

from courses.actions import assigning
from courses.models import Course
from lms.lib import clock
from lms.people.actions import people
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.actions import attempts, closing
from quizzes.models import Attempt, Response
from tests import factories
from tests.conftest import CONTENT
from tests.quizzes import sittings
from tests.quizzes.abuse.conftest import rows_of, timed_course
from tests.quizzes.kinds import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist", team=factories.make_team("Eastgate day team"))


@pytest.fixture
def mine(client: Client, learner: User) -> Client:
    client.force_login(learner)
    return client


@pytest.fixture
def attempt(learner: User) -> Attempt:
    enrollment = factories.make_enrollment(learner, factories.make_course(timed_course()))
    return attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())


def store(client: Client, response: Response, revision: int = 0, **changed: Any) -> Any:
    data = {**sittings.fields(response), **changed, "revision": str(revision)}
    return client.post(sittings.url(response, "answer/"), data)


def responses(attempt: Attempt) -> list[Response]:
    return list(attempt.responses.select_related("question", "attempt").order_by("position"))


def hand_in(client: Client, attempt: Attempt) -> Attempt:
    assert client.post(f"/attempts/{attempt.public_id}/hand-in/", follow=True).status_code == 200
    attempt.refresh_from_db()
    return attempt


# --- F18 ---------------------------------------------------------------------------------------------------------------
def test_the_session_ends_in_the_middle(learner: User, attempt: Attempt) -> None:
    """Over HTTP with CSRF on: the save is refused, nothing of it is stored, one signs in on the page and sends the same again."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(learner)
    first, second, *_ = responses(attempt)
    token = strict.get("/form-token/").json()["token"]
    said = strict.post(
        sittings.url(first, "answer/"), {**sittings.fields(first), "revision": "0"}, headers={"X-CSRFToken": token}
    )
    assert said.status_code == 200
    Session.objects.all().delete()
    body = {**sittings.fields(second), "revision": "0"}
    refused = strict.post(sittings.url(second, "answer/"), body, headers={"X-CSRFToken": token})
    assert refused.status_code == 401
    assert Response.objects.get(pk=second.pk).revision == 0
    state = strict.get("/form-token/").json()
    assert (state["signed_in"], state["person"]) == (False, "")
    signed = strict.post(
        "/account/login/",
        {"login": learner.email, "password": factories.PASSWORD},
        headers={"X-CSRFToken": state["token"], "X-Requested-With": "XMLHttpRequest", "Accept": "application/json"},
    )
    assert signed.status_code == 200
    token = strict.get("/form-token/").json()["token"]
    assert strict.post(sittings.url(second, "answer/"), body, headers={"X-CSRFToken": token}).status_code == 200
    kept = {r.position: r.revision for r in responses(attempt)}
    assert (kept[1], kept[2]) == (1, 1)
    assert strict.post(f"/attempts/{attempt.public_id}/hand-in/", headers={"X-CSRFToken": token}).status_code == 302
    attempt.refresh_from_db()
    assert attempt.right == 2


def test_the_session_ends_without_script_and_before_the_hand_in(mine: Client, learner: User, attempt: Attempt) -> None:
    first = responses(attempt)[0]
    assert store(mine, first).status_code == 200
    Session.objects.all().delete()
    lost = mine.post(sittings.url(first), {**sittings.fields(first), "revision": "1", "go": "next"})
    assert lost["Location"] == f"/account/login/?next={sittings.url(first)}"
    where = f"/attempts/{attempt.public_id}/hand-in/"
    assert mine.post(where)["Location"] == f"/account/login/?next={where}"
    attempt.refresh_from_db()
    assert attempt.state == "in_progress"
    mine.force_login(learner)
    assert "1 of 8 stored" in mine.get(sittings.url(first)).content.decode()


@pytest.mark.parametrize("slug", sittings.KINDS)
def test_a_response_lost_after_the_commit_is_sent_again(mine: Client, attempt: Attempt, slug: str) -> None:
    """The tab knows nothing of its first save: the same body again gets the first receipt; what was changed meanwhile comes after."""
    response = sittings.response_of(attempt, slug)
    lost = store(mine, response).json()
    for _ in range(3):
        assert store(mine, response).json() == lost
    cleared = mine.post(sittings.url(response, "answer/"), {"revision": str(lost["revision"])}).json()
    assert (cleared["revision"], cleared["given"]) == (2, False)
    late = store(mine, response)
    assert late.status_code == 409, "the old one arrives last: it does not come back to life"
    assert Response.objects.get(pk=response.pk).answer is None


def test_a_lost_response_to_the_start_and_to_the_hand_in(mine: Client, learner: User) -> None:
    enrollment = factories.make_enrollment(learner, factories.make_course())
    where = f"/courses/{enrollment.public_id}/units/unit-1/quiz/"
    assert {mine.post(where)["Location"] for _ in range(4)} == {
        f"/attempts/{Attempt.objects.get().public_id}/questions/1/"
    }
    attempt = Attempt.objects.get()
    handed = {mine.post(f"/attempts/{attempt.public_id}/hand-in/")["Location"] for _ in range(4)}
    assert handed == {f"/attempts/{attempt.public_id}/result/"}
    assert Attempt.objects.count() == 1


def test_two_devices(learner: User, attempt: Attempt) -> None:
    """The second device is told what the first one stored, and may then decide; the other questions are nobody's loss."""
    phone, desk = Client(), Client()
    for device in (phone, desk):
        device.force_login(learner)
    single = sittings.response_of(attempt, "single_choice")
    assert store(phone, single, choice="0").status_code == 200
    assert store(desk, single, choice="1").status_code == 409
    page = desk.get(sittings.url(single)).content.decode()
    assert 'value="0" checked' in page
    assert store(desk, single, revision=1, choice="1").status_code == 200
    assert store(phone, single, revision=1, choice="2").status_code == 409
    hand_in(phone, attempt)
    assert store(desk, single, revision=2, choice="2").status_code == 410
    assert Response.objects.get(pk=single.pk).answer == {"choice": 1}


# --- F22 ---------------------------------------------------------------------------------------------------------------
def test_the_quiz_is_edited_in_the_middle(mine: Client, attempt: Attempt) -> None:
    """Other keys, another time limit, other rules: the attempt that began goes on, is graded and explained by what it began with."""
    before = rows_of(attempt)
    pages = [sittings.without_token(mine.get(sittings.url(r)).content) for r in responses(attempt)]
    newer = sittings.course_of_all_kinds(planted=True, pass_mark=10, attempts=1, summary="A new edition")
    newer.units[0].quiz["rules"] = {"time_limit_minutes": 1}
    factories.make_course(newer)
    assert Course.objects.get(slug="all-kinds").current != attempt.enrollment.version
    assert rows_of(attempt) == before
    with time_machine.travel(attempt.started_at + dt.timedelta(minutes=20), tick=False):
        mine.force_login(attempt.enrollment.learner)
        for response in responses(attempt):
            assert store(mine, response).status_code == 200
        hand_in(mine, attempt)
    assert (attempt.right, attempt.passed, attempt.pass_mark) == (8, True, 80)
    result = mine.get(f"/attempts/{attempt.public_id}/result/").content.decode()
    assert samples.SENTINEL not in result
    assert len(pages) == 8


def test_the_course_is_deleted_from_the_files_in_the_middle(mine: Client, learner: User, tmp_path: Path) -> None:
    """What was published lives in the database: the attempt goes on, the certificate is issued, the record can be read."""
    folder = tmp_path / "content"
    shutil.copytree(CONTENT, folder)
    call_command("load_courses", str(folder), stdout=io.StringIO())
    course = Course.objects.get(slug="role-and-privacy")
    enrollment = factories.make_enrollment(learner, course)
    unit = enrollment.version.units.order_by("position").first()
    assert unit is not None
    attempt = attempts.start(enrollment, unit, at=clock.now())
    shutil.rmtree(folder / "role-and-privacy")
    paths = folder / "paths.yaml"
    paths.write_text(paths.read_text().replace("role-and-privacy, ", ""))
    call_command("load_courses", str(folder), stdout=io.StringIO())
    shutil.rmtree(folder)
    sittings.answer_by_pages(mine, attempt)
    hand_in(mine, attempt)
    assert attempt.passed
    for path in (
        "/training/",
        "/record/",
        f"/courses/{enrollment.public_id}/",
        f"/attempts/{attempt.public_id}/result/",
    ):
        assert mine.get(path).status_code == 200


def test_the_course_is_taken_away_and_given_again_in_the_middle(mine: Client, attempt: Attempt) -> None:
    """The open attempt stays open and counts; a second duty shares the enrollment, so no attempt is won or lost by it."""
    enrollment = attempt.enrollment
    first = responses(attempt)[0]
    assigning.withdraw(enrollment.assignments.get(), reason="A plan changed.", by=SYSTEM, at=clock.now())
    assert store(mine, first).status_code == 200
    again = factories.make_assignment(enrollment.learner, enrollment.course)
    assert again.enrollment_id == enrollment.pk
    where = f"/courses/{enrollment.public_id}/units/unit-1/quiz/"
    assert mine.post(where)["Location"].startswith(f"/attempts/{attempt.public_id}/")
    assert hand_in(mine, attempt).right == 1
    assert Attempt.objects.count() == 1


def test_the_learner_moves_to_another_team_in_the_middle(mine: Client, learner: User, attempt: Attempt) -> None:
    """The attempt goes on; the old supervisor sees nothing any more, the new one the record, and neither an answer."""
    assert learner.team is not None
    new = factories.make_team("Westgate night team")
    old_supervisor, new_supervisor = Client(), Client()
    old_supervisor.force_login(factories.make_supervisor(learner.team))
    new_supervisor.force_login(factories.make_supervisor(new))
    record = f"/team/people/{learner.public_id}/"
    assert (old_supervisor.get(record).status_code, new_supervisor.get(record).status_code) == (200, 404)
    people.change_person(learner, by=SYSTEM, at=clock.now(), team=new)
    assert (old_supervisor.get(record).status_code, new_supervisor.get(record).status_code) == (404, 200)
    first = responses(attempt)[0]
    assert store(mine, first).status_code == 200
    hand_in(mine, attempt)
    for supervisor in (old_supervisor, new_supervisor):
        for path in (sittings.url(first), f"/attempts/{attempt.public_id}/result/"):
            assert supervisor.get(path).status_code == 404
    for option in ("Offer a chair", "Greet her", "Walk over"):
        assert option not in new_supervisor.get(record).content.decode()


def test_the_learner_is_deactivated_in_the_middle(mine: Client, learner: User, attempt: Attempt) -> None:
    """Signed out at once, also on a page that is open; what was stored is kept, and is closed and graded when the time is over."""
    first, second, *_ = responses(attempt)
    assert store(mine, first).status_code == 200
    people.deactivate(learner, "left", by=SYSTEM, at=clock.now())
    assert store(mine, second).status_code == 401
    assert mine.get(sittings.url(second))["Location"].startswith("/account/login/")
    assert mine.post(f"/attempts/{attempt.public_id}/hand-in/")["Location"].startswith("/account/login/")
    assert (attempt.responses.filter(revision=1).count(), Attempt.objects.get().state) == (1, "in_progress")
    assert attempt.deadline_at is not None
    over = attempt.deadline_at + dt.timedelta(minutes=1)
    assert closing.sweep(at=over) == {"closed": 1, "failed": 0}
    attempt.refresh_from_db()
    assert (attempt.right, attempt.passed, attempt.closed_by) == (1, False, "deadline")


def test_the_learner_is_deactivated_and_comes_back(mine: Client, learner: User) -> None:
    attempt = sittings.sit(learner)
    first, second, *_ = responses(attempt)
    store(mine, first)
    people.deactivate(learner, "left", by=SYSTEM, at=clock.now())
    assert store(mine, second).status_code == 401
    people.reactivate(learner, by=SYSTEM, at=clock.now())
    mine.force_login(User.objects.get(pk=learner.pk))
    assert store(mine, second).status_code == 200
    assert hand_in(mine, attempt).right == 2
