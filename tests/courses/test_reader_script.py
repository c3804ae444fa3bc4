"""What reader.js adds to a unit, in a real browser, with an answering machine in place of the server."""

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, sync_playwright

SCRIPT = Path(settings.BASE_DIR) / "lms" / "static" / "courses" / "reader.js"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECTIONS = ["section-one", "section-two", "section-three"]
FILL = "<p>words<br></p>" * 80
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title><script src="/reader.js" defer></script>
<header class="readbar"><span id="minutes-left" data-minutes="12">12</span><progress value="0" max="100"></progress></header>
<nav class="toc">%(links)s<a data-keep-link href="#keep-place">Keep my place</a><span data-keep-note hidden>kept</span><span data-keep-lost hidden>not kept</span></nav>
<article id="reading">%(sections)s<form method="post" action="/place/" id="keep-place" data-place="%(place)s"%(new)s>
<input type="hidden" name="csrfmiddlewaretoken" value="token"><select name="place"></select></form>
<div id="term-x" tabindex="-1"><a href="#section-two" data-back>Back to the text</a></div></article>"""

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


class Reader:
    """A unit that is open in the browser, and the places that its script has sent."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: list[str] = []
        self.html = ""
        self.status = 204
        page.route("http://unit.test/**", self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.method == "POST":
            body = route.request.post_data or ""
            assert 'name="csrfmiddlewaretoken"\r\n\r\ntoken' in body
            found = re.search(r'name="place"\r\n\r\n(.*)\r\n', body)
            self.sent.append(found.group(1) if found else "?")
            route.fulfill(status=self.status)
        elif route.request.url.endswith("reader.js"):
            route.fulfill(path=SCRIPT, content_type="text/javascript")
        else:
            route.fulfill(body=self.html, content_type="text/html")

    def open(self, *, place: str = "", new: bool = False) -> None:
        sections = "".join(
            f'<h2 id="{name}">{name}</h2>{FILL}<p><a class="term" id="use-{name}" href="#term-x">x</a></p>'
            for name in SECTIONS
        )
        links = "".join(f'<a href="#{name}">{name}</a>' for name in SECTIONS)
        self.html = PAGE % {
            "links": links,
            "sections": FILL + sections,
            "place": place,
            "new": " data-new" if new else "",
        }
        self.page.goto("http://unit.test/")
        self.sent.clear()
        self.page.reload()
        self.page.wait_for_timeout(100)

    def read(self, name: str) -> None:
        """Scrolls to a section and waits until the script has noticed."""
        self.page.evaluate("name => document.getElementById(name).scrollIntoView()", name)
        self.page.wait_for_selector(f".toc a[href='#{name}'][aria-current]")
        self.page.wait_for_timeout(100)

    def told(self, *places: str) -> bool:
        """Whether the script has sent these places; waits up to five seconds of real time. The same place twice in a row is one:
        on a slow machine the pause between two may end meanwhile."""
        for _ in range(100):
            if [place for place, _ in itertools.groupby(self.sent)] == list(places):
                return True
            self.page.wait_for_timeout(50)
        return False

    def wait(self, seconds: int) -> None:
        self.page.clock.fast_forward(seconds * 1000)
        self.page.wait_for_timeout(100)


@pytest.fixture
def reader() -> Iterator[Reader]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 800, "height": 600})
        page.clock.install()
        yield Reader(page)
        browser.close()


def test_opening_a_unit_for_the_first_time_is_told_once(reader: Reader) -> None:
    reader.open(new=True)
    assert reader.told(""), reader.sent


def test_opening_it_again_tells_nothing(reader: Reader) -> None:
    reader.open()
    assert reader.sent == []


def test_the_form_for_people_without_script_steps_aside(reader: Reader) -> None:
    reader.open()
    page = reader.page
    assert page.evaluate("[...document.querySelectorAll('#keep-place, [data-keep-link]')].every(e => e.hidden)")
    assert not page.evaluate("document.querySelector('[data-keep-note]').hidden")


def test_a_section_is_kept_at_most_every_few_seconds(reader: Reader) -> None:
    reader.open()
    reader.wait(10)
    reader.read("section-one")
    assert reader.told("section-one"), reader.sent
    reader.read("section-two")
    reader.read("section-three")
    assert reader.told("section-one"), reader.sent
    reader.wait(5)
    assert reader.told("section-one", "section-three"), reader.sent
    assert reader.page.locator(".toc [aria-current]").inner_text() == "section-three"
    assert reader.page.locator("#minutes-left").inner_text() == "4"
    assert reader.page.evaluate("document.querySelector('progress').value") > 50


def test_looking_back_for_a_moment_keeps_the_place_and_staying_moves_it(reader: Reader) -> None:
    reader.open(place="section-three")
    reader.wait(10)
    reader.read("section-one")
    reader.wait(8)
    assert reader.sent == []
    reader.wait(8)
    assert reader.told("section-one"), reader.sent


def test_leaving_the_page_keeps_the_place_at_once(reader: Reader) -> None:
    reader.open(new=True)
    reader.read("section-two")
    reader.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    reader.page.wait_for_timeout(300)  # less than the pause between two places
    assert reader.sent[-1:] == ["section-two"], reader.sent


def test_what_the_server_did_not_keep_is_not_called_kept(reader: Reader) -> None:
    shown = "[...document.querySelectorAll('[data-keep-note], [data-keep-lost]')].filter(e => !e.hidden).map(e => e.innerText)"
    reader.open()
    reader.wait(10)
    assert reader.page.evaluate(shown) == ["kept"]
    reader.status = 403
    reader.read("section-one")
    reader.page.wait_for_selector("[data-keep-lost]")
    assert reader.page.evaluate(shown) == ["not kept"]
    reader.status = 204
    reader.wait(10)
    reader.read("section-two")
    assert reader.told("section-one", "section-two"), reader.sent
    reader.page.wait_for_selector("[data-keep-note]")
    assert reader.page.evaluate(shown) == ["kept"]


def test_back_to_the_text_leads_to_the_word_that_was_opened(reader: Reader) -> None:
    reader.open()
    reader.page.click("#use-section-one")
    reader.page.click("[data-back]")
    assert reader.page.evaluate("document.activeElement.id") == "use-section-one"
