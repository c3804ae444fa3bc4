"""The script of the quiz page where the network lets it down: what is lost, refused, or must wait for a sign-in."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, Route
from pytest_django.live_server_helper import LiveServer

from lms.people.models import User
from quizzes.models import Attempt, Response
from tests import factories
from tests.journeys.browser import page_beside
from tests.quizzes import sittings

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
STORED = "#receipt >> text=Stored at"
ONWARD = ".actionbar .btn-primary"  # Next, or on the last question Check and hand in
WAITING = "#receipt >> text=Not stored yet"


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist")


@pytest.fixture
def attempt(learner: User) -> Attempt:
    return sittings.sit(learner)


@pytest.fixture
def single(attempt: Attempt) -> Response:
    return sittings.response_of(attempt, "single_choice")


@pytest.fixture
def page(
    live_server: LiveServer, client: Client, learner: User, single: Response, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """At the single choice question, signed in. The test itself looks into the database beside the browser's event loop."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
    client.force_login(learner)
    with page_beside(live_server.url, client) as opened:
        opened.goto(sittings.url(single))
        yield opened


def answer_of(response: Response) -> object:
    return Response.objects.get(pk=response.pk).answer


def next_page(response: Response) -> re.Pattern[str]:
    return re.compile(rf"questions/{response.position + 1}/|hand-in/")


def test_another_answer_after_a_lost_acknowledgment_is_stored(page: Page, single: Response) -> None:
    """The server stored the first and its word was lost: the page must not take its own answer for another tab's."""
    lost: list[int] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(1)
        route.fetch()
        route.abort()

    page.route("**/answer/", lose_the_first)
    page.check("#id_choice_0")
    page.wait_for_selector(WAITING)
    assert answer_of(single) == {"choice": 0}
    page.check("#id_choice_1")
    page.wait_for_selector(STORED)
    assert answer_of(single) == {"choice": 1}


def test_next_does_not_leave_an_answer_behind(page: Page, single: Response) -> None:
    page.route("**/answer/", lambda route: route.abort())
    page.check("#id_choice_2")
    page.wait_for_selector(WAITING)
    page.click(ONWARD)
    page.wait_for_timeout(300)
    assert page.url.endswith(sittings.url(single)), "the first press stays and says that it is not stored"
    page.unroute("**/answer/")
    page.click(ONWARD)
    page.wait_for_url(next_page(single))
    assert answer_of(single) == {"choice": 2}


def test_next_goes_on_after_signing_in_again(page: Page, single: Response) -> None:
    Session.objects.all().delete()
    page.check("#id_choice_1")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.click(ONWARD)
    page.wait_for_selector("dialog[open]")
    page.fill("#again-password", factories.PASSWORD)
    page.click("#again button[type=submit]")
    page.wait_for_url(next_page(single))
    assert answer_of(single) == {"choice": 1}


def test_a_server_that_refuses_every_token_is_not_stormed(page: Page, single: Response) -> None:
    tries: list[int] = []

    def refuse(route: Route) -> None:
        tries.append(1)
        route.fulfill(status=403, body="no")

    page.route("**/answer/", refuse)
    page.check("#id_choice_1")
    page.wait_for_timeout(2500)
    assert 1 < len(tries) <= 5
    assert page.query_selector(WAITING)


def test_enter_in_a_text_field_stores_and_stays(page: Page, attempt: Attempt) -> None:
    typed = sittings.response_of(attempt, "short_text")
    page.goto(sittings.url(typed))
    page.fill("#id_text", "lane")
    page.press("#id_text", "Enter")
    page.wait_for_selector(STORED)
    assert page.url.endswith(sittings.url(typed))
    assert answer_of(typed) == {"text": "lane"}


def test_a_refused_answer_is_said_and_next_shows_it_at_its_control(page: Page, attempt: Attempt) -> None:
    number = sittings.response_of(attempt, "numeric")
    page.goto(sittings.url(number))
    page.fill("#id_value", "about four")
    page.click(ONWARD)
    page.wait_for_selector("[aria-invalid=true]")
    assert page.title().startswith("Error: ")
    assert page.input_value("#id_value") == "about four"
    assert answer_of(number) is None
