"""The post room: what needs a person on top, decisions about several messages, reasons that wait."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.outbox.enums import Hindrance, MessageState
from lms.outbox.models import Message, Occasion, Surge
from lms.people.models import User
from lms.people.views.messages import ROWS_ON_TOP
from tests import factories
from tests.faults.together import together
from tests.people.conftest import House
from tests.people.views.test_messages import make_message

DEAD, FAILED, UNCERTAIN = MessageState.DEAD, MessageState.FAILED, MessageState.UNCERTAIN
LIST = "/coordinator/messages/"
DECIDE = "/coordinator/messages/decide/"


def boxes(text: str) -> list[str]:
    """The messages that can be chosen on a page."""
    return re.findall(r'name="message" value="([^"]+)"', text)


def decide(desk: Client, decision: str, *messages: Message | str, query: str = "", **data: Any) -> Any:
    chosen = [str(one.public_id) if isinstance(one, Message) else one for one in messages]
    return desk.post(DECIDE + query, {"message": chosen, "reason": "The server is back", "decision": decision, **data})


def states(*messages: Message) -> list[str]:
    return [Message.objects.get(pk=one.pk).state for one in messages]


def note(house: House, key: str, **changes: Any) -> Occasion:
    values = {"kind": "due_soon", "recipient": house.ordinary, "ref": "x", "created_at": clock.now(), **changes}
    return Occasion.objects.create(key=key, **values)


# --- the page -------------------------------------------------------------------------------------------------------------------
def test_what_needs_a_person_stands_on_top_with_what_to_do(house: House, desk: Client) -> None:
    for state in (DEAD, DEAD, FAILED, UNCERTAIN):
        make_message(house.ordinary, state=state, last_reply="451 <try> later")
    response = desk.get(LIST)
    text = response.content.decode()
    assert "4 need a decision" in text
    assert [(sign.word, number) for sign, number, _ in response.context["numbers"]] == [
        (DEAD.label, 2),
        (FAILED.label, 1),
        (UNCERTAIN.label, 1),
    ]
    assert text.index("Ask the person whether it came.") < text.index("All messages")
    assert "451 &lt;try&gt; later" in text
    chosen = boxes(text)
    assert len(chosen) == len(set(chosen)) == 5, "each can be chosen once, the queued invitation too"


def test_when_nothing_needs_a_person_nothing_is_on_top(house: House, desk: Client) -> None:
    text = desk.get(LIST).content.decode()
    assert 'id="undecided"' not in text
    assert "Next try" in text


def test_a_filtered_list_has_nothing_on_top_and_its_own_boxes(house: House, desk: Client) -> None:
    dead = make_message(house.ordinary, state=DEAD)
    make_message(house.ordinary, state=UNCERTAIN)
    text = desk.get(LIST, {"show": "dead"}).content.decode()
    assert "2 need a decision</h2>" not in text
    assert boxes(text) == [str(dead.public_id)]
    assert f'action="{DECIDE}?show=dead"' in text


def test_what_was_sent_has_no_box(house: House, desk: Client) -> None:
    make_message(house.ordinary)
    text = desk.get(LIST, {"show": "sent"}).content.decode()
    assert boxes(text) == []
    assert "Try the chosen ones again" not in text


def test_the_top_shows_the_newest_and_leads_to_the_rest(house: House, desk: Client) -> None:
    for _ in range(ROWS_ON_TOP + 2):
        make_message(house.ordinary, state=DEAD)
    text = desk.get(LIST).content.decode()
    assert "See the other 2 that need a decision" in text
    assert len(boxes(text)) == ROWS_ON_TOP + 1


@pytest.mark.parametrize("rows", [1, 3])
def test_the_post_room_takes_the_same_queries_however_much_waits(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for number in range(rows):
        make_message(house.ordinary, state=DEAD)
        note(house, f"one:{number}")
        note(house, f"two:{number}", dropped_at=clock.now(), dropped_reason="No more.")
    assert queries_of(LIST) == 11
    assert queries_of(f"{LIST}reasons/") == 8
    assert queries_of(f"{LIST}reasons/?show=dropped") == 6


# --- several at once --------------------------------------------------------------------------------------------------------------
def test_several_are_tried_again_and_what_moved_on_is_counted(house: House, desk: Client) -> None:
    dead, failed, sent = (make_message(house.ordinary, state=state, tries=8) for state in (DEAD, FAILED, "sent"))
    left = make_message(house.ordinary, state=DEAD)
    response = decide(desk, "retry", dead, failed, sent, query="?show=needs_a_person&kind=invitation")
    assert response.headers["Location"] == f"{LIST}?show=needs_a_person&kind=invitation"
    assert states(dead, failed, sent, left) == ["queued", "queued", "sent", "dead"]
    dead.refresh_from_db()
    assert (dead.tries, dead.decision, dead.decided_by) == (
        0,
        "Try again: The server is back",
        house.coordinator.subject,
    )
    text = desk.get(response.headers["Location"]).content.decode()
    assert "2 messages are queued again." in text
    assert "1 message has moved on meanwhile, so nothing was changed there." in text


def test_several_are_not_sent(house: House, desk: Client) -> None:
    dead = make_message(house.ordinary, state=DEAD)
    response = decide(desk, "discard", dead, house.message)
    assert response.headers["Location"] == LIST
    assert states(dead, house.message) == ["suppressed", "suppressed"]
    assert "2 messages will not be sent." in desk.get(LIST).content.decode()


def test_the_same_decision_twice_says_that_they_moved_on(house: House, desk: Client) -> None:
    dead = make_message(house.ordinary, state=DEAD)
    decide(desk, "discard", dead)
    response = desk.post(DECIDE, {"message": [str(dead.public_id)], "reason": "x", "decision": "discard"}, follow=True)
    text = response.content.decode()
    assert "1 message has moved on meanwhile" in text


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_two_coordinators_decide_the_same_at_once(house: House) -> None:
    """Each message is decided once; what the other was faster with has moved on for the second."""
    messages = [make_message(house.ordinary, state=DEAD) for _ in range(4)]
    clients = [house.client("coordinator"), house.client("coordinator")]
    answers = together(*[lambda client=client: decide(client, "discard", *messages) for client in clients])
    assert [answer.status_code for answer in answers] == [302, 302]
    said = "".join(client.get(LIST).content.decode() for client in clients)
    done = sum(int(number) for number in re.findall(r"(\d+) messages? will not be sent", said))
    moved_on = sum(int(number) for number in re.findall(r"(\d+) messages? ha(?:s|ve) moved on", said))
    assert (done, moved_on) == (4, 4)
    assert states(*messages) == ["suppressed"] * 4


@pytest.mark.parametrize("place", ["top", "list"])
def test_without_a_reason_or_a_choice_nothing_is_done_and_the_choice_stays(
    house: House, desk: Client, place: str
) -> None:
    dead = make_message(house.ordinary, state=DEAD)
    query = "?show=dead" if place == "list" else ""
    response = decide(desk, "retry", dead, query=query, reason=" ", place=place)
    text = response.content.decode()
    assert (response.status_code, "Say in a few words why." in text) == (422, True)
    assert re.search(rf'value="{dead.public_id}"[^>]* checked', text)
    response = decide(desk, "retry", query=query, place=place)
    assert (response.status_code, "Choose at least one message." in response.content.decode()) == (422, True)
    assert states(dead) == ["dead"]


@pytest.mark.parametrize(
    ("decision", "message", "status"),
    [
        ("retry", "junk", 422),
        ("erase", "", 422),
        ("retry", "00000000-0000-4000-8000-000000000000", 302),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    house: House, desk: Client, decision: str, message: str, status: int
) -> None:
    dead = make_message(house.ordinary, state=DEAD)
    assert decide(desk, decision, message or str(dead.public_id)).status_code == status
    assert states(dead) == ["dead"]


def test_more_than_a_hundred_at_once_are_refused(house: House, desk: Client) -> None:
    response = decide(desk, "retry", *(str(uuid.uuid4()) for _ in range(101)))
    assert "Choose at most 100 messages at once." in response.content.decode()


# --- reasons ------------------------------------------------------------------------------------------------------------------------
def test_reasons_that_wait_and_reasons_that_were_dropped(house: House, desk: Client) -> None:
    waiting, later = note(house, "one"), note(house, "two", recipient=house.newcomer, kind="overdue")
    left_out = note(
        house, "three", message=house.message, dropped_at=clock.now(), dropped_reason="The course is <done>."
    )
    dropped = note(house, "four", dropped_at=clock.now(), dropped_reason="The person is exempt or on leave.")
    response = desk.get(reverse("people:reasons"))
    assert [row["reason"] for row in response.context["rows"]] == [waiting, later]
    text = response.content.decode()
    assert "2 reasons to write wait." in text
    assert "Maya Okafor" in text
    response = desk.get(reverse("people:reasons"), {"show": "dropped"})
    assert [row["reason"] for row in response.context["rows"]] == [dropped, left_out]
    text = response.content.decode()
    assert "The course is &lt;done&gt;." in text
    assert reverse("people:message", args=[house.message.public_id]) in text


def test_what_waits_says_why_and_until_when(house: House, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    saturday = dt.datetime(2026, 11, 28, 17, tzinfo=dt.UTC)  # 10 in Denver
    monkeypatch.setattr(clock, "now", lambda: saturday)
    note(house, "one")
    note(house, "two", recipient=house.supervisor)
    User.objects.filter(pk=house.supervisor.pk).update(working_days="67")
    text = desk.get(reverse("people:reasons")).content.decode()
    assert "November 30, 2026, 8:00 am or later" in text
    assert Hindrance.HOURS.label in text
    assert "Goes out within minutes" in text
    make_message(house.supervisor, kind="due_soon", settled_at=clock.now())
    text = desk.get(reverse("people:reasons")).content.decode()
    assert "November 29, 2026, 8:00 am or later" in text
    assert Hindrance.TODAY.label in text


@pytest.mark.parametrize("rows", [1, 3])
def test_the_reasons_take_the_same_queries_however_many_wait(
    house: House, queries_of: Callable[[str], int], rows: int
) -> None:
    for number in range(rows):
        note(house, f"n:{number}", recipient=factories.make_user())
    assert queries_of(reverse("people:reasons")) == 8


def test_no_reasons(house: House, desk: Client) -> None:
    assert "No reason waits" in desk.get(reverse("people:reasons")).content.decode()
    assert "Nothing was dropped" in desk.get(reverse("people:reasons"), {"show": "dropped"}).content.decode()


# --- held mail ----------------------------------------------------------------------------------------------------------------------
@pytest.fixture
def surge(house: House) -> Surge:
    """Five messages of two kinds are held."""
    surge = Surge.objects.create(opened_at=clock.now(), usual=60, limit=300, wanted=5)
    for person, kind in ((house.ordinary, "course_assigned"), (house.newcomer, "digest")):
        for _ in range(4 if kind == "digest" else 1):
            make_message(person, state=MessageState.HELD, kind=kind, surge=surge, subject="", body_text="")
    return surge


def word(desk: Client, surge: Surge, decision: str, reason: str = "A new course for all") -> Any:
    return desk.post(reverse("people:decide_surge", args=[surge.public_id]), {"decision": decision, "reason": reason})


def held_states() -> set[str]:
    return set(Message.objects.filter(surge__isnull=False).values_list("state", flat=True))


def test_held_mail_stands_on_top_with_examples(house: House, desk: Client, surge: Surge) -> None:
    make_message(house.ordinary, state=DEAD)
    response = desk.get(LIST)
    text = response.content.decode()
    assert "5 mails wait for your word; usual is 60 a day" in text
    assert "more than the 300 that may go out in a day" in text
    assert [(one.kind, one.number, len(one.examples)) for one in response.context["surge"]["held"]] == [
        ("digest", 4, 3),
        ("course_assigned", 1, 1),
    ]
    assert text.index("wait for your word") < text.index("1 needs a decision</h2>")
    assert "Held mails that wait for your word" in desk.get(reverse("people:overview")).content.decode()


def test_sending_what_is_held(house: House, desk: Client, surge: Surge) -> None:
    response = word(desk, surge, "send")
    assert response.headers["Location"] == LIST
    assert held_states() == {"queued"}
    surge.refresh_from_db()
    assert (surge.decision, surge.decided_by, surge.reason) == (
        "send",
        house.coordinator.subject,
        "A new course for all",
    )
    text = desk.get(LIST).content.decode()
    assert "The mails go out" in text
    assert "wait for your word" not in text


def test_not_sending_what_is_held_and_deciding_twice(house: House, desk: Client, surge: Surge) -> None:
    word(desk, surge, "discard")
    assert held_states() == {"suppressed"}
    assert "The mails will not be sent." in desk.get(LIST).content.decode()
    word(desk, surge, "send")
    assert held_states() == {"suppressed"}
    assert "this was decided already" in desk.get(LIST).content.decode()


def test_the_word_needs_a_reason_and_a_button(house: House, desk: Client, surge: Surge) -> None:
    for decision, reason in (("send", " "), ("", "Because"), ("erase", "Because")):
        response = word(desk, surge, decision, reason)
        assert response.status_code == 422
        assert "5 mails wait for your word" in response.content.decode()
    assert held_states() == {"held"}
    nobody = reverse("people:decide_surge", args=["00000000-0000-4000-8000-000000000000"])
    assert desk.post(nobody, {"decision": "send", "reason": "x"}).status_code == 404


def test_one_held_message_can_be_sent_by_itself(house: House, desk: Client, surge: Surge) -> None:
    one = surge.messages.get(kind="course_assigned")
    decide(desk, "retry", one)
    assert states(one) == ["queued"]
    assert "4 mails wait for your word" in desk.get(LIST).content.decode()
