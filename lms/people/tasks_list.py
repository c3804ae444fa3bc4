"""What waits for the coordinator, as apps tell it."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple


class Waiting(NamedTuple):
    """A sentence ("Messages that could not be sent"), where to deal with it, and how many there are."""

    text: str
    url: str
    number: int


Question = Callable[[dt.datetime], Waiting]
_questions: list[Question] = []


def register_task(question: Question) -> None:
    """Registers ``question(at) -> Waiting`` (or a plain tuple text, url, count) in ``AppConfig.ready``. Asked each time the
    coordinator opens the overview, so it must be one cheap query. Registering the same question twice is once."""
    if question not in _questions:
        _questions.append(question)


def waiting(at: dt.datetime) -> list[Waiting]:
    """All that waits, in the order of registration; what counts 0 is left out."""
    answers = [Waiting(*question(at)) for question in _questions]
    return [answer for answer in answers if answer.number]
