"""Seals: one a day, over everything since the one before."""

import datetime as dt
import json
import threading
import uuid
from typing import Any

import pytest
from django.db import connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from lms.record import actions, merkle, queries, sealfile, sealing
from lms.record.chain import HOUSE
from lms.record.enums import EventKind
from lms.record.models import Seal, SealedRun, TrainingEvent
from lms.record.verifying import Tally, faults

pytestmark = pytest.mark.both_db

DAY = dt.date(2026, 11, 23)
ANN, BEN = uuid.UUID(int=3), uuid.UUID(int=4)


def write(subject: uuid.UUID, n: int = 1, *, at: dt.datetime) -> None:
    with transaction.atomic():
        for _ in range(n):
            actions.append(subject, EventKind.UNIT_COMPLETED, {"n": n, "word": "Zoë"}, at=at, by=subject)


@pytest.mark.django_db
def test_the_first_seal_of_an_empty_record(at: dt.datetime) -> None:
    seal = sealing.seal(DAY, at=at)
    assert seal is not None
    assert (seal.number, seal.day, seal.size, seal.heads, seal.prev) == (1, DAY, 0, 0, "")
    assert seal.root == merkle.root([]).hex()
    assert list(faults()) == []


@pytest.mark.django_db
def test_each_event_is_in_one_seal(at: dt.datetime) -> None:
    write(ANN, 3, at=at)
    first = sealing.seal(DAY, at=at)
    write(ANN, at=at)
    write(BEN, 2, at=at)
    second = sealing.seal(DAY + dt.timedelta(days=1), at=at)
    assert first is not None
    assert second is not None
    runs = [(run.seal.number, run.subject, run.first, run.last) for run in SealedRun.objects.select_related("seal")]
    assert runs == [(1, ANN, 1, 3), (2, ANN, 4, 4), (2, BEN, 1, 2), (2, HOUSE, 1, 1)]
    assert (first.size, first.heads, second.size, second.heads) == (3, 1, 4, 3)
    assert second.prev == first.hash
    tally = Tally()
    assert list(faults(tally)) == []
    assert (tally.events, tally.subjects, tally.seals) == (8, 3, 2)


@pytest.mark.django_db
def test_one_a_day_and_missed_days_are_made_up(at: dt.datetime) -> None:
    write(ANN, at=at)
    assert sealing.seal(DAY, at=at) is not None
    assert sealing.seal(DAY, at=at) is None, "there is one already"
    assert sealing.seal(DAY - dt.timedelta(days=1), at=at) is None, "the clock was set back"
    write(ANN, 2, at=at)
    later = sealing.seal(DAY + dt.timedelta(days=4), at=at)
    assert later is not None
    assert (later.number, later.size) == (2, 3)
    assert Seal.objects.count() == 2


@pytest.mark.django_db
def test_a_seal_is_an_event_itself(at: dt.datetime) -> None:
    seal = sealing.seal(DAY, at=at)
    assert seal is not None
    event = TrainingEvent.objects.get()
    assert (event.subject, event.kind, event.actor) == (HOUSE, EventKind.RECORD_SEALED, actions.SYSTEM)
    assert json.loads(event.payload) == {"seal": 1, "hash": seal.hash}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one(at: dt.datetime) -> None:
    write(ANN, 5, at=at)
    start = threading.Barrier(4)
    made: list[Any] = []

    def run() -> None:
        try:
            start.wait(20)
            made.append(sealing.seal(DAY, at=at))
        except BaseException as error:
            made.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [one for one in made if isinstance(one, BaseException)] == []
    assert sum(one is not None for one in made) == 1
    assert Seal.objects.count() == 1
    assert list(faults()) == []


@pytest.mark.django_db(transaction=True)
def test_people_write_while_it_is_sealed_and_checked(at: dt.datetime) -> None:
    """Nobody's event is left out or counted twice, and nothing that is just being written is called a fault."""
    done = threading.Event()
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            while not done.is_set():
                write(uuid.UUID(int=100 + number), 2, at=at)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    try:
        for n in range(6):
            assert sealing.seal(DAY + dt.timedelta(days=n), at=at) is not None
            assert list(faults()) == []
    finally:
        done.set()
        for worker in workers:
            worker.join(60)
    assert errors == []
    assert sealing.seal(DAY + dt.timedelta(days=9), at=at) is not None
    assert list(faults()) == []
    assert sum(Seal.objects.values_list("size", flat=True)) == TrainingEvent.objects.count() - 1


class Proofs(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=1, max_size=4))
    def test_a_checker_without_the_key_proves_each_event_and_each_end(self, days: list[list[int]]) -> None:
        at = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
        for n, day in enumerate(days):
            for number in day:
                write(uuid.UUID(int=50 + number), at=at)
            sealing.seal(DAY + dt.timedelta(days=n), at=at)
        kept = sealfile.read(sealfile.write(Seal.objects.all(), organization="A", at=at))
        everybody = {event.subject for event in TrainingEvent.objects.all()}
        proved = 0
        for proof in queries.event_proofs(everybody):
            seal = kept[proof.seal.number - 1]
            event = TrainingEvent.objects.get(subject=proof.subject, seq=proof.seq)
            assert proof.leaf == leaf_by_hand(event)
            assert merkle.verify(proof.leaf, proof.index, seal.size, proof.path, bytes.fromhex(seal.root))
            assert not merkle.verify(proof.leaf + b" ", proof.index, seal.size, proof.path, bytes.fromhex(seal.root))
            proved += 1
        assert proved == sum(seal.size for seal in kept) == TrainingEvent.objects.count() - 1
        last = Seal.objects.last()
        assert last is not None
        ends = list(queries.head_proofs(last, everybody))
        assert len(ends) == last.heads
        for proof in ends:
            end = TrainingEvent.objects.get(subject=proof.subject, seq=proof.seq)
            assert proof.leaf == text(["head", str(proof.subject), proof.seq, end.hash])
            assert merkle.verify(proof.leaf, proof.index, last.heads, proof.path, bytes.fromhex(last.heads_root))


def leaf_by_hand(event: TrainingEvent) -> bytes:
    """What somebody writes who has read the description and has the columns."""
    return text(
        [
            "event",
            str(event.subject),
            event.seq,
            event.kind,
            event.schema,
            event.effective_at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
            event.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
            event.actor,
            event.payload,
            event.prev,
            str(event.after_subject) if event.after_subject else None,
            event.after_seq,
            event.after_hash,
            event.hash,
        ]
    )


def text(value: list[Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.django_db
class TestTheFile:
    def test_what_was_written_is_read(self, at: dt.datetime) -> None:
        for n in range(3):
            sealing.seal(DAY + dt.timedelta(days=n), at=at)
        kept = sealfile.read(sealfile.write(Seal.objects.all(), organization='Arbor "R"', at=at))
        assert [seal.number for seal in kept] == [1, 2, 3]
        assert kept == [sealfile.exported(seal) for seal in Seal.objects.all()]
        assert kept[2].date == DAY + dt.timedelta(days=2)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda file: "", "not JSON"),
            (lambda file: "[]", "no file of exported seals"),
            (lambda file: json.dumps({**file, "format": "x"}), "no file of exported seals"),
            (lambda file: json.dumps({**file, "seals": []}), "no seals"),
            (lambda file: json.dumps({**file, "seals": file["seals"][1:]}), "in place 1 stands seal 2"),
            (lambda file: json.dumps({**file, "seals": [{"number": 1}]}), "columns"),
            (lambda file: json.dumps({**file, "seals": [{**file["seals"][0], "size": "1"}]}), "a size that cannot"),
            (lambda file: json.dumps({**file, "seals": [{**file["seals"][0], "day": "x"}]}), "a day that cannot"),
            (lambda file: json.dumps({**file, "seals": "x"}), "no seals"),
        ],
    )
    def test_anything_else_is_refused_in_words(self, at: dt.datetime, change: Any, words: str) -> None:
        for n in range(2):
            sealing.seal(DAY + dt.timedelta(days=n), at=at)
        file = json.loads(sealfile.write(Seal.objects.all(), organization="A", at=at))
        with pytest.raises(sealfile.SealFileError, match=words):
            sealfile.read(change(file))
