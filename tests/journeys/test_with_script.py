"""The main job as most people do it: a browser that runs scripts, from signing in to the certificate and who sees it."""

import re
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest
import zxingcpp
from playwright.sync_api import Page, Route, expect

from tests.journeys.browser import attempt_of, fill_answer, shown_answer, until
from tests.journeys.conftest import Visit
from tests.journeys.stack import COORDINATOR, VOLUNTEER, Stack, text_of
from tests.platform.launching import wait_for

pytestmark = pytest.mark.journey

COURSE = "Your role, its limits, and privacy"


def start_quiz(page: Page) -> str:
    page.get_by_role("button", name=re.compile("Start the quiz|Continue the quiz")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Question \d+ of \d+"))
    return attempt_of(page)


def wait_until_stored(page: Page) -> None:
    expect(page.locator("#receipt .stored")).to_contain_text("Stored at")


def answer_and_go_on(page: Page, answers: list[dict[str, dict[str, list[str]]]], which: str, first: int = 1) -> None:
    """Answers each question from ``first`` on, waits until the page says stored, and comes to the page before hand-in."""
    for position, answer in enumerate(answers[first - 1 :], start=first):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Question {position} of {len(answers)}")
        fill_answer(page, answer[which])
        wait_until_stored(page)
        last = position == len(answers)
        page.get_by_role("button", name="Check and hand in" if last else "Next question").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"All {len(answers)} answers are stored")


def read_picture(pdf: Path) -> tuple[bytes, int, int]:
    """The first page in gray, with its width and height."""
    out = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray", "-f", "1", "-l", "1", str(pdf)], capture_output=True, check=True
    ).stdout
    found = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", out)
    assert found
    return out[found.end() :], int(found.group(1)), int(found.group(2))


def qr_code_of(pdf: Path) -> str:
    pixels, width, height = read_picture(pdf)
    (code,) = zxingcpp.read_barcodes(memoryview(pixels).cast("B", (height, width)))
    return str(code.text)


def test_a_volunteer_from_sign_in_to_certificate(stack: Stack, visit: Visit, tmp_path: Path) -> None:
    visitor = visit(VOLUNTEER)
    page = visitor.page

    # My training: one next step
    expect(page).to_have_title(re.compile("^My training"))
    panel = page.locator("section.panel")
    expect(panel).to_have_count(1)
    expect(panel.get_by_role("heading", level=2)).to_be_visible()
    expect(panel).to_contain_text("Los Angeles time")
    panel.get_by_role("link", name="Start reading").click()

    # reading: the place is kept, and found again after closing the page
    sections = page.locator("#reading h2[id^=section-]")
    third = sections.nth(2)
    third_id = third.get_attribute("id") or ""
    third.evaluate("node => node.scrollIntoView()")
    wait_for(lambda: stack.ask("place_of", email=VOLUNTEER) == third_id, 15, f"{third_id} is kept as the place")
    page.reload()
    expect(page.locator("#resume")).to_contain_text(third.inner_text())
    page.goto("/training/")
    expect(panel).to_contain_text("You stopped at")
    panel.get_by_role("link", name="Continue reading").click()
    expect(page).to_have_url(re.compile(f"#{third_id}$"))

    # a practice question gives feedback for what was chosen, in place
    practice = page.locator("#practice-1")
    practice.get_by_role("button", name="Check my answer").click()
    expect(practice).to_contain_text("Choose an answer first")
    practice.locator("input[name=choice]").first.check()
    practice.get_by_role("button", name="Check my answer").click()
    expect(practice.get_by_role("group", name="Feedback")).to_be_focused()

    # the quiz: stored is said after the server's answer, not before
    page.get_by_role("link", name="Go to the quiz").click()
    attempt = start_quiz(page)
    answers = stack.ask("answers", attempt=attempt)
    held: list[Route] = []
    page.route("**/answer/", lambda route: held.append(route))
    fill_answer(page, answers[0]["wrong"])
    expect(page.locator("#receipt")).to_contain_text("Storing")
    until(page, lambda: held, 5, "the answer is sent")
    page.wait_for_timeout(300)
    expect(page.locator("#receipt .stored")).to_have_count(0)
    expect(page.locator("#stored-count")).to_contain_text(f"0 of {len(answers)} stored")
    for route in held:
        route.continue_()
    page.unroute("**/answer/")
    wait_until_stored(page)
    expect(page.locator("#stored-count")).to_contain_text(f"1 of {len(answers)} stored")
    expect(page.locator("#receipt")).to_contain_text(stack.ask("stored", attempt=attempt)[0]["receipt"])
    page.get_by_role("button", name="Next question").click()
    fill_answer(page, answers[1]["wrong"])
    wait_until_stored(page)

    # the browser is closed in the middle; a new one finds what was stored
    visitor.close()
    assert [r["fields"] for r in stack.ask("stored", attempt=attempt)[:2]] == [a["wrong"] for a in answers[:2]]
    visitor = visit(VOLUNTEER)
    page = visitor.page
    page.locator("section.panel").get_by_role("link", name="Go on with the quiz").click()
    expect(page.locator("main")).to_contain_text(f"2 of {len(answers)} answers are stored")
    assert start_quiz(page) == attempt
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Question 3 of {len(answers)}")
    page.get_by_role("button", name="Question 1, stored").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Question 1 of {len(answers)}")
    assert shown_answer(page) == answers[0]["wrong"]
    page.get_by_role("button", name="Question 3, no answer yet").click()
    answer_and_go_on(page, answers, "wrong", first=3)

    # handed in with an impatient double click: one result
    page.get_by_role("button", name="Hand in").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"Not yet: [\d.]+ of {len(answers)}"))
    assert [a["state"] for a in stack.ask("attempts_of", email=VOLUNTEER)] == ["submitted"]
    assert stack.ask("events", email=VOLUNTEER).count("quiz.submitted") == 1
    articles = page.locator("article.card")
    assert articles.count() == len(answers)
    for article in articles.all():
        expect(article.locator(".fb li").first).not_to_be_empty()
    reread = articles.first.get_by_role("link", name=re.compile("^Reread"))
    section = (reread.get_attribute("href") or "").partition("#")[2]
    reread.click()
    expect(page.locator(f"#{section}")).to_be_in_viewport()

    # no start during the wait; an hour later there is one
    page.goto("/training/")
    page.locator("section.panel").get_by_role("link", name="Go on with the quiz").click()
    expect(page.locator("main")).to_contain_text("Your next attempt opens at")
    expect(page.get_by_role("button", name="Start the quiz")).to_have_count(0)
    stack.move_clock(minutes=61)
    page.reload()
    second = start_quiz(page)
    assert second != attempt
    answers = stack.ask("answers", attempt=second)
    answer_and_go_on(page, answers, "right")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"You passed: {len(answers)} of {len(answers)}")
    expect(page.locator("main")).to_contain_text("is complete")
    assert [a["passed"] for a in stack.ask("attempts_of", email=VOLUNTEER)] == [False, True]

    # the certificate: its page, its file, the check page
    page.get_by_role("link", name="See my certificate").click()
    (certificate,) = stack.ask("certificates", email=VOLUNTEER)
    expect(page.get_by_role("heading", level=1)).to_contain_text(COURSE)
    expect(page.locator("main")).to_contain_text(certificate["number"])
    download = page.get_by_role("link", name="Download PDF")
    download.wait_for(timeout=30_000)
    with page.expect_download() as started:
        download.click()
    pdf = tmp_path / "certificate.pdf"
    started.value.save_as(pdf)
    words = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    for expected in ("Sam Rivera", COURSE, certificate["number"], "Alderford Recovery Services"):
        assert expected in words
    address = qr_code_of(pdf)
    assert address.startswith(f"{stack.url}/verify/")
    anybody = visit().page
    anybody.goto(address)
    expect(anybody.get_by_role("heading", level=1)).to_have_text("This certificate is valid")
    expect(anybody.locator("main")).to_contain_text("Sam Rivera")
    expect(anybody.locator("main")).to_contain_text(certificate["number"])
    expect(anybody.locator("main")).not_to_contain_text("@")

    # the mail
    mail = stack.wait_for_mail(VOLUNTEER, "certificate")
    assert attached(mail) == pdf.read_bytes()
    assert COURSE in text_of(mail)
    assert [m["kind"] for m in stack.ask("messages", email=VOLUNTEER)].count("certificate_ready") == 1

    # who sees it: the supervisor, never which options were chosen
    desk = visit("ruth.abrams@alderford.example").page
    desk.goto("/team/?search=Sam+Rivera")
    row = desk.get_by_role("row").filter(has_text=COURSE)
    expect(row).to_contain_text("Complete")
    row.get_by_role("link", name="Sam Rivera", exact=True).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Sam Rivera")
    tried = desk.get_by_role("region", name=re.compile("^Attempts")).get_by_role("row")
    expect(tried).to_have_count(3)
    expect(tried.nth(1)).to_contain_text("not yet")
    expect(tried.nth(2)).to_contain_text(f"{len(answers)} of {len(answers)}, passed")
    for summary in desk.locator("main summary").all():
        summary.click()
    record = desk.locator("main").inner_text()
    chosen = stack.ask("option_texts", attempt=attempt) + stack.ask("option_texts", attempt=second)
    assert chosen
    assert [words for words in chosen if len(plain(words)) > 12 and plain(words) in plain(record)] == []

    # and the coordinator reads what was written to the volunteer
    desk = visit(COORDINATOR).page
    desk.goto("/coordinator/messages/")
    desk.get_by_role("link", name=re.compile("certificate", re.IGNORECASE)).first.click()
    expect(desk.locator("main")).to_contain_text(COURSE)
    expect(desk.locator("main")).to_contain_text("Sam")


def plain(words: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", words).split())


def attached(mail: EmailMessage) -> bytes:
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    content: bytes = part.get_payload(decode=True)  # type: ignore[assignment]
    return content


def test_a_course_of_four_units_leads_from_step_to_step(stack: Stack, visit: Visit) -> None:
    """Each pass names the next unit; the last completes the course, and My training says that all is done."""
    address = "nadia.brandt@alderford.example"
    person = stack.ask("add_person", name="Nadia Brandt", email=address, courses={"stigma-reduction": 10})
    page = visit(address).page
    expect(page.locator("section.panel")).to_contain_text("unit 1 of 4")
    for unit in (1, 2, 3):
        attempt = stack.ask("hand_in_rightly", enrollment=person["enrollments"]["stigma-reduction"], unit=unit)
        page.goto(f"/attempts/{attempt}/result/")
        expect(page.locator("section.panel")).to_contain_text(f"{unit} of 4 units done")
        page.get_by_role("link", name=f"Go on to unit {unit + 1}").click()
        expect(page.locator(".readbar")).to_contain_text(f"Unit {unit + 1} of 4")
    page.get_by_role("link", name="Go to the quiz").click()
    attempt = start_quiz(page)
    answer_and_go_on(page, stack.ask("answers", attempt=attempt), "right")
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("main")).to_contain_text("That was the last unit")
    page.goto("/training/")
    expect(page.get_by_role("heading", level=1)).to_have_text("All done for now")
    page.goto("/record/")
    expect(page.locator("main")).to_contain_text("Stigma reduction")
