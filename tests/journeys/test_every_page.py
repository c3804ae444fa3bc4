"""Every page of every role, looked at by axe in both widths; none scrolls sideways; the browser complains of nothing."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver
from playwright.sync_api import FilePayload, Page, expect

from lms.lib import clock
from tests.journeys.browser import DESKTOP, PHONE, Visitor, scrolls_sideways
from tests.journeys.conftest import Visit
from tests.journeys.stack import ADMINISTRATOR, AUDITOR, COORDINATOR, STAFF, SUPERVISOR, Stack, link_in

pytestmark = pytest.mark.journey

#: pages about something that the demonstration has none of, so that no address of theirs can be opened
WITHOUT_AN_OBJECT = {"withdraw_approval", "end_acceptance", "waive_slot", "end_waiver", "ask_again", "leave_edition"}
AXE = Axe()
ROLES = {"anybody", "learner", "supervisor", "coordinator", "auditor", "administrator"}
NARROW = {"width": 320, "height": 700}
#: addresses that give no page: files, pictures, answers to scripts, and what only a POST reaches
NO_PAGE = {
    "people:export_seals", "health_live", "health_ready", "health_work", "place", "practice", "store_answer", "form_token", "time_left", "certificate_file",
    "certificate_preview", "team_export", "team_export_xlsx", "team_table_csv", "team_table_xlsx", "delete_saved_view", "preview_list", "people:invite", "people:remove_supervisor", "people:retry_message",
    "people:discard_message", "people:resend_message", "calendar_address", "calendar_feed", "people:add_supervisor",
    "people:working_days", "home", "batch_list", "resume_batch", "people:details", "people:roster_lines", "people:resume_roster",
    "people:discard_roster",
    "person_record_export", "my_record_export",
    "pack_file", "retry_pack", "make_survey_link", "end_survey_link", "survey_file",
    "people:decide_messages", "people:decide_surge", "people:mail_kinds",
    "nudge",
}  # fmt: skip


def violations(page: Page) -> list[str]:
    """What axe finds wrong on the page, all rules on, in words."""
    found = AXE.run(page).response["violations"]
    return [
        f"{page.url} at {page.evaluate('innerWidth')}: {v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}"
        for v in found
    ]


class Inspection:
    """Opens pages, keeps what is wrong with them, and which kinds of address were seen."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.seen: set[str] = set()
        self.roles: set[str] = set()
        self.links: list[str] = []

    def look(self, visitor: Visitor, address: str = "", *, status: int = 200) -> Page:
        """At the page of an address, or at the one that is open, in three widths."""
        page = visitor.page
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        if address:
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == status, f"{address} answers {answer.status}"
        page.evaluate("document.fonts.ready")
        page.evaluate("document.querySelectorAll('main details').forEach((node) => { node.open = true; })")
        self.problems += violations(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.problems += violations(page)
        for width in (PHONE, NARROW):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            self.problems += [f"{page.url} at {width['width']}: {wide}" for wide in scrolls_sideways(page)]
        self.seen.add(name_of(page.url))
        hrefs = page.eval_on_selector_all("a[href^='/']", "links => links.map((link) => link.getAttribute('href'))")
        self.links += [href for href in hrefs if name_of(href) not in NO_PAGE]
        return page

    def follow(self, visitor: Visitor) -> None:
        """Looks at one page of every kind that is linked from the pages seen and was not looked at."""
        while self.links:
            href = self.links.pop()
            if name_of(href) not in self.seen:
                self.look(visitor, href)


def name_of(url: str) -> str:
    path = re.sub(r"^https?://[^/]+", "", url).partition("?")[0].partition("#")[0]
    try:
        return str(get_resolver().resolve(path).view_name)
    except Resolver404:
        return "an address that is none"


def every_name(patterns: list[Any] | None = None, space: str = "") -> Iterator[str]:
    """The names of all addresses of this project and of the account pages that can be reached."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from every_name(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{space}{pattern.name}"


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    return Inspection()


@pytest.fixture(scope="module")
def known(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = stack.ask("addresses")
    return found


def test_pages_for_anybody(stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]) -> None:
    visitor = visit()
    visitor.expect_complaint("status of 4(04|22)")
    look = inspection.look
    inspection.roles.add("anybody")
    before = len(inspection.problems)
    page = look(visitor, "/account/login/")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    look(visitor, "/account/password/reset/")
    page.get_by_label("Email").fill("somebody@alderford.example")
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/done/"))
    look(visitor)
    look(visitor, "/account/password/reset/key/1-wrong/")
    look(visitor, "/help/")
    look(visitor, "/verify/")
    for code in ("code", "revoked_code", "superseded_code"):
        look(visitor, f"/verify/{known[code]}")
    look(visitor, "/verify/UNKNOWN", status=404)
    page = look(visitor, known["mail_off"])
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Switched off")
    look(visitor)
    look(visitor, "/mail/off/not-a-token/", status=404)
    look(visitor, "/nothing-here/", status=404)
    link = link_in(stack.wait_for_mail("yuki.tanaka@alderford.example", "invitation"), "/invitation/")
    page = look(visitor, link)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    look(visitor, "/invitation/not-a-token/", status=404)
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_a_learner(stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]) -> None:
    visitor = visit(STAFF)
    visitor.expect_complaint("status of 422")
    look = inspection.look
    inspection.roles.add("learner")
    before = len(inspection.problems)
    look(visitor, "/training/")
    look(visitor, "/record/")
    look(visitor, f"/record/?on={clock.today('UTC') - dt.timedelta(days=5)}&known=now")
    look(visitor, "/help/")
    look(visitor, "/account/profile/")
    look(visitor, "/account/looks/")
    look(visitor, "/account/password/change/")
    look(visitor, "/account/logout/")
    for enrollment in stack.ask("enrollments", email=STAFF).values():
        page = look(visitor, f"/courses/{enrollment}/")
        units = {
            link.get_attribute("href") or ""
            for link in page.locator("main a[href*='/units/']").all()
            if (link.get_attribute("href") or "").rstrip("/").count("/") == 4
        }
        for unit in sorted(units):
            look(visitor, unit)
            look(visitor, f"{unit}quiz/")
            look(visitor, f"{unit}quiz/practice/")
    look(visitor, f"/attempts/{known['passed']}/result/")
    (certificate,) = stack.ask("certificates", email=STAFF)
    look(visitor, f"/certificates/{certificate['id']}/")
    # a quiz with one question of each kind, open, half answered, handed in
    stack.ask("publish_eight_kinds")
    address = "rio.amado@alderford.example"
    person = stack.ask("add_person", name="Rio Amado", email=address, courses={"eight-kinds": 9})
    attempt = stack.ask("open_attempt", enrollment=person["enrollments"]["eight-kinds"])
    visitor = visit(address)
    visitor.expect_complaint("status of 422")
    for position in range(1, 9):
        look(visitor, f"/attempts/{attempt}/questions/{position}/")
        if visitor.page.locator("input[name=value]").count():
            visitor.page.get_by_label("Your answer").fill("about four")
            visitor.page.locator(".actionbar .btn-primary").click()
            expect(visitor.page).to_have_title(re.compile("^Error: "))
            look(visitor)
            visitor.page.get_by_label("Your answer").fill("")
    look(visitor, f"/courses/{person['enrollments']['eight-kinds']}/units/unit-1/quiz/practice/")
    visitor.page.goto(f"/attempts/{attempt}/hand-in/")
    visitor.page.wait_for_load_state("networkidle")  # it sends what the tab still keeps, and loads again
    page = look(visitor)
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not yet")
    look(visitor)
    page = look(visitor, f"/attempts/{attempt}/result/")
    page.get_by_role("link", name="Practice, ungraded").click()
    for _ in range(8):  # one of each kind
        look(visitor)
        page.get_by_role("button", name="Check my answer").click()
        expect(page).to_have_title(re.compile("^Error: "))
        look(visitor)
        answer_somehow(page)
        page.get_by_role("button", name="Check my answer").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("right", re.IGNORECASE))
        look(visitor)
        page.get_by_role("link", name="Next question").click()
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def answer_somehow(page: Page) -> None:
    """The first control of a practice question gets an answer."""
    control = page.locator("#practice :is(select, input:not([type=hidden]))").first
    if control.evaluate("node => node.tagName") == "SELECT":
        control.select_option(index=1)
    elif control.get_attribute("type") == "text":
        control.fill("4")
    else:
        control.check()


def test_my_training_in_every_state(visit: Visit, inspection: Inspection) -> None:
    """Overdue, all attempts used, opens later, all done, nothing assigned, a certificate that ran out."""
    before = len(inspection.problems)
    names = ("darnell.hughes", "hannah.lindqvist", "amina.diallo", "eleanor.finch", "aaliyah.johnson", "noah.stern")
    for name in names:
        visitor = visit(f"{name}@alderford.example")
        inspection.look(visitor, "/training/")
    inspection.look(visit("olena.kovalenko@alderford.example"), "/record/")
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


@pytest.mark.parametrize(("role", "address"), [("auditor", AUDITOR), ("administrator", ADMINISTRATOR)])
def test_pages_of_who_reads_and_of_who_looks_after_the_system(
    visit: Visit, inspection: Inspection, role: str, address: str
) -> None:
    """The page after signing in, and every page of the navigation."""
    visitor = visit(address)
    inspection.roles.add(role)
    before = len(inspection.problems)
    page = inspection.look(visitor)
    links = page.eval_on_selector_all(".sidenav > a[href^='/']", "links => links.map((a) => a.getAttribute('href'))")
    assert len(links) > 4
    for link in dict.fromkeys(links):
        inspection.look(visitor, link)
    assert inspection.problems[before:] == []


def test_pages_of_a_supervisor(stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]) -> None:
    visitor = visit(SUPERVISOR)
    look = inspection.look
    inspection.roles.add("supervisor")
    before = len(inspection.problems)
    page = look(visitor, "/today/")
    for way in ("extend", "exempt"):
        look(visitor, page.locator(f"main a[href$='/{way}/']").first.get_attribute("href") or "")
        page.goto("/today/")
        page.locator(f"main a[href$='/{way}/']").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look(visitor)
    look(visitor, "/team/")
    look(visitor, "/team/?status=overdue")
    look(visitor, "/team/?search=nobody+of+this+name")
    look(visitor, "/team/?category=staff&columns=nothing&status=nonsense")
    look(visitor, "/team/summary/")
    look(visitor, "/team/summary/?by=site")
    look(visitor, "/team/print/")
    past = f"on={clock.today('UTC') - dt.timedelta(days=15)}"
    for address in (
        f"/team/?{past}&known=then",
        f"/team/?{past}&known=now&status=late",
        f"/team/summary/?{past}",
        f"/team/print/?{past}",
        "/team/?on=nonsense",
    ):
        look(visitor, address)
    look(visitor, "/team/views/")
    visitor.page.goto("/team/?status=late")
    visitor.page.locator("summary", has_text="Save view").click()
    visitor.page.get_by_label("Name of the view").fill("Late people")
    visitor.page.get_by_role("button", name="Keep these filters").click()
    expect(visitor.page.locator(".messages")).to_contain_text("is kept")
    look(visitor, "/team/views/")
    visitor.page.get_by_role("link", name="Change or delete Late people").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Late people")
    look(visitor)
    for name in ("Maya Okafor", "Darnell Hughes"):
        look(visitor, f"/team/people/{stack.ask('person', name=name)['public_id']}/")
    past = f"/team/people/{stack.ask('person', name='Darnell Hughes')['public_id']}/?on={clock.today('UTC') - dt.timedelta(days=15)}"
    for asked in ("&known=then", "&known=now", "9"):
        look(visitor, past + asked)
    look(visitor, f"/team/people/{stack.ask('person', name='Hannah Lindqvist')['public_id']}/")
    visitor.page.get_by_role("link", name="Open another attempt").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Open another attempt for Hannah Lindqvist")
    look(visitor)
    visitor.expect_complaint("status of 422")
    page = look(visitor, "/sign-offs/")
    page.get_by_role("link", name=re.compile("Open the checklist.*Noah Stern")).click()
    look(visitor)
    page.get_by_role("button", name="Store what I saw").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    page.get_by_label("Not yet: practice again").check()
    page.get_by_label("What to work on").fill("Call 303-555-0142")
    page.get_by_role("button", name="Store what I saw").click()
    expect(page.get_by_role("alert")).to_contain_text("Does this hold something about a patient?")
    look(visitor)
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_a_dispute_and_its_review(
    stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]
) -> None:
    """A learner says that a question is wrong; the coordinator reads it and answers; the learner reads the answer."""
    learner, coordinator = visit(known["failed_by"]), visit(COORDINATOR)
    learner.expect_complaint("status of 422")
    coordinator.expect_complaint("status of 422")
    look = inspection.look
    before = len(inspection.problems)
    look(coordinator, "/coordinator/reviews/")
    page = look(learner, f"/attempts/{known['failed']}/questions/1/dispute/")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(learner)
    page.get_by_label("What is wrong with it?").fill("A client, 303-555-0142, says so too.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Does this hold something about a patient?")
    look(learner)
    page.get_by_label("What is wrong with it?").fill("Two of the answers are right.")
    page.get_by_role("button", name="Send the changed text").click()
    expect(page).to_have_url(re.compile("/result/#question-1$"))
    look(learner)
    expect(page.locator("#question-1")).to_contain_text("You said that this question is wrong.")
    page = look(coordinator, "/coordinator/reviews/")
    page.locator("main a.rowlink").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this question right?")
    look(coordinator)
    page.locator("main form button[type=submit]").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(coordinator)
    page.get_by_label("Your answer to those who disputed it").fill("The unit says why it is right.")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("Closed.")
    look(coordinator)
    look(coordinator, "/coordinator/reviews/")
    page = look(learner, f"/attempts/{known['failed']}/result/")
    expect(page.locator("#question-1")).to_contain_text("The unit says why it is right.")
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_an_answer_to_a_reminder(
    stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]
) -> None:
    """Somebody taps an answer in a mail without signing in; the coordinator deals with it; a learner makes a calendar address."""
    anybody, coordinator, learner = visit(), visit(COORDINATOR), visit(STAFF)
    anybody.expect_complaint("status of 4(04|22)")
    coordinator.expect_complaint("status of 422")
    look = inspection.look
    before = len(inspection.problems)
    look(coordinator, "/coordinator/replies/")
    address = stack.ask("answer_address", assignment=known["assignment"])
    page = look(anybody, address)
    page.get_by_label("Add a few words").fill("Call 303-555-0142")
    page.get_by_role("button", name="Tell").click()
    expect(page.get_by_role("alert")).to_contain_text("Does this hold something about a patient?")
    look(anybody)
    page.get_by_label("Add a few words").fill("The quiz does not open on my phone")
    page.get_by_role("button", name="Send the changed words").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("We told")
    look(anybody)
    look(anybody, f"{address[:-2]}x/", status=404)
    page = look(coordinator, "/coordinator/replies/")
    for way in page.locator("main a[href*='/replies/']").evaluate_all("links => links.map((link) => link.href)"):
        if "/coordinator/" not in way:
            look(coordinator, way)
    page.goto("/coordinator/replies/")
    page.get_by_role("link", name="Move the due date").click()
    page.get_by_label("Why").fill("")
    page.get_by_role("button", name="Move the due date").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(coordinator)
    page.goto("/coordinator/replies/")
    page.get_by_text("Other ways to deal with it").click()
    page.get_by_role("link", name="Remind again").click()
    page.get_by_role("button", name="Let reminders go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No answer waits")
    page = look(learner, "/training/")
    page.get_by_role("button", name="Make my address").click()
    expect(page.get_by_label("Your private address")).to_have_value(re.compile(r"/calendar/.+\.ics$"))
    look(learner)
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_the_coordinator(stack: Stack, visit: Visit, inspection: Inspection, known: dict[str, str]) -> None:
    visitor = visit(COORDINATOR)
    visitor.expect_complaint("status of 422")
    inspection.links.clear()
    look = inspection.look
    inspection.roles.add("coordinator")
    before = len(inspection.problems)
    person = f"/coordinator/people/{stack.ask('person', name='Grace Mbeki')['public_id']}/"
    for address in (
        "/coordinator/",
        "/coordinator/people/",
        "/coordinator/people/?search=nobody+of+this+name",
        "/coordinator/people/add/",
        person,
        f"{person}edit/",
        f"{person}deactivate/",
        f"{person}assign/",
        f"{person}quiz-rules/",
        f"/coordinator/people/{known['deactivated']}/",
        f"/coordinator/people/{known['deactivated']}/reactivate/",
        f"/coordinator/people/{known['invited']}/",
        f"/coordinator/assignments/{known['assignment']}/",
        f"/coordinator/assignments/{known['assignment']}/withdraw/",
        f"/assignments/{known['assignment']}/why/",
        "/coordinator/requirements/",
        "/coordinator/requirements/add/",
        f"/coordinator/requirements/{known['requirement']}/",
        f"/coordinator/requirements/{known['requirement']}/edit/",
        f"/coordinator/requirements/{known['requirement']}/end/",
        f"/coordinator/requirements/{known['draft']}/preview/",
        f"{person}exceptions/exemption/",
        f"{person}exceptions/leave/",
        f"{person}exceptions/prior_learning/",
        f"/coordinator/exceptions/{known['exception']}/end/",
        f"{person}assessor/",
        "/coordinator/sign-offs/",
        "/coordinator/certificates/",
        "/coordinator/record/",
        f"/coordinator/certificates/{known['certificate']}/revoke/",
        f"/coordinator/certificates/{known['certificate']}/reissue/",
        f"/certificates/{known['certificate']}/",
        "/coordinator/site-words/",
        "/coordinator/site-words/privacy/",
        "/team/",
        "/team/summary/",
        "/coordinator/teams/",
        "/coordinator/teams/add/",
        f"/coordinator/teams/{known['day_team']}/",
        f"/coordinator/teams/{known['eastgate']}/",
        "/coordinator/sites/",
        "/coordinator/sites/add/",
        f"/coordinator/sites/{known['site']}/",
        "/coordinator/organization/",
        "/coordinator/health/",
        "/coordinator/messages/",
        "/coordinator/messages/?show=dead",
        "/coordinator/messages/?show=open",
        "/coordinator/messages/reasons/",
        "/coordinator/messages/reasons/?show=dropped",
        f"/coordinator/messages/{known['message']}/",
        f"/team/people/{stack.ask('person', name='Olena Kovalenko-Marsh')['public_id']}/",
        "/styleguide/",
    ):
        look(visitor, address)
    inspection.follow(visitor)
    for address in (
        "/coordinator/people/add/",
        "/coordinator/requirements/add/",
        f"{person}exceptions/exemption/",
        f"{person}assign/",
        f"{person}deactivate/",
        "/coordinator/sites/add/",
    ):
        visitor.page.goto(address)
        visitor.page.locator("main form:not([role=search]) button[type=submit]").first.click()
        expect(visitor.page).to_have_title(re.compile("^Error: "))
        look(visitor)
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_a_batch(visit: Visit, inspection: Inspection) -> None:
    """From the list of people over the preview to the result, by itself, and back."""
    visitor = visit(COORDINATOR)
    visitor.expect_complaint("status of 422")
    look = inspection.look
    before = len(inspection.problems)
    look(visitor, "/coordinator/batches/")
    page = look(visitor, "/coordinator/people/?category=staff")
    page.get_by_role("link", name="Do something for these people").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What should happen for")
    look(visitor)
    page.get_by_role("link", name="Give more time").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("more time")
    look(visitor)
    page.get_by_role("button", name="See whom it reaches").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    page.get_by_label("Course").select_option(label="Stigma reduction")
    page.get_by_label("Or a number of days").fill("400")
    page.get_by_role("button", name="See whom it reaches").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it is done")
    look(visitor)
    confirm = page.get_by_role("button", name=re.compile("^Give [0-9]+ (people|person) more time$"))
    confirm.click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    page.get_by_label("Why").fill("The house was closed for repairs.")
    confirm.click()
    expect(page.locator(".stats")).to_contain_text(
        "done", timeout=60_000
    )  # the page loads itself again when it is over
    look(visitor)
    page.get_by_role("link", name="Undo this batch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo this batch?")
    look(visitor)
    page.get_by_label("Why").fill("The repairs were put off.")
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator(".stats")).to_contain_text("undone", timeout=60_000)
    look(visitor)
    look(visitor, "/coordinator/batches/")
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


ROSTER = """Employee ID,Name,Work Email,Location,Department,Job Title,Hire Date,Status
9001,Zoë van Dam,zoe@example.org,Eastgate House,Day team,Counselor,2026-03-09,active
9002,Luis Ortega,luis@example.org,Eastgate House,Dai team,Counselor,03/09/2026,active
"""


def test_pages_of_a_roster(visit: Visit, inspection: Inspection) -> None:
    """From the file over columns and preview to the result, by itself, and back."""
    visitor = visit(COORDINATOR)
    visitor.expect_complaint("status of 422")
    look = inspection.look
    before = len(inspection.problems)
    page = look(visitor, "/coordinator/people/rosters/")
    page.get_by_role("button", name="Read this file").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    file = FilePayload(name="staff.csv", mimeType="text/csv", buffer=ROSTER.encode())
    page.get_by_label("File with the list of people").set_input_files(file)
    page.get_by_role("button", name="Read this file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is in which column?")
    look(visitor)
    page.get_by_role("button", name="See what each line does").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before it is imported")
    expect(page.locator("table")).to_contain_text("Did you mean “Day team”?")
    look(visitor)
    confirm = page.get_by_role("button", name="Import 1 line")
    confirm.click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    page.get_by_label("All that is right").check()
    page.get_by_label("No. You can invite").check()
    confirm.click()
    expect(page.locator(".stats")).to_contain_text("done", timeout=60_000)
    look(visitor)
    page.get_by_role("link", name="Undo this import").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo this import?")
    look(visitor)
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator(".stats")).to_contain_text("undone", timeout=60_000)
    look(visitor)
    look(visitor, "/coordinator/people/rosters/")
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


def test_pages_of_a_surveyor_pack(visit: Visit, inspection: Inspection) -> None:
    """A sample is drawn, the worker makes the pack, a surveyor reads it through a link, and the link is ended."""
    visitor, surveyor = visit(COORDINATOR), visit()
    visitor.expect_complaint("status of 422")
    surveyor.expect_complaint("status of 410")
    look = inspection.look
    before = len(inspection.problems)
    look(visitor, "/coordinator/packs/")
    page = look(visitor, "/coordinator/packs/add/")
    page.get_by_label("Only a random sample of").fill("4")
    page.get_by_label("Seed of the sample").fill("")
    page.get_by_role("button", name="See who is in it").click()
    expect(page).to_have_title(re.compile("^Error: "))
    look(visitor)
    page.get_by_label("Seed of the sample").fill("blue heron")
    page.get_by_role("button", name="See who is in it").click()
    expect(page.get_by_role("heading", name="4 people, drawn from")).to_be_visible()
    look(visitor)
    page.get_by_label("Why").fill("State survey")
    page.get_by_role("button", name="Make the pack").click()
    expect(page.get_by_role("link", name="Download the pack")).to_be_visible(timeout=60_000)  # it loads itself again
    look(visitor)
    page.get_by_label("Who gets the link").fill("Jordan Lee, surveyor")
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Address", exact=True).input_value()
    look(visitor)
    there = look(surveyor, address)
    there.locator("main table a").first.click()
    look(surveyor)
    page.get_by_role("link", name="Surveyor packs").first.click()
    look(visitor)
    page.locator("main table a").first.click()
    expect(page.locator("main")).to_contain_text("One person's transcript")
    look(visitor)
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("main")).to_contain_text("Ended by hand")
    look(surveyor, address, status=410)
    assert not inspection.problems[before:], "\n".join(inspection.problems[before:])


@pytest.mark.parametrize("theme", ["dark", "contrast"])
def test_the_other_themes(stack: Stack, visit: Visit, known: dict[str, str], theme: str) -> None:
    """Chosen on the profile page; then the main pages of each kind of person, in the widths of a desk and a phone."""
    found = Inspection()
    mine = stack.ask("enrollments", email=STAFF)["stigma-reduction"]
    addresses = {
        STAFF: ["/training/", f"/courses/{mine}/", f"/courses/{mine}/units/words-matter/"],
        "noah.stern@alderford.example": [f"/attempts/{known['failed']}/result/"],
        SUPERVISOR: ["/today/", "/team/"],
    }
    for email, pages in addresses.items():
        visitor = visit(email)
        visitor.page.goto("/account/profile/")
        visitor.page.locator(f"input[name=theme][value={theme}]").check()
        visitor.page.get_by_role("button", name="Save the look").click()
        expect(visitor.page.locator("html")).to_have_attribute("data-bs-theme", theme)
        for address in pages:
            found.look(visitor, address)
        visitor.page.goto("/account/profile/")
        visitor.page.get_by_label("As my device is set").check()
        visitor.page.get_by_role("button", name="Save the look").click()
        expect(visitor.page.locator("html")).not_to_have_attribute("data-bs-theme", theme)
    assert not found.problems, "\n".join(found.problems)


def test_no_page_was_left_out(inspection: Inspection) -> None:
    """Runs after the others of this file: a page that is added must be added here."""
    if inspection.roles != ROLES:
        pytest.skip("Only some of this file's tests ran, so it is not known what they leave out.")
    ours = {name for name in every_name() if not name.startswith(("account_", "socialaccount", "mfa"))}
    assert ours - NO_PAGE - WITHOUT_AN_OBJECT - inspection.seen == set()


def stops(page: Page) -> list[str]:
    """Tab from the top of the page until the focus leaves it: what is stopped at, with whether its focus can be seen."""
    found = []
    page.evaluate("document.activeElement && document.activeElement.blur()")
    for _ in range(250):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
                const node = document.activeElement;
                if (!node || node === document.body) return null;
                const box = node.getBoundingClientRect();
                const style = getComputedStyle(node);
                const label = node.closest("label, .opt");
                const shown = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
                const seen = shown(style) || (label && shown(getComputedStyle(label)));
                const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
                return { what: node.outerHTML.slice(0, 120), seen: Boolean(seen), inside };
            }"""
        )
        if here is None:
            break
        if not here["seen"]:
            found.append(f"no visible focus: {here['what']}")
        if not here["inside"]:
            found.append(f"the focus is out of sight: {here['what']}")
    else:
        found.append("the focus never leaves the page")
    return found


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_keyboard_reaches_everything_and_its_focus_is_seen(
    stack: Stack, visit: Visit, known: dict[str, str], viewport: dict[str, int]
) -> None:
    problems = []
    mine = next(iter(stack.ask("enrollments", email=STAFF).values()))
    pages = {
        "": ["/account/login/", f"/verify/{known['code']}"],
        STAFF: ["/training/", f"/courses/{mine}/", f"/attempts/{known['passed']}/result/", "/record/"],
        SUPERVISOR: ["/today/", "/team/"],
        COORDINATOR: ["/coordinator/people/", "/coordinator/people/add/", "/coordinator/teams/"],
    }
    for email, addresses in pages.items():
        page = visit(email, viewport=viewport).page
        for address in addresses:
            page.goto(address)
            problems += [f"{address}: {problem}" for problem in stops(page)]
    assert not problems, "\n".join(problems)
