"""How often something may be asked for, counted in this process. It costs no query, so a flood is turned away cheaply.

Several web processes count apart: the limit of all is that of one times their number. What must be exact belongs in the database.
"""

import datetime as dt
import math
import threading
from collections import OrderedDict


class Pace:
    """``burst`` times at once, and one more each ``interval`` from then on, for each key.

    Of more than ``keys`` keys the one that was asked for longest ago is forgotten, so the memory has a bound.
    """

    def __init__(self, *, burst: int, interval: dt.timedelta, keys: int = 10_000) -> None:
        self.burst, self.interval, self.keys = burst, interval, keys
        self._free_at: OrderedDict[str, dt.datetime] = OrderedDict()
        self._guard = threading.Lock()

    def wait(self, key: str, at: dt.datetime) -> int:
        """0 when it may be done now, and that is counted; else in how many seconds to ask again. A clock that was set back counts
        nobody's past."""
        with self._guard:
            free_at = self._free_at.pop(key, at)
            if free_at < at or free_at > at + self.burst * self.interval:
                free_at = at
            late = free_at - at - (self.burst - 1) * self.interval
            if late <= dt.timedelta(0):
                free_at += self.interval
            self._free_at[key] = free_at
            while len(self._free_at) > self.keys:
                self._free_at.popitem(last=False)
        return max(0, math.ceil(late.total_seconds()))

    def forget(self) -> None:
        with self._guard:
            self._free_at.clear()
