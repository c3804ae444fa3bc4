"""No answer goes missing: network, server, tab, device and person change in the middle. Each test looks into the database."""

import re
from functools import partial

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.journeys.browser import PHONE, fill_answer, scrolls_sideways, shown_answer, until
from tests.journeys.conftest import Visit
from tests.journeys.stack import PASSWORD, VOLUNTEER, Stack
from tests.journeys.test_quiz_script import Sitting, expect_stored

pytestmark = pytest.mark.journey

NETWORK = "ERR_FAILED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_ABORTED"
ONWARD = re.compile("Next question|Check and hand in")
PATIENT = 30_000


def lose(route: Route) -> None:
    route.abort()


def cut(page: Page) -> None:
    """No answer leaves this page or a later one of the tab. (What a closing page sends passes by the route, so fetch ends too.)"""
    page.route("**/answer/", lose)
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('cut')); }")


def agree(dialog: Dialog) -> None:
    dialog.accept()


def kept_in(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => Object.keys(sessionStorage).filter((name) => name.startsWith('quiz:'))")
    return found


def expect_nothing_kept(page: Page) -> None:
    """As soon as the page that is open has looked."""
    page.wait_for_function(
        "() => !Object.keys(sessionStorage).some((name) => name.startsWith('quiz:'))", timeout=PATIENT
    )


def expect_kept(page: Page) -> None:
    expect(page.locator("#receipt")).to_contain_text("Not stored yet", timeout=PATIENT)


def unsent(stack: Stack, visit: Visit) -> Sitting:
    """A sitting whose answer to the open question cannot be stored, and is kept in the tab."""
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint(NETWORK)
    sitting.page.on("dialog", agree)
    cut(sitting.page)
    fill_answer(sitting.page, sitting.here())
    expect_kept(sitting.page)
    return sitting


def test_a_minute_without_network_in_the_middle(stack: Stack, visit: Visit) -> None:
    """The minute passes on the page's own clock; every try in it fails. The way that was wanted is taken once the answer is stored."""
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint(NETWORK)
    page = sitting.page
    page.clock.install()
    page.reload()
    fill_answer(page, sitting.wrong())
    page.clock.run_for(1000)
    expect_stored(page)
    tries: list[str] = []
    page.on("requestfailed", lambda request: tries.append(request.url))
    sitting.visitor.context.set_offline(True)
    fill_answer(page, sitting.here())
    expect_kept(page)
    expect(page.locator("#receipt")).to_contain_text("sent when you are back online")
    expect(page.locator("#receipt .is-waiting")).to_be_visible()
    page.get_by_role("button", name=ONWARD).click(no_wait_after=True)
    expect(page.locator("#receipt")).to_contain_text("opens as soon as it is stored")
    before = len(tries)
    for _ in range(12):
        page.clock.run_for(5000)
        expect_kept(page)
    assert len(tries) > before, "it was tried again by itself"
    assert sitting.stored() == sitting.wrong()
    assert shown_answer(page) == sitting.here()
    sitting.visitor.context.set_offline(False)
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)), timeout=PATIENT)
    assert sitting.stored() == sitting.here()
    expect_nothing_kept(page)


def test_a_tab_that_is_loaded_again_while_nothing_can_be_stored(stack: Stack, visit: Visit) -> None:
    sitting = unsent(stack, visit)
    page = sitting.page
    page.reload()
    expect_kept(page)
    assert shown_answer(page) == sitting.here()
    assert sitting.stored() == {}
    page.unroute("**/answer/")
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=PATIENT)
    assert sitting.stored() == sitting.here()
    expect_nothing_kept(page)


def test_an_answer_left_behind_is_sent_from_another_question(stack: Stack, visit: Visit) -> None:
    sitting = unsent(stack, visit)
    page = sitting.page
    sitting.go(sitting.other())
    note = page.locator("#kept")
    expect(note).to_contain_text(f"Question {sitting.position}: an answer is kept in this tab and is not stored yet.")
    expect(note.get_by_role("link", name=f"Open question {sitting.position}")).to_be_visible()
    assert sitting.stored() == {}
    page.unroute("**/answer/")
    expect(page.get_by_role("button", name=f"Question {sitting.position}, stored")).to_have_count(1, timeout=PATIENT)
    expect(note).to_be_empty()
    assert sitting.stored() == sitting.here()
    expect_nothing_kept(page)


def test_before_hand_in_the_tab_sends_what_it_kept(stack: Stack, visit: Visit) -> None:
    sitting = unsent(stack, visit)
    page = sitting.page
    page.goto(f"/attempts/{sitting.attempt}/hand-in/")
    expect(page.locator("#kept")).to_contain_text("is not stored yet")
    hand_in = page.get_by_role("button", name=re.compile("Hand in"))
    hand_in.click(no_wait_after=True)
    expect(page.locator("#kept")).to_contain_text("Handing in now leaves this answer out")
    assert [a["state"] for a in stack.ask("attempts_of", email=sitting.email)] == ["in_progress"]
    page.unroute("**/answer/")
    row = page.get_by_role("link", name=re.compile(f"^Question {sitting.position} Stored at"))
    expect(row).to_be_visible(timeout=PATIENT)
    expect(row).to_contain_text(stack.ask("stored", attempt=sitting.attempt)[sitting.position - 1]["receipt"])
    assert sitting.stored() == sitting.here()
    hand_in.dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not yet")
    assert [a["state"] for a in stack.ask("attempts_of", email=sitting.email)] == ["submitted"]
    assert stack.ask("events", email=sitting.email).count("quiz.submitted") == 1
    expect_nothing_kept(page)


def test_loading_the_page_while_it_stores(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit, "short_text")
    sitting.visitor.expect_complaint(NETWORK)
    page = sitting.page
    page.on("dialog", agree)
    held: list[Route] = []
    page.route("**/answer/", lambda route: held.append(route))
    fill_answer(page, sitting.here())
    until(page, lambda: held, 15, "the answer is sent")
    page.unroute("**/answer/")
    page.reload()
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=PATIENT)
    assert shown_answer(page) == sitting.here() == sitting.stored()
    expect_nothing_kept(page)


def test_a_page_that_was_made_just_before_the_answer_was_stored_is_loaded_again(stack: Stack, visit: Visit) -> None:
    """The load and the save cross: the server renders the page first, and the save is acknowledged to the page before it goes."""
    sitting = Sitting(stack, visit, "short_text")
    page = sitting.page
    made_before = page.request.get(page.url).text()
    fill_answer(page, sitting.here())
    expect_stored(page)
    loads: list[Route] = []

    def first_the_old_one(route: Route) -> None:
        loads.append(route)
        if len(loads) == 1:
            route.fulfill(body=made_before, content_type="text/html; charset=utf-8")
        else:
            route.continue_()

    page.route(re.compile(r"/questions/\d+/$"), first_the_old_one)
    page.reload()
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=PATIENT)
    assert len(loads) == 2
    assert shown_answer(page) == sitting.here() == sitting.stored()


def test_two_devices_and_a_choice(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 409")
    page = sitting.page
    phone = visit(sitting.email, viewport=PHONE)
    phone.expect_complaint("status of 409")
    other = phone.page
    other.goto(sitting.address(sitting.position))
    fill_answer(page, sitting.here())
    expect_stored(page)
    fill_answer(other, sitting.wrong())
    alert = other.get_by_role("alert")
    expect(alert).to_contain_text("A newer answer is stored")
    expect(other.locator("#choice")).to_be_focused()
    assert scrolls_sideways(other) == []
    assert sitting.stored() == sitting.here()
    # neither a way on nor a new load settles it silently
    other.on("dialog", agree)
    other.reload()
    expect(alert).to_contain_text("A newer answer is stored")
    assert shown_answer(other) == sitting.wrong()
    assert sitting.stored() == sitting.here()
    other.get_by_role("button", name="Store mine instead").click()
    expect(alert).to_have_count(0)
    expect_stored(other)
    assert sitting.stored() == sitting.wrong()
    # and back: the first device is the late one now, and keeps what is stored
    before = stack.ask("stored", attempt=sitting.attempt)[sitting.position - 1]
    values = {"0", "1", "2"} - set(sitting.here()["choice"] + sitting.wrong()["choice"])
    fill_answer(page, {"choice": [values.pop()]})
    expect(page.get_by_role("alert")).to_contain_text("A newer answer is stored")
    page.get_by_role("button", name="Keep the stored answer").click()
    expect_stored(page)
    assert shown_answer(page) == sitting.wrong()
    assert stack.ask("stored", attempt=sitting.attempt)[sitting.position - 1] == before
    assert kept_in(page) == kept_in(other) == []


def test_a_double_click_on_next_goes_one_question_on(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    page = sitting.page
    fill_answer(page, sitting.here())
    page.get_by_role("button", name=ONWARD).dblclick()
    after = f"Question {sitting.position + 1} of 8"
    if sitting.position == len(sitting.answers):
        after = "7 questions of 8 have no complete answer"
    expect(page.get_by_role("heading", level=1)).to_have_text(after)
    row = stack.ask("stored", attempt=sitting.attempt)[sitting.position - 1]
    assert (row["fields"], row["revision"]) == (sitting.here(), 1)


def test_the_server_is_started_again_in_the_middle(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint(NETWORK)
    page = sitting.page
    fill_answer(page, sitting.wrong())
    expect_stored(page)
    stack.stop()
    try:
        assert sitting.stored() == sitting.wrong(), "what the page called stored outlives the server"
        fill_answer(page, sitting.here())
        expect_kept(page)
        expect(page.locator("#receipt")).to_contain_text("The server did not answer")
    finally:
        stack.start_again()
    expect(page.locator("#receipt")).to_contain_text("Stored at", timeout=60_000)
    assert sitting.stored() == sitting.here()
    page.get_by_role("button", name=ONWARD).click()
    expect(page).not_to_have_url(re.compile(sitting.address(sitting.position)))


def test_another_person_never_sends_what_the_first_one_answered(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint("status of 40[0134]")
    page = sitting.page
    stack.ask("end_sessions", email=sitting.email)
    fill_answer(page, sitting.here())
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answer/") else None)
    dialog.get_by_label("Email address").fill(VOLUNTEER)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and store my answer").click()
    expect(page.locator("#receipt")).to_contain_text("not here for the person who is signed in now", timeout=PATIENT)
    assert sent == []
    assert sitting.stored() == {}
    expect_nothing_kept(page)
    page.get_by_role("link", name="My training").first.click()
    expect(page).to_have_title(re.compile("^My training"))
    assert sent == []


def test_signing_out_and_signing_in_leaves_nothing_in_the_tab(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    sitting.visitor.expect_complaint(NETWORK)
    page = sitting.page
    page.on("dialog", agree)

    def leave_an_answer() -> None:
        sitting.go(sitting.position)
        cut(page)
        fill_answer(page, sitting.here())
        expect_kept(page)
        page.goto("/training/")
        assert kept_in(page) == [f"quiz:{sitting.attempt}:{sitting.position}"]

    leave_an_answer()
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/account/login/"))
    expect_nothing_kept(page)
    sitting.visitor.sign_in(sitting.email)
    leave_an_answer()
    stack.ask("end_sessions", email=sitting.email)
    page.goto("/account/login/")
    assert len(kept_in(page)) == 1, "the same person may come back"
    sitting.visitor.sign_in(VOLUNTEER)
    expect_nothing_kept(page)
    assert sitting.stored() == {}


def test_every_kind_has_its_names_for_a_screen_reader_and_fits_a_phone(stack: Stack, visit: Visit) -> None:
    sitting = Sitting(stack, visit)
    page = sitting.page
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    for position, question in enumerate(stack.ask("controls", attempt=sitting.attempt), start=1):
        sitting.go(position)
        group = page.get_by_role("group", name=question["ask"], exact=True)
        expect(group, question["kind"]).to_have_count(1)
        for role, name in question["named"]:
            expect(page.get_by_role(role, name=name, exact=True), f"{question['kind']}: {name}").to_have_count(1)
        tree = page.locator("#quiz").aria_snapshot()
        nameless = re.findall(r"^\s*- (?:radio|checkbox|combobox|textbox|button)(?: \[.*\])?:?$", tree, re.M)
        assert nameless == [], tree
        assert len(re.findall(r"- (?:radio|checkbox|combobox|textbox) ", tree)) >= 1, tree
        assert scrolls_sideways(page) == []
        # the receipt is said
        fill_answer(page, sitting.answers[position - 1]["right"])
        expect_stored(page)
        right = sitting.answers[position - 1]["right"]
        until(page, partial(sitting.has_stored, position, right), 15, "it is stored")
    expect(page.get_by_role("status").filter(has_text="8 of 8 stored")).to_have_count(1)
