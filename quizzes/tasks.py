"""Doorbells of quizzes. Each task bears running twice and calls one function."""

from celery import shared_task

from lms.lib import clock


@shared_task(name="quizzes.tasks.sweep")
def sweep() -> None:
    """Closes the attempts whose time is over, rings for the packs that want work, deletes the files of old ones."""
    from quizzes.actions import building, closing, packing

    closing.sweep(at=clock.now())
    building.sweep(at=clock.now())
    packing.remove_old(at=clock.now())


@shared_task(name="quizzes.tasks.build_pack")
def build_pack(pack_pk: str) -> None:
    from quizzes.actions.building import build

    if str(pack_pk).isdecimal():
        build(int(pack_pk), at=clock.now())
