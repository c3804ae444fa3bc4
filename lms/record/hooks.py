"""What apps above derive from the record. Record imports none of them: they register in ``AppConfig.ready``."""

from collections.abc import Callable, Iterable

from lms.record.enums import EventKind
from lms.record.models import TrainingEvent

Follower = Callable[[TrainingEvent], object]

_followers: list[tuple[frozenset[EventKind], Follower]] = []


def on_append(kinds: Iterable[EventKind], follower: Follower) -> None:
    """Registers what is called with each new event of these kinds, inside the transaction that appends it and after the event and the head
    are written, so what it raises undoes the event and the change that it tells of. It must be quick: the writer waits for it.
    Registering the same follower again replaces its kinds."""
    wanted = frozenset(kinds)
    for place, (_, known) in enumerate(_followers):
        if known == follower:
            _followers[place] = (wanted, follower)
            return
    _followers.append((wanted, follower))


def appended(event: TrainingEvent) -> None:
    """Calls every follower that wants this kind, in the order of registration."""
    for kinds, follower in _followers:
        if event.kind in kinds:
            follower(event)
