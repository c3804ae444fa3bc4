"""The triggers by which the database itself refuses to change the record.

Made after every ``migrate`` (``RecordConfig.ready``), since SQLite drops a table's triggers without a word when a migration rebuilds
the table. ``missing`` compares what is there with what should be, so that a trigger that was emptied or switched off is missing too.
They stop slips and programs. Somebody who may change the tables can drop them: that is what the chain and the seals are for.

What is refused: UPDATE and DELETE (on PostgreSQL also TRUNCATE) of events, seals and sealed runs; DELETE of heads and of snapshots;
a head that goes back or changes its subject; any UPDATE of a snapshot but the one that empties it.
"""

import dataclasses
from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from lms.record.models import IdentitySnapshot, RecordHead, Seal, SealedRun, TrainingEvent

REFUSAL = "The training record cannot be changed or deleted."
_ERASES = (
    "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.salt = '' AND NEW.fields IS NULL AND NEW.id = OLD.id"
    " AND NEW.subject = OLD.subject AND NEW.hash = OLD.hash AND NEW.created_at = OLD.created_at"
)
_GOES_ON = "NEW.subject = OLD.subject AND NEW.seq >= OLD.seq"

#: table -> what an UPDATE of a row may do ("" for nothing)
_TABLES = {
    TrainingEvent._meta.db_table: "",
    Seal._meta.db_table: "",
    SealedRun._meta.db_table: "",
    IdentitySnapshot._meta.db_table: _ERASES,
    RecordHead._meta.db_table: _GOES_ON,
}


@dataclasses.dataclass(frozen=True)
class Guard:
    """One trigger. ``what`` is UPDATE, DELETE or TRUNCATE; ``unless`` is the condition under which an UPDATE may pass."""

    table: str
    what: str
    unless: str = ""

    @property
    def name(self) -> str:
        return f"{self.table}_no_{self.what.lower()}"

    @property
    def function(self) -> str:
        """PostgreSQL: what the trigger runs. One whose condition lets something pass has a function of its own."""
        return f"record_refuse_{self.table}" if self.unless else "record_refuse"

    @property
    def body(self) -> str:
        may = f"IF {self.unless} THEN RETURN NEW; END IF; " if self.unless else ""
        return f" BEGIN {may}RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = '23000'; END "

    def sql(self, vendor: str) -> str:
        if vendor == "sqlite":
            when = f"WHEN NOT ({self.unless}) " if self.unless else ""
            return (
                f"CREATE TRIGGER {self.name} BEFORE {self.what} ON {self.table} FOR EACH ROW {when}"
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        each = "STATEMENT" if self.what == "TRUNCATE" else "ROW"
        return (
            f"CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql AS $${self.body}$$;"
            f" CREATE TRIGGER {self.name} BEFORE {self.what} ON {self.table} FOR EACH {each}"
            f" EXECUTE FUNCTION {self.function}()"
        )


def guards(connection: BaseDatabaseWrapper) -> Iterator[Guard]:
    """All triggers that this database should have."""
    for table, unless in _TABLES.items():
        yield Guard(table, "UPDATE", unless)
        yield Guard(table, "DELETE")
        if connection.vendor == "postgresql":
            yield Guard(table, "TRUNCATE")


def missing(connection: BaseDatabaseWrapper) -> list[Guard]:
    """The triggers that are not there, or not as they should be. One query."""
    there = _there(connection)
    return [guard for guard in guards(connection) if there.get(guard.name) != _mark(guard, connection.vendor)]


def make(connection: BaseDatabaseWrapper) -> list[Guard]:
    """Makes the triggers that are missing, and returns them. A table that is not there (yet) is skipped."""
    if connection.vendor not in {"sqlite", "postgresql"}:
        return []
    tables = set(connection.introspection.table_names())
    wanted = [guard for guard in missing(connection) if guard.table in tables]
    with connection.cursor() as cursor:
        for guard in wanted:
            place = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}{place}")
            cursor.execute(guard.sql(connection.vendor))
    return wanted


def _there(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """name -> mark (see ``_mark``) of the triggers on the tables of the record."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return dict(cursor.fetchall())
        cursor.execute(
            "SELECT t.tgname, c.relname, t.tgtype, t.tgenabled, t.tgqual IS NOT NULL, p.prosrc FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND c.relname = ANY(%s) AND pg_table_is_visible(c.oid)",
            [list(_TABLES)],
        )
        return {
            name: _pg_mark(table, kind, enabled in {"O", "A"}, narrowed, source)
            for name, table, kind, enabled, narrowed, source in cursor.fetchall()
        }


def _mark(guard: Guard, vendor: str) -> str:
    """By what a trigger is recognized: on SQLite its text, on PostgreSQL what the catalog says of it."""
    if vendor == "sqlite":
        return guard.sql(vendor)
    kind = {"UPDATE": 1 + 2 + 16, "DELETE": 1 + 2 + 8, "TRUNCATE": 2 + 32}[guard.what]
    return _pg_mark(guard.table, kind, True, False, guard.body)


def _pg_mark(table: str, kind: int, enabled: bool, narrowed: bool, source: str) -> str:
    return f"{table} {kind} {enabled} {narrowed} {source}"
