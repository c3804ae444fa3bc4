"""``python -m tests.faults.runner``: forks one process for each piece of work that ``tests.faults.harness.Children`` asks for.

It speaks lines of JSON. The warm parent has the code but no connection, thread or drawing engine, so a child is as good as a
process started from nothing, and costs a hundredth of it.
"""

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

from lms.celery import app  # noqa: E402
from lms.lib import clock, doorbell  # noqa: E402
from lms.lib.deathsig import die_with_parent  # noqa: E402

app.loader.import_default_modules()

_rung: list[tuple[str, str]] = []


def task(name: str, *args: Any) -> None:
    """The task, as the worker calls it."""
    app.tasks[name](*args)


def starved(name: str, *args: Any) -> None:
    """The task, in a process that gets almost no more memory than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2 * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    task(name, *args)


def catch_up() -> None:
    """What beat and a worker do: the sweeps, and every task that was rung, until nobody rings any more. Mail comes first, so
    that a mail which was let go too early would go without its certificate."""
    for sweep in (
        "quizzes.tasks.sweep",
        "lms.outbox.tasks.sweep",
        "lms.people.tasks.sweep",
        "courses.tasks.sweep",
        "lms.outbox.tasks.gather",
        "lms.outbox.tasks.sweep",
    ):
        task(sweep)
        while _rung:
            name, row_id = _rung.pop(0)
            task(name, row_id)


def plan() -> None:
    task("courses.tasks.plan_reminders")


def submit(attempt_pk: int) -> None:
    from quizzes.actions import attempts
    from quizzes.models import Attempt

    attempts.submit(Attempt.objects.get(pk=attempt_pk), at=clock.now())


def save_for_ever(attempt_pk: int, acknowledged: str) -> None:
    """Changes answers again and again; each stored revision is noted, after the action returned, in the file ``acknowledged``."""
    from quizzes.actions import attempts
    from quizzes.models import Attempt

    attempt = Attempt.objects.get(pk=attempt_pk)
    positions = list(attempt.responses.values_list("position", flat=True))
    revisions = dict(attempt.responses.values_list("position", "revision"))
    choice = 0
    with open(acknowledged, "ab", buffering=0) as file:
        while True:
            choice = (choice + 1) % 3
            for position in positions:
                saved = attempts.save(
                    attempt, position, {"choice": choice}, revision=revisions[position], at=clock.now()
                )
                revisions[position] = saved.revision
                file.write(f"{position} {saved.revision} {choice} {saved.receipt}\n".encode())


JOBS: dict[str, Callable[..., None]] = {
    job.__name__: job for job in (task, starved, catch_up, plan, submit, save_for_ever)
}


def _child(request: dict[str, Any]) -> int:
    die_with_parent(signal.SIGKILL)
    os.dup2(2, 1)  # the pipe is the parent's
    os.environ.update(request["env"])
    for name, value in request["settings"].items():
        setattr(settings, name, value)
    doorbell.ring = lambda task, row_id: _rung.append((task, row_id))
    try:
        JOBS[request["job"]](*request["args"])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "begin":
            pid = os.fork()
            if pid == 0:
                os._exit(_child(request))
            answer = pid
        else:
            _, status = os.waitpid(request["pid"], 0)
            answer = os.waitstatus_to_exitcode(status)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
