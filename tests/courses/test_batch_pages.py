"""The coordinator's pages of batches."""

import datetime as dt
import html
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from courses.actions import batches
from courses.enums import BatchState, ExceptionKind, RowState
from courses.models import Assignment, Batch, Course, DutyException
from courses.queries.orders import Order
from lms.people.models import User
from lms.people.views import base
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(at: dt.datetime) -> Any:
    with time_machine.travel(at, tick=False):
        yield


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator(category="contractor")


@pytest.fixture
def desk(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


@pytest.fixture
def batch(course: Course, coordinator: User, at: dt.datetime) -> Batch:
    """Two people; the worker has not come yet."""
    for name in ("Ann Lee", "Bo Ray"):
        factories.make_user(name)
    return made(course, coordinator, at)


def made(course: Course, by: User, at: dt.datetime) -> Batch:
    return batches.make(Order("assign", course, days=30), {"category": "staff"}, reason="New rule", by=by, at=at)


def work(batch: Batch, at: dt.datetime) -> None:
    batches.work(batch.pk, at=at)
    batch.refresh_from_db()


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(seen|key)" value="([^"]+)"', page))


def links(page: str) -> list[str]:
    return [html.unescape(href) for href in re.findall(r'href="([^"]+)"', page)]


def test_from_the_list_of_people_to_the_result_and_back(desk: Client, course: Course, at: dt.datetime) -> None:
    top = factories.make_team("Day team")
    ann = factories.make_user("Ann Lee", team=factories.make_team("Kitchen", parent=top), job_role="Cook")
    factories.make_user("Bo Ray", team=top, job_role="Nurse")
    cy = factories.make_user("Cy Cook", team=top, job_role="Cook")
    factories.make_assignment(cy, course, at=at)
    chosen = {"team": str(top.public_id), "job_role": "Cook", "site": "", "page": "1"}
    page = desk.get(reverse("people:people"), chosen).content.decode()
    (way,) = [link for link in links(page) if link.startswith(reverse("choose_batch"))]
    page = desk.get(way).content.decode()
    assert "What should happen for 2 people?" in page
    assert "Day team and the teams below, Cook" in page
    (way,) = [link for link in links(page) if link.startswith(reverse("write_batch", args=["assign"]))]
    page = desk.get(way).content.decode()
    assert "Assign a course to 2 people" in page
    fields = dict(
        re.findall(r'<input type="hidden" name="(team|site|q|category|job_role|state|page)" value="([^"]*)"', page)
    )
    assert fields == {"team": str(top.public_id), "job_role": "Cook"}
    address = reverse("preview_batch", args=["assign"])
    query = {**fields, "course": str(course.pk), "due_on": "", "days": "30"}
    answer = desk.get(address, query)
    page = answer.content.decode()
    assert "Assign Test course, due 30 days after it is assigned." in page
    assert "Dec 23, 2026" in page
    assert "Has it to do already, due Dec 7, 2026." in page
    assert "Assign it to 1 person" in page
    assert not Batch.objects.exists()
    where = answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"]
    refused = desk.post(where, {**hidden(page), "reason": " "})
    assert refused.status_code == 422
    assert hidden(refused.content.decode()) == hidden(page)
    done = desk.post(where, {**hidden(page), "reason": "New rule"})
    batch = Batch.objects.get()
    assert done.headers["Location"] == reverse("batch", args=[batch.public_id])
    assert desk.post(where, {**hidden(page), "reason": "New rule"}).headers["Location"] == done.headers["Location"]
    page = desk.get(done.headers["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "0 of 2 people" in page
    work(batch, at)
    page = desk.get(done.headers["Location"]).content.decode()
    assert "hx-trigger" not in page
    assert "Has it to do already" in page
    assert "Ann Lee" not in page, "who is left out comes first"
    assert "Assigned, due December 23, 2026." in desk.get(done.headers["Location"], {"show": "all"}).content.decode()
    undo = reverse("undo_batch", args=[batch.public_id])
    assert "withdrawn from 1 person again" in desk.get(undo).content.decode()
    assert desk.post(undo, {"reason": ""}).status_code == 422
    page = desk.post(undo, {"reason": "A mistake"}, follow=True).content.decode()
    assert "It is being undone" in page
    work(batch, at)
    page = desk.get(done.headers["Location"]).content.decode()
    assert "Undone" in page
    assert "A mistake" in page
    assert not Assignment.objects.open().filter(learner=ann).exists()
    assert "was undone before" in desk.get(undo, follow=True).content.decode()


def test_exempting_and_giving_more_time(desk: Client, course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(factories.make_user("Ann Lee"), course, at=at)
    address = reverse("preview_batch", args=["extend"]) + f"?q=Ann&course={course.pk}&due_on=2026-12-20"
    page = desk.get(address).content.decode()
    assert "Dec 20, 2026, was Dec 7, 2026" in page
    desk.post(address, {**hidden(page), "reason": "Holidays"})
    address = reverse("preview_batch", args=["exempt"]) + f"?q=Ann&course={course.pk}&starts_on=2026-11-23&ends_on="
    page = desk.get(address).content.decode()
    assert "1</b><span>person becomes exempt" in page
    desk.post(address, {**hidden(page), "reason": "Night shift"})
    for batch in Batch.objects.all():
        work(batch, at)
    row.refresh_from_db()
    assert row.due_on == dt.date(2026, 12, 20)
    assert DutyException.objects.get().kind == ExceptionKind.EXEMPTION
    page = desk.get(reverse("batches")).content.decode()
    assert "Move the due date of Test course to December 20, 2026" in page
    assert "Because: <bdi>Night shift</bdi>" in page


@pytest.mark.parametrize(
    ("kind", "query", "words"),
    [
        ("assign", {"due_on": "", "days": ""}, "Give a due date or a number of days."),
        ("assign", {"due_on": "2026-12-01", "days": "3"}, "not both"),
        ("assign", {"due_on": "2026-11-01"}, "This day is over"),
        ("assign", {"days": "0"}, "Give a number of days from 1."),
        ("assign", {"days": "99999999999999999999"}, "Give a smaller number."),
        ("assign", {"course": "", "days": "3"}, "Choose a course."),
        ("extend", {"days": "many"}, "Give a whole number."),
        ("exempt", {"starts_on": ""}, "Give the first day."),
        ("exempt", {"starts_on": "2026-12-01", "ends_on": "2026-11-30"}, "before the first day"),
    ],
)
def test_nonsense_says_what_to_do_and_loses_nothing(
    desk: Client, course: Course, kind: str, query: dict[str, str], words: str
) -> None:
    answer = desk.get(reverse("preview_batch", args=[kind]), {"category": "staff", "course": str(course.pk), **query})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in html.unescape(page)
    assert "Error: " in page
    assert '<input type="hidden" name="category" value="staff">' in page


def test_going_back_from_the_preview_keeps_what_was_typed(desk: Client, course: Course) -> None:
    query = {"category": "staff", "course": str(course.pk), "days": "17", "page": "3"}
    page = desk.get(reverse("preview_batch", args=["assign"]), query).content.decode()
    (back, *_) = [link for link in links(page) if link.startswith(reverse("write_batch", args=["assign"]))]
    page = desk.get(back).content.decode()
    assert 'value="17"' in page
    assert "Error: " not in page


def test_what_changed_since_the_preview_is_shown_again(desk: Client, course: Course) -> None:
    factories.make_user("Ann Lee")
    address = reverse("preview_batch", args=["assign"]) + f"?category=staff&course={course.pk}&days=30"
    page = desk.get(address).content.decode()
    factories.make_user("Bo Ray")
    answer = desk.post(address, {**hidden(page), "reason": "New rule"})
    assert answer.status_code == 422
    assert "Something changed since you looked." in answer.content.decode()
    assert "Bo Ray" in answer.content.decode()
    assert not Batch.objects.exists()
    again = desk.post(address, {**hidden(answer.content.decode()), "reason": "New rule"})
    assert again.status_code == 302
    assert desk.post(address, {"reason": "No preview"}).status_code == 422


def test_a_filter_that_is_gone_never_means_everybody(desk: Client, course: Course) -> None:
    gone = {"team": str(uuid.uuid4()), "course": str(course.pk), "days": "3"}
    for address in (
        reverse("choose_batch"),
        reverse("write_batch", args=["assign"]),
        reverse("preview_batch", args=["assign"]),
    ):
        page = desk.get(address, gone, follow=True)
        assert page.redirect_chain
        assert "choose the people again" in page.content.decode()


def test_nobody_chosen_and_nobody_reached(desk: Client, course: Course) -> None:
    assert "Nobody is chosen" in desk.get(reverse("choose_batch"), {"q": "nobody at all"}).content.decode()
    query = {"q": "nobody at all", "course": str(course.pk), "days": "3"}
    assert "Nobody is chosen" in desk.get(reverse("preview_batch", args=["assign"]), query).content.decode()
    page = desk.get(reverse("preview_batch", args=["extend"]), {**query, "q": ""}).content.decode()
    assert "Nobody would be reached" in page
    assert "Does not have it to do." in page
    assert '<h2 id="confirm">' not in page


def test_the_preview_has_pages(desk: Client, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(60):
        factories.make_user(f"Person {n:02}")
    query = {"category": "staff", "course": str(course.pk), "days": "3"}
    address = reverse("preview_batch", args=["assign"])
    first = desk.get(address, query).content.decode()
    assert first.count("Gets it") == base.ROWS_A_PAGE
    second = desk.get(address, {**query, "page": "2"}).content.decode()
    assert second.count("Gets it") == 10
    assert hidden(first)["seen"] == hidden(second)["seen"]


def test_a_script_asks_until_it_is_over_and_then_loads_the_page(desk: Client, batch: Batch, at: dt.datetime) -> None:
    address = reverse("batch", args=[batch.public_id])
    asked = desk.get(address, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in asked.headers
    assert 'id="far"' in asked.content.decode()
    work(batch, at)
    assert desk.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in desk.get(address).headers


def test_how_far_it_is(desk: Client, batch: Batch) -> None:
    batch.rows.filter(position=1).update(state=RowState.DONE)
    page = desk.get(reverse("batch", args=[batch.public_id])).content.decode()
    assert "1 of 2 people" in page
    assert 'value="1" max="2" aria-label="1 of 2 people"' in page
    assert "About 50 percent is done." in page


def test_a_stopped_batch_is_a_task_and_goes_on(desk: Client, batch: Batch) -> None:
    assert "Batches that stopped" not in desk.get(reverse("people:overview")).content.decode()
    Batch.objects.update(state=BatchState.STOPPED)
    assert "Batches that stopped" in desk.get(reverse("people:overview")).content.decode()
    page = desk.get(reverse("batch", args=[batch.public_id])).content.decode()
    assert "It stopped" in page
    page = desk.post(reverse("resume_batch", args=[batch.public_id]), follow=True).content.decode()
    assert "It is being done" in page
    assert desk.get(reverse("resume_batch", args=[batch.public_id])).status_code == 405


def test_the_downloaded_list_has_everybody(desk: Client, course: Course, coordinator: User, at: dt.datetime) -> None:
    factories.make_user("=Ann Lee", job_role="Cook")
    batch = made(course, coordinator, at)
    work(batch, at)
    answer = desk.get(reverse("batch_list", args=[batch.public_id]))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "Name,Job role,Team,Site,What happened,In words"
    assert lines[1] == '\'=Ann Lee,Cook,,Eastgate House,Done,"Assigned, due December 23, 2026."'


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_ask_as_often_for_3_rows_as_for_1(
    desk: Client,
    course: Course,
    coordinator: User,
    at: dt.datetime,
    rows: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(rows):
        factories.make_user()
    for _ in range(rows):
        batch = made(course, coordinator, at)
        work(batch, at)
        batches.undo(batch, reason="Again", by=coordinator, at=at)
        work(batch, at)
    address = reverse("preview_batch", args=["assign"]) + f"?category=staff&course={course.pk}&days=30"
    for page, queries in (
        (reverse("batches"), 9),
        (reverse("batch", args=[batch.public_id]), 10),
        (address, 19),
        (reverse("choose_batch") + "?category=staff", 7),
    ):
        desk.get(page)
        with django_assert_num_queries(queries):
            desk.get(page)


def test_pages_are_the_coordinators(client: Client, batch: Batch, coordinator: User) -> None:
    addresses = [
        reverse("batches"),
        reverse("choose_batch"),
        *(reverse(name, args=["assign"]) for name in ("write_batch", "preview_batch")),
        *(reverse(name, args=[batch.public_id]) for name in ("batch", "batch_list", "undo_batch")),
    ]
    resume = reverse("resume_batch", args=[batch.public_id])
    for address in addresses:
        assert client.get(address).status_code == 302, address
    for viewer in (factories.make_supervisor(factories.make_team()), factories.make_user()):
        client.force_login(viewer)
        for address in addresses:
            assert client.get(address).status_code == 404, address
            assert client.post(address, {"reason": "x"}).status_code in (404, 405), address
        assert client.post(resume).status_code == 404
    batch.refresh_from_db()
    assert batch.undone_at is None
    client.force_login(factories.make_coordinator(name="Another"))
    assert client.get(addresses[-3]).status_code == 200, "a batch is the desk's, not one coordinator's"
    unknown = uuid.uuid4()
    for name in ("batch", "batch_list", "undo_batch"):
        assert client.get(reverse(name, args=[unknown])).status_code == 404
    assert client.get(reverse("write_batch", args=["nonsense"])).status_code == 404
    assert client.get(reverse("preview_batch", args=["nonsense"])).status_code == 404
