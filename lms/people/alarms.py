"""What is wrong with the system, as apps tell it: the red band on the coordinator's overview."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Alarm(NamedTuple):
    """Which part, what is wrong with it as a sentence, and what to do about it as a sentence."""

    part: str
    problem: str
    advice: str


Source = Callable[[dt.datetime], Iterable[Alarm]]
_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Registers ``source(at) -> alarms`` in ``AppConfig.ready``. Asked each time the coordinator opens the overview, so it must be
    quick. Registering the same source twice is once."""
    if source not in _sources:
        _sources.append(source)


def alarms(at: dt.datetime) -> list[Alarm]:
    """All alarms of the instant, in the order of registration."""
    return [alarm for source in _sources for alarm in source(at)]
