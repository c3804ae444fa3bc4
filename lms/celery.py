"""Celery: the doorbell. The database is the truth, so everything here may be lost or come twice.

A task message carries an id; rows say what wants work. ``eta``, ``countdown`` and ``retry()`` are not used: the next try is a
column, and the sweeps of ``beat_schedule`` find it. What differs between places (the broker's address) is in settings.
"""

import datetime as dt
import os
import signal
import sys
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import before_task_publish, task_success, worker_process_init

from lms.lib import channel, env
from lms.lib.deathsig import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

# Celery fears pickled messages for root, which a container often is; this app takes JSON alone.
warnings.filterwarnings(
    "ignore", message="You're running the worker with superuser privileges", category=SecurityWarning
)

_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def _every(variable: str, seconds: int, task: str) -> dict[str, Any]:
    """An entry of the schedule. It rings at beat's start as well (a missed tick is made up), and a ring that nobody took
    within two intervals is dropped, so that a worker that was away does not meet a pile of the same."""
    try:
        interval = env.number(variable, seconds)
    except env.SettingError as error:
        sys.exit(f"The settings are not usable, so nothing was started.\n{error}")
    return {
        "task": task,
        "schedule": float(interval),
        "last_run_at": _LONG_AGO,
        "options": {"expires": 2 * interval, "retry": False, "ignore_result": True},
    }


BEAT_SCHEDULE = {
    "pulse": _every("LMS_BEAT_PULSE_SECONDS", 15, "lms.health.tasks.pulse"),
    "pulse mail": _every("LMS_BEAT_MAIL_PULSE_SECONDS", 60, "lms.health.tasks.pulse_mail"),
    "sweep mail": _every("LMS_BEAT_SWEEP_SECONDS", 30, "lms.outbox.tasks.sweep"),
    "sweep courses": _every("LMS_BEAT_SWEEP_SECONDS", 30, "courses.tasks.sweep"),
    "bring duties into line": _every("LMS_BEAT_DUTIES_SECONDS", 60, "courses.tasks.bring_duties_into_line"),
    "sweep quizzes": _every("LMS_BEAT_SWEEP_SECONDS", 30, "quizzes.tasks.sweep"),
    "keep the record": _every("LMS_BEAT_RECORD_SECONDS", 600, "lms.people.tasks.keep_record"),
    "gather mail": _every("LMS_BEAT_GATHER_SECONDS", 60, "lms.outbox.tasks.gather"),
    "plan reminders": _every("LMS_BEAT_PLAN_SECONDS", 600, "courses.tasks.plan_reminders"),
}

_NO_RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}

channel.install()

app = Celery("lms")
app.conf.update(
    # A killed child's task comes back: acks_late alone is not enough, since the parent acknowledges for a lost child.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    result_backend=None,
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    event_serializer="json",
    task_default_queue="lms",
    enable_utc=True,
    timezone="UTC",
    # Shorter than the leases of mail (120 s) and certificates (90 s): a task is dead before its row is free again.
    task_soft_time_limit=60,
    task_time_limit=75,
    worker_concurrency=2,
    worker_soft_shutdown_timeout=4.0,
    worker_max_tasks_per_child=500,
    worker_proc_alive_timeout=30.0,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_publish_retry=False,
    task_publish_retry_policy=_NO_RETRY,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=1,
    broker_transport_options={
        # With kombu's own values a killed worker's task comes back after an hour and 100 seconds.
        "visibility_timeout": 600,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 10,
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        **_NO_RETRY,
    },
    beat_scheduler="celery.beat:Scheduler",  # keeps no file: rows decide what is due
    beat_max_loop_interval=5,
    beat_schedule=BEAT_SCHEDULE,
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect(sender="lms.health.tasks.pulse", weak=False)
def _note_pulse(**_: Any) -> None:
    """Runs in beat, just before it rings: the row says that beat lives even when the broker does not."""
    from django.db import close_old_connections

    from lms.health.actions import note_asked

    close_old_connections()  # beat has no requests or tasks at whose ends Django would do this
    note_asked()


#: tasks whose runs are watched, and the pulse that each keeps
WATCHED_RUNS = {"courses.tasks.plan_reminders": "plan", "lms.outbox.tasks.gather": "gather"}


@task_success.connect(weak=False)
def _note_run(sender: Any = None, **_: Any) -> None:
    """Runs in the worker, after a task ended without an error."""
    from lms.health.actions import note_run

    pulse = WATCHED_RUNS.get(getattr(sender, "name", ""))
    if pulse:
        note_run(pulse)


@worker_process_init.connect(weak=False)
def _die_with_the_worker(**_: Any) -> None:
    """A pool process does not outlive a killed worker: nobody would acknowledge what it does."""
    die_with_parent(signal.SIGKILL)
