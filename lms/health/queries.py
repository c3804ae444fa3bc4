"""What is wrong, as short sentences a monitor can show. An empty dict means nothing is wrong. Nothing here writes."""

import dataclasses
import datetime as dt
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from lms.health.actions import GATHER, MAIL, PLAN, WORK
from lms.health.models import Pulse
from lms.lib import broker, clock, dates
from lms.outbox.queries import oldest_waiting, unsent_in_silence
from lms.people.alarms import Alarm
from lms.record import guards
from lms.record.queries import last_check

PULSES_MISSED = 3
PULSE_LATE_AFTER = dt.timedelta(minutes=1)
MAIL_PULSE_LATE_AFTER = dt.timedelta(minutes=3)
PLANNER_LATE_AFTER = dt.timedelta(hours=3)
PLANNERS = (PLAN, GATHER)
SILENT_AFTER = dt.timedelta(days=2)
MAIL_LATE_AFTER = dt.timedelta(minutes=15)
RECORD_LATE_AFTER = dt.timedelta(hours=50)
BROKER_SECONDS = 1.0

_migrated = False


def problems_to_serve() -> dict[str, str]:
    """What keeps this process from serving pages: the database, its migrations, the static files."""
    database = _database_problem()
    if database:
        return database
    return {**_migration_problem(), **_static_problem()}


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of the system, as a monitor and a person read it. ``problem`` is "" while it is well; ``seen`` is when it last was,
    if that is known; ``advice`` says what to do about the problem. ``figures`` go into the answer for a monitor."""

    slug: str
    label: str
    does: str
    problem: str = ""
    seen: dt.datetime | None = None
    advice: str = ""
    figures: dict[str, Any] = dataclasses.field(default_factory=dict)


def work_report(at: dt.datetime | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """For a monitor: ages in whole seconds (None: never), and what is wrong with which part. See ``work_parts``."""
    parts = work_parts(at)
    report = {name: value for part in parts for name, value in part.figures.items()}
    return report, {part.slug: part.problem for part in parts if part.problem}


def work_parts(at: dt.datetime | None = None) -> list[Part]:
    """Every part that has a share in getting work done, and how each is. Without the database only the broker is asked.

    The broker is pinged with a limit of one second a step; the rest is read from rows that beat and a worker write.
    """
    at = at or clock.now()
    database = _database_problem().get("database", "")
    parts = [
        Part("database", "Database", "Keeps everything", database, None if database else at, "Ask IT to look at it."),
        _broker(at),
    ]
    if database:
        return parts
    pulses = {pulse.name: pulse for pulse in Pulse.objects.all()}
    return [
        *parts,
        _round_trip("beat", "Beat", "The clock that starts regular work", _pulse(pulses, WORK).asked_at, at),
        _round_trip("worker", "Worker", "Sends mail and makes certificates", _pulse(pulses, WORK).answered_at, at),
        _smtp(_pulse(pulses, MAIL), at),
        _planner(pulses, at),
        _oldest_mail(at),
        _silence(at),
        _record(at),
    ]


def alarms(at: dt.datetime) -> list[Alarm]:
    """What is wrong, for the coordinator's overview: the same parts and words as for a monitor."""
    return [Alarm(part.label, part.problem, part.advice) for part in work_parts(at) if part.problem]


def _pulse(pulses: dict[str, Pulse], name: str) -> Pulse:
    return pulses.get(name) or Pulse(name=name)


def _broker(at: dt.datetime) -> Part:
    answers = broker.ping(settings.BROKER_URL, BROKER_SECONDS)
    return Part(
        "broker",
        "Broker",
        "Passes work on to the worker",
        "" if answers else "The broker does not answer.",
        at if answers else None,
        "Ask IT to start it again. No work is lost: it waits until the broker is back.",
    )


def _round_trip(slug: str, label: str, does: str, seen: dt.datetime | None, at: dt.datetime) -> Part:
    problem = ""
    if seen is None:
        problem = f"No pulse of the {slug} yet."
    elif at - seen > _late_after("pulse", PULSE_LATE_AFTER):
        problem = f"The last pulse of the {slug} was {_long(seen, at)} ago."
    advice = "Ask IT to start it again. Nothing is lost: mail and certificates wait until it is back."
    return Part(slug, label, does, problem, seen, advice, {f"{slug}_seconds": _age(seen, at)})


def _smtp(pulse: Pulse, at: dt.datetime) -> Part:
    problem = ""
    advice = "Show these words to IT or to whoever runs your mail server. Mail waits, and we try it again by ourselves."
    if pulse.asked_at is None:
        problem = "The mail server was not tried yet."
    elif at - pulse.asked_at > _late_after("pulse mail", MAIL_PULSE_LATE_AFTER):
        problem = f"The mail server was last tried {_long(pulse.asked_at, at)} ago."
        advice = "Look at the worker first: it tries the mail server once a minute."
    elif pulse.problem:
        problem = f'The mail server does not take mail. It says: "{pulse.problem}".'
    figures = {"smtp_seconds": _age(pulse.answered_at, at)}
    return Part(
        "smtp", "Mail server", "Takes our mail and brings it to people", problem, pulse.answered_at, advice, figures
    )


def _planner(pulses: dict[str, Pulse], at: dt.datetime) -> Part:
    """The planners together; the one that is longest ago counts."""
    runs = [pulses[name].answered_at if name in pulses else None for name in PLANNERS]
    seen = None if None in runs else min(run for run in runs if run is not None)
    problem = ""
    if seen is None:
        problem = "No run of the planner yet."
    elif at - seen > _late_after("plan reminders", PLANNER_LATE_AFTER):
        problem = f"The planner last ran {_long(seen, at)} ago."
    return Part(
        "planner",
        "Planner",
        "Finds out who needs a reminder, and gathers it into mail",
        problem,
        seen,
        "No reminders are made until it runs. Look at beat and worker first, then ask IT to look into the worker's log.",
        {"planner_seconds": _age(seen, at)},
    )


def _oldest_mail(at: dt.datetime) -> Part:
    waiting = oldest_waiting(at)
    late = waiting is not None and at - waiting > MAIL_LATE_AFTER
    return Part(
        "mail",
        "Mail that waits",
        "What is to be sent goes out within minutes",
        f"The oldest unsent mail has waited {_long(waiting, at)}." if late else "",
        waiting if late else at,
        "Look under Messages at what is on its way: each one says what the mail server said last.",
        {"oldest_mail_seconds": _age(waiting, at)},
    )


def _silence(at: dt.datetime) -> Part:
    unsent, last = unsent_in_silence(at - SILENT_AFTER, at)
    return Part(
        "silence",
        "Mail that goes out",
        "When mail is due, some of it is sent",
        f"Nothing was sent in two days, though {unsent} messages were due." if unsent else "",
        last if unsent else at,
        "Look under Messages at what needs a decision: each one says what the mail server said last.",
        {"unsent_in_silence": unsent},
    )


def _record(at: dt.datetime) -> Part:
    """The worst that is known: triggers that are gone, faults that the last check found, or no check for two days. The daily seal is
    made before the check, so a seal that cannot be made is a check that does not come."""
    missing, check = guards.missing(connections[DEFAULT_DB_ALIAS]), last_check()
    problem, advice = "", "Look at beat and worker first, then ask IT to look into the worker's log."
    seen = check.ended_at if check else None
    if missing:
        problem = (
            f"The database no longer refuses changes to the training record ({len(missing)} triggers are missing)."
        )
        advice = (
            "Ask IT who took them away, and to run the command migrate, which makes them again. Then check the record."
        )
    elif check and check.faults:
        problem = f"The check of {dates.long_date(check.day)} found {check.faults} {'fault' if check.faults == 1 else 'faults'} in the training record."
        advice = (
            "Look at Training record. Ask IT to keep a copy of the database as it is, before anything else is done."
        )
    elif seen is None:
        problem = "The training record was not checked yet."
    elif at - seen > RECORD_LATE_AFTER:
        problem = f"The training record was last checked {_long(seen, at)} ago."
    return Part(
        "record",
        "Training record",
        "Is sealed and checked once a day",
        problem,
        seen,
        advice,
        {"record_seconds": _age(seen, at)},
    )


def _late_after(entry: str, least: dt.timedelta) -> dt.timedelta:
    """How old the pulse of an entry of beat's may be: ``least``, or three rings where beat was told to ring seldom."""
    return max(least, PULSES_MISSED * dt.timedelta(seconds=current_app.conf.beat_schedule[entry]["schedule"]))


def _long(moment: dt.datetime | None, at: dt.datetime) -> str:
    """How long ago, as people say it: 50 seconds, 14 minutes, 5 hours, 3 days."""
    seconds = _age(moment, at) or 0
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {word}"
    return f"{seconds} seconds"


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
