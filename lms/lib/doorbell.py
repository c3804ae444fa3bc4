"""Rings the worker without ever making a request wait for the broker.

``ring`` is called after commit (``lms.outbox.work.ring_after_commit``). It puts a task name and an id into a bounded queue of this process; one
daemon thread, started lazily (so after gunicorn's fork), publishes with all retries off. A full queue or a dead broker loses the
ring and counts it: the sweep finds the row within 30 s. No request touches the broker itself, since ``.delay()`` to a broker
that accepts and never answers holds its caller for seconds even with short socket timeouts.
"""

import atexit
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Iterator

log = logging.getLogger(__name__)
SIZE = 1000

_queue: "queue.Queue[tuple[str, str]]" = queue.Queue(maxsize=SIZE)
_thread: threading.Thread | None = None
_silent = False
_guard = threading.Lock()
dropped = 0
failed = 0
published = 0


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """For a command that makes many rows while no worker runs: rings of this process are not published. The sweep finds the rows."""
    global _silent
    _silent = True
    try:
        yield
    finally:
        _silent = False


def ring(task: str, row_id: str) -> None:
    """Puts one ring into the queue. Never blocks, never raises; a full queue drops it and counts."""
    global dropped
    if _silent:
        return
    try:
        _start()
        _queue.put_nowait((task, row_id))
    except queue.Full:
        dropped += 1
        log.warning("doorbell queue is full; %s waits for the sweep (%d dropped so far)", task, dropped)
    except RuntimeError as error:  # no thread can be started: out of memory, or the process is ending
        dropped += 1
        log.warning("doorbell cannot ring; %s waits for the sweep: %s", task, error)


def wait_until_empty(seconds: float) -> bool:
    """For commands that end soon: waits until the queue is published, at most so many seconds. True if it is empty."""
    deadline = threading.Event()
    steps = max(1, int(seconds / 0.02))
    for _ in range(steps):
        if _queue.unfinished_tasks == 0:
            return True
        deadline.wait(0.02)
    return _queue.unfinished_tasks == 0


def _start() -> None:
    global _thread
    if _thread is not None and _thread.is_alive():
        return
    with _guard:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_publish_forever, name="doorbell", daemon=True)
            _thread.start()


def _begin_anew() -> None:
    """In a forked child the thread is gone, its place in the queue's line of waiters is not, and locks may be held for ever."""
    global _queue, _thread, _guard
    _queue, _thread, _guard = queue.Queue(maxsize=SIZE), None, threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)


def _publish_forever() -> None:
    global failed, published
    from celery import current_app

    while True:
        task, row_id = _queue.get()
        try:
            current_app.send_task(task, args=(row_id,), retry=False, ignore_result=True)
            published += 1
        except Exception as error:  # whatever the broker does, the sweep makes it good
            failed += 1
            log.warning("doorbell: %s not published: %s", task, error.__class__.__name__)
        finally:
            _queue.task_done()


@atexit.register
def _last_moment() -> None:
    if _queue.unfinished_tasks:
        wait_until_empty(1.0)
