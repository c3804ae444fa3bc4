"""The clock of a quiz in a real browser: it shows the server's time, says little, and leads to the result when the time is over."""

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from lms.lib import clock
from lms.people.models import User
from quizzes.models import Attempt
from tests import factories
from tests.journeys.browser import DESKTOP, PHONE, page_beside, scrolls_sideways
from tests.journeys.test_every_page import violations
from tests.quizzes import timed
from tests.quizzes.timed import MINUTE, SECOND

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist")


@pytest.fixture
def attempt(learner: User) -> Attempt:
    now = clock.now()
    return timed.start(timed.enroll(now, learner), now)


@pytest.fixture
def opened(
    live_server: LiveServer, client: Client, learner: User, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Opens the first question with so much time left; the browser's own clock is a year wrong."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
    client.force_login(learner)
    with page_beside(live_server.url, client, script="Date.now = () => 1000; ") as page:

        def go(left: dt.timedelta, path: str = "questions/1/") -> Page:
            Attempt.objects.filter(pk=attempt.pk).update(
                started_at=clock.now() - MINUTE, deadline_at=clock.now() + left
            )
            page.goto(f"/attempts/{attempt.public_id}/{path}")
            return page

        yield go


@pytest.mark.parametrize("path", ["questions/1/", "hand-in/"])
def test_axe_finds_nothing_wrong_with_it(opened: Open, path: str) -> None:
    page = opened(20 * MINUTE, path)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert violations(page) == []
        assert scrolls_sideways(page) == []


def test_it_counts_on_and_says_something_at_five_minutes_and_one(opened: Open) -> None:
    page = opened(5 * MINUTE + 2 * SECOND)
    said = page.locator("#clock-said")
    expect(page.locator("#clock-left")).to_have_text("6 minutes left")
    expect(said).to_have_text("")
    expect(said).to_have_attribute("role", "status")
    expect(said).to_have_text("5 minutes left. Stored answers stay stored.", timeout=10_000)
    expect(page.locator("#clock-left")).to_have_text("5 minutes left")
    page = opened(MINUTE + 2 * SECOND)
    expect(said).to_have_text("")
    expect(said).to_have_text("1 minute left. Stored answers stay stored.", timeout=10_000)
    expect(page.locator("#clock-left")).to_have_text("less than a minute left", timeout=10_000)


def test_when_it_is_over_the_last_answer_is_stored_and_all_is_handed_in(opened: Open, attempt: Attempt) -> None:
    page = opened(4 * SECOND)
    page.locator("input[type=radio]").first.check()
    expect(page).to_have_url(re.compile("/result/"), timeout=15_000)
    attempt.refresh_from_db()
    assert attempt.state == "submitted"
    assert attempt.responses.get(position=1).answered


def test_more_time_shows_up_by_itself(opened: Open, attempt: Attempt) -> None:
    page = opened(2 * MINUTE)
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=clock.now() + 20 * MINUTE - SECOND)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#clock-left")).to_have_text("20 minutes left")


def test_a_page_that_comes_back_after_a_sleep_learns_that_it_is_over(opened: Open, attempt: Attempt) -> None:
    page = opened(20 * MINUTE)
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=clock.now() - MINUTE, started_at=clock.now() - 5 * MINUTE)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_url(re.compile("/result/"), timeout=15_000)
    expect(page.locator("main")).to_contain_text("The time was over at")
