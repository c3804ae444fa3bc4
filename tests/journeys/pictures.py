"""``python -m tests.journeys.pictures [FOLDER]``: makes the pictures of the README, from the demonstration in a real browser.

Starts everything on a folder of its own, takes each picture through the window (not the whole page), and stops everything. The
folder is docs/pictures unless another is named.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    os.environ["LMS_TEST_FAST_PASSWORDS"] = "yes"

from tests.journeys.browser import PHONE, Visitor, fill_answer, find_chromium, launch, save_picture, shown_answer
from tests.journeys.stack import STAFF, SUPERVISOR, Stack
from tests.platform.launching import ROOT, wait_for

LARGEST = 150_000  # bytes
WINDOW = {"width": 1280, "height": 720}


class Camera:
    """Takes pictures into one folder; a picture that is larger than a README should carry is an error."""

    def __init__(self, browser: Browser, stack: Stack, folder: Path) -> None:
        self.browser, self.stack, self.folder = browser, stack, folder

    def visitor(self, email: str = "", **options: Any) -> Visitor:
        visitor = Visitor(self.browser, self.stack.url, **{"viewport": WINDOW, **options})
        if email:
            visitor.sign_in(email)
        return visitor

    def take(self, page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready")
        path = self.folder / f"{name}.png"
        save_picture(page, path)
        size = path.stat().st_size
        print(f"{path.name}: {size // 1000} kB")
        if size > LARGEST:
            raise SystemExit(f"{path} has {size} bytes, more than {LARGEST}.")


def at_desk(camera: Camera) -> None:
    page = camera.visitor(SUPERVISOR).page
    camera.take(page, "today")
    page.goto("/team/")
    camera.take(page, "team")
    person = camera.stack.ask("person", name="Hannah Lindqvist")
    page.goto(f"/team/people/{person['public_id']}/")
    camera.take(page, "person-record")


def reading(camera: Camera, suffix: str, **options: Any) -> Page:
    """My training and the unit of the new staff member; returns the page."""
    page = camera.visitor(STAFF, **options).page
    camera.take(page, f"my-training{suffix}")
    page.locator("section.panel .actions a").click()
    page.evaluate("window.scrollTo(0, 0)")
    camera.take(page, f"unit{suffix}")
    return page


def answering(camera: Camera, page: Page, suffix: str) -> None:
    """A question of the quiz of the same unit, answered and stored."""
    enrollment = camera.stack.ask("enrollments", email=STAFF)["stigma-reduction"]
    attempt = camera.stack.ask("open_attempt", enrollment=enrollment, unit=3)
    answers = camera.stack.ask("answers", attempt=attempt)
    position = next((n for n, a in enumerate(answers, 1) if a["kind"] == "single_choice"), 1)
    page.goto(f"/attempts/{attempt}/questions/{position}/")
    if shown_answer(page) != answers[position - 1]["right"]:
        fill_answer(page, answers[position - 1]["right"])
    expect(page.locator("#receipt .stored")).to_contain_text("Stored at")
    page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")
    camera.take(page, f"quiz{suffix}")


def finishing(camera: Camera, page: Page) -> None:
    """The result of the open quiz, one answer wrong, then the certificate and its file."""
    attempt = re.search(r"/attempts/([0-9a-f-]{36})/", page.url)
    assert attempt
    answers = camera.stack.ask("answers", attempt=attempt.group(1))
    for position, answer in enumerate(answers, start=1):
        page.goto(f"/attempts/{attempt.group(1)}/questions/{position}/")
        fill_answer(page, answer["wrong" if position in (1, 2) else "right"])
        expect(page.locator("#receipt .stored")).to_contain_text("Stored at")
    page.goto(f"/attempts/{attempt.group(1)}/hand-in/")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not yet")
    page.evaluate("window.scrollTo(0, 400)")
    camera.take(page, "result")
    page = camera.visitor("eleanor.finch@alderford.example").page
    (certificate,) = (c for c in camera.stack.ask("certificates", email="eleanor.finch@alderford.example")[-1:])
    page.goto(f"/certificates/{certificate['id']}/")
    camera.take(page, "certificate")
    wait_for(lambda: list((camera.stack.var / "certificates").rglob("*.pdf")), 30, "a certificate is drawn")
    pdf = camera.folder / "certificate.pdf"
    with page.expect_download() as started:
        page.get_by_role("link", name="Download PDF").click()
    started.value.save_as(pdf)
    picture = camera.folder / "certificate-pdf"
    subprocess.run(["pdftoppm", "-png", "-r", "90", "-singlefile", str(pdf), str(picture)], check=True)
    pdf.unlink()
    print(f"certificate-pdf.png: {picture.with_suffix('.png').stat().st_size // 1000} kB")


def make_all(folder: Path) -> None:
    if find_chromium() is None:
        raise SystemExit("No Chromium was found: install the package chromium to take the pictures.")
    with tempfile.TemporaryDirectory(prefix="lms-pictures-") as work, sync_playwright() as playwright:
        stack = Stack(Path(work))
        try:
            stack.wait_until_ready()
            browser = launch(playwright)
            camera = Camera(browser, stack, folder)
            page = camera.visitor().page
            page.goto("/account/login/")
            camera.take(page, "sign-in")
            at_desk(camera)
            phone = reading(camera, "-phone", viewport=PHONE)
            desk = reading(camera, "")
            answering(camera, phone, "-phone")
            answering(camera, desk, "")
            finishing(camera, desk)
            browser.close()
        finally:
            stack.close()


if __name__ == "__main__":
    make_all(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
