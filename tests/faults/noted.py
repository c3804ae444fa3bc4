"""What a run has seen of the failpoints. Every process of ``-n`` notes its own part; the one that leads puts them together at the end."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.points import POINTS

FOLDER = Path(__file__).resolve().parent

#: The points at which a process of this run died, hung or failed.
reached: set[str] = set()
#: Whether every file of fault tests is in this run, so that every point has to be reached.
whole = False


def collected(items: Iterable[Any]) -> None:
    """Called with the tests that this run has."""
    global whole
    whole = {path.name for path in FOLDER.glob("test_*.py")} <= {
        item.path.name for item in items if item.path.parent == FOLDER
    }


def take(told: dict[str, Any]) -> None:
    """What another process has noted."""
    global whole
    reached.update(told.get("reached", ()))
    whole = whole or bool(told.get("whole"))


def missing() -> list[str]:
    """The points that a whole run never reached; none when only a part was run."""
    return sorted(set(POINTS) - reached) if whole else []
