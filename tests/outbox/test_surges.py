"""Far more mail than usual is held until a person decides."""

import datetime as dt
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from lms.outbox import actions, tasks
from lms.outbox.actions import surges
from lms.outbox.enums import MessageState, SurgeDecision
from lms.outbox.models import Message, Occasion, Surge
from lms.people.models import User
from tests.factories import make_user
from tests.faults.together import kinds_of, together
from tests.outbox.conftest import Memo

pytestmark = pytest.mark.django_db(transaction=True)
BY = uuid.UUID("00000000-0000-4000-8000-000000000001")
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
Letters = Callable[[], list[EmailMessage]]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three a day are always allowed, instead of two hundred."""
    monkeypatch.setattr(surges, "ALWAYS", 3)


def noted(number: int, at: dt.datetime) -> list[User]:
    """So many people, each with a reason."""
    people = [make_user() for _ in range(number)]
    for person in people:
        assert actions.note("memo", key=f"memo:{person.pk}:{at}", recipient=person, ref="1", at=at)
    return people


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def held(at: dt.datetime, number: int = 5) -> Surge:
    noted(number, at)
    assert actions.gather(at=at) == {"written": 0, "held": number, "dropped": 0}
    return Surge.objects.latest("pk")


def test_so_many_are_nothing_special(memo: Memo, at: dt.datetime) -> None:
    noted(3, at)
    assert actions.gather(at=at) == {"written": 3, "held": 0, "dropped": 0}
    assert Surge.objects.count() == 0


def test_a_run_that_would_be_too_many_is_held_as_a_whole(
    memo: Memo, at: dt.datetime, rings: list[Any], letters: Letters
) -> None:
    surge = held(at, 4)
    assert (surge.opened_at, surge.usual, surge.wanted, surge.limit) == (at, 0, 4, 3)
    assert (surge.decision, surge.decided_at, surge.decided_by, surge.reason) == (SurgeDecision.OPEN, None, None, "")
    assert states() == ["held"] * 4
    assert set(Message.objects.values_list("surge", flat=True)) == {surge.pk}
    assert rings == []
    assert actions.sweep(at=at + DAY) == {"rung": 0, "uncertain": 0, "again": 0}
    for pk in Message.objects.values_list("pk", flat=True):
        actions.deliver(pk, at=at + DAY)
    assert letters() == []


def test_the_number_of_the_day_counts(memo: Memo, at: dt.datetime) -> None:
    noted(2, at)
    actions.gather(at=at)
    noted(2, at)
    assert actions.gather(at=at + HOUR) == {"written": 0, "held": 2, "dropped": 0}
    noted(1, at)
    assert actions.gather(at=at + 2 * HOUR) == {"written": 0, "held": 1, "dropped": 0}  # one is open
    assert Surge.objects.get().wanted == 3


def test_a_new_day_of_the_house_begins_at_nought(memo: Memo, at: dt.datetime) -> None:
    noted(3, at)
    actions.gather(at=at)
    noted(3, at)
    assert actions.gather(at=at + DAY)["written"] == 3


def test_the_limit_follows_what_is_usual(memo: Memo, at: dt.datetime) -> None:
    """28 in the 28 days before are one a day: five are allowed, six are not. What is older does not count."""
    person = make_user()
    for number in range(60):
        Message.objects.create(
            recipient=person, kind="memo", state=MessageState.SENT, settled_at=at - 20 * DAY, message_id=str(number),
            created_at=at - (1 + number) * DAY, next_try_at=at,
        )  # fmt: skip
    assert surges.surge_for(5, at=at) is None
    surge = surges.surge_for(6, at=at)
    assert surge is not None
    assert (surge.usual, surge.limit) == (1, 5)


def test_what_is_not_wanted_makes_no_surge(memo: Memo, at: dt.datetime) -> None:
    noted(9, at)
    memo.unwanted = "The course is no longer assigned."
    assert actions.gather(at=at) == {"written": 0, "held": 0, "dropped": 9}
    assert Surge.objects.count() == 0


def test_send(memo: Memo, at: dt.datetime, rings: list[Any], letters: Letters) -> None:
    surge = held(at)
    later = at + HOUR
    assert actions.decide_surge(surge, send=True, at=later, by=BY, reason="The new\nrule is right")
    assert (surge.decision, surge.decided_at, surge.decided_by) == (SurgeDecision.SEND, later, BY)
    assert surge.reason == "The new rule is right"
    assert states() == ["queued"] * 5
    assert rings == [(tasks.DELIVER, str(pk)) for pk in Message.objects.order_by("pk").values_list("pk", flat=True)]
    stale = Message.objects.latest("pk").occasions.get()
    memo.unwanted_keys = {stale.key}
    for pk in Message.objects.values_list("pk", flat=True):
        actions.deliver(pk, at=later)
    assert len(letters()) == 4
    assert states() == ["sent"] * 4 + ["suppressed"]


def test_after_send_the_rest_of_the_day_is_not_held_again(memo: Memo, at: dt.datetime) -> None:
    actions.decide_surge(held(at), send=True, at=at + HOUR, by=BY, reason="The rule is right")
    noted(9, at)
    assert actions.gather(at=at + 2 * HOUR) == {"written": 9, "held": 0, "dropped": 0}
    noted(9, at)
    assert actions.gather(at=at + DAY) == {"written": 0, "held": 9, "dropped": 0}


def test_what_was_sent_waits_for_the_hours_of_the_person(memo: Memo, at: dt.datetime, letters: Letters) -> None:
    surge = held(at)
    evening = at + 9 * HOUR
    actions.decide_surge(surge, send=True, at=evening, by=BY, reason="The rule is right")
    for pk in Message.objects.values_list("pk", flat=True):
        actions.deliver(pk, at=evening)
    assert letters() == []
    assert set(Message.objects.values_list("state", "next_try_at")) == {("queued", at + DAY - 2 * HOUR)}


def test_discard(memo: Memo, at: dt.datetime, rings: list[Any]) -> None:
    surge = held(at)
    assert actions.decide_surge(surge, send=False, at=at, by=BY, reason="Wrong rule")
    assert (surge.decision, surge.reason) == (SurgeDecision.DISCARD, "Wrong rule")
    decided = Message.objects.values_list("state", "decision", "decided_by", "settled_at")
    assert set(decided) == {("suppressed", "Discarded: Wrong rule", BY, at)}
    assert rings == []
    noted(3, at)
    assert actions.gather(at=at + HOUR)["written"] == 3  # what was discarded counts for no day
    noted(1, at)
    assert actions.gather(at=at + 2 * HOUR)["held"] == 1  # and the next surge is asked about anew
    assert Surge.objects.count() == 2


def test_it_is_decided_once_and_with_a_reason(memo: Memo, at: dt.datetime) -> None:
    surge = held(at)
    with pytest.raises(ValidationError, match="why"):
        actions.decide_surge(surge, send=True, at=at, by=BY, reason=" \n")
    assert Surge.objects.get().decision == SurgeDecision.OPEN
    assert actions.decide_surge(surge, send=False, at=at, by=BY, reason="Wrong rule")
    assert not actions.decide_surge(surge, send=True, at=at, by=BY, reason="Or not")
    assert (surge.decision, surge.reason) == (SurgeDecision.DISCARD, "Wrong rule")
    assert states() == ["suppressed"] * 5


def test_held_messages_are_decided_one_by_one_too(memo: Memo, at: dt.datetime, letters: Letters) -> None:
    surge = held(at)
    first, second = Message.objects.order_by("pk")[:2]
    assert actions.discard(first, at=at, by=BY, reason="On leave")
    assert actions.retry(second, at=at, by=BY, reason="She waits for it")
    assert second.decision == "Send now: She waits for it"
    actions.deliver(second.pk, at=at + 12 * HOUR)
    assert len(letters()) == 1
    actions.decide_surge(surge, send=True, at=at, by=BY, reason="The rule is right")
    assert states() == ["suppressed", "sent", "queued", "queued", "queued"]


def test_a_held_message_keeps_the_person_from_getting_another(memo: Memo, at: dt.datetime) -> None:
    held(at)
    person = Message.objects.order_by("pk")[0].recipient
    actions.note("memo", key="memo:later", recipient=person, ref="1", at=at)
    assert actions.gather(at=at + 8 * DAY) == {"written": 0, "held": 0, "dropped": 0}
    assert Occasion.objects.get(key="memo:later").message is None


def test_one_surge_is_open_at_most(at: dt.datetime) -> None:
    Surge.objects.create(opened_at=at, usual=1, limit=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        Surge.objects.create(opened_at=at, usual=1, limit=3)


@pytest.mark.both_db
def test_gathers_at_once_share_one_surge_and_a_decision_leaves_nobody_behind(memo: Memo, at: dt.datetime) -> None:
    noted(8, at)

    def decide() -> bool:
        surge = Surge.objects.filter(decision=SurgeDecision.OPEN).first()
        return surge is not None and actions.decide_surge(surge, send=True, at=at, by=BY, reason="The rule is right")

    made = together(*[lambda: actions.gather(at=at)["written"]] * 3, decide, decide)
    assert kinds_of(made) <= {int, bool}, made
    assert Surge.objects.count() == 1
    assert len(states()) == 8
    if Surge.objects.get().decision == SurgeDecision.SEND:
        assert set(states()) == {"queued"}
    else:
        assert set(states()) == {"held"}
        assert Surge.objects.get().wanted == 8
