"""Noting reasons and gathering them into one mail."""

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from lms.outbox import actions, delivery, kinds, tasks
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from lms.record.queries import events_of
from tests.factories import make_user
from tests.faults.together import kinds_of, together
from tests.outbox.conftest import Memo, html_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
Letters = Callable[[], list[EmailMessage]]


@pytest.fixture
def person(db: None) -> User:
    return make_user("Maya Ortiz")


def note(person: User, *keys: str, kind: str = "memo", at: dt.datetime) -> None:
    for key in keys:
        assert actions.note(kind, key=key, recipient=person, ref=key, at=at)


def deliver_all(at: dt.datetime) -> None:
    for pk in Message.objects.filter(state=MessageState.QUEUED).order_by("pk").values_list("pk", flat=True):
        actions.deliver(pk, at=at)


# --- noting ---------------------------------------------------------------------------------------------------------------------
def test_a_key_is_noted_once_for_ever(memo: Memo, person: User, at: dt.datetime, rings: list[Any]) -> None:
    assert actions.note("memo", key="memo:1", recipient=person, ref="1", at=at)
    assert not actions.note("memo", key="memo:1", recipient=make_user(), ref="1", at=at)
    occasion = Occasion.objects.get()
    assert (occasion.recipient, occasion.message, occasion.dropped_at, occasion.created_at) == (person, None, None, at)
    assert Message.objects.count() == len(rings) == 0


@pytest.mark.parametrize("key", ["", "k" * 191])
def test_a_key_that_does_not_fit_is_refused(memo: Memo, person: User, at: dt.datetime, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 190"):
        actions.note("memo", key=key, recipient=person, ref="1", at=at)


def test_what_is_gathered_is_not_announced_and_the_other_way_round(
    memo: Memo, note: Any, person: User, at: dt.datetime
) -> None:
    with pytest.raises(ValueError, match="note it"):
        actions.announce("memo", key="memo:1", recipient=person, ref="1", at=at)
    for kind in ("note", "digest"):
        with pytest.raises(ValueError, match="announce it"):
            actions.note(kind, key="note:1", recipient=person, ref="1", at=at)
    with pytest.raises(KeyError):
        actions.note("carrier_pigeon", key="p:1", recipient=person, ref="1", at=at)
    assert Occasion.objects.count() == 0


# --- gathering ------------------------------------------------------------------------------------------------------------------
def test_one_reason_is_written_in_its_own_words(
    memo: Memo, person: User, at: dt.datetime, rings: list[Any], letters: Letters
) -> None:
    note(person, "memo:1", at=at)
    assert actions.gather(at=at) == {"written": 1, "held": 0, "dropped": 0}
    message = Message.objects.get()
    assert (message.kind, message.state, message.recipient) == ("memo", MessageState.QUEUED, person)
    assert rings == [(tasks.DELIVER, str(message.pk))]
    deliver_all(at)
    (mail,) = letters()
    assert mail["Subject"] == "A memo about memo:1"
    assert actions.gather(at=at + DAY) == {"written": 0, "held": 0, "dropped": 0}


def test_several_reasons_are_one_mail_with_a_line_each_and_one_button(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", "memo:2", at=at - HOUR)
    note(person, "alarm:1", kind="alarm", at=at)
    actions.gather(at=at)
    message = Message.objects.get()
    assert message.kind == "digest"
    assert set(message.occasions.values_list("key", flat=True)) == {"memo:1", "memo:2", "alarm:1"}
    deliver_all(at)
    (mail,) = letters()
    assert mail["Subject"] == "3 things about your training"
    for words in (text_of(mail), html_of(mail)):
        assert "The line of memo:1 &lt; 3." in words or "The line of memo:1 < 3." in words
        assert "The line of memo:2" in words
        assert "The line of alarm:1" in words
        assert words.count("Open my training") == 1
        assert "http://127.0.0.1:8000/training/" in words
    assert "memo:1 &lt; 3" in html_of(mail)
    assert text_of(mail).startswith("Hello Maya,\n")


def test_everybody_gets_their_own(memo: Memo, person: User, at: dt.datetime) -> None:
    others = [make_user() for _ in range(3)]
    for one in (person, *others):
        note(one, f"memo:{one.pk}", at=at)
    assert actions.gather(at=at)["written"] == 4
    assert set(Message.objects.values_list("recipient", flat=True)) == {one.pk for one in (person, *others)}


@pytest.mark.parametrize(
    ("changes", "reason"), [({"is_active": False}, delivery.NOT_ACTIVE), ({"email": None}, delivery.NO_ADDRESS)]
)
def test_who_cannot_be_reached_is_dropped_at_any_hour(
    memo: Memo, at: dt.datetime, changes: dict[str, Any], reason: str
) -> None:
    note(make_user(**changes), "memo:1", "memo:2", at=at)
    night = at + 12 * HOUR
    assert actions.gather(at=night) == {"written": 0, "held": 0, "dropped": 2}
    assert set(Occasion.objects.values_list("dropped_at", "dropped_reason")) == {(night, reason)}


def test_what_is_not_wanted_any_more_is_dropped_and_says_why(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", at=at)
    note(person, "alarm:1", kind="alarm", at=at)
    alarm.unwanted = "The course is complete."
    assert actions.gather(at=at) == {"written": 1, "held": 0, "dropped": 1}
    dropped = Occasion.objects.get(key="alarm:1")
    assert (dropped.dropped_at, dropped.dropped_reason, dropped.message) == (at, "The course is complete.", None)
    assert Message.objects.get().kind == "memo"
    alarm.unwanted = None
    assert actions.gather(at=at + 7 * DAY)["written"] == 0


def test_what_a_person_has_switched_off_is_dropped(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_preferences", [])
    kinds.register_preference(lambda recipient, slug: recipient != person)
    monkeypatch.setattr(Memo, "optional", True)
    alarm.optional = False  # type: ignore[misc]
    note(person, "memo:1", at=at)
    note(person, "alarm:1", kind="alarm", at=at)
    assert actions.gather(at=at) == {"written": 1, "held": 0, "dropped": 1}
    assert Occasion.objects.get(key="memo:1").dropped_reason == kinds.SWITCHED_OFF


def test_a_reason_that_cannot_answer_keeps_nothing_else_back(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    note(person, "memo:1", at=at)
    note(person, "alarm:1", kind="alarm", at=at)
    alarm.broken = True
    assert actions.gather(at=at) == {"written": 1, "held": 0, "dropped": 0}
    assert Message.objects.get().occasions.get().key == "memo:1"
    assert "alarm:1" in caplog.text
    assert Occasion.objects.get(key="alarm:1").dropped_at is None


def test_two_a_week_and_one_a_day_and_an_urgent_one_between(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime
) -> None:
    """``at`` is a Monday at ten."""

    def day(number: int, *keys: str, kind: str = "memo") -> int:
        moment = at + number * DAY
        note(person, *keys, kind=kind, at=moment)
        counts = [actions.gather(at=moment + hour * HOUR)["written"] for hour in range(0, 12, 3)]
        deliver_all(moment)
        return sum(counts)

    assert day(0, "memo:1") == 1
    assert day(1, "memo:2") == 1
    assert day(2, "memo:3") == 0
    assert day(3, "alarm:1", kind="alarm") == 1
    assert set(Message.objects.latest("pk").occasions.values_list("key", flat=True)) == {"memo:3", "alarm:1"}
    assert day(4, "memo:4") == 0
    assert day(7) == 0  # Tuesday and Thursday still count
    assert day(8) == 1


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        *((state, True) for state in ("held", "waiting", "queued", "claimed", "handing_over", "sent", "uncertain")),
        *((state, False) for state in ("failed", "suppressed", "dead")),
    ],
)
def test_what_counts_as_written(memo: Memo, person: User, at: dt.datetime, state: str, counts: bool) -> None:
    note(person, "memo:1", at=at)
    actions.gather(at=at)
    unsent = state in ("held", "waiting", "queued", "claimed", "handing_over")
    Message.objects.update(state=state, settled_at=None if unsent else at)
    note(person, "memo:2", at=at)
    assert actions.gather(at=at + HOUR)["written"] == (not counts)
    if counts:
        assert actions.gather(at=at + DAY)["written"] == (not unsent)


def test_mail_that_is_sent_at_once_counts_for_nothing(memo: Memo, note: Any, person: User, at: dt.datetime) -> None:
    for number in range(3):
        actions.announce("note", key=f"note:{number}", recipient=person, ref="1", at=at)
    assert actions.note("memo", key="memo:1", recipient=person, ref="1", at=at)
    assert actions.gather(at=at)["written"] == 1


def test_working_days_and_the_zone_of_the_site_decide(memo: Memo, at: dt.datetime) -> None:
    person = make_user(working_days="6")
    note(person, "memo:1", at=at)
    assert actions.gather(at=at)["written"] == 0
    assert actions.gather(at=at + 5 * DAY - 2 * HOUR - dt.timedelta(minutes=1))["written"] == 0
    assert actions.gather(at=at + 5 * DAY - 2 * HOUR)["written"] == 1


@pytest.mark.parametrize("people", [1, 3])
def test_asking_everybody_who_waits_takes_two_queries(
    memo: Memo, at: dt.datetime, people: int, django_assert_num_queries: Any
) -> None:
    for number in range(people):
        note(make_user(), f"memo:{number}", f"memo:{number}b", at=at)
    with django_assert_num_queries(2):
        actions.gather(at=at + 12 * HOUR)


@pytest.mark.both_db
def test_many_gathers_at_once_write_one_mail(memo: Memo, person: User, at: dt.datetime) -> None:
    others = [make_user() for _ in range(3)]
    for one in (person, *others):
        note(one, f"memo:{one.pk}:1", f"memo:{one.pk}:2", at=at)
    made = together(*[lambda: actions.gather(at=at)["written"]] * 6)
    assert kinds_of(made) == {int}, made
    assert sum(made) == Message.objects.count() == 4
    assert Occasion.objects.filter(message__isnull=True).count() == 0
    assert all(message.occasions.count() == 2 for message in Message.objects.all())


@pytest.mark.both_db
def test_reasons_that_come_while_others_are_gathered_make_no_second_mail(
    memo: Memo, person: User, at: dt.datetime
) -> None:
    def noting_and_gathering(number: int) -> Callable[[], int]:
        def work() -> int:
            note(person, f"memo:{number}", at=at)
            return actions.gather(at=at)["written"]

        return work

    made = together(*[noting_and_gathering(number) for number in range(8)])
    assert kinds_of(made) == {int}, made
    assert sum(made) == Message.objects.count() == 1


# --- delivery -------------------------------------------------------------------------------------------------------------------
def test_what_became_late_waits_for_the_next_opening(
    memo: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", at=at)
    actions.gather(at=at)
    evening = at + 8 * HOUR  # Monday, 18:00
    deliver_all(evening)
    message = Message.objects.get()
    opening = at + DAY - 2 * HOUR
    assert (message.state, message.next_try_at, message.tries) == (MessageState.QUEUED, opening, 0)
    assert message.last_reply == delivery.WAITS_FOR_HOURS
    assert message.lease_token is None
    deliver_all(opening - dt.timedelta(seconds=1))
    assert letters() == []
    deliver_all(opening)
    assert len(letters()) == 1


def test_hours_that_end_while_connecting_are_over(
    memo: Memo, person: User, at: dt.datetime, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(person, "memo:1", at=at)
    actions.gather(at=at)
    moments = iter([at + 8 * HOUR - dt.timedelta(seconds=1)] * 2 + [at + 8 * HOUR] * 9)
    monkeypatch.setattr("lms.outbox.actions.messages.clock.now", lambda: next(moments))
    actions.deliver(Message.objects.get().pk)
    assert Message.objects.get().state == MessageState.QUEUED
    assert letters() == []


def test_a_person_who_decides_does_not_wait_for_the_hours(
    memo: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", at=at)
    actions.gather(at=at)
    evening = at + 9 * HOUR
    message = Message.objects.get()
    actions.retry(message, at=evening, by=person.subject, reason="She asked for it")
    actions.deliver(message.pk, at=evening)
    assert len(letters()) == 1


def test_a_digest_says_only_what_is_still_wanted(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", "memo:2", at=at)
    note(person, "alarm:1", kind="alarm", at=at)
    actions.gather(at=at)
    alarm.unwanted = "The course is complete."
    deliver_all(at)
    (mail,) = letters()
    assert mail["Subject"] == "2 things about your training"
    assert "alarm:1" not in text_of(mail) + html_of(mail)
    left_out = Occasion.objects.get(key="alarm:1")
    assert (left_out.dropped_at, left_out.dropped_reason) == (at, "The course is complete.")
    (event,) = [event for event in events_of(person.subject) if event.kind == "message.sent"]
    assert '"occasions":["memo:1","memo:2"]' in event.payload


def test_a_digest_with_one_reason_left_is_that_reason_in_its_own_words(
    memo: Memo, alarm: Memo, person: User, at: dt.datetime, letters: Letters
) -> None:
    note(person, "memo:1", at=at)
    note(person, "alarm:1", kind="alarm", at=at)
    actions.gather(at=at)
    alarm.unwanted = "The course is complete."
    deliver_all(at)
    (mail,) = letters()
    assert mail["Subject"] == "A memo about memo:1"


def test_a_digest_with_no_reason_left_is_not_sent(memo: Memo, person: User, at: dt.datetime, letters: Letters) -> None:
    note(person, "memo:1", "memo:2", at=at)
    actions.gather(at=at)
    memo.unwanted = "The course is complete."
    deliver_all(at)
    message = Message.objects.get()
    assert (message.state, message.last_reply) == (MessageState.SUPPRESSED, "The course is complete.")
    assert letters() == []
