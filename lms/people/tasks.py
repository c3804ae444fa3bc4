"""Doorbells of people. Each task loads by id, bears running twice and calls one function."""

from celery import shared_task

from lms.lib import clock


@shared_task(name="lms.people.tasks.work_on_roster")
def work_on_roster(roster_pk: str) -> None:
    from lms.people.actions.roster_work import work

    if str(roster_pk).isdecimal():
        work(int(roster_pk), at=clock.now())


@shared_task(name="lms.people.tasks.sweep")
def sweep() -> None:
    """Rings for the rosters that want work, and throws away old ones that nobody confirmed."""
    from lms.people.actions.rosters import sweep as action

    action(at=clock.now())


@shared_task(name="lms.people.tasks.keep_record", soft_time_limit=3600, time_limit=3660)
def keep_record() -> None:
    """Seals and checks the training record, once a day. A check reads all of it, so it may take longer than other work."""
    from lms.people.actions.record import keep

    keep(at=clock.now())
