"""All spans of one person, of now and of then, made anew from the whole record: what the tables must hold."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from courses.spans.pieces import Piece, Place, Standing, differ, places, timeline
from courses.spans.replay import HANDLERS, Replay, Told

PLACE = ""  # the key of a person's places; every other key is an assignment's public id


@dataclasses.dataclass
class Entry:
    """One piece as it was known from an instant to an instant. ``seq``: the event that brought it."""

    key: str
    piece: Piece[Standing] | Piece[Place]
    seq: int
    recorded_from: dt.datetime
    recorded_to: dt.datetime | None = None


def read_all(replay: Replay, told: Iterable[Told]) -> None:
    for one in told:
        replay.read_again(one)


def changes(replay: Replay) -> dict[str, Sequence[Piece[Standing]] | Sequence[Piece[Place]]]:
    """By key, the whole timelines that the event read last may have changed."""
    found: dict[str, Sequence[Piece[Standing]] | Sequence[Piece[Place]]] = {
        key: timeline(replay, duty) for key, duty in replay.touched.items()
    }
    if replay.moved:
        found[PLACE] = places(replay)
    return found


def known_from(recorded_at: dt.datetime, before: Iterable[dt.datetime]) -> dt.datetime:
    """From when a change counts as known, after entries that were known from ``before``: never earlier than they, even where a clock
    went back."""
    return max([recorded_at, *before])


def book(told: Iterable[Told]) -> list[Entry]:
    """Every entry, also those that hold no more. An entry that was written and closed at the same instant was never known to anybody and
    is left out."""
    replay = Replay()
    current: dict[str, dict[Piece, Entry]] = {}
    closed: list[Entry] = []
    for one in told:
        if one.kind not in HANDLERS:
            continue
        replay.read_again(one)
        for key, pieces in changes(replay).items():
            mine = current.setdefault(key, {})
            gone, new = differ(mine, pieces)
            known_at = known_from(one.recorded_at, [entry.recorded_from for entry in mine.values()])
            for piece in gone:
                entry = mine.pop(piece)
                entry.recorded_to = known_at
                if entry.recorded_from < known_at:
                    closed.append(entry)
            for piece in new:
                mine[piece] = Entry(key, piece, one.seq, known_at)
    return closed + [entry for mine in current.values() for entry in mine.values()]
