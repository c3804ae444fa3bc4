"""What the database itself refuses, and that this cannot get lost."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from lms.record import actions, guards, sealing
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, RecordHead, Seal, SealedRun, TrainingEvent
from tests.lifting import lift, lifted

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

SUBJECT = uuid.UUID(int=7)
TABLES = [TrainingEvent, Seal, SealedRun, IdentitySnapshot, RecordHead]


@pytest.fixture(autouse=True)
def _record(at: dt.datetime) -> None:
    with transaction.atomic():
        shown = actions.snapshot(SUBJECT, {"name": "Ann"}, at=at)
        for n in range(3):
            actions.append(SUBJECT, EventKind.COURSE_STARTED, {"identity": shown.hash, "n": n}, at=at, by=SUBJECT)
    assert sealing.seal(at.date(), at=at) is not None


def refused() -> Any:
    return pytest.raises(IntegrityError, match="cannot be changed or deleted")


@pytest.mark.parametrize("model", TABLES)
def test_a_row_cannot_be_deleted(model: type[models.Model]) -> None:
    rows = model._default_manager.all()
    before = list(rows.values())
    assert before
    with refused(), transaction.atomic():
        rows._raw_delete(rows.db)
    assert list(rows.values()) == before


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (TrainingEvent, {"payload": "{}"}),
        (TrainingEvent, {"kind": "course.started"}),  # as it is
        (Seal, {"root": ""}),
        (SealedRun, {"last": 2}),
        (IdentitySnapshot, {"fields": {"name": "Bea"}}),
        (IdentitySnapshot, {"subject": uuid.UUID(int=8)}),
        (IdentitySnapshot, {"salt": "", "fields": None}),
        (IdentitySnapshot, {"salt": "", "erased_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}),
        (
            IdentitySnapshot,
            {"salt": "", "fields": None, "erased_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "hash": "0" * 64},
        ),
        (RecordHead, {"seq": 0}),
        (RecordHead, {"subject": uuid.UUID(int=8)}),
    ],
)
def test_a_row_cannot_be_changed(model: type[models.Model], change: dict[str, Any]) -> None:
    before = list(model._default_manager.values())
    with refused(), transaction.atomic():
        model._default_manager.all().update(**change)
    assert list(model._default_manager.values()) == before


@pytest.mark.parametrize("model", TABLES)
def test_a_table_cannot_be_emptied_at_once(model: type[models.Model]) -> None:
    statement = "TRUNCATE {} CASCADE" if connection.vendor == "postgresql" else "DELETE FROM {}"
    connection.check_constraints()  # or PostgreSQL refuses because of the links that it has still to check in this transaction
    with refused(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(model._meta.db_table))
    assert model._default_manager.exists()


def test_an_event_cannot_be_replaced() -> None:
    """SQLite deletes what REPLACE replaces; PostgreSQL updates on a conflict."""
    row = TrainingEvent.objects.filter(subject=SUBJECT).first()
    assert row is not None
    row.payload = "{}"
    with refused(), transaction.atomic():
        TrainingEvent.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["subject", "seq"], update_fields=["payload"]
        )
    if connection.vendor == "sqlite":
        with refused(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("REPLACE INTO record_trainingevent SELECT * FROM record_trainingevent")


def test_an_erasure_may_empty_a_snapshot_once(at: dt.datetime) -> None:
    with transaction.atomic():
        assert actions.empty_snapshots(SUBJECT, at=at) == 1
    row = IdentitySnapshot.objects.get()
    assert (row.salt, row.fields, row.erased_at) == ("", None, at)
    assert actions.empty_snapshots(SUBJECT, at=at) == 0
    with refused(), transaction.atomic():
        IdentitySnapshot.objects.update(fields={"name": "Eve"}, erased_at=None)


def test_all_are_there_after_migrating() -> None:
    assert guards.missing(connection) == []
    assert len(list(guards.guards(connection))) == (15 if connection.vendor == "postgresql" else 10)


@pytest.mark.django_db(transaction=True)
def test_migrate_makes_again_what_was_dropped() -> None:
    lift()
    assert len(guards.missing(connection)) == len(list(guards.guards(connection)))
    call_command("migrate", verbosity=0, interactive=False)
    assert guards.missing(connection) == []
    with refused():
        TrainingEvent.objects.all().update(payload="{}")


@pytest.mark.django_db(transaction=True)
def test_a_table_that_a_migration_rebuilds_gets_its_triggers_back() -> None:
    """SQLite makes a new table, copies the rows and drops the old one with its triggers, without a word."""
    old = TrainingEvent._meta.get_field("actor")
    new = models.CharField(max_length=41)
    new.set_attributes_from_name("actor")
    new.model = TrainingEvent
    before = list(TrainingEvent.objects.values())
    try:
        with connection.schema_editor() as editor:
            editor.alter_field(TrainingEvent, old, new)
        lost = [guard.name for guard in guards.missing(connection)]
        if connection.vendor == "sqlite":
            assert lost == ["record_trainingevent_no_update", "record_trainingevent_no_delete"]
        call_command("migrate", verbosity=0, interactive=False)
        assert guards.missing(connection) == []
        with refused():
            TrainingEvent.objects.all().update(payload="{}")
        assert list(TrainingEvent.objects.values()) == before
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(TrainingEvent, new, old)
        guards.make(connection)


def test_an_emptied_trigger_counts_as_missing() -> None:
    name = "record_trainingevent_no_delete"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON record_trainingevent BEGIN SELECT 1; END")
        else:
            cursor.execute(f"ALTER TABLE record_trainingevent DISABLE TRIGGER {name}")
    assert [guard.name for guard in guards.missing(connection)] == [name]
    assert [guard.name for guard in guards.make(connection)] == [name]
    assert guards.make(connection) == []
    with refused(), transaction.atomic():
        TrainingEvent.objects.all()._raw_delete("default")


@pytest.mark.django_db
def test_an_emptied_function_counts_as_missing() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        )
    assert len(guards.missing(connection)) == 13, "all but the two that let something pass"
    guards.make(connection)
    assert guards.missing(connection) == []


def test_lifted_for_a_while(at: dt.datetime) -> None:
    with lifted():
        assert TrainingEvent.objects.filter(subject=SUBJECT).update(actor="x") == 3
    assert guards.missing(connection) == []


def test_watching_costs_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        guards.missing(connection)
