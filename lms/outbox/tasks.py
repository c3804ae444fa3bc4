"""Rings for mail. Each may come twice or never; the rows say what is to do."""

from celery import shared_task

DELIVER = "lms.outbox.tasks.deliver"
SWEEP = "lms.outbox.tasks.sweep"
GATHER = "lms.outbox.tasks.gather"


@shared_task(name=DELIVER)
def deliver(message_pk: str) -> None:
    from lms.outbox.actions import deliver as action

    action(int(message_pk))


@shared_task(name=SWEEP)
def sweep() -> None:
    from lms.lib import clock
    from lms.outbox.actions import sweep as action

    action(at=clock.now())


@shared_task(name=GATHER)
def gather() -> None:
    from lms.lib import clock
    from lms.outbox.actions import gather as action

    action(at=clock.now())
