"""Tampering with one chain is found. What the database refuses by itself is in test_guards.py; the triggers are lifted here."""

import datetime as dt
import uuid

import pytest
from django.db import transaction

from lms.record import actions, queries
from lms.record.enums import EventKind
from lms.record.models import RecordHead, TrainingEvent
from tests.lifting import lift

pytestmark = pytest.mark.django_db
SUBJECT = uuid.UUID(int=9)


@pytest.fixture(autouse=True)
def _five_events(at: dt.datetime) -> None:
    with transaction.atomic():
        for n in range(1, 6):
            actions.append(
                SUBJECT, EventKind.QUIZ_SUBMITTED, {"right": n}, at=at + dt.timedelta(days=n), by=actions.SYSTEM
            )
    assert list(queries.faults(SUBJECT)) == []
    lift()


def event(seq: int) -> TrainingEvent:
    return TrainingEvent.objects.get(subject=SUBJECT, seq=seq)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": '{"right":5}'},
        {"payload": '{"right": 3}'},
        {"kind": "course.completed"},
        {"schema": 1},
        {"schema": 3},
        {"after_seq": 7},
        {"after_hash": ""},
        {"after_subject": None},
        {"actor": "somebody"},
        {"effective_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        {"recorded_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        {"hash": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_column_is_found(change: dict[str, object]) -> None:
    TrainingEvent.objects.filter(subject=SUBJECT, seq=3).update(**change)
    assert f"event 3 of {SUBJECT} was changed" in list(queries.faults(SUBJECT))


def test_a_changed_link_is_found() -> None:
    TrainingEvent.objects.filter(subject=SUBJECT, seq=3).update(prev="0" * 64)
    found = list(queries.faults(SUBJECT))
    assert f"event 3 of {SUBJECT} does not follow the one before it" in found


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_event_is_found(seq: int) -> None:
    event(seq).delete()
    assert f"event {seq} of {SUBJECT} is missing" in list(queries.faults(SUBJECT))


def test_swapped_events_are_found() -> None:
    three, four = event(3), event(4)
    TrainingEvent.objects.filter(pk=three.pk).update(seq=99)
    TrainingEvent.objects.filter(pk=four.pk).update(seq=3)
    TrainingEvent.objects.filter(pk=three.pk).update(seq=4)
    found = list(queries.faults(SUBJECT))
    assert f"event 3 of {SUBJECT} was changed" in found
    assert f"event 4 of {SUBJECT} was changed" in found


def test_a_cut_end_is_found() -> None:
    event(5).delete()
    assert list(queries.faults(SUBJECT)) == [f"the record of {SUBJECT} does not end where its head says"]


def test_everything_cut_is_found() -> None:
    TrainingEvent.objects.filter(subject=SUBJECT).delete()
    assert list(queries.faults(SUBJECT)) == [f"the record of {SUBJECT} does not end where its head says"]


@pytest.mark.parametrize("change", [{"seq": 4}, {"seq": 6}, {"hash": "0" * 64}])
def test_a_changed_head_is_found(change: dict[str, object]) -> None:
    RecordHead.objects.filter(pk=SUBJECT).update(**change)
    assert list(queries.faults(SUBJECT)) == [f"the record of {SUBJECT} does not end where its head says"]


def test_a_head_moved_back_to_an_earlier_event_is_found() -> None:
    """The last event is gone and the head says so; but the code on the head is of another end."""
    event(5).delete()
    RecordHead.objects.filter(pk=SUBJECT).update(seq=4, hash=event(4).hash)
    assert list(queries.faults(SUBJECT)) == [f"the head of the record of {SUBJECT} was not written with the key"]


def test_a_removed_head_is_found() -> None:
    RecordHead.objects.filter(pk=SUBJECT).delete()
    assert list(queries.faults(SUBJECT)) == [f"the record of {SUBJECT} does not end where its head says"]


def test_an_event_of_somebody_else_does_not_fit() -> None:
    TrainingEvent.objects.filter(subject=SUBJECT, seq=5).update(subject=uuid.UUID(int=10), seq=1)
    assert f"event 1 of {uuid.UUID(int=10)} was changed" in list(queries.faults(uuid.UUID(int=10)))
