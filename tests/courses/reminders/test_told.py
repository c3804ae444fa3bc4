"""Each mail about a course opens its derivation, and the derivation lists the mails."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.actions import assigning
from courses.models import Assignment
from courses.reminders.planner import plan
from courses.reminders.told import mails_about
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.record.actions import SYSTEM
from tests import factories
from tests.letters import gather_and_deliver, letter

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def row(at: dt.datetime) -> Assignment:
    """Assigned on a Monday at 10, due on December 7."""
    return factories.make_assignment(factories.make_user("Maya Quist", email="maya@example.org"), at=at)


def note(row: Assignment, key: str, at: dt.datetime, kind: str = "due_soon") -> Occasion:
    outbox.note(kind, key=key, recipient=row.learner, ref=str(row.public_id), at=at)
    return Occasion.objects.get(key=key)


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("course_assigned", "course_assigned:x", "The course was assigned."),
        ("due_soon", "due_soon:x:2026-12-09:14", "14 days before the due date of December 9, 2026."),
        ("due_soon", "due_soon:x:2026-12-09:3", "Three days before the due date of December 9, 2026."),
        ("due_soon", "due_soon:x:2026-12-09:0", "The due date itself, December 9, 2026."),
        ("due_soon", "due_soon:x:2026-12-09:3:r2", "Three days before the due date of December 9, 2026."),
        ("due_soon", "due_soon:of an older edition", "Due soon."),
        ("overdue", "overdue:x:2026-12-09:1", "One day after the due date of December 9, 2026."),
        ("overdue", "overdue:x:2026-12-09:21", "21 days after the due date of December 9, 2026."),
        ("expires", "expires:1-2:2026-12-09:7", "Seven days before December 9, 2026, the last day on which it counts."),
        ("expired", "expired:1-2:2026-12-09", "It counted to December 9, 2026."),
        ("renewal_opens", "renewal_opens:x", "Its renewal opened."),
        ("invitation", "anything", "Invitation."),
        ("gone", "anything", "gone."),
    ],
)
def test_reasons_in_words(kind: str, key: str, words: str) -> None:
    assert kinds.reason_of(Occasion(kind=kind, key=key)) == words


def test_a_mail_alone_links_to_why(row: Assignment, at: dt.datetime) -> None:
    message = letter(Occasion.objects.get(kind="course_assigned"), at)
    address = reverse("why", args=[row.public_id])
    assert f"Why do I get this? http://127.0.0.1:8000{address}" in message.body_text
    assert message.body_html.count(f'{address}">Why do I get this?</a>') == 1


def test_in_a_digest_each_line_has_its_own_link(row: Assignment, at: dt.datetime) -> None:
    other = factories.make_assignment(row.learner, factories.make_course(slug="other", title="Other", at=at), at=at)
    gather_and_deliver(at)
    message = Message.objects.get()
    assert (message.kind, message.state) == ("digest", MessageState.SENT)
    for body in (message.body_text, message.body_html):
        assert body.count("Why do I get this?") == 2
        for one in (row, other):
            assert body.count(reverse("why", args=[one.public_id])) == 1


def test_how_each_stands(row: Assignment, at: dt.datetime) -> None:
    """Sent, dropped, not wanted at the last moment, and waiting behind what was sent today."""
    letter(Occasion.objects.get(kind="course_assigned"), at)
    outbox.note("overdue", key="o:1", recipient=row.learner, ref=str(row.public_id), at=at + DAY)
    late = letter(Occasion.objects.get(key="o:1"), at + DAY)
    assert late.state == MessageState.SUPPRESSED
    waits = note(row, f"due_soon:{row.public_id}:2026-12-07:14", at + 2 * DAY)
    Occasion.objects.create(
        key="d", kind="due_soon", recipient=row.learner, ref=str(row.public_id), created_at=at + 3 * DAY,
        dropped_at=at, dropped_reason="The course is complete.",
    )  # fmt: skip
    dropped, open_one, unwanted, sent = mails_about(row, at + dt.timedelta(hours=9))
    assert dropped.how == "Not sent: The course is complete."
    assert open_one.noted_at == waits.created_at
    assert open_one.how == ("Waits until November 24, 2026, 8:00 am or later. A mail was sent to this person today.")
    assert unwanted.how == f"Not sent: {late.last_reply}"
    assert sent.how == "Sent November 23, 2026, 10:00 am."
    assert mails_about(row, at + DAY)[1].how == "It goes out within minutes."


def test_a_coordinators_decision_and_what_a_server_said(row: Assignment, at: dt.datetime) -> None:
    message = letter(Occasion.objects.get(kind="course_assigned"), at)
    Message.objects.update(state=MessageState.FAILED, last_reply="550 <maya@example.org> no such user")
    (failed,) = mails_about(row, at)
    assert failed.how == "It could not be sent. The training coordinator sees it."
    message.refresh_from_db()
    outbox.discard(message, at=at, by=SYSTEM, reason="A slip")
    (discarded,) = mails_about(row, at)
    assert discarded.how == "Not sent: The training coordinator decided against it."


def test_the_page_shows_learner_and_supervisor_the_same_and_nobody_elses_mail(client: Client, at: dt.datetime) -> None:
    team = factories.make_team()
    boss = factories.make_supervisor(team, email="boss@example.org")
    maya, noor = (factories.make_user(name, team=team, email=f"{name}@example.org") for name in ("maya", "noor"))
    row = factories.make_assignment(maya, at=at)
    other = factories.make_assignment(noor, at=at)
    note(other, f"due_soon:{other.public_id}:2026-12-07:3", at)
    outbox.note("due_soon", key="to the boss", recipient=boss, ref=str(row.public_id), at=at)
    assert [mail.kind for mail in mails_about(row, at)] == ["Course assigned"]
    address = reverse("why", args=[row.public_id])
    for viewer in (maya, boss, factories.make_coordinator()):
        client.force_login(viewer)
        page = client.get(address).content.decode()
        assert "Mails about this" in page
        assert "Course assigned</b>: The course was assigned." in page
        assert "Noted November 23, 2026, 10:00 am." in page
        assert "Due soon" not in page
    client.force_login(noor)
    assert client.get(address).status_code == 404


def test_without_mail_it_says_so(client: Client, row: Assignment) -> None:
    Occasion.objects.all().delete()
    client.force_login(row.learner)
    assert (
        "No mail about it was written to you so far."
        in client.get(reverse("why", args=[row.public_id])).content.decode()
    )


@pytest.mark.parametrize("mails", [1, 3])
def test_the_page_takes_the_same_queries_however_many_mails(
    client: Client, row: Assignment, at: dt.datetime, mails: int
) -> None:
    for number in range(mails - 1):
        note(row, f"due_soon:{row.public_id}:2026-12-07:{number}", at)
    with CaptureQueriesContext(connection) as captured:
        assert len(mails_about(row, at)) == mails
    assert len(captured) == 5
    client.force_login(row.learner)
    address = reverse("why", args=[row.public_id])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    assert len(captured) == 14


@pytest.mark.parametrize("reasons", [1, 3])
def test_the_post_room_names_each_reason_and_leads_to_why(
    client: Client, row: Assignment, at: dt.datetime, reasons: int
) -> None:
    message = letter(Occasion.objects.get(kind="course_assigned"), at)
    for number in range(reasons - 1):
        key = f"due_soon:{row.public_id}:2026-12-07:{3 * number}"
        Occasion.objects.filter(pk=note(row, key, at).pk).update(message=message)
    client.force_login(factories.make_coordinator())
    address = reverse("people:message", args=[message.public_id])
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        text = client.get(address).content.decode()
    assert len(captured) == 7
    assert "The course was assigned." in text
    assert text.count(f'href="{reverse("why", args=[row.public_id])}"') == reasons
    assert ("Three days before the due date of December 7, 2026." in text) == (reasons == 3)


def test_a_withdrawn_assignment_keeps_its_list(row: Assignment, at: dt.datetime) -> None:
    assigning.withdraw(row, reason="x", by=SYSTEM, at=at)
    plan(at=at)
    gather_and_deliver(at)
    (mail,) = mails_about(row, at)
    assert mail.how == "Not sent: The course is no longer assigned."
