"""What face.js adds, in a real browser and without a server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

SCRIPT = Path(settings.BASE_DIR) / "lms" / "static" / "face" / "face.js"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><script src="face.js" defer></script>
<details class="menu" id="menu"><summary>Menu</summary><a href="#x">Inside</a></details>
<details class="menu" id="other"><summary>Other</summary>text</details>
<details id="plain"><summary>Why</summary>text</details>
<div id="summary" tabindex="-1" %s>Two things to mend</div>
<a id="open" href="#elsewhere" data-opens="sure">Extend</a>
<dialog id="sure"><button id="no" type="button" data-closes>Not yet</button></dialog>"""

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser.new_page()
        browser.close()


def show(page: Page, folder: Path, mark: str = "") -> None:
    shutil.copy(SCRIPT, folder / "face.js")
    (folder / "page.html").write_text(PAGE % mark, encoding="utf-8")
    page.goto((folder / "page.html").as_uri())


def test_the_error_summary_has_the_focus_when_the_page_opens(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, "data-takes-focus")
    assert page.evaluate("document.activeElement.id") == "summary"


def test_without_errors_the_focus_stays_at_the_top(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path)
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_escape_closes_a_menu_and_gives_the_focus_back(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path)
    page.click("#menu summary")
    page.focus("#menu a")
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('menu').open") is False
    assert page.evaluate("document.activeElement.textContent") == "Menu"


def test_a_click_elsewhere_closes_menus_and_nothing_else(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path)
    page.click("#plain summary")
    page.click("#menu summary")
    page.click("#other summary")
    assert page.evaluate("[...document.querySelectorAll('details[open]')].map(d => d.id)") == ["other", "plain"]


def test_a_dialog_opens_and_closes_instead_of_following_the_link(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path)
    page.click("#open")
    assert page.evaluate("document.getElementById('sure').open") is True
    assert "#elsewhere" not in page.url
    page.click("#no")
    assert page.evaluate("document.getElementById('sure').open") is False


def test_an_opener_without_its_dialog_is_an_ordinary_link(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path)
    page.evaluate("document.getElementById('sure').remove()")
    page.click("#open")
    assert page.url.endswith("#elsewhere")
