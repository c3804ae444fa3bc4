"""Noting who opened which page about whom."""

import contextlib
import datetime as dt
import logging
from collections.abc import Iterator, Set

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from lms.people.models import Look, User
from lms.people.permissions import Action, Role, rule_of

log = logging.getLogger(__name__)
#: The same viewer, person and kind of page within this time is one row.
AGAIN = dt.timedelta(minutes=10)
PATIENCE_SECONDS = 1
OWN_PAGES = frozenset({Action.USE_ACCOUNT, Action.LEARN, Action.SEE_MY_RECORD})
_FLAGS = (
    (Role.COORDINATOR, "is_coordinator"),
    (Role.AUDITOR, "is_auditor"),
    (Role.ADMINISTRATOR, "is_administrator"),
)


class NotNotedError(Exception):
    """What an auditor was about to read could not be noted, so it is not shown."""


def note(viewer: User, action: Action, people: Set[int], path: str, *, at: dt.datetime) -> int:
    """Notes that this viewer opened a page that shows something of these people (primary keys), and returns the number of new rows.

    A page of an auditor is noted also when it is about nobody, unless it is one about themselves. What the same viewer opened of the
    same person in the last ten minutes is noted already. Its own short transaction, which waits at most a second for a busy database.
    When it cannot be stored: NotNotedError for an auditor, for whom nothing may be read unnoted; else the page is shown, and the
    error stands in the log of the system.
    """
    role = _role(viewer, action)
    shown: set[int | None] = set(people) if rule_of(action).looks else set()
    if not shown and role == Role.AUDITOR and action not in OWN_PAGES:
        shown = {None}
    if not shown:
        return 0
    try:
        return _store(viewer, role, action, shown, path[:300], at)
    except DatabaseError as error:
        if role == Role.AUDITOR:
            raise NotNotedError(path) from error
        log.exception("it could not be noted that %s opened %s", viewer.subject, path)
        return 0


def _store(viewer: User, role: Role, action: Action, shown: set[int | None], path: str, at: dt.datetime) -> int:
    """One query when all of it is noted already. A page about nobody is the same page only at the same address."""
    before = Look.objects.filter(viewer=viewer, action=action, at__gt=at - AGAIN, at__lte=at)
    if None in shown:
        before = before.filter(path=path)
    new = shown - set(before.order_by().values_list("person", flat=True))
    if not new:
        return 0
    rows = [
        Look(viewer=viewer, person_id=pk, role=role, action=action, path=path, at=at) for pk in sorted(new, key=str)
    ]
    with _patience(), transaction.atomic():
        Look.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _role(viewer: User, action: Action) -> Role:
    """The role in which the page is open to the viewer, without a query: a supervisor's if it is none of the others."""
    who = rule_of(action).who
    held = [role for role, field in _FLAGS if role in who and getattr(viewer, field)]
    return held[0] if held else Role.SUPERVISOR if Role.SUPERVISOR in who else Role.LEARNER


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """SQLite has one writer, and a page must not wait for it as long as an action may. PostgreSQL waits for nobody here."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = int(settings.DATABASES["default"]["OPTIONS"]["timeout"] * 1000)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
