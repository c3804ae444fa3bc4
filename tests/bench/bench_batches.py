"""What a batch for a whole organization costs: ``make bench``; ``LMS_BENCH_PEOPLE=10000 make bench`` for ten thousand people."""

import os
import resource
import time
from collections.abc import Callable
from typing import Any

import pytest

from courses.actions import batches
from courses.enums import BatchState, RowState
from courses.models import Batch
from courses.queries.orders import Order, preview_of
from lms.lib import clock, doorbell
from lms.people.models import User
from tests import factories
from tests.courses.pages import client_of

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = int(os.environ.get("LMS_BENCH_PEOPLE") or 1000)


def timed(name: str, work: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    answer = work()
    took = time.perf_counter() - begun
    print(f"{name:46} {took:8.2f} s {took / PEOPLE * 1000:8.2f} ms a person")
    return answer


def work_through(batch: Batch) -> int:
    """As the worker does: slice after slice. Returns the number of slices."""
    slices = 0
    while batch.state != BatchState.SETTLED:
        batches.work(batch.pk, at=clock.now())
        batch.refresh_from_db()
        slices += 1
    return slices


def test_a_batch_for_everybody() -> None:
    course, site = factories.make_course(), factories.make_site()
    coordinator = factories.make_coordinator(category="contractor")
    now = clock.now()
    User.objects.bulk_create(
        [
            User(name=f"Person {n:05}", email=f"bench{n}@example.org", site=site, joined_at=now, password="!")
            for n in range(PEOPLE)
        ],
        batch_size=500,
    )
    order, chosen = Order("assign", course, days=30), {"category": "staff"}
    client = client_of(coordinator)
    print(f"\n\n{PEOPLE} people")
    with doorbell.silent():
        timed("preview", lambda: preview_of(order, chosen, clock.now()))
        address = f"/coordinator/batches/add/assign/preview/?category=staff&course={course.pk}&days=30"
        timed("the page of the preview", lambda: client.get(address))
        batch = timed(
            "write the batch",
            lambda: batches.make(order, chosen, reason="Bench", by=coordinator, at=clock.now()),
        )
        slices = timed("work through it", lambda: work_through(batch))
        print(f"{'slices':46} {slices:8}")
        assert batch.rows.filter(state=RowState.DONE).count() == PEOPLE
        timed("the page of the batch", lambda: client.get(f"/coordinator/batches/{batch.public_id}/"))
        timed("its list as CSV", lambda: b"".join(client.get(f"/coordinator/batches/{batch.public_id}/people.csv")))
        batches.undo(batch, reason="Bench", by=coordinator, at=clock.now())
        batch.refresh_from_db()
        timed("undo it", lambda: work_through(batch))
        assert batch.rows.filter(state=RowState.UNDONE).count() == PEOPLE
    print(f"{'largest memory of this process':46} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB")
