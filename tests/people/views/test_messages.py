"""Every message that was written, and what the coordinator decides."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from tests.people.conftest import House


def make_message(recipient: User, **changes: object) -> Message:
    now = clock.now()
    values: dict[str, object] = {
        "recipient": recipient,
        "kind": "invitation",
        "state": MessageState.SENT,
        "created_at": now,
        "next_try_at": now,
        "message_id": f"<{uuid.uuid4()}@localhost>",
        "subject": "Your training",
        "body_text": "Hello.\n\n[personal link hidden]",
        "to_email": recipient.email or "",
        **changes,
    }
    message = Message.objects.create(**values)
    Occasion.objects.create(
        key=f"test:{message.public_id}",
        kind=message.kind,
        recipient=recipient,
        ref="x",
        message=message,
        created_at=now,
    )
    return message


def test_filters(house: House, desk: Client) -> None:
    sent = make_message(house.ordinary)
    dead = make_message(house.ordinary, state=MessageState.DEAD, kind="password_reset")
    url = reverse("people:messages")

    def found(**query: str) -> set[uuid.UUID]:
        return {row.public_id for row in desk.get(url, query).context["page"].object_list}

    everything = {sent.public_id, dead.public_id, house.message.public_id}
    assert found() == everything
    assert found(show="sent") == {sent.public_id}
    assert found(show="needs_a_person") == {dead.public_id}
    assert found(show="open") == {house.message.public_id}
    assert found(kind="password_reset") == {dead.public_id}
    assert found(person=str(house.newcomer.public_id)) == {house.message.public_id}
    assert found(person=str(house.newcomer.public_id), show="sent") == set()
    assert found(show="junk", kind="junk", person="junk", page="-7") == everything


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_queries_however_long(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for _ in range(rows):
        make_message(house.ordinary)
    assert queries_of(reverse("people:messages") + "?show=sent") == 10


def test_a_message_shows_what_was_said_without_running_it(house: House, desk: Client) -> None:
    message = make_message(
        house.ordinary,
        body_text="Hello <script>alert(1)</script>\n[personal link hidden]",
        body_html="<script>alert(2)</script>",
        last_reply="550 <b>no such user</b>",
        state=MessageState.FAILED,
        tries=1,
    )
    text = desk.get(reverse("people:message", args=[message.public_id])).content.decode()
    assert "<script>alert" not in text
    assert "alert(2)" not in text
    for words in (
        "&lt;script&gt;alert(1)",
        "[personal link hidden]",
        "550 &lt;b&gt;no such user",
        "Darnell Hughes",
        "darnell@example.org",
    ):
        assert words in text


def test_a_message_that_is_not_written_yet_says_so(house: House, desk: Client) -> None:
    text = desk.get(reverse("people:message", args=[house.message.public_id])).content.decode()
    assert "It is written when it is sent" in text


def test_each_decision_needs_a_reason(house: House, desk: Client) -> None:
    message = make_message(house.ordinary, state=MessageState.DEAD)
    for name in ("retry_message", "discard_message", "resend_message"):
        response = desk.post(reverse(f"people:{name}", args=[message.public_id]), {"reason": "  "})
        assert (response.status_code, "Say in a few words why." in response.content.decode()) == (422, True)
    message.refresh_from_db()
    assert message.state == MessageState.DEAD


def test_trying_again(house: House, desk: Client) -> None:
    message = make_message(house.ordinary, state=MessageState.DEAD, tries=8)
    desk.post(reverse("people:retry_message", args=[message.public_id]), {"reason": "The address was mended"})
    message.refresh_from_db()
    assert (message.state, message.tries, message.decided_by) == (MessageState.QUEUED, 0, house.coordinator.subject)
    text = desk.get(reverse("people:message", args=[message.public_id])).content.decode()
    assert "Try again: The address was mended" in text
    assert "Priya Raman" in text


def test_not_sending_it(house: House, desk: Client) -> None:
    desk.post(reverse("people:discard_message", args=[house.message.public_id]), {"reason": "Told in person"})
    house.message.refresh_from_db()
    assert house.message.state == MessageState.SUPPRESSED


def test_sending_once_more_makes_a_new_message(house: House, desk: Client) -> None:
    message = make_message(house.ordinary)
    url = reverse("people:resend_message", args=[message.public_id])
    response = desk.post(url, {"reason": "It was deleted"})
    newer = Message.objects.exclude(pk__in=[message.pk, house.message.pk]).get()
    assert response.headers["Location"] == reverse("people:message", args=[newer.public_id])
    assert (newer.state, newer.recipient) == (MessageState.QUEUED, house.ordinary)
    twice = desk.post(url, {"reason": "Again"}, follow=True)
    assert "Nothing was changed" in twice.content.decode()
    assert Message.objects.count() == 3


def test_what_the_state_does_not_allow_is_said(house: House, desk: Client) -> None:
    message = make_message(house.ordinary)
    response = desk.post(reverse("people:retry_message", args=[message.public_id]), {"reason": "Please"}, follow=True)
    assert "the message has moved on meanwhile" in response.content.decode()
    response = desk.post(reverse("people:resend_message", args=[house.message.public_id]), {"reason": "Please"})
    assert response.status_code == 422
    assert "still on its way" in response.content.decode()


def test_times_are_those_of_the_organization(house: House, desk: Client, at: dt.datetime) -> None:
    Message.objects.update(created_at=at)
    assert "November 23, 2026, 10:00 am" in desk.get(reverse("people:messages")).content.decode()
