"""Many hands at the same moment, in threads of this process."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def together(*work: Callable[[], Any]) -> list[Any]:
    """Calls all at the same moment, each in a thread with a connection of its own; returns what each returned or raised."""
    answers: list[Any] = [None] * len(work)
    barrier = threading.Barrier(len(work))

    def hand(number: int) -> None:
        try:
            barrier.wait(30)
            answers[number] = work[number]()
        except Exception as error:
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hand, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


def kinds_of(answers: list[Any]) -> set[type]:
    return {type(answer) for answer in answers}
