"""Time in pieces: in each the same is true from its beginning to its end. The last one has no end: it holds for the future as foreseen."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from courses.queries.status import EXPIRING_DAYS, Facts, Span, status_of
from courses.spans.replay import Duty, Replay

SOON = dt.timedelta(days=EXPIRING_DAYS)


@dataclasses.dataclass(frozen=True)
class Standing:
    """An assignment as pages print it. What has not happened yet in the piece is None. The names are the columns of a StatusSpan."""

    status: str
    opens_on: dt.date
    due_on: dt.date
    started_at: dt.datetime | None
    completed_at: dt.datetime | None
    satisfied_at: dt.datetime | None
    certificate_expires_on: dt.date | None
    certificate_expires_at: dt.datetime | None
    certificate_revoked_at: dt.datetime | None
    valid_until_on: dt.date | None
    renews_until_on: dt.date | None
    withdrawn_at: dt.datetime | None
    ended_at: dt.datetime | None


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a person belongs. ``team`` is its public id."""

    site: int
    team: str | None
    active: bool


What = TypeVar("What", Standing, Place)


@dataclasses.dataclass(frozen=True)
class Piece(Generic[What]):
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    what: What


def timeline(replay: Replay, duty: Duty) -> tuple[Piece[Standing], ...]:
    """From the instant of the assignment on, without a gap.

    First the instants at which something is known to change; between two of them the facts are the same, and status and what is
    printed change only at instants that stand in the facts: those are the cuts. Equal neighbors are one piece.
    """
    known = sorted({duty.since, *(at for at in duty.instants() | duty.run.instants() if at > duty.since)})
    pieces: list[tuple[dt.datetime, Standing]] = []
    for start, end in zip(known, [*known[1:], None], strict=True):
        facts = replay.facts_at(duty, start)
        inside = sorted(at for at in _cuts(facts) if start < at and (end is None or at < end))
        pieces += [(at, _standing(duty, facts, at)) for at in (start, *inside)]
    return tuple(_joined(pieces))


def _cuts(facts: Facts) -> Iterator[dt.datetime]:
    """Every instant at which a status can change by the clock alone: all that the facts name, and those from which an end is near."""
    for field in dataclasses.fields(facts):
        value = getattr(facts, field.name)
        if isinstance(value, dt.datetime):
            yield value
            yield value - SOON
        elif isinstance(value, tuple):
            for span in value:
                yield from _ends(span)


def _ends(span: Span) -> Iterator[dt.datetime]:
    yield span.start
    if span.end is not None:
        yield span.end


def _standing(duty: Duty, facts: Facts, at: dt.datetime) -> Standing:
    def reached(instant: dt.datetime | None) -> dt.datetime | None:
        return instant if instant is not None and instant <= at else None

    run = duty.run
    return Standing(
        status=str(status_of(facts, at)),
        opens_on=duty.at("opens_on", at),
        due_on=duty.at("due_on", at),
        started_at=reached(facts.started_at),
        completed_at=reached(facts.completed_at),
        satisfied_at=reached(facts.satisfied_at),
        certificate_expires_on=run.at("expires_on", at),
        certificate_expires_at=run.at("expires_at", at),
        certificate_revoked_at=run.last("revoked_at") if reached(facts.completed_at) else None,
        valid_until_on=duty.at("valid_until_on", at),
        renews_until_on=duty.at("renews_until_on", at),
        withdrawn_at=reached(facts.withdrawn_at),
        ended_at=reached(facts.ended_at),
    )


def places(replay: Replay) -> tuple[Piece[Place], ...]:
    """Where the person belonged. Nothing before they were added."""
    place = replay.place
    found: list[tuple[dt.datetime, Place]] = []
    for at in sorted(place.instants()):
        site = place.at("site", at)
        if site is not None:
            found.append((at, Place(site, place.at("team", at), bool(place.at("active", at)))))
    return tuple(_joined(found))


def _joined(cut: list[tuple[dt.datetime, What]]) -> Iterator[Piece[What]]:
    kept = [one for n, one in enumerate(cut) if n == 0 or one[1] != cut[n - 1][1]]
    for n, (at, what) in enumerate(kept):
        yield Piece(at, kept[n + 1][0] if n + 1 < len(kept) else None, what)


def differ(before: Iterable[Piece[What]], after: Iterable[Piece[What]]) -> tuple[set[Piece[What]], list[Piece[What]]]:
    """The pieces that hold no more, and the new ones in their order."""
    old, new = set(before), list(after)
    return old - set(new), [piece for piece in new if piece not in old]
