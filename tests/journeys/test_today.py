"""A supervisor's first page: finds the three people who need action, nudges one, exempts one, exports, opens a person as of a past day; by
mouse, by keys alone, without script."""

import csv
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.browser import DESKTOP, PHONE, scrolls_sideways
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_every_page import violations

pytestmark = pytest.mark.journey

LATE = {"Abel": 9, "Bertha": 4, "Carl": 1}
Press = Callable[[Page, Locator], None]


def by_mouse(page: Page, target: Locator) -> None:
    target.click()


def by_keys(page: Page, target: Locator) -> None:
    focus(page, target)
    page.keyboard.press("Enter")


def focus(page: Page, target: Locator) -> None:
    """Tab until it has the focus, as somebody without a mouse does."""
    expect(target).to_be_visible()
    for _ in range(120):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {target}")


def team(stack: Stack, name: str) -> tuple[str, list[str]]:
    """A team of three late people, and its supervisor's address."""
    word = name.lower().replace(" ", "-")
    supervisor = f"boss-of-{word}@alderford.example"
    people = stack.ask(
        "add_late_team", name=name, supervisor=supervisor, people_late={f"{who} {name}": n for who, n in LATE.items()}
    )
    return supervisor, people


def rows(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator("li.decision h4").all_inner_texts()]


@pytest.mark.parametrize("press", [by_mouse, by_keys], ids=["mouse", "keys"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_nudge_one_exempt_one_export_and_look_back(
    stack: Stack, visit: Visit, tmp_path: Path, viewport: dict[str, int], press: Press
) -> None:
    name = f"{'Keys' if press is by_keys else 'Mouse'} {viewport['width']}"
    supervisor, people = team(stack, name)
    page = visit(supervisor, viewport=viewport).page
    expect(page).to_have_url(re.compile("/today/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Three things need you today")
    assert rows(page) == [
        f"Abel {name} Overdue 9 days",
        f"Bertha {name} Overdue 4 days",
        f"Carl {name} Overdue 1 day",
    ]
    expect(page.get_by_role("link", name=f"Call 555-0123 Abel {name}")).to_have_attribute("href", "tel:5550123")
    assert violations(page) == []
    assert scrolls_sideways(page) == []

    press(page, page.get_by_role("button", name=f"Nudge Bertha {name}"))
    expect(page.locator("#done")).to_contain_text(f"A mail asks Bertha {name} to take the time for Stigma reduction.")
    expect(page.locator("#done")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two things need you today")
    assert "nudge" in stack.ask("reasons", email=people[1])

    press(page, page.get_by_role("link", name=f"Exempt Abel {name}"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener = page.get_by_role("link", name=f"Exempt Abel {name}")
    expect(opener).to_be_focused()
    if press is by_keys:
        page.keyboard.press("Enter")
    else:
        opener.click()
    expect(dialog.get_by_label("Last day")).to_be_focused()
    if press is by_keys:
        while not dialog.get_by_label("Why").evaluate("node => node === document.activeElement"):
            page.keyboard.press("Tab")
        page.keyboard.type("Works in the kitchen alone")
        page.keyboard.press("Enter")
    else:
        dialog.get_by_label("Why").fill("Works in the kitchen alone")
        dialog.get_by_role("button", name="Grant the exemption").click()
    expect(page.locator("#done")).to_contain_text(f"Abel {name} is exempt from Stigma reduction until")
    expect(page.get_by_role("heading", level=1)).to_have_text("One thing needs you today")
    assert rows(page) == [f"Carl {name} Overdue 1 day"]
    summary = page.locator("summary", has_text="Nudged in the last three days: 1")
    press(page, summary)
    expect(page.get_by_role("link", name=f"Bertha {name}")).to_be_visible()
    table = page.locator("summary", has_text="Show as a table").last
    press(page, table)
    expect(page.get_by_role("columnheader", name="Share")).to_be_visible()
    assert violations(page) == []
    assert "exception.granted" in stack.ask("events", email=people[0])
    assert "assignment.nudged" in stack.ask("events", email=people[1])
    _take_the_table(page, press, sorted(f"{who} {name}" for who in LATE), tmp_path / "table.csv")
    _open_as_of_a_past_day(
        page, press, f"Carl {name}", dt.date.fromisoformat(stack.ask("local_day", zone="America/Denver"))
    )


def _take_the_table(page: Page, press: Press, people: list[str], file: Path) -> None:
    if not page.get_by_role("link", name="People and courses").first.is_visible():
        press(page, page.locator("summary", has_text="Menu").first)
    press(page, page.get_by_role("link", name="People and courses").locator("visible=true").first)
    expect(page.get_by_role("heading", level=1)).to_have_text("People and courses")
    assert violations(page) == []
    press(page, page.locator("summary", has_text="Export"))
    with page.expect_download() as download:
        press(page, page.get_by_role("link", name="This table as CSV"))
    download.value.save_as(file)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="This table as CSV")).to_be_hidden()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        assert sorted(row[0] for row in list(csv.reader(lines))[1:]) == people


def _open_as_of_a_past_day(page: Page, press: Press, person: str, today: dt.date) -> None:
    """Carl is late by one day now. Ten days ago, as we know it today, he was not."""
    press(page, page.get_by_role("link", name=person, exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text(person)
    expect(page.locator("main")).to_contain_text("Overdue")
    day = today - dt.timedelta(days=10)
    field, known = page.get_by_label("Show the record as of"), page.get_by_label("As we know today about that day")
    if press is by_keys:
        focus(page, field)
        page.keyboard.type(f"{day:%m%d%Y}")
        focus(page, page.get_by_label("As it was known on that day"))
        page.keyboard.press("ArrowDown")
    else:
        field.fill(day.isoformat())
        known.check()
    expect(field).to_have_value(day.isoformat())
    expect(known).to_be_checked()
    press(page, page.get_by_role("button", name="Show", exact=True))
    expect(page.locator(".alert-pause")).to_contain_text(f"You are looking at {day:%A}, {day:%B} {day.day}, {day.year}")
    table = page.get_by_role("region", name="Courses")
    expect(table).to_contain_text("Not started")
    expect(table).not_to_contain_text("Overdue")
    assert violations(page) == []
    assert scrolls_sideways(page) == []
    press(page, page.get_by_role("link", name="Back to today"))
    expect(page.locator("main")).to_contain_text("Overdue")


def test_without_script_every_button_is_a_page_or_a_form(stack: Stack, visit: Visit) -> None:
    name = "Plain"
    supervisor, people = team(stack, name)
    page = visit(supervisor, viewport=PHONE, java_script_enabled=False).page
    page.get_by_role("button", name=f"Nudge Abel {name}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two things need you today")
    page.get_by_role("link", name=f"Extend Bertha {name}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"More time for Bertha {name}")
    page.get_by_label("Why").fill("Night shifts")
    page.get_by_role("button", name="Give more time").click()
    expect(page.locator("main")).to_contain_text(f"Bertha {name} has until")
    page.get_by_role("link", name=f"Exempt Carl {name}").click()
    page.get_by_label("Why").fill("Kitchen only")
    page.get_by_role("button", name="Grant the exemption").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing needs you today")
    assert "assignment.moved" in stack.ask("events", email=people[1])
