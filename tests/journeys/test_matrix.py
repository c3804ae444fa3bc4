"""People and courses in a browser: filter, keep a view, choose columns, page, export; by mouse and by keyboard alone, desk and phone."""

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from courses.queries.matrix_rows import PERSON_HEAD
from tests.journeys.browser import DESKTOP, PHONE, scrolls_sideways
from tests.journeys.conftest import Visit
from tests.journeys.stack import COORDINATOR, SUPERVISOR
from tests.journeys.test_every_page import violations

pytestmark = pytest.mark.journey


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)


class Keyboard(Mouse):
    """Goes with the Tab key to everything, as somebody without a mouse does."""

    def reach(self, target: Locator) -> None:
        for _ in range(150):
            if target.evaluate("node => node === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not reach {target}")

    def press(self, target: Locator) -> None:
        self.reach(target)
        boxes = target.evaluate("node => node.type === 'checkbox'")
        self.page.keyboard.press("Space" if boxes else "Enter")

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.type(text)

    def choose(self, target: Locator, label: str) -> None:
        self.reach(target)
        self.page.keyboard.type(label)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("hands", [Mouse, Keyboard], ids=["mouse", "keyboard"])
def test_a_coordinator_finds_keeps_and_takes_what_matters(
    visit: Visit, tmp_path: Path, hands: type[Mouse], viewport: dict[str, int]
) -> None:
    page = visit(COORDINATOR, viewport=viewport).page
    do = hands(page)
    page.goto("/team/")
    lead = page.locator(".page-head .lead")
    expect(lead).to_have_text(re.compile(r"^1 to 25 of \d+ people, those who need attention first\.$"))
    assert violations(page) == []
    assert scrolls_sideways(page) == []

    # filter
    do.choose(page.get_by_label("Status", exact=True), "Overdue or expired")
    do.press(page.get_by_role("button", name="Show"))
    expect(page).to_have_url(re.compile("status=late"))
    late = int(page.locator(".chip[aria-current] b").inner_text())
    expect(lead).to_contain_text(f"of {late} people")
    assert 0 < late < 30
    expect(page.locator(".matrix tbody tr")).to_have_count(late)

    # keep it under a name
    name = f"Late {hands.__name__} {viewport['width']}"
    do.press(page.locator("summary", has_text="Save view"))
    do.write(page.get_by_label("Name of the view"), name)
    do.press(page.get_by_role("button", name="Keep these filters"))
    expect(page.locator(".messages")).to_contain_text(f"The view {name} is kept.")
    expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "true")
    assert violations(page) == []

    # fewer columns
    heads = page.locator(".matrix thead th").count()
    do.press(page.locator("summary", has_text="More filters and columns"))
    do.press(page.get_by_label("Stigma reduction", exact=True))
    do.press(page.get_by_role("button", name="Show"))
    expect(page).to_have_url(re.compile("columns="))
    expect(page.locator(".matrix thead th")).to_have_count(heads - 1)
    assert violations(page) == []

    # the export has the rows and columns of the screen
    shown = page.locator(".matrix tbody th bdi").all_inner_texts()
    do.press(page.locator("summary", has_text="Export"))
    with page.expect_download() as download:
        do.press(page.get_by_role("link", name="This table, for Excel"))
    file = tmp_path / "table.xlsx"
    download.value.save_as(file)
    rows = list(openpyxl.load_workbook(file).worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == shown
    assert len(rows[0]) == len(PERSON_HEAD) + heads - 2

    # everybody again, the second page, and the view that was kept
    page.goto("/team/?sort=name")
    do.press(page.get_by_role("link", name="Page 2"))
    expect(lead).to_have_text(re.compile(r"^26 to (\d+) of \1 people\.$"))
    expect(page).to_have_url(re.compile("sort=name&page=2"))
    do.press(page.get_by_role("link", name=name))
    expect(lead).to_contain_text(f"of {late} people")

    # deleted again
    page.goto("/team/views/")
    do.press(page.get_by_role("link", name=re.compile(f"delete {name}")))
    do.press(page.get_by_role("button", name="Delete this view"))
    expect(page.locator(".messages")).to_contain_text(f"The view {name} is deleted.")
    assert violations(page) == []


def test_arrow_keys_go_from_cell_to_cell(visit: Visit) -> None:
    page = visit(SUPERVISOR).page
    page.goto("/team/")
    do = Keyboard(page)
    names = page.locator(".matrix tbody th a")
    do.reach(names.nth(0))
    assert _tabs_inside(page) == names.count(), "one stop a person"
    names.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    first = page.locator(".matrix tbody tr").nth(0).locator("td a").nth(0)
    expect(first).to_be_focused()
    page.keyboard.press("Home")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/assignments/.+/why/$"))


def _tabs_inside(page: Page) -> Any:
    return page.locator(".matrix a").evaluate_all("links => links.filter((link) => link.tabIndex >= 0).length")


def test_the_heads_stay_while_the_table_scrolls(visit: Visit) -> None:
    page = visit(COORDINATOR, viewport={"width": 1280, "height": 700}).page
    page.goto("/team/")
    region = page.get_by_role("region", name="People and courses")
    region.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    head, frame = page.locator(".matrix thead th").first.bounding_box(), region.bounding_box()
    assert head
    assert frame
    assert abs(head["y"] - frame["y"]) < 3
    page.keyboard.press("Tab")
    region.focus()
    expect(region).to_be_focused()
