"""Heads come first: a transaction that writes to somebody's record takes the head of that record before it changes any other row; of
several people, in the order of their subjects.

Two transactions that take the same rows in two orders wait for each other on PostgreSQL, which then ends one of them: a person sees a
fault. SQLite has one writer, so it never shows there; the order of the statements does, on both.
"""

import sys
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

_MINE = f"{Path(__file__).resolve().parent.parent}/"
_NOT_MINE = f"{_MINE}.venv/"
#: Rows that are taken before any head, never after one: a site's zone, and a question in every edition, decide whose records follow.
ABOVE = {"people_site", "quizzes_question"}

_LOCKS = (" FOR UPDATE", " FOR NO KEY UPDATE")
_ADDED = 'INSERT INTO "people_user"'
_HEAD = 'UPDATE "record_recordhead" SET "seq"'
_found: list[str] = []


class _Transaction:
    def __init__(self, block: Any) -> None:
        self.block = block
        self.heads: set[str] = set()
        self.added = False
        self.begun: set[str] = set()
        self.taken: tuple[str, str] | None = None


def watch() -> None:
    """Watches every connection that is opened from now on in this process."""
    connection_created.connect(_opened, dispatch_uid="heads_first")


def found() -> list[str]:
    """What was found since the last call, a line each."""
    lines, _found[:] = list(dict.fromkeys(_found)), []
    return lines


def _opened(connection: Any, **_: Any) -> None:
    connection.execute_wrappers.append(_Watch())


class _Watch:
    """One connection. What the test's own surrounding transaction does counts for nothing."""

    def __init__(self) -> None:
        self.now: _Transaction | None = None

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        blocks = [b for b in context["connection"].atomic_blocks if not b._from_testcase]
        taken = _taken(sql) if blocks and isinstance(sql, str) else ""
        if blocks and isinstance(sql, str) and sql.startswith(_ADDED):
            self._now(blocks[0]).added = True
        if not taken:
            return execute(sql, params, many, context)
        now = self._now(blocks[0])
        if not sql.startswith(_HEAD):
            self._row(now, taken)
            return execute(sql, params, many, context)
        result = execute(sql, params, many, context)
        if not result.rowcount and now.added:  # the record of a person who is added here: nobody else can wait for it
            now.begun.add(_subject(params))
        else:
            self._head(now, _subject(params))
        return result

    def _now(self, block: Any) -> _Transaction:
        if self.now is None or self.now.block is not block:
            self.now = _Transaction(block)
        return self.now

    def _head(self, now: _Transaction, subject: str) -> None:
        if subject in now.begun:
            return
        if subject not in now.heads:
            if now.taken is not None:
                _found.append(f"{now.taken[0]} was taken at {now.taken[1]}, then a head at {_where()}")
            if any(subject < other for other in now.heads):
                _found.append(f"a head was taken at {_where()} after one that sorts behind it")
        now.heads.add(subject)

    def _row(self, now: _Transaction, table: str) -> None:
        if table == "record_recordhead":
            return
        if table in ABOVE:
            if now.heads:
                _found.append(f"{table} was taken at {_where()}, after a head")
        elif now.taken is None:
            now.taken = (table, _where())


def _taken(sql: str) -> str:
    """The table whose rows the statement changes or locks; empty for any other. Long queries are many, so no pattern looks at them."""
    if sql.startswith(('UPDATE "', 'DELETE FROM "')):
        return sql.split('"', 2)[1]
    if sql.startswith("SELECT") and any(lock in sql[-80:] for lock in _LOCKS):
        return sql.partition(' FROM "')[2].partition('"')[0]
    return ""


def _subject(params: Any) -> str:
    return str(params[-1]).replace("-", "")


def _where() -> str:
    """The last lines of this project that led here, the tests' own too."""
    lines: list[str] = []
    frame: Any = sys._getframe(1)
    while frame is not None and len(lines) < 5:
        path = frame.f_code.co_filename
        if path.startswith(_MINE) and not path.startswith(_NOT_MINE) and path != __file__:
            lines.append(f"{path.removeprefix(_MINE)}:{frame.f_lineno}")
        frame = frame.f_back
    return " > ".join(reversed(lines))
