"""A person at a browser: what the journeys do again and again, and what the browser complains about."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)

from tests.journeys.stack import PASSWORD

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
_ARGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
]


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or ("/usr/bin/chromium" if os.access("/usr/bin/chromium", os.X_OK) else None)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=find_chromium(), args=_ARGS)


class Visitor:
    """One browser context. ``complaints`` are errors of the console, of scripts, refusals by the content policy, and answers of 500 and above."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(
            base_url=url, viewport=options.pop("viewport", DESKTOP), reduced_motion="reduce", **options
        )
        self.context.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.expected: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._look)
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _look(self, answer: Response) -> None:
        if answer.status >= 500:
            self.complaints.append(f"{answer.status}: {answer.url}")

    def expect_complaint(self, pattern: str) -> None:
        """A complaint that the journey itself provokes."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [c for c in self.complaints if not any(re.search(pattern, c) for pattern in self.expected)]

    def sign_in(self, email: str, password: str = PASSWORD) -> Page:
        """Through the form, as everybody does."""
        self.page.goto("/account/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).not_to_have_url(re.compile("/account/login/"))
        return self.page

    def close(self) -> None:
        self.context.close()


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visitor]:
    """A visitor whose browser must not have complained when they leave."""
    visitor = Visitor(browser, url, **options)
    try:
        yield visitor
        assert visitor.unexpected() == []
    finally:
        visitor.close()


@contextmanager
def page_beside(url: str, client: Client, *, script: str = "") -> Iterator[Page]:
    """A page at a live server for the person of ``client``, whose test looks into the database beside the browser's event loop.

    ``script`` runs in each document first. An error of a script fails the test; without a browser it is skipped, on a build machine
    failed. The test has to set DJANGO_ALLOW_ASYNC_UNSAFE.
    """
    if find_chromium() is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No Chromium was found: install the package chromium.")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(base_url=url)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
        if script:
            context.add_init_script(script)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
    assert errors == []


def until(page: Page, done: Callable[[], Any], seconds: float, what: str) -> None:
    """Waits as ``wait_for`` does, and lets the browser's events through meanwhile."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        page.wait_for_timeout(30)


def fill_answer(page: Page, fields: dict[str, list[str]]) -> None:
    """Gives the answer to the question on the page with the mouse and the keyboard's letters."""
    for name, values in fields.items():
        control = page.locator(f'#quiz [name="{name}"]')
        if control.first.evaluate("node => node.tagName") == "SELECT":
            control.select_option(values[0])
        elif control.first.get_attribute("type") == "text":
            control.fill(values[0])
            control.blur()
        elif control.first.get_attribute("type") == "radio":
            page.locator(f'#quiz [name="{name}"][value="{values[0]}"]').check()
        else:
            for value in range(control.count()):
                control.nth(value).set_checked(control.nth(value).get_attribute("value") in values)


def shown_answer(page: Page) -> dict[str, list[str]]:
    """The answer that stands on the page, as form data."""
    found: dict[str, list[str]] = page.evaluate(
        """() => {
            const found = {};
            for (const [name, value] of new FormData(document.getElementById("quiz")))
                if (!["csrfmiddlewaretoken", "revision"].includes(name) && value !== "") (found[name] ||= []).push(value);
            return found;
        }"""
    )
    return found


def attempt_of(page: Page) -> str:
    """The public id of the attempt in the page's address."""
    found = re.search(r"/attempts/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found.group(1)


def scrolls_sideways(page: Page) -> list[str]:
    """Empty when the page is not wider than its window; else the widest elements."""
    found: list[str] = page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            return [...document.querySelectorAll("main *, header *, footer *, nav *, aside *")]
                .filter((node) => node.getBoundingClientRect().right > wide + 1 && !node.closest(".tablewrap"))
                .slice(-5).map((node) => node.outerHTML.slice(0, 160))
                .concat([`the page is ${document.documentElement.scrollWidth} wide in ${wide}`]);
        }"""
    )
    return found


def save_picture(page: Page, path: Path, *, full: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=full, animations="disabled")
