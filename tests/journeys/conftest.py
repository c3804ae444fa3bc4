"""One stack and one browser for all journeys; each visitor has a browser context of their own."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.browser import Visitor, find_chromium, launch
from tests.journeys.stack import Stack

Visit = Callable[..., Visitor]

expect.set_options(timeout=15_000)  # a slow machine is no defect


def _database_of_their_own() -> dict[str, str]:
    """A new database on the server that ``LMS_TEST_DB=postgres`` started; without it the stack has its SQLite file."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {}
    import psycopg

    name = f"journeys_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return {"DATABASE_URL": urlunsplit(urlsplit(url)._replace(path=f"/{name}"))}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with this folder: while Playwright runs, Django would take its loop for an asynchronous view."""
    if find_chromium() is None:
        reason = "No Chromium was found: install the package chromium to take the journeys."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="package")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("journeys"), **_database_of_their_own())
    try:
        yield stack.wait_until_ready()
    finally:
        stack.close()


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Opens a browser context. At the end no browser may have complained of anything that the journey did not provoke."""
    visitors: list[Visitor] = []

    def visit_one(email: str = "", **options: Any) -> Visitor:
        visitors.append(Visitor(browser, stack.url, **options))
        if email:
            visitors[-1].sign_in(email)
        return visitors[-1]

    yield visit_one
    for visitor in visitors:
        visitor.close()
    assert [complaint for visitor in visitors for complaint in visitor.unexpected()] == []
