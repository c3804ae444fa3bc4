"""Values that change in the course of time, told in any order."""

import bisect
import datetime as dt
from typing import Any


class History:
    """Named values, each from an instant on. What is told later wins over what was told before about the same instant, and a value told
    of a past instant holds only until the next change that is known."""

    def __init__(self) -> None:
        self._told: dict[str, list[tuple[dt.datetime, Any]]] = {}

    def tell(self, since: dt.datetime, **values: Any) -> None:
        for name, value in values.items():
            bisect.insort_right(self._told.setdefault(name, []), (since, value), key=lambda told: told[0])

    def at(self, name: str, instant: dt.datetime) -> Any:
        """The value at an instant; None before the first."""
        told = self._told.get(name, [])
        place = bisect.bisect_right(told, instant, key=lambda one: one[0])
        return told[place - 1][1] if place else None

    def last(self, name: str) -> Any:
        told = self._told.get(name)
        return told[-1][1] if told else None

    def instants(self) -> set[dt.datetime]:
        return {since for told in self._told.values() for since, _ in told}
