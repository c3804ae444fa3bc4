"""A question kind is one file: with a toy beside the eight, the contract holds for it, and a browser takes it from answer to review.

Nothing but the toy's file knows it: no template, no list, no sample elsewhere.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from lms.lib import clock
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests import factories
from tests.journeys.browser import fill_answer, find_chromium, launch, scrolls_sideways
from tests.quizzes import sittings
from tests.quizzes.kinds import samples, with_toy

SLUG = "toy_pair"
CONTRACT = (
    "tests/quizzes/kinds/test_contract.py",
    "tests/quizzes/kinds/test_scores.py::test_grading_does_not_depend_on_the_served_order",
    "tests/quizzes/kinds/test_scores.py::test_more_right_parts_never_earn_less",
    "tests/quizzes/test_leaks.py::test_two_versions_of_a_question_look_the_same",
    "tests/quizzes/test_leaks.py::test_the_acknowledgement_says_nothing_of_right_or_wrong",
    "tests/quizzes/test_taking.py::TestStoreAnswer::test_200_says_what_the_server_holds",
)


def test_no_other_file_knows_the_toy() -> None:
    root = settings.BASE_DIR
    found = [
        path
        for folder in ("quizzes", "templates", "lms", "courses")
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".html", ".js", ".css") and SLUG in path.read_text(encoding="utf-8")
    ]
    assert found == []
    assert [path.name for path in with_toy.TOYS.glob("[a-z]*.py")] == [f"{SLUG}.py"]


def test_the_toy_passes_the_contract_of_all_kinds() -> None:
    """In a run of its own, where the toy is in the registry before the tests are collected."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DATABASE_URL"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.quizzes.kinds.with_toy", "-p", "no:cacheprovider"]
    command += [*CONTRACT, "-k", f"{SLUG} or served_order or right_parts"]
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed, run.stdout[-500:]
    assert int(passed[1]) >= 25, "the toy was among the kinds that were tried"


@pytest.fixture
def toy() -> Iterator[kinds.base.Kind]:
    with_toy.add()
    kinds._registry.cache_clear()
    yield kinds.get(SLUG)
    with_toy.remove()
    sys.modules.pop(f"quizzes.kinds.{SLUG}")
    kinds._registry.cache_clear()


@pytest.fixture
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No Chromium was found: install the package chromium.")
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


def start(toy: kinds.base.Kind) -> Attempt:
    """One sitting of a quiz whose one question is the toy's sample."""
    stored = samples.compiled({**samples.COMMON, "kind": SLUG, **toy.sample.body})
    compiled = factories.compiled_course("toys", title="Toys")
    compiled.units[0].quiz = {
        "unit": "TOYS-U1",
        "serve": 1,
        "draw": [{"objective": "TST-1.1", "take": 1, "critical": False}],
        "questions": [{**stored, "section": "First part", "section_id": "section-first-part"}],
        "misconceptions": [],
    }
    compiled.units[0].objectives = [{"id": "TST-1.1", "level": "Understand", "text": "Greet somebody."}]
    enrollment = factories.make_enrollment(factories.make_user("Maya Quist"), factories.make_course(compiled))
    return attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())


@pytest.mark.journey
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_toy_is_taken_stored_handed_in_and_reviewed(
    script: bool,
    live_server: LiveServer,
    client: Client,
    toy: kinds.base.Kind,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
    attempt = start(toy)
    response = attempt.responses.select_related("question", "attempt").get()
    best = toy.model_answer(response.question.stored, response.order)
    client.force_login(attempt.enrollment.learner)
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=script, viewport={"width": 390, "height": 844}
    )
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    context.set_default_timeout(15_000)
    page: Page = context.new_page()
    page.goto(sittings.url(response))
    question = page.get_by_role("group", name="Who goes when, and with what word?")
    expect(question.get_by_role("group", name="Who goes first?").get_by_role("radio")).to_have_count(2)
    expect(question.get_by_label("When?")).to_be_visible()
    expect(question.get_by_label("The word")).to_be_visible()
    fill_answer(page, toy.fill(best))
    if script:
        expect(page.locator("#stored-count")).to_contain_text("1 of 1 stored")
        expect(page.locator("#receipt")).to_contain_text("Stored at")
        assert scrolls_sideways(page) == []
    page.get_by_role("button", name="Check and hand in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is stored")
    response.refresh_from_db()
    assert response.answer == best
    expect(page.locator("main")).to_contain_text(f"Receipt {response.receipt}")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You passed: 1 of 1")
    expect(page.locator("main")).to_contain_text("She is near.")
    attempt.refresh_from_db()
    assert (attempt.state, attempt.passed, attempt.right) == ("submitted", True, 1)
    context.close()
