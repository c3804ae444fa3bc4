"""What is wrong, as short sentences a monitor can show. An empty dict means nothing is wrong. Nothing here writes."""

import datetime as dt
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from lms.health.actions import WORK
from lms.health.models import Pulse
from lms.lib import broker, clock
from lms.outbox.queries import oldest_waiting

PULSES_MISSED = 4
MAIL_LATE_AFTER = dt.timedelta(minutes=15)
BROKER_SECONDS = 1.0

_migrated = False


def problems_to_serve() -> dict[str, str]:
    """What keeps this process from serving pages: the database, its migrations, the static files."""
    database = _database_problem()
    if database:
        return database
    return {**_migration_problem(), **_static_problem()}


def work_report(at: dt.datetime | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """Ages in whole seconds (None: never), and what is wrong with broker, beat, worker or mail.

    The broker is pinged with a limit of one second a step; the rest is read from rows that beat and a worker write.
    """
    at = at or clock.now()
    report: dict[str, Any] = {}
    problems = _database_problem()
    if not broker.ping(settings.BROKER_URL, BROKER_SECONDS):
        problems["broker"] = "The broker does not answer."
    if "database" in problems:
        return report, problems
    pulse = Pulse.objects.filter(name=WORK).first() or Pulse(name=WORK)
    for part, moment in (("beat", pulse.asked_at), ("worker", pulse.answered_at)):
        report[f"{part}_seconds"] = _age(moment, at)
        if moment is None:
            problems[part] = f"No pulse of the {part} yet."
        elif at - moment > _pulse_late_after():
            problems[part] = f"The last pulse of the {part} is {_age(moment, at)} seconds old."
    waiting = oldest_waiting(at)
    report["oldest_mail_seconds"] = _age(waiting, at)
    if waiting is not None and at - waiting > MAIL_LATE_AFTER:
        problems["mail"] = f"The oldest unsent mail has waited {_age(waiting, at)} seconds."
    return report, problems


def _pulse_late_after() -> dt.timedelta:
    return dt.timedelta(seconds=max(60, PULSES_MISSED * current_app.conf.beat_schedule["pulse"]["schedule"]))


def _age(moment: dt.datetime | None, at: dt.datetime) -> int | None:
    return None if moment is None else max(0, int((at - moment).total_seconds()))


def _database_problem() -> dict[str, str]:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"database": f"The database cannot be reached ({error.__class__.__name__})."}
    return {}


def _migration_problem() -> dict[str, str]:
    """Once everything is applied it stays so for the life of this process, since its code does not change."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return {"migrations": f"{len(missing)} migrations are not applied."}
        _migrated = True
    return {}


def _static_problem() -> dict[str, str]:
    if not getattr(staticfiles_storage, "hashed_files", True):
        return {"static": "The static files are not collected."}
    return {}
