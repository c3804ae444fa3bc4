"""The web process is killed while answers of every kind come in over HTTP. What it had acknowledged is there."""

import threading
import time
from typing import Any

import pytest

from lms.lib import clock
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from tests.faults.browsing import Browser, Gone
from tests.faults.harness import House, chances
from tests.quizzes import sittings
from tests.quizzes.kinds import samples

pytestmark = [pytest.mark.fault, pytest.mark.both_db]


class Tab:
    """One question, answered again and again as the script does: each save goes on from the last acknowledgement."""

    def __init__(self, browser: Browser, response: Response, rng: Any) -> None:
        self.browser, self.response, self.rng = browser, response, rng
        self.revision = 0
        self.acknowledged: tuple[int, str, Any] | None = None
        self.doubtful: dict[str, Any] | None = None
        self.problems: list[str] = []

    def answer(self) -> tuple[dict[str, Any], Any]:
        """Fields of a valid answer, and how it is stored."""
        kind, stored, order = kinds.get(self.response.question.kind), self.response.question.stored, self.response.order
        while True:
            given = samples.some_answer(kind.slug, order, self.rng) or kind.model_answer(stored, order)
            form = kind.form(stored, order, data=sittings.query(kind.fill(given)))
            if form.is_valid() and form.answer is not None:
                return kind.fill(given), form.answer

    def send(self, fields: dict[str, Any], stored: Any) -> None:
        said = self.browser.store(self.response.attempt, self.response.position, revision=self.revision, **fields)
        if said.status == 429:
            time.sleep(0.2)
        elif said.status != 200:
            self.problems.append(f"{said.status} {said.text}")
        else:
            self.revision = said.json()["revision"]
            self.acknowledged = (self.revision, said.json()["receipt"], stored)

    def type_for_ever(self) -> None:
        while True:
            fields, stored = self.answer()
            self.doubtful = {"fields": fields, "stored": stored}
            try:
                self.send(fields, stored)
            except (Gone, OSError):
                return  # whether it was stored nobody knows: it stays in doubt
            self.doubtful = None


def test_no_answer_of_any_kind_is_lost_when_the_server_is_killed(house: House) -> None:
    """Rounds of chance: a tab for each question; signal 9 to the whole web server at the moment of an acknowledgement of chance."""
    web = house.web()
    for chance in chances():
        attempt = sittings.sit()
        browser = Browser(house.port, attempt.enrollment.learner)
        rows = list(attempt.responses.select_related("question", "attempt"))
        tabs = [Tab(browser_like(browser), row, chance) for row in rows]
        threads = [threading.Thread(target=tab.type_for_ever) for tab in tabs]
        for thread in threads:
            thread.start()
        enough, until = chance.randint(1, 40), time.monotonic() + 30
        while sum(tab.revision for tab in tabs) < enough and time.monotonic() < until:
            time.sleep(0.001)
        house.ends(web)
        for thread in threads:
            thread.join(60)
        assert sum(tab.revision for tab in tabs) >= enough
        for tab in tabs:
            assert tab.problems == []
            row = Response.objects.get(pk=tab.response.pk)
            if tab.acknowledged is None:
                assert row.revision <= 1
            elif row.revision == tab.revision:
                assert (row.revision, row.receipt, row.answer) == tab.acknowledged
            else:  # stored, and it died before it could say so
                assert tab.doubtful is not None
                assert (row.revision, row.answer) == (tab.revision + 1, tab.doubtful["stored"])
        web = house.web()
        sent_again_and_handed_in(house, attempt, tabs)


def browser_like(browser: Browser) -> Browser:
    """Another tab of the same person."""
    other = object.__new__(Browser)
    other.port, other.cookies = browser.port, dict(browser.cookies)
    return other


def sent_again_and_handed_in(house: House, attempt: Attempt, tabs: list[Tab]) -> None:
    """The server is back: what was in doubt goes again as it was, and is acknowledged; the result is that of what was stored."""
    for tab in tabs:
        tab.browser.port = house.port
        if tab.doubtful is not None:
            tab.send(tab.doubtful["fields"], tab.doubtful["stored"])
        assert tab.problems == []
    for tab in tabs:
        row = Response.objects.get(pk=tab.response.pk)
        if tab.acknowledged is not None:
            assert (row.revision, row.receipt, row.answer) == tab.acknowledged
    page = tabs[0].browser.hand_in(attempt)
    assert page.address == f"/attempts/{attempt.public_id}/result/"
    attempt.refresh_from_db()
    paper = attempts.grade(attempt, list(attempt.responses.select_related("question").order_by("position")))
    assert (attempt.right, attempt.passed) == (paper.right, paper.passed)
    assert attempt.submitted_at is not None
    assert abs((clock.now() - attempt.submitted_at).total_seconds()) < 120
