"""Doorbells of quizzes. Each task bears running twice and calls one function."""

from celery import shared_task

from lms.lib import clock


@shared_task(name="quizzes.tasks.sweep")
def sweep() -> None:
    """Closes the attempts whose time is over."""
    from quizzes.actions import closing

    closing.sweep(at=clock.now())
