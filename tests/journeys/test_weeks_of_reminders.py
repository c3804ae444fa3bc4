"""The planner over some weeks, by the clock that all processes share: each reminder comes on its day, once."""

import datetime as dt
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.stack import COORDINATOR, Stack, text_of
from tests.platform.launching import wait_for

pytestmark = pytest.mark.journey

ADDRESS = "bea.holm@alderford.example"
ZONE = "America/Los_Angeles"
DUE_IN = 6  # with less, "overdue" would be the third mail in seven days
LAST = DUE_IN + 8
EVERY_DAY = "1234567"


def daily(day: int) -> str:
    return f"day.{day}@alderford.example"


def sent_so_far(stack: Stack, kinds: list[str]) -> bool:
    return [m["kind"] for m in stack.ask("messages", email=ADDRESS) if m["state"] == "sent"] == kinds


def wait_until_planned(stack: Stack, day: int) -> None:
    def planned() -> bool:
        return "overdue" in stack.ask("reasons", email=daily(day))

    wait_for(planned, 20, f"the reminders of day {day}")


def test_each_reminder_comes_on_its_day_and_once(stack: Stack, visit: Visit) -> None:
    courses = {"stigma-reduction": DUE_IN}
    team = {"team": "Harbor Street volunteers", "working_days": EVERY_DAY}
    stack.ask("add_person", name="Bea Holm", email=ADDRESS, courses=courses, **team)
    for day in range(
        1, LAST + 1
    ):  # somebody to whom the planner writes on every day: then it has done the day of the others too
        courses = {"role-and-privacy": day - 1}
        stack.ask("add_person", name=f"Day {day}", email=daily(day), courses=courses, **team)
    began = dt.date.fromisoformat(stack.ask("local_day", zone=ZONE))
    due_on = began + dt.timedelta(days=DUE_IN)
    stack.wait_for_mail(ADDRESS, "Stigma reduction")
    expected = {DUE_IN - 3: "due_soon", DUE_IN + 1: "overdue", DUE_IN + 7: "overdue"}
    seen = ["course_assigned"]
    for day in range(1, LAST + 1):
        stack.move_clock(days=1)
        assert stack.ask("local_day", zone=ZONE) == (began + dt.timedelta(days=day)).isoformat()
        wait_until_planned(stack, day)
        seen += [expected[day]] if day in expected else []
        wait_for(partial(sent_so_far, stack, seen), 20, f"on day {day}: {seen} and nothing else")
    keys = [m["key"] for m in stack.ask("messages", email=ADDRESS)]
    assert len(set(keys)) == len(keys)
    subjects = [str(mail["Subject"]) for mail in stack.mails(ADDRESS)]
    assert len(subjects) == 4
    soon, one, seven = stack.mails(ADDRESS)[1:]
    for mail in (soon, one, seven):
        assert f"{due_on:%B} {due_on.day}" in text_of(mail)
        assert "Stigma reduction" in str(mail["Subject"])

    # the coordinator sees all four
    desk = visit(COORDINATOR).page
    desk.goto(f"/coordinator/messages/?person={stack.ask('person', name='Bea Holm')['public_id']}")
    for subject in subjects:
        expect(desk.locator("main")).to_contain_text(subject)
