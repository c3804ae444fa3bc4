"""The coordinator's work and the mail that comes of it: invite, assign, deactivate."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import COORDINATOR, Stack, link_in, text_of
from tests.platform.launching import wait_for

pytestmark = pytest.mark.journey

NAME = "Imogen Castell"
ADDRESS = "imogen.castell@alderford.example"
CHOSEN = "four slow herons at dusk"


def test_a_new_person_from_invitation_to_the_end_of_their_session(stack: Stack, visit: Visit) -> None:
    # added and invited in one step
    desk = visit(COORDINATOR).page
    desk.goto("/coordinator/people/")
    desk.get_by_role("link", name="Add a person").click()
    desk.get_by_label("Name as printed").fill(NAME)
    desk.get_by_label("Email").fill(ADDRESS)
    desk.get_by_label("Job role").fill("Front desk")
    desk.get_by_label("Site").select_option(label="Eastgate House")
    desk.get_by_role("checkbox", name=re.compile("invit", re.IGNORECASE)).check()
    desk.get_by_role("button", name=re.compile("^Add")).click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(desk.locator("main")).to_contain_text(f"The invitation goes to {ADDRESS}")

    # the mail; its link is nowhere else, not even on the coordinator's page of the message
    mail = stack.wait_for_mail(ADDRESS, "invitation")
    link = link_in(mail, "/invitation/")
    (message,) = stack.ask("messages", email=ADDRESS)
    desk.goto(f"/coordinator/messages/{message['id']}/")
    expect(desk.locator("main")).to_contain_text("[personal link hidden]")
    assert link.rstrip("/").rsplit("/", 1)[1] not in desk.content()

    # the link, in the new person's browser
    visitor = visit()
    page = visitor.page
    page.goto(link)
    expect(page.locator("main")).to_contain_text("Imogen")
    passwords = page.locator("input[type=password]")
    for field in passwords.all():
        field.fill(CHOSEN)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/training/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is assigned to you yet")
    again = visit()
    again.expect_complaint("status of 404")
    again.page.goto(link)
    expect(again.page.locator("input[type=password]")).to_have_count(0)

    # a course by hand, and its mail
    desk.goto(f"/coordinator/people/{stack.ask('person', name=NAME)['public_id']}/")
    desk.get_by_role("link", name="Assign a course").click()
    course = desk.get_by_label("Course").locator("option", has_text="Stigma reduction").first.get_attribute("value")
    desk.get_by_label("Course").select_option(course)
    due = dt.date.fromisoformat(stack.ask("local_day", zone="America/Denver")) + dt.timedelta(days=20)
    desk.get_by_label("Due date").fill(due.isoformat())
    desk.get_by_label("Why").fill("Asked for by the site lead")
    desk.get_by_role("button", name="Assign the course").click()
    expect(desk.locator("#courses")).to_contain_text("Stigma reduction")
    mail = stack.wait_for_mail(ADDRESS, "Stigma reduction")
    assert f"{due:%B} {due.day}" in text_of(mail)
    page.reload()
    expect(page.locator("section.panel")).to_contain_text("unit 1 of 4")
    page.get_by_text("Why").first.scroll_into_view_if_needed()
    expect(page.locator("main")).to_contain_text("Asked for by the site lead")
    page.goto(link_in(mail, "/courses/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Stigma reduction")

    # deactivated: the session ends at once, and the same password opens nothing
    desk.get_by_role("link", name="Deactivate").click()
    desk.locator("input[name=reason]").first.check()
    desk.get_by_role("button", name=re.compile("Deactivate")).click()
    expect(desk.locator("main")).to_contain_text(f"{NAME} is deactivated")
    page.reload()
    expect(page).to_have_url(re.compile("/account/login/"))
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Password").fill(CHOSEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This sign-in is closed")
    page.goto("/training/")
    expect(page).to_have_url(re.compile("/account/login/"))
    wait_for(lambda: not stack.ask("person", name=NAME)["active"], 5, "the person is deactivated")
