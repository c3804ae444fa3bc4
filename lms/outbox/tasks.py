"""Rings for mail. Each may come twice or never; the rows say what is to do."""

from celery import shared_task

DELIVER = "lms.outbox.tasks.deliver"
SWEEP = "lms.outbox.tasks.sweep"


@shared_task(name=DELIVER)
def deliver(message_pk: str) -> None:
    from lms.outbox.actions import deliver as action

    action(int(message_pk))


@shared_task(name=SWEEP)
def sweep() -> None:
    from lms.lib import clock
    from lms.outbox.actions import sweep as action

    action(at=clock.now())
