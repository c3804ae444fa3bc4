"""Somebody forgot the password: asked for by the page, answered by mail, used once."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import PASSWORD, Stack, link_in

pytestmark = pytest.mark.journey

ADDRESS = "otto.lindgren@alderford.example"
CHOSEN = "three grey stones in a stream"


def test_a_forgotten_password_is_replaced_by_mail(stack: Stack, visit: Visit) -> None:
    stack.ask("add_person", name="Otto Lindgren", email=ADDRESS)
    elsewhere = visit(ADDRESS).page
    page = visit().page
    page.goto("/account/login/")
    page.get_by_role("link", name="Forgot password").click()
    page.get_by_label("Email").fill(ADDRESS)
    page.locator("main button[type=submit]").click()
    said = page.locator("main").inner_text()

    # an unknown address is answered in the same words, and gets no mail
    stranger = visit().page
    stranger.goto("/account/password/reset/")
    stranger.get_by_label("Email").fill("nobody@alderford.example")
    stranger.locator("main button[type=submit]").click()
    expect(stranger).to_have_url(page.url)
    assert stranger.locator("main").inner_text() == said

    link = link_in(stack.wait_for_mail(ADDRESS, "password"), "/account/password/reset/key/")
    assert stack.mails("nobody@alderford.example") == []
    page.goto(link)
    expect(page).not_to_have_url(link)
    for field in page.locator("input[type=password]").all():
        field.fill("short")
    page.locator("main button[type=submit]").click()
    expect(page).to_have_title(re.compile("^Error: "))
    for field in page.locator("input[type=password]").all():
        field.fill(CHOSEN)
    page.locator("main button[type=submit]").click()

    # the new one opens, the old one does not, other sessions have ended, the link is used up
    fresh = visit()
    fresh.sign_in(ADDRESS, CHOSEN)
    expect(fresh.page).to_have_url(re.compile("/training/$"))
    elsewhere.goto("/training/")
    expect(elsewhere).to_have_url(re.compile("/account/login/"))
    elsewhere.get_by_label("Email").fill(ADDRESS)
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.locator("main")).to_contain_text("do not match")
    stranger.goto(link)
    expect(stranger.locator("input[type=password]")).to_have_count(0)
