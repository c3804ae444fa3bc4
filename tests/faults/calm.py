"""After the storm: everything runs and every way is open. Time goes on until nothing is left to do."""

import time
from typing import Any
from unittest import mock

from django.db.models import Min

from courses.enums import FileState
from courses.models import Certificate
from lms.celery import BEAT_SCHEDULE, app
from lms.lib import clock, doorbell
from lms.outbox.enums import OPEN, MessageState
from lms.outbox.models import Message, Occasion
from tests.faults.harness import CALM, House

HOUR = 3600
app.loader.import_default_modules()
UNFILED = (FileState.QUEUED, FileState.CLAIMED)


def open_messages() -> Any:
    """Messages on their way; one that waits for a certificate which was given up is a person's business (it is listed there)."""
    given_up = Certificate.objects.filter(state=FileState.DEAD).values_list("public_id", flat=True)
    refs = [str(ref) for ref in given_up]
    return Message.objects.filter(state__in=OPEN).exclude(state=MessageState.WAITING, occasions__ref__in=refs)


def open_reasons() -> Any:
    """Noted reasons that neither lie in a message nor were dropped."""
    rows = Occasion.objects.filter(message__isnull=True)
    names = {field.name for field in Occasion._meta.get_fields()}
    not_dropped: dict[str, Any] = {"dropped_at": None} if "dropped_at" in names else {}
    return rows.filter(**not_dropped)


def unfiled() -> Any:
    return Certificate.objects.filter(state__in=UNFILED)


def at_rest() -> bool:
    return not (open_messages().exists() or open_reasons().exists() or unfiled().exists())


def beat_round() -> None:
    """All that beat rings, once, and what is rung by that, in this process."""
    rung: list[tuple[str, str]] = []
    with mock.patch.object(doorbell, "ring", lambda task, row_id: rung.append((task, row_id))):
        for entry in BEAT_SCHEDULE.values():
            app.tasks[entry["task"]]()
            while rung:
                name, row_id = rung.pop(0)
                app.tasks[name](row_id)


def _snapshot() -> list[Any]:
    return [
        list(Message.objects.order_by("pk").values_list("pk", "state", "tries")),
        list(Certificate.objects.order_by("pk").values_list("pk", "state", "tries")),
        open_reasons().count(),
    ]


def _ended() -> int:
    return Message.objects.exclude(state__in=OPEN).count()


def settle(house: House, *, seconds: float = 90, quiet: float = 2.5) -> None:
    """Waits until everything is done, dead or suppressed. Whenever nothing moved for a moment, the clock of all processes goes on:
    to the next try, or by some hours for what waits for another time of day. What takes more than ``seconds``, and a second
    for each message that came to its end meanwhile, never comes to rest."""
    ended, until, seen, since = _ended(), time.monotonic() + seconds, _snapshot(), time.monotonic()
    while not at_rest():
        assert time.monotonic() < until + _ended() - ended, f"not at rest: {left()}"
        time.sleep(0.1)
        now = _snapshot()
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > quiet:
            house.move_clock(_step())
            since = time.monotonic()


def _step() -> float:
    times = [rows.aggregate(next=Min("next_try_at"))["next"] for rows in (_timed_messages(), unfiled())]
    waits = [(when - clock.now()).total_seconds() for when in times if when is not None]
    if not waits:
        return 3 * HOUR
    return max(min(waits) + 1, CALM)


def _timed_messages() -> Any:
    return open_messages().exclude(state=MessageState.WAITING)


def left() -> str:
    """What is still open, in words."""
    messages = [
        f"{m.kind} {m.state} tries={m.tries} {m.next_try_at:%m-%d %H:%M} {m.last_reply!r}" for m in open_messages()
    ]
    files = [f"{c.number} {c.state} tries={c.tries} {c.last_error!r}" for c in unfiled()]
    reasons = [o.key for o in open_reasons()]
    return f"it is {clock.now():%m-%d %H:%M}; messages {messages}; certificates {files}; reasons {reasons}"
