"""Appending to the record."""

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import connection, connections, transaction

from lms.lib import canonical
from lms.record import actions, queries
from lms.record.chain import columns, event_hash, head_mac
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, RecordHead, TrainingEvent
from tests.lifting import lift

SUBJECT = uuid.UUID(int=7)


def write(n: int = 1, *, subject: uuid.UUID = SUBJECT, at: dt.datetime) -> list[TrainingEvent]:
    with transaction.atomic():
        return [
            actions.append(subject, EventKind.COURSE_STARTED, {"n": i}, at=at, by=actions.SYSTEM)
            for i in range(1, n + 1)
        ]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_written(at: dt.datetime) -> None:
    with pytest.raises(actions.OutsideTransactionError, match="transaction"):
        actions.append(SUBJECT, EventKind.COURSE_STARTED, {}, at=at, by=actions.SYSTEM)
    with pytest.raises(actions.OutsideTransactionError):
        actions.hold(SUBJECT)
    assert not TrainingEvent.objects.exists()
    assert not RecordHead.objects.exists()


@pytest.mark.django_db
def test_events_are_numbered_and_chained(at: dt.datetime) -> None:
    first, second = write(2, at=at)
    assert (first.seq, second.seq) == (1, 2)
    assert first.prev == ""
    assert second.prev == first.hash
    assert len(second.hash) == 64
    head = RecordHead.objects.get(pk=SUBJECT)
    assert (head.seq, head.hash) == (2, second.hash)
    assert first.effective_at == at
    assert first.payload == canonical.dumps({"n": 1})
    assert list(queries.faults(SUBJECT)) == []
    assert [e.seq for e in queries.events_of(SUBJECT)] == [1, 2]


@pytest.mark.django_db
def test_subjects_have_chains_of_their_own(at: dt.datetime) -> None:
    other = uuid.UUID(int=8)
    write(2, at=at)
    (event,) = write(1, subject=other, at=at)
    assert (event.seq, event.prev) == (1, "")
    assert list(queries.faults(other)) == []


@pytest.mark.django_db
def test_the_key_matters(at: dt.datetime, settings: object) -> None:
    write(1, at=at)
    settings.RECORD_KEY = "another key " * 6  # type: ignore[attr-defined]
    assert list(queries.faults(SUBJECT)) == [
        f"event 1 of {SUBJECT} was changed",
        f"the head of the record of {SUBJECT} was not written with the key",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_gap(at: dt.datetime) -> None:
    write(1, at=at)
    with transaction.atomic():
        actions.append(SUBJECT, EventKind.COURSE_STARTED, {}, at=at, by=actions.SYSTEM)
        transaction.set_rollback(True)
    (event,) = write(1, at=at)
    assert event.seq == 2
    assert list(queries.faults(SUBJECT)) == []


@pytest.mark.django_db
def test_a_payload_that_json_cannot_say_is_refused(at: dt.datetime) -> None:
    for payload in ({"x": float("nan")}, {"x": object()}, {"x": at}):
        with pytest.raises((TypeError, ValueError)), transaction.atomic():
            actions.append(SUBJECT, EventKind.COURSE_STARTED, payload, at=at, by=actions.SYSTEM)
    assert not TrainingEvent.objects.exists()


@pytest.mark.django_db
def test_holding_a_record_writes_no_event(at: dt.datetime) -> None:
    actions.hold(SUBJECT)
    assert RecordHead.objects.get(pk=SUBJECT).seq == 0
    assert list(queries.faults(SUBJECT)) == []
    (event,) = write(1, at=at)
    actions.hold(SUBJECT)
    assert event.seq == 1
    assert list(queries.faults(SUBJECT)) == []


@pytest.mark.django_db
class TestSnapshots:
    def test_the_same_spelling_is_the_same_snapshot(self, at: dt.datetime) -> None:
        first = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at)
        again = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at + dt.timedelta(days=3))
        assert again.pk == first.pk
        assert IdentitySnapshot.objects.count() == 1

    def test_another_spelling_is_a_new_one_with_a_new_salt(self, at: dt.datetime) -> None:
        first = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at)
        second = actions.snapshot(SUBJECT, {"name": "Anne"}, at=at)
        back = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at)
        assert len({first.salt, second.salt, back.salt}) == 3
        assert len({first.hash, second.hash, back.hash}) == 3, "the same name twice has two hashes"

    def test_the_hash_covers_salt_and_fields(self, at: dt.datetime) -> None:
        row = actions.snapshot(SUBJECT, {"name": "Zoë \u05d0"}, at=at)
        assert row.hash == canonical.sha256([row.salt, row.fields])
        assert len(row.salt) == 64

    def test_two_people_of_one_spelling_cannot_be_told_from_the_hash(self, at: dt.datetime) -> None:
        one = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at)
        two = actions.snapshot(uuid.UUID(int=8), {"name": "Ann"}, at=at)
        assert one.hash != two.hash

    def test_an_erasure_keeps_the_chain(self, at: dt.datetime) -> None:
        row = actions.snapshot(SUBJECT, {"name": "Ann Sentinel"}, at=at)
        with transaction.atomic():
            actions.append(SUBJECT, EventKind.PERSON_ADDED, {"identity": row.hash}, at=at, by=actions.SYSTEM)
        IdentitySnapshot.objects.filter(pk=row.pk).update(fields=None, salt="", erased_at=at)
        assert list(queries.faults(SUBJECT)) == []
        assert "Sentinel" not in TrainingEvent.objects.get().payload
        assert actions.snapshot(SUBJECT, {"name": "Ann Sentinel"}, at=at).pk != row.pk


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_parallel_appends_leave_no_gap(at: dt.datetime, known: bool) -> None:
    """Eight threads write to one record, one of a subject that has a head already and one whose first event it is."""
    if known:
        write(1, at=at)
    threads, each = 8, 5
    start = threading.Barrier(threads)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            start.wait(20)
            for _ in range(each):
                write(1, at=at)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
    assert errors == []
    count = threads * each + known
    seqs = list(TrainingEvent.objects.filter(subject=SUBJECT).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, count + 1))
    assert list(queries.faults(SUBJECT)) == []
    assert connection.vendor in {"sqlite", "postgresql"}


@pytest.mark.django_db
def test_events_of_the_first_schema_still_verify(at: dt.datetime) -> None:
    """They do not know which event of others was the newest, and their hash does not cover it."""
    old = TrainingEvent(
        subject=SUBJECT, seq=1, kind=EventKind.COURSE_STARTED, schema=1, effective_at=at, recorded_at=at, actor="system"
    )
    old.payload = canonical.dumps({"n": 1})
    assert len(columns(old)) == 9
    old.hash = event_hash(old)
    old.save(force_insert=True)
    RecordHead.objects.create(subject=SUBJECT, seq=1, hash=old.hash, mac=head_mac(SUBJECT, 1, old.hash))
    assert list(queries.faults(SUBJECT)) == []
    (new,) = write(1, at=at)
    assert (new.schema, new.prev, new.after_subject, new.after_seq, new.after_hash) == (
        2,
        old.hash,
        SUBJECT,
        1,
        old.hash,
    )
    assert list(queries.faults(SUBJECT)) == []
    lift()
    TrainingEvent.objects.filter(pk=old.pk).update(after_seq=5)
    assert list(queries.faults(SUBJECT)) == [f"event 1 of {SUBJECT} was changed"]


@pytest.mark.django_db
def test_an_event_names_the_newest_of_all(at: dt.datetime, django_assert_num_queries: Any) -> None:
    write(2, at=at)
    with transaction.atomic(), django_assert_num_queries(7):
        (event,) = [actions.append(uuid.UUID(int=8), EventKind.COURSE_STARTED, {}, at=at, by=actions.SYSTEM)]
    assert (event.after_subject, event.after_seq) == (SUBJECT, 2)
    with transaction.atomic(), django_assert_num_queries(5):
        actions.append(SUBJECT, EventKind.COURSE_STARTED, {}, at=at, by=actions.SYSTEM)
