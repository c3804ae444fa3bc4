"""What apps above may do when something about a person changes. People imports none of them: they register in ``AppConfig.ready``."""

import datetime as dt
import uuid
from typing import Protocol

from lms.people.models import User


class Callback(Protocol):
    def __call__(self, user: User, *, at: dt.datetime, by: uuid.UUID | str) -> object: ...


_zone_callbacks: list[Callback] = []
_person_callbacks: list[Callback] = []
_erasure_callbacks: list[Callback] = []


def on_zone_change(callback: Callback) -> None:
    """Registers what is called as ``callback(user, at=, by=)`` whenever the time zone of a person's days changes: by a move to a
    site in another zone, or because the site's zone was corrected. Called inside the transaction of the change, after the person's
    own event, so what it raises undoes the change. Registering the same callback twice is once."""
    if callback not in _zone_callbacks:
        _zone_callbacks.append(callback)


def zone_changed(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Calls every registered callback, in the order of registration."""
    for callback in _zone_callbacks:
        callback(user, at=at, by=by)


def on_person_change(callback: Callback) -> None:
    """Registers what is called as ``callback(user, at=, by=)`` whenever something about a person changes that others may count on: they
    were added, changed, deactivated or reactivated, or began or stopped to supervise a team. Called inside the transaction of the
    change, after the person's own events, so what it raises undoes the change. Registering the same callback twice is once."""
    if callback not in _person_callbacks:
        _person_callbacks.append(callback)


def person_changed(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Calls every registered callback, in the order of registration."""
    for callback in _person_callbacks:
        callback(user, at=at, by=by)


def on_erasure(callback: Callback) -> None:
    """Registers what is called as ``callback(user, at=, by=)`` when a person's identity is erased: take out of your own rows what names
    them, and keep the facts. ``user`` bears the words that stand in place of the name. Called inside the transaction of the erasure,
    so what it raises undoes it. Registering the same callback twice is once."""
    if callback not in _erasure_callbacks:
        _erasure_callbacks.append(callback)


def person_erased(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Calls every registered callback, in the order of registration."""
    for callback in _erasure_callbacks:
        callback(user, at=at, by=by)
