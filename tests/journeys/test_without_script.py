"""The same job on a phone whose browser runs no scripts: every button of the quiz is a submit button, and moving saves."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import PHONE, attempt_of, fill_answer, scrolls_sideways, shown_answer
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.platform.launching import wait_for

pytestmark = pytest.mark.journey

ADDRESS = "teo.marin@alderford.example"
COURSE = "Your role, its limits, and privacy"


def on_question(page: Page, number: int, of: int) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Question {number} of {of}")


def test_read_take_the_quiz_with_every_button_and_get_the_certificate(stack: Stack, visit: Visit) -> None:
    stack.ask("add_person", name="Teo Marin", email=ADDRESS, courses={"role-and-privacy": 14})
    visitor = visit(ADDRESS, java_script_enabled=False, viewport=PHONE, has_touch=True)
    page = visitor.page
    page.locator("section.panel").get_by_role("link", name="Start reading").tap()

    # the place, kept by a form; the practice question, answered by a page
    page.locator("#place").select_option(index=1)
    section = page.locator("#place").input_value()
    page.get_by_role("button", name="Keep my place").tap()
    expect(page).to_have_url(re.compile(f"#{section}$"))
    expect(page.locator("#resume")).to_be_visible()
    page.locator("#practice-1 input[name=choice]").first.check()
    page.locator("#practice-1").get_by_role("button", name="Check my answer").tap()
    expect(page.locator("#practice-1 .verdict")).to_be_visible()

    page.get_by_role("link", name="Go to the quiz").tap()
    page.get_by_role("button", name="Start the quiz").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Question 1 of"))
    attempt = attempt_of(page)
    answers = stack.ask("answers", attempt=attempt)
    size = len(answers)
    on_question(page, 1, size)
    expect(page.locator("#receipt")).to_have_text("Your answer is stored when you press a button on this page.")

    # Next
    fill_answer(page, answers[0]["right"])
    page.get_by_role("button", name="Next question").tap()
    on_question(page, 2, size)
    expect(page.locator("#stored-count")).to_contain_text(f"1 of {size} stored")
    # Back: what stands here is stored, and the first answer is there
    fill_answer(page, answers[1]["right"])
    page.get_by_role("button", name="Back").tap()
    on_question(page, 1, size)
    assert shown_answer(page) == answers[0]["right"]
    # a dot
    page.get_by_role("button", name="Question 3, no answer yet").tap()
    on_question(page, 3, size)
    fill_answer(page, answers[2]["right"])
    # Leave, and come back to the first question without an answer
    page.get_by_role("button", name="Leave, answers are kept").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(COURSE)
    assert [r["fields"] for r in stack.ask("stored", attempt=attempt)[:3]] == [a["right"] for a in answers[:3]]
    page.get_by_role("link", name="Go to the quiz").tap()
    page.get_by_role("button", name="Continue the quiz").tap()
    on_question(page, 4, size)
    assert attempt_of(page) == attempt
    page.get_by_role("button", name=f"Question {size}, no answer yet").tap()
    # Check and hand in: with one answer missing the page says which
    fill_answer(page, answers[size - 1]["right"])
    page.get_by_role("button", name="Check and hand in").tap()
    missing = list(range(4, size))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"^{len(missing)} .*no complete answer$"))
    for position in missing:
        page.get_by_role("link", name=re.compile(f"^Answer question {position}")).tap()
        on_question(page, position, size)
        fill_answer(page, answers[position - 1]["right"])
        page.get_by_role("button", name=f"Question {size}, stored").tap()
        page.get_by_role("button", name="Check and hand in").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"All {size} answers are stored")
    assert scrolls_sideways(page) == []

    page.get_by_role("button", name="Hand in").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"You passed: {size} of {size}")
    page.get_by_role("link", name="See my certificate").tap()
    (certificate,) = stack.ask("certificates", email=ADDRESS)
    expect(page.locator("main")).to_contain_text(certificate["number"])
    wait_for(lambda: stack.ask("certificates", email=ADDRESS)[0]["state"] == "stored", 30, "the file is stored")
    page.reload()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download PDF").tap()
    assert started.value.path().read_bytes().startswith(b"%PDF-")
    page.get_by_role("link", name="Open the check page").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("This certificate is valid")

    # the menu of the account opens and signs out
    page.goto("/training/")
    page.locator("details.menu summary").tap()
    page.get_by_role("button", name="Sign out").tap()
    expect(page).to_have_url(re.compile("/account/login/"))
    page.goto("/training/")
    expect(page).to_have_url(re.compile("/account/login/"))


def test_all_eight_kinds_with_forms_alone(stack: Stack, visit: Visit) -> None:
    """Answered, moved with buttons, overtaken by a second device, chosen, handed in: no script in either browser."""
    stack.ask("publish_eight_kinds")
    address = "ines.calder@alderford.example"
    person = stack.ask("add_person", name="Ines Calder", email=address, courses={"eight-kinds": 14})
    attempt = stack.ask("open_attempt", enrollment=person["enrollments"]["eight-kinds"])
    answers = stack.ask("answers", attempt=attempt)
    phone = visit(address, java_script_enabled=False, viewport=PHONE)
    desk = visit(address, java_script_enabled=False)
    desk.expect_complaint("status of 409")
    page, other = phone.page, desk.page
    page.goto(f"/attempts/{attempt}/questions/1/")
    for position, answer in enumerate(answers, start=1):
        on_question(page, position, len(answers))
        assert scrolls_sideways(page) == []
        other.goto(f"/attempts/{attempt}/questions/{position}/")
        if answer["kind"] == "ordering":  # a step moves by its button, and the page opens at that button
            page.get_by_role("button", name=re.compile("^Down")).first.click()
            expect(page).to_have_url(re.compile("#id_step_\\d_down$"))
            expect(page.locator("button:focus")).to_have_attribute(
                "aria-label", re.compile("^Down: .*, now place 2 of")
            )
        fill_answer(page, answer["wrong"])
        page.get_by_role("button", name="Check and hand in" if position == len(answers) else "Next question").click()
        # the other device knows nothing of it: its answer overwrites nothing, and counts once it is chosen
        fill_answer(other, answer["right"])
        other.get_by_role("button", name="Check and hand in" if position == len(answers) else "Next question").click()
        expect(other.get_by_role("alert")).to_contain_text("A newer answer is stored")
        assert stack.ask("stored", attempt=attempt)[position - 1]["fields"] == answer["wrong"]
        assert shown_answer(other) == answer["wrong"]
        if position == 1:
            other.get_by_role("button", name="Keep the stored answer").click()
            on_question(other, 1, len(answers))
            assert stack.ask("stored", attempt=attempt)[0]["fields"] == answer["wrong"]
            fill_answer(other, answer["right"])
            other.get_by_role("button", name="Next question").click()
        else:
            other.get_by_role("button", name="Store mine instead").click()
        expect(other.get_by_role("alert")).to_have_count(0)
        assert stack.ask("stored", attempt=attempt)[position - 1]["fields"] == answer["right"]
    expect(page.get_by_role("heading", level=1)).to_have_text(f"All {len(answers)} answers are stored")
    page.reload()
    for row in stack.ask("stored", attempt=attempt):
        expect(page.locator("main")).to_contain_text(f"Receipt {row['receipt']}")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"You passed: {len(answers)} of {len(answers)}")
    assert [a["passed"] for a in stack.ask("attempts_of", email=address)] == [True]


def test_a_typing_error_is_said_and_nothing_is_lost(stack: Stack, visit: Visit) -> None:
    """Two of the kinds take typed answers: a number that is none comes back with what was typed."""
    stack.ask("publish_eight_kinds")
    address = "lena.vogt@alderford.example"
    person = stack.ask("add_person", name="Lena Vogt", email=address, courses={"eight-kinds": 14})
    attempt = stack.ask("open_attempt", enrollment=person["enrollments"]["eight-kinds"])
    position = [a["kind"] for a in stack.ask("answers", attempt=attempt)].index("numeric") + 1
    visitor = visit(address, java_script_enabled=False, viewport=PHONE)
    visitor.expect_complaint("status of 422")
    page = visitor.page
    page.goto(f"/attempts/{attempt}/questions/{position}/")
    page.get_by_label("Your answer").fill("about four")
    page.get_by_role("button", name=re.compile("Next question|Check and hand in")).click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("Your answer")).to_have_value("about four")
    expect(page.get_by_label("Your answer")).to_have_attribute("aria-invalid", "true")
