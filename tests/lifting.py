"""What only tests (and whoever tampers) do: take away the triggers that guard the record."""

import contextlib
from collections.abc import Iterator

from django.db import connection


def lift() -> None:
    """Drops every trigger on a table of the record."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, '' FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'record_%'")
        else:
            cursor.execute(
                "SELECT tgname, ' ON ' || relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
                " WHERE NOT tgisinternal AND relname LIKE 'record_%'"
            )
        for name, place in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}{place}")


@contextlib.contextmanager
def lifted() -> Iterator[None]:
    """The record can be changed by hand in here. Afterwards the triggers are there again."""
    from lms.record import guards  # models are not loaded yet when the suite begins

    lift()
    try:
        yield
    finally:
        guards.make(connection)
