"""The script of the quiz page: what it says when saves are slow, lost, late or overtaken, and that no answer goes missing."""

import re
from functools import partial
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.journeys.browser import Visitor, fill_answer, shown_answer, until
from tests.journeys.conftest import Visit
from tests.journeys.stack import PASSWORD, Stack

pytestmark = pytest.mark.journey

Answers = list[dict[str, Any]]
_number = count(1)


class Sitting:
    """Somebody in an open attempt of one question of each kind, at the question of a kind."""

    def __init__(self, stack: Stack, visit: Visit, kind: str = "single_choice") -> None:
        self.stack = stack
        self.email = f"tries.{next(_number)}.{kind.replace('_', '.')}@alderford.example"
        stack.ask("publish_eight_kinds")
        person = stack.ask("add_person", name="Rae Sandoval", email=self.email, courses={"eight-kinds": 14})
        self.attempt: str = stack.ask("open_attempt", enrollment=person["enrollments"]["eight-kinds"])
        self.answers: Answers = stack.ask("answers", attempt=self.attempt)
        self.position = [a["kind"] for a in self.answers].index(kind) + 1
        self.visitor: Visitor = visit(self.email)
        self.page = self.go(self.position)

    def address(self, position: int) -> str:
        return f"/attempts/{self.attempt}/questions/{position}/"

    def go(self, position: int) -> Page:
        self.visitor.page.goto(self.address(position))
        return self.visitor.page

    def here(self) -> dict[str, list[str]]:
        """Right form data for the question at which the sitting began."""
        right: dict[str, list[str]] = self.answers[self.position - 1]["right"]
        return right

    def wrong(self) -> dict[str, list[str]]:
        wrong: dict[str, list[str]] = self.answers[self.position - 1]["wrong"]
        return wrong

    def stored(self, position: int | None = None) -> Any:
        return self.stack.ask("stored", attempt=self.attempt)[(position or self.position) - 1]["fields"]

    def has_stored(self, position: int, fields: dict[str, list[str]]) -> bool:
        return bool(self.stored(position) == fields)

    def other(self) -> int:
        """The position after this one, or the first."""
        return self.position % len(self.answers) + 1


def expect_stored(page: Page) -> None:
    expect(page.locator("#receipt .stored")).to_contain_text("Stored at")


def test_an_overtaken_tab_says_so_and_overwrites_nothing(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 409")
    early, late = sitting.page, sitting.visitor.new_page()
    late.goto(sitting.address(sitting.position))
    fill_answer(late, sitting.here())
    expect_stored(late)
    fill_answer(early, sitting.wrong())
    expect(early.get_by_role("alert")).to_contain_text("It came from another tab or device")
    expect(early.locator("#receipt")).to_contain_text("Not stored. Choose which answer counts.")
    assert sitting.stored() == sitting.here()
    early.get_by_role("button", name="Keep the stored answer").click()
    expect(early.locator("#receipt")).to_contain_text("Stored at")
    expect(early.get_by_role("alert")).to_have_count(0)
    assert shown_answer(early) == sitting.here()
    # now this tab is the newer one, and the page of the other is told in full
    fill_answer(early, sitting.wrong())
    expect_stored(early)
    late.get_by_role("button", name=re.compile("Next question|Check and hand in")).click()
    expect(late.get_by_role("alert")).to_contain_text("A newer answer is stored")
    assert shown_answer(late) == sitting.wrong() == sitting.stored()


def test_without_a_server_an_answer_is_kept_and_sent_again_by_itself(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("ERR_FAILED|ERR_INTERNET_DISCONNECTED|status of 502")
    page = sitting.page
    page.route("**/answer/", lambda route: route.abort())
    fill_answer(page, sitting.here())
    expect(page.locator("#receipt")).to_contain_text("Not stored yet")
    expect(page.locator("#receipt .stored.is-waiting")).to_be_visible()
    assert sitting.stored() == {}
    page.unroute("**/answer/")
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=10_000)
    assert sitting.stored() == sitting.here()
    # a server that answers with an error page is no better, and no worse
    page.route("**/answer/", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    fill_answer(page, sitting.wrong())
    expect(page.locator("#receipt")).to_contain_text("Not stored yet. The server did not answer")
    sitting.visitor.expect_complaint("^502: ")
    page.unroute("**/answer/")
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=10_000)
    assert sitting.stored() == sitting.wrong()


def test_leaving_with_an_answer_that_is_not_stored_asks_first(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("ERR_FAILED")
    page = sitting.page
    page.route("**/answer/", lambda route: route.abort())
    fill_answer(page, sitting.here())
    expect(page.locator("#receipt")).to_contain_text("Not stored yet")
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    page.goto("/training/")
    assert asked == ["beforeunload"]


def test_a_session_that_ended_asks_for_sign_in_and_sends_the_answer_with_a_fresh_token(
    stack: Stack, visit: Visit
) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 40[013]")
    page = sitting.page
    token = page.locator("#quiz [name=csrfmiddlewaretoken]")
    before = token.input_value()
    assert stack.ask("end_sessions", email=sitting.email) >= 1
    fill_answer(page, sitting.here())
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Password")).to_be_focused()
    expect(dialog.get_by_label("Email address")).to_have_value(sitting.email)
    assert sitting.stored() == {}
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Sign in and store my answer").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not right")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and store my answer").click()
    expect(dialog).to_be_hidden()
    expect_stored(page)
    assert sitting.stored() == sitting.here()
    assert token.input_value() != before
    page.get_by_role("button", name=re.compile("Next question|Check and hand in")).click()
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)))


def test_an_answer_given_just_before_next_is_stored_once_and_the_page_goes_on(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    page = sitting.page
    held: list[Route] = []
    page.route("**/answer/", lambda route: held.append(route))
    fill_answer(page, sitting.here())
    until(page, lambda: held, 5, "the answer is sent")
    page.get_by_role("button", name=re.compile("Next question|Check and hand in")).click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert page.url.endswith(sitting.address(sitting.position))
    held[0].continue_()
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)))
    assert len(held) == 1
    assert sitting.stored() == sitting.here()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_second_answer_during_a_slow_save_is_the_one_that_counts(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    page = sitting.page
    held: list[Route] = []
    page.route("**/answer/", lambda route: held.append(route))
    fill_answer(page, sitting.wrong())
    until(page, lambda: held, 5, "the first answer is sent")
    fill_answer(page, sitting.here())
    page.wait_for_timeout(100)
    assert len(held) == 1
    expect(page.locator("#receipt .stored")).to_have_count(0)
    held[0].continue_()
    until(page, lambda: len(held) > 1, 5, "the second answer is sent")
    held[1].continue_()
    expect_stored(page)
    assert sitting.stored() == sitting.here()


def test_a_lost_acknowledgment_does_not_overtake_the_answer_that_was_given_meanwhile(
    stack: Stack, visit: Visit
) -> None:
    """The server stored the first answer, its reply never came, and the learner chose another: both reach the server, in order."""
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("ERR_FAILED")
    page = sitting.page

    def store_and_lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/answer/", store_and_lose)
    fill_answer(page, sitting.wrong())
    expect(page.locator("#receipt")).to_contain_text("Not stored yet")
    until(page, lambda: sitting.stored() == sitting.wrong(), 10, "the server has it")
    page.unroute("**/answer/")
    fill_answer(page, sitting.here())
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=10_000)
    assert shown_answer(page) == sitting.here() == sitting.stored()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_next_without_a_server_stays_and_goes_on_when_it_is_back(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("ERR_FAILED")
    page = sitting.page
    page.route("**/answer/", lambda route: route.abort())
    fill_answer(page, sitting.here())
    expect(page.locator("#receipt")).to_contain_text("Not stored yet")
    forward = page.get_by_role("button", name=re.compile("Next question|Check and hand in"))
    forward.click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert page.url.endswith(sitting.address(sitting.position))
    assert shown_answer(page) == sitting.here()
    page.unroute("**/answer/")
    forward.click()
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)))
    assert sitting.stored() == sitting.here()


def test_next_after_the_session_ended_goes_on_once_signed_in(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit, "short_text")
    sitting.visitor.expect_complaint("status of 40[013]")
    page = sitting.page
    stack.ask("end_sessions", email=sitting.email)
    page.get_by_label("Your answer").fill(sitting.here()["text"][0])
    page.get_by_role("button", name=re.compile("Next question|Check and hand in")).click(no_wait_after=True)
    dialog = page.get_by_role("dialog", name="Please sign in again")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and store my answer").click()
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert sitting.stored() == sitting.here()


def test_the_back_button_shows_what_is_stored(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    page = sitting.page
    fill_answer(page, sitting.wrong())
    expect_stored(page)
    page.get_by_role("button", name=f"Question {sitting.other()}, no answer yet").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Question {sitting.other()} of")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Question {sitting.position} of")
    assert shown_answer(page) == sitting.wrong()
    fill_answer(page, sitting.here())
    expect_stored(page)
    expect(page.get_by_role("button", name=f"Question {sitting.position}, stored")).to_have_count(1)
    assert sitting.stored() == sitting.here()


def test_after_hand_in_in_another_tab_the_page_leads_to_the_result(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 410")
    other = sitting.visitor.new_page()
    other.goto(f"/attempts/{sitting.attempt}/hand-in/")
    other.get_by_role("button", name="Hand in").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Not yet")
    fill_answer(sitting.page, sitting.here())
    expect(sitting.page.locator("#receipt")).to_contain_text("This quiz was handed in before")
    sitting.page.get_by_role("link", name="Show the result").click()
    expect(sitting.page.get_by_role("heading", level=1)).to_contain_text("Not yet")
    assert sitting.stored() == {}


def focused(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        """() => ({ name: document.activeElement.name || "", value: document.activeElement.value || "",
                    type: document.activeElement.type || "", text: document.activeElement.innerText || "" })"""
    )
    return found


def tab_to(page: Page, name: str, *, value: str = "") -> None:
    """Presses Tab until the control has the focus; a group of radio buttons is one stop."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = focused(page)
        if here["name"] == name and (not value or here["value"] == value):
            return
    raise AssertionError(f"no way by Tab to {name} {value}")


def answer_by_keyboard(page: Page, fields: dict[str, list[str]]) -> None:
    """Tab, Space, arrows and letters alone."""
    page.locator("#main").focus()
    for name, values in fields.items():
        control = page.locator(f'#quiz [name="{name}"]')
        if control.first.evaluate("node => node.tagName") == "SELECT":
            tab_to(page, name)
            for _ in range(30):
                if focused(page)["value"] == values[0]:
                    break
                page.keyboard.press("ArrowDown")
        elif control.first.get_attribute("type") == "text":
            tab_to(page, name)
            page.keyboard.type(values[0])
        elif control.first.get_attribute("type") == "radio":
            tab_to(page, name)
            page.keyboard.press("Space")
            for _ in range(10):
                if focused(page)["value"] == values[0]:
                    break
                page.keyboard.press("ArrowDown")
        else:
            for value in sorted(values):
                tab_to(page, name, value=value)
                page.keyboard.press("Space")


def test_all_eight_kinds_by_keyboard_alone(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 422")  # on the way through the places, one is taken twice for a moment
    page = sitting.go(1)
    assert len({a["kind"] for a in sitting.answers}) == 8
    for position, answer in enumerate(sitting.answers, start=1):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Question {position} of 8")
        answer_by_keyboard(page, answer["right"])
        until(page, partial(sitting.has_stored, position, answer["right"]), 10, f"{answer} is stored")
        expect_stored(page)
        tab_to(page, "go", value="check" if position == 8 else "next")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All 8 answers are stored")
    page.get_by_role("button", name="Hand in").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You passed: 8 of 8")


def test_steps_are_ordered_by_their_buttons_with_the_keyboard(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit, "ordering")
    page = sitting.page
    rows = page.locator("#quiz [role=group][aria-labelledby]")
    served = rows.locator("> p").all_inner_texts()
    down = rows.nth(0).get_by_role("button", name=re.compile("^Down"))
    down.focus()
    page.keyboard.press("Enter")
    expect(rows.locator("> p").nth(1)).to_have_text(served[0])
    assert rows.locator("> p").all_inner_texts() == [served[1], served[0], *served[2:]]
    expect_stored(page)
    up = rows.nth(len(served) - 1).get_by_role("button", name=re.compile("^Up"))
    up.focus()
    page.keyboard.press("Space")
    expect(rows.locator("> p").nth(len(served) - 2)).to_have_text(served[-1])
    expect_stored(page)
    places = {name: int(values[0]) for name, values in sitting.stored().items()}
    assert sorted(places.values()) == list(range(1, len(served) + 1))
    # the pressed button keeps the focus, so the next press goes on from there, and the move is said
    expect(page.get_by_role("button", name=re.compile(f"^Up: .*, now place {len(served) - 1} of"))).to_be_focused()
    expect(page.locator("#quiz [role=status]")).to_contain_text(f"Now place {len(served) - 1} of {len(served)}.")
    for _ in range(len(served) - 2):
        page.keyboard.press("Space")
    expect(rows.locator("> p").first).to_have_text(served[-1])
    expect(rows.first.get_by_role("button", name=re.compile("^Up"))).to_be_disabled()
    expect(rows.first.get_by_role("button", name=re.compile("^Down"))).to_be_focused()
    expect_stored(page)
    until(page, lambda: sitting.stored() == shown_answer(page), 10, "the order on the page is stored")
