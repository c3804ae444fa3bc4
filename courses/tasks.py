"""Doorbells of courses. Each task loads by id, bears running twice and calls one function."""

from celery import shared_task

from lms.lib import clock


@shared_task(name="courses.tasks.draw_certificate")
def draw_certificate(certificate_pk: str) -> None:
    from courses.actions.filing import file_certificate

    if str(certificate_pk).isdecimal():
        file_certificate(int(certificate_pk), at=clock.now())


@shared_task(name="courses.tasks.sweep")
def sweep() -> None:
    """Draws the certificates that still want a file, rings for the batches that want work, and removes files of erased people."""
    from courses.actions import batches, erasing, filing

    erasing.remove_files(at=clock.now())
    batches.sweep(at=clock.now())
    filing.sweep(at=clock.now())


@shared_task(name="courses.tasks.work_on_batch")
def work_on_batch(batch_pk: str) -> None:
    from courses.actions.batches import work

    if str(batch_pk).isdecimal():
        work(int(batch_pk), at=clock.now())


@shared_task(name="courses.tasks.bring_duties_into_line")
def bring_duties_into_line(requirement_pk: str = "") -> None:
    """Carries out what the rules, ended exceptions and new editions ask for now. Rung when a requirement changes, and by beat."""
    from courses.actions import cycles, excepting, publishing

    at = clock.now()
    publishing.follow_current(at=at, limit=500)
    excepting.settle_ended(at=at)
    cycles.reconcile_all(at=at, limit=500)


@shared_task(name="courses.tasks.plan_reminders")
def plan_reminders() -> None:
    from courses.reminders.planner import plan

    plan(at=clock.now())
