"""The pages of a quiz in progress, with and without script."""

import datetime as dt
import io
import json
import random
import re
from html import unescape
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from courses.actions import assigning
from courses.models import Certificate, Course, Enrollment
from courses.queries.practices import practices_of
from lms.lib import clock
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.kinds import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist")


@pytest.fixture
def mine(client: Client, learner: User) -> Client:
    client.force_login(learner)
    return client


@pytest.fixture
def attempt(learner: User) -> Attempt:
    return sittings.sit(learner)


@pytest.fixture
def single(attempt: Attempt) -> Response:
    return sittings.response_of(attempt, "single_choice")


def stored(response: Response) -> Response:
    return Response.objects.get(pk=response.pk)


def form_rows(response: Response) -> list[dict[str, Any]]:
    """The options of a single choice as served."""
    question = response.question
    options: list[dict[str, Any]] = kinds.get(question.kind).taking(question.stored, response.order, None)["rows"][0][
        "options"
    ]
    return options


# --- start ------------------------------------------------------------------------------------------------------------
class TestStart:
    def url(self, enrollment: Enrollment) -> str:
        return f"/courses/{enrollment.public_id}/units/unit-1/quiz/"

    def test_the_rules_are_said_before_the_start(self, mine: Client, learner: User) -> None:
        enrollment = factories.make_enrollment(learner, factories.make_course())
        html = mine.get(self.url(enrollment)).content.decode()
        assert "<b>3 questions</b>" in html
        assert "<b>3 of 3</b> pass" in html
        assert "You have <b>3 attempts</b>" in html
        assert "no time limit" in html
        assert "the <b>best</b> one counts" in html
        assert "you wait one hour" in html
        assert not Attempt.objects.exists(), "looking starts nothing"

    def test_starting_leads_to_the_first_question_and_again_to_the_first_open_one(
        self, mine: Client, learner: User
    ) -> None:
        enrollment = factories.make_enrollment(learner, factories.make_course())
        first = mine.post(self.url(enrollment))
        attempt = Attempt.objects.get()
        assert first["Location"] == f"/attempts/{attempt.public_id}/questions/1/"
        response = attempt.responses.select_related("question").get(position=1)
        attempts.save(attempt, 1, factories.right_answer(response), revision=0, at=clock.now())
        assert "Continue the quiz" in mine.get(self.url(enrollment)).content.decode()
        assert mine.post(self.url(enrollment))["Location"] == f"/attempts/{attempt.public_id}/questions/2/"
        assert Attempt.objects.count() == 1

    def test_what_a_browser_adds_is_ignored(self, mine: Client, learner: User) -> None:
        enrollment = factories.make_enrollment(learner, factories.make_course())
        mine.post(
            self.url(enrollment),
            {
                "number": "9",
                "passed": "1",
                "state": "submitted",
                "started_at": "2020-01-01",
                "version": "1",
                "out_of": "1",
            },
        )
        attempt = Attempt.objects.get()
        assert (attempt.number, attempt.state, attempt.out_of, attempt.passed) == (1, "in_progress", 3, None)
        assert (clock.now() - attempt.started_at).total_seconds() < 60

    def test_withdrawn(self, mine: Client, learner: User) -> None:
        enrollment = factories.make_enrollment(learner, factories.make_course())
        assigning.withdraw(enrollment.assignments.get(), reason="x", by=SYSTEM, at=clock.now())
        html = mine.get(self.url(enrollment)).content.decode()
        assert "no longer assigned" in html
        assert "Start the quiz" not in html
        page = mine.post(self.url(enrollment), follow=True)
        assert "no longer assigned" in page.content.decode()
        assert not Attempt.objects.exists()

    def test_before_it_opens(self, mine: Client, learner: User) -> None:
        course = factories.make_course()
        today = clock.today(learner.zone)
        row = factories.make_assignment(learner, course, opens_on=today + dt.timedelta(days=3))
        assert row.enrollment is not None
        html = mine.get(self.url(row.enrollment)).content.decode()
        assert "opens later" in html
        assert "Denver time" in html
        assert "Start the quiz" not in html
        mine.post(self.url(row.enrollment))
        assert not Attempt.objects.exists()

    def test_during_the_wait_and_after_the_last(self, mine: Client, learner: User) -> None:
        enrollment = factories.make_enrollment(learner, factories.make_course())
        unit = enrollment.version.units.get()
        now = clock.now()
        attempts.submit(attempts.start(enrollment, unit, at=now), at=now)
        html = mine.get(self.url(enrollment)).content.decode()
        assert "Your next attempt opens at" in html
        assert "Start the quiz" not in html
        for days in (2, 1):
            when = now - dt.timedelta(days=days)
            Attempt.objects.filter(state="submitted").update(submitted_at=when)
            attempts.submit(attempts.start(enrollment, unit, at=now), at=now)
        html = mine.get(self.url(enrollment)).content.decode()
        assert "All 3 attempts are used" in html
        assert "Please talk with your supervisor" in html
        assert "Start the quiz" not in html


# --- the question page ------------------------------------------------------------------------------------------------
class TestQuestion:
    def test_every_way_on_is_a_submit_button_of_the_one_form(self, mine: Client, attempt: Attempt) -> None:
        html = mine.get(sittings.url(attempt.responses.get(position=2))).content.decode()
        buttons = re.findall(r"<button([^>]*)>", html)
        goes = {m[1]: b for b in buttons if (m := re.search(r'name="go" value="(\w+)"', b))}
        assert set(goes) == {"stay", "leave", "back", "next", *(str(n) for n in range(1, 9))}
        assert all('type="submit"' in b for b in goes.values())
        form = html.split('id="quiz"')[1].split("</form>")[0]
        for value, button in goes.items():
            assert 'form="quiz"' in button or f'value="{value}"' in form
        links = re.findall(r'<a [^>]*href="([^"]*)"', html)
        assert not [link for link in links if "/attempts/" in link], "no link moves without saving"

    def test_enter_in_a_text_field_stores_and_stays(self, mine: Client, attempt: Attempt) -> None:
        """A browser presses the first submit button of the form in the order of the page, also one outside its tags."""
        html = mine.get(sittings.url(sittings.response_of(attempt, "short_text"))).content.decode()
        start, end = (
            html.index('<form method="post" class="stack-5" id="quiz"'),
            html.index("</form>", html.index('id="quiz"')),
        )
        for found in re.finditer(r"<button([^>]*)>", html):
            inside = start < found.start() < end
            if 'type="submit"' in found[1] and (inside or 'form="quiz"' in found[1]):
                assert 'value="stay"' in found[1]
                return
        raise AssertionError("no submit button")

    @pytest.mark.parametrize(
        ("go", "position", "target"),
        [
            ("next", 1, 2), ("next", 8, "hand-in"), ("back", 3, 2), ("back", 1, 1), ("stay", 4, 4), ("5", 1, 5), ("1", 8, 1),
            ("check", 3, "hand-in"), ("leave", 3, "course"), ("0", 3, 4), ("9", 3, 4), ("-1", 3, 4), ("99999", 3, 4),
            ("1" * 5000, 3, 4), ("\u0663", 3, 4), ("", 3, 4), ("\0", 3, 4), ("https://evil.example", 3, 4), ("//evil", 3, 4),
        ],
    )  # fmt: skip
    def test_where_a_button_leads(
        self, mine: Client, attempt: Attempt, go: str, position: int, target: int | str
    ) -> None:
        response = attempt.responses.select_related("question", "attempt").get(position=position)
        answer = mine.post(sittings.url(response), {**sittings.fields(response), "revision": "0", "go": go})
        expected = {
            "hand-in": f"/attempts/{attempt.public_id}/hand-in/",
            "course": f"/courses/{attempt.enrollment.public_id}/",
        }.get(str(target), f"/attempts/{attempt.public_id}/questions/{target}/")
        assert answer.status_code == 302
        assert answer["Location"] == expected
        assert stored(response).revision == 1, "every button stores"
        assert stored(response).answered

    @pytest.mark.parametrize("slug", sittings.KINDS)
    def test_a_stored_answer_is_shown_again(self, mine: Client, attempt: Attempt, slug: str) -> None:
        response = sittings.response_of(attempt, slug)
        mine.post(sittings.url(response), {**sittings.fields(response), "revision": "0", "go": "stay"})
        html = mine.get(sittings.url(response)).content.decode()
        assert "Stored at" in html
        assert stored(response).receipt in html
        assert "1 of 8 stored" in html
        assert re.search(r"<input[^>]*checked|<option[^>]*selected|<input[^>]*type=\"text\"[^>]*value=\"[^\"]+\"", html)

    def test_moving_a_step_stores_and_stays_at_the_step(self, mine: Client, attempt: Attempt) -> None:
        response = sittings.response_of(attempt, "ordering")
        answer = mine.post(sittings.url(response), {"revision": "0", "move": "2:up"})
        assert answer["Location"] == sittings.url(response) + "#id_step_2_up"
        assert stored(response).answer is not None

    def test_a_stale_tab_gets_409_and_the_stored_answer(self, mine: Client, single: Response) -> None:
        mine.post(sittings.url(single), {"choice": "1", "revision": "0", "go": "next"})
        answer = mine.post(sittings.url(single), {"choice": "2", "revision": "0", "go": "next"})
        html = answer.content.decode()
        assert answer.status_code == 409
        assert "A newer answer is stored" in html
        assert re.search(r'value="1" checked', html)
        assert not re.search(r'value="2" checked', html)
        assert stored(single).answer == {"choice": 1}
        assert sittings.revision_on(html) == "1", "choosing again works from here"

    @pytest.mark.parametrize("slug", sittings.KINDS)
    def test_the_learner_chooses_between_the_stored_answer_and_their_own(
        self, mine: Client, attempt: Attempt, slug: str
    ) -> None:
        """Both in words; one button keeps what is stored, one stores the other and goes where the pressed button led."""
        response = sittings.response_of(attempt, slug)
        kind, question = kinds.get(slug), response.question.stored
        best = kind.model_answer(question, response.order)
        other = next(
            found
            for seed in range(100)
            if (found := samples.some_answer(slug, response.order, random.Random(seed), question)) not in (None, best)
        )
        assert other is not None
        mine.post(sittings.url(response), {**sittings.fields(response), "revision": "0", "go": "stay"})
        page = mine.post(
            sittings.url(response), {**sittings.fields(response, other), "revision": "0", "go": "back"}
        ).content.decode()
        shown = unescape(page.split('id="choice"')[1].split('id="kept"')[0])
        stored_part, my_part = shown.split("<dt>On this page</dt>")
        for part, answer in ((stored_part, best), (my_part, other)):
            words = kind.said(question, response.order, answer)
            assert words
            assert all(one["text"] in part and one["label"] in part for one in words)
        assert stored(response).answer == best
        assert '<form method="get"' in stored_part + my_part
        assert "Keep the stored answer" in shown
        data: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', my_part):
            data.setdefault(name, []).append(value)
        go = re.search(r'name="go" value="(\w+)">Store mine instead', my_part)
        assert go
        moved = mine.post(sittings.url(response), {**data, "go": go[1]})
        assert moved.status_code == 302
        assert moved["Location"].endswith(f"/questions/{max(1, response.position - 1)}/")
        assert stored(response).answer == other

    @pytest.mark.parametrize("revision", ["", "-1", "1e3", "NaN", "0.0", "\0", "\u0661", "x", "9" * 11, "0" * 5000])
    def test_a_revision_that_is_no_number(self, mine: Client, single: Response, revision: str) -> None:
        answer = mine.post(sittings.url(single), {"choice": "1", "revision": revision})
        assert answer.status_code == 422
        assert stored(single).revision == 0

    def test_a_revision_from_the_future(self, mine: Client, single: Response) -> None:
        for revision in ("1", "2147483647", "9999999999"):
            assert mine.post(sittings.url(single), {"choice": "1", "revision": revision}).status_code == 409
        assert stored(single).answer is None

    @pytest.mark.parametrize("choice", ["3", "-1", "1e3", "NaN", "true", "[0]", "a", "9" * 4000, "\0", "b", "0.0"])
    def test_a_choice_that_was_not_served(self, mine: Client, single: Response, choice: str) -> None:
        answer = mine.post(sittings.url(single), {"choice": choice, "revision": "0"})
        assert answer.status_code == 422
        assert "<title>Error:" in answer.content.decode()
        assert stored(single).revision == 0

    @pytest.mark.parametrize("text", ["a\0b", "\ud800x", "\u202etxet", "Z\u0351\u0352" * 60, "x" * 201, "x" * 20000])
    def test_odd_texts_are_stored_or_refused_cleanly(self, mine: Client, attempt: Attempt, text: str) -> None:
        response = sittings.response_of(attempt, "short_text")
        body = f"revision=0&go=stay&text={''.join(f'%{b:02x}' for b in text.encode('utf-8', 'surrogatepass'))}"
        answer = mine.post(sittings.url(response), body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {302, 422}
        assert (stored(response).revision == 1) == (answer.status_code == 302)
        assert mine.get(sittings.url(response)).status_code == 200

    def test_two_options_in_a_single_choice(self, mine: Client, single: Response) -> None:
        answer = mine.post(sittings.url(single), {"choice": ["0", "1"], "revision": "0"})
        assert answer.status_code == 422
        assert stored(single).answer is None

    @pytest.mark.parametrize("position", ["0", "9", "99", "4294967296", "9" * 30, "9" * 5000])
    def test_a_position_that_was_not_drawn(self, mine: Client, attempt: Attempt, position: str) -> None:
        for tail in ("", "answer/"):
            where = f"/attempts/{attempt.public_id}/questions/{position}/{tail}"
            assert mine.post(where, {"choice": "0", "revision": "0"}).status_code == 404
            assert mine.get(where).status_code == (405 if tail else 404) or len(position) > 30

    @pytest.mark.parametrize("body", ["form", "multipart", "json"])
    def test_ten_megabytes(self, mine: Client, attempt: Attempt, body: str) -> None:
        response = sittings.response_of(attempt, "short_text")
        huge = "x" * (10 * 1024 * 1024)
        for tail in ("", "answer/"):
            where = sittings.url(response, tail)
            if body == "form":
                answer = mine.post(where, f"revision=0&text={huge}", content_type="application/x-www-form-urlencoded")
            elif body == "multipart":
                answer = mine.post(where, {"revision": "0", "text": huge})
            else:
                answer = mine.post(where, json.dumps({"text": huge}), content_type="application/json")
            assert 400 <= answer.status_code < 500
            assert len(answer.content) < 20_000
        assert stored(response).revision == 0

    def test_thousands_of_fields(self, mine: Client, single: Response) -> None:
        answer = mine.post(sittings.url(single), {"revision": "0", "choice": [str(n) for n in range(10_000)]})
        assert 400 <= answer.status_code < 500
        assert stored(single).revision == 0

    def test_after_hand_in_every_page_leads_to_the_result(
        self, mine: Client, attempt: Attempt, single: Response
    ) -> None:
        mine.post(f"/attempts/{attempt.public_id}/hand-in/")
        result = f"/attempts/{attempt.public_id}/result/"
        assert mine.get(sittings.url(single))["Location"] == result
        late = mine.post(sittings.url(single), {"choice": "1", "revision": "0"}, follow=True)
        assert late.redirect_chain[-1][0] == result
        assert "this answer was not stored" in late.content.decode()
        assert mine.get(f"/attempts/{attempt.public_id}/hand-in/")["Location"] == result
        assert stored(single).answer is None

    def test_a_signed_out_learner_signs_in_and_comes_back(self, client: Client, single: Response) -> None:
        answer = client.post(sittings.url(single), {"choice": "1", "revision": "0"})
        assert answer.status_code == 302
        assert answer["Location"] == f"/account/login/?next={sittings.url(single)}"


# --- the script's door ------------------------------------------------------------------------------------------------
class TestStoreAnswer:
    def store(self, client: Client, response: Response, **data: Any) -> Any:
        return client.post(sittings.url(response, "answer/"), {"revision": "0", **data})

    @pytest.mark.parametrize("slug", sittings.KINDS)
    def test_200_says_what_the_server_holds(self, mine: Client, attempt: Attempt, slug: str) -> None:
        response = sittings.response_of(attempt, slug)
        answer = self.store(mine, response, **sittings.fields(response))
        row = stored(response)
        assert answer.status_code == 200
        data = answer.json()
        assert re.fullmatch(r"\d{1,2}:\d\d [ap]m", data.pop("at"))
        assert data == {
            "revision": 1, "answered": True, "given": True, "receipt": row.receipt, "stored": 1, "out_of": len(sittings.KINDS)
        }  # fmt: skip
        assert row.answered

    def test_nothing_given_is_acknowledged_as_nothing(self, mine: Client, single: Response) -> None:
        data = self.store(mine, single).json()
        assert (data["given"], data["answered"], data["stored"], data["receipt"]) == (False, False, 0, "")
        self.store(mine, single, choice="1")
        cleared = self.store(mine, single, revision="1").json()
        assert (cleared["given"], cleared["revision"]) == (False, 2)

    def test_a_part_of_an_answer_is_kept_and_not_counted(self, mine: Client, attempt: Attempt) -> None:
        response = sittings.response_of(attempt, "matching")
        data = self.store(mine, response, match_0="1").json()
        assert (data["given"], data["answered"], data["stored"]) == (True, False, 0)
        assert stored(response).answer == {"matches": [1, None, None]}
        assert "not complete" in mine.get(sittings.url(response)).content.decode()

    def test_a_repeated_request_is_acknowledged_alike(self, mine: Client, single: Response) -> None:
        first, second = (self.store(mine, single, choice="1").json() for _ in range(2))
        assert first == second

    def test_401_signed_out(self, client: Client, single: Response) -> None:
        answer = self.store(client, single, choice="1")
        assert answer.status_code == 401
        assert "sign in again" in answer.json()["error"]
        assert stored(single).answer is None

    def test_404_somebody_elses_or_nobodys(self, client: Client, attempt: Attempt, single: Response) -> None:
        client.force_login(factories.make_user())
        assert self.store(client, single, choice="1").status_code == 404
        missing = f"/attempts/{factories.make_user().public_id}/questions/1/answer/"
        assert client.post(missing, {"revision": "0"}).status_code == 404
        assert stored(single).answer is None

    def test_409_stale(self, mine: Client, single: Response) -> None:
        """It carries what the server holds, as data and in words, and stores nothing."""
        kept = self.store(mine, single, choice="1").json()
        answer = self.store(mine, single, choice="2")
        data = answer.json()
        assert answer.status_code == 409
        assert data["fields"] == [["choice", "1"]]
        assert {name: data[name] for name in kept} == kept
        texts = [row["text"] for row in form_rows(single)]
        assert data["html"].index(texts[1]) < data["html"].index(texts[2]), (
            "the stored answer, then the one of this page"
        )
        assert texts[0] not in data["html"]
        assert "csrfmiddlewaretoken" not in data["html"]
        assert stored(single).answer == {"choice": 1}
        assert self.store(mine, single, choice="2", revision=str(data["revision"])).status_code == 200
        assert stored(single).answer == {"choice": 2}

    def test_410_handed_in(self, mine: Client, attempt: Attempt, single: Response) -> None:
        attempts.submit(attempt, at=clock.now())
        answer = self.store(mine, single, choice="1")
        assert answer.status_code == 410
        assert answer.json()["url"] == f"/attempts/{attempt.public_id}/result/"

    def test_422_not_an_answer(self, mine: Client, single: Response) -> None:
        for data in ({"choice": "7"}, {"choice": ["0", "1"]}, {"choice": "1", "revision": "x"}):
            answer = self.store(mine, single, **data)
            assert answer.status_code == 422
            assert answer.json()["error"]
        assert stored(single).revision == 0

    def test_403_without_a_token_and_405_for_a_get(self, learner: User, single: Response) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(learner)
        assert self.store(strict, single, choice="1").status_code == 403
        assert strict.get(sittings.url(single, "answer/")).status_code == 405
        token = strict.get("/form-token/").json()["token"]
        answer = strict.post(
            sittings.url(single, "answer/"), {"choice": "1", "revision": "0"}, headers={"X-CSRFToken": token}
        )
        assert answer.status_code == 200

    def test_nothing_of_it_is_kept_by_a_cache(self, mine: Client, single: Response) -> None:
        for answer in (self.store(mine, single, choice="1"), mine.get(sittings.url(single)), mine.get("/form-token/")):
            assert "no-store" in answer["Cache-Control"]


def test_a_fresh_token_after_signing_in_again(learner: User, single: Response) -> None:
    """The session ends, the dialog signs in by the usual door, and the kept answer is sent with a fresh token."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(learner)
    strict.get(sittings.url(single))
    strict.cookies.pop("sessionid")
    out = strict.get("/form-token/").json()
    assert (out["signed_in"], out["person"]) == (False, "")
    signed = strict.post(
        "/account/login/",
        {"login": learner.email, "password": factories.PASSWORD},
        headers={"X-CSRFToken": out["token"], "X-Requested-With": "XMLHttpRequest", "Accept": "application/json"},
    )
    assert signed.status_code == 200
    back = strict.get("/form-token/").json()
    assert (back["signed_in"], back["person"]) == (True, str(learner.public_id))
    saved = strict.post(
        sittings.url(single, "answer/"), {"choice": "1", "revision": "0"}, headers={"X-CSRFToken": back["token"]}
    )
    assert saved.status_code == 200
    wrong = Client(enforce_csrf_checks=True)
    token = wrong.get("/form-token/").json()["token"]
    refused = wrong.post(
        "/account/login/",
        {"login": learner.email, "password": "not this one"},
        headers={"X-CSRFToken": token, "X-Requested-With": "XMLHttpRequest", "Accept": "application/json"},
    )
    assert refused.status_code == 400


# --- the whole way without script -------------------------------------------------------------------------------------
def test_all_kinds_without_script(mine: Client, attempt: Attempt) -> None:
    sittings.answer_by_pages(mine, attempt)
    page = mine.get(f"/attempts/{attempt.public_id}/hand-in/").content.decode()
    assert "All 8 answers are stored" in page
    answer = mine.post(f"/attempts/{attempt.public_id}/hand-in/", follow=True)
    assert "You passed: 8 of 8" in answer.content.decode()
    assert Certificate.objects.count() == 1


def test_the_real_courses_without_script(mine: Client, learner: User) -> None:
    """Every unit of every course: start, answer by pages, hand in, be watched where a course asks for it, and hold the certificate at the end."""
    call_command("load_courses", stdout=io.StringIO())
    for course in Course.objects.all():
        enrollment = factories.make_enrollment(learner, course)
        units = list(enrollment.version.units.all())
        for unit in units:
            mine.post(f"/courses/{enrollment.public_id}/units/{unit.slug}/quiz/")
            attempt = Attempt.objects.get(enrollment=enrollment, unit=unit)
            sittings.answer_by_pages(mine, attempt)
            result = mine.post(f"/attempts/{attempt.public_id}/hand-in/", follow=True)
            assert f"You passed: {attempt.out_of} of {attempt.out_of}" in result.content.decode()
            last = unit == units[-1] and not enrollment.version.sign_offs
            assert ("See my certificate" in result.content.decode()) == last
        for practice in practices_of(enrollment.version):
            assessor = factories.make_user()
            factories.make_assessor(assessor, course, practice=practice.id)
            factories.observe(enrollment, assessor)
        enrollment.refresh_from_db()
        assert enrollment.completed_at is not None
    assert Certificate.objects.count() == Course.objects.count() >= 2


def test_handing_in_again_changes_nothing(mine: Client, attempt: Attempt) -> None:
    where = f"/attempts/{attempt.public_id}/hand-in/"
    results = {mine.post(where)["Location"] for _ in range(4)}
    first = Attempt.objects.values().get()
    mine.post(where, {"passed": "1", "points": "8"})
    assert results == {f"/attempts/{attempt.public_id}/result/"}
    assert Attempt.objects.values().get() == first


def test_what_is_missing_is_said_before_hand_in(mine: Client, attempt: Attempt, single: Response) -> None:
    mine.post(sittings.url(single), {"choice": "1", "revision": "0"})
    html = mine.get(f"/attempts/{attempt.public_id}/hand-in/").content.decode()
    assert "7 questions of 8 have no complete answer" in html
    assert Attempt.objects.get().state == "in_progress"


def test_leave_and_come_back(mine: Client, attempt: Attempt, single: Response) -> None:
    left = mine.post(sittings.url(single), {"choice": "1", "revision": "0", "go": "leave"}, follow=True)
    assert left.status_code == 200
    assert stored(single).answer == {"choice": 1}
    unit = attempt.unit.slug
    html = mine.get(f"/courses/{attempt.enrollment.public_id}/units/{unit}/quiz/").content.decode()
    assert "1 of 8 answers are stored" in html


def test_every_post_wants_its_token(learner: User, attempt: Attempt, single: Response) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(learner)
    for path in (
        f"/courses/{attempt.enrollment.public_id}/units/{attempt.unit.slug}/quiz/",
        sittings.url(single),
        sittings.url(single, "answer/"),
        f"/attempts/{attempt.public_id}/hand-in/",
    ):
        assert strict.post(path, {"choice": "1", "revision": "0"}).status_code == 403
    assert stored(single).answer is None
    assert Attempt.objects.get().state == "in_progress"
