"""Doorbells of people. Each task bears running twice and calls one function."""

from celery import shared_task

from lms.lib import clock


@shared_task(name="lms.people.tasks.keep_record", soft_time_limit=3600, time_limit=3660)
def keep_record() -> None:
    """Seals and checks the training record, once a day. A check reads all of it, so it may take longer than other work."""
    from lms.people.actions.record import keep

    keep(at=clock.now())
