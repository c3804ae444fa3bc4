"""Reading the whole record in search of faults, one sentence each.

Two promises. Somebody who can write every table, but has no RECORD_KEY, is found whatever they change, remove, swap, insert or cut.
Somebody who has the key too is found for everything before the last seal that was exported, when that file is given here; what is
younger they can make anew, and that is not found.

One case stays open without the key: who puts an older copy of the whole database back in place has a record that fits, up to that
moment. The last exported seal shows it, if it is younger than the copy. On PostgreSQL the same holds for the very last events of
people who were written to in the same instant as others, until the next seal.

Everything is read as streams, so the memory does not grow with the record. People may write meanwhile: what one statement reads is of
one moment, and what two statements read is looked at again before it is called a fault.
"""

import dataclasses
import itertools
import json
import operator
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from lms.lib import canonical, dates
from lms.record import merkle, sealfile
from lms.record.chain import (
    COLUMNS,
    HOUSE,
    Event,
    event_leaf,
    hash_and_leaf,
    head_leaf,
    head_mac,
    seal_hash,
)
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, RecordHead, Seal, SealedRun, TrainingEvent
from lms.record.runs import events_of_runs, sealed_ends
from lms.record.sealfile import ExportedSeal

_IDENTITY = re.compile(r'"identity":"([0-9a-f]{64})"')
_AT_ONCE = 2000


@dataclasses.dataclass
class Tally:
    """What was read, counted while ``faults`` runs."""

    events: int = 0
    subjects: int = 0
    snapshots: int = 0
    erased: int = 0
    seals: int = 0
    faults: int = 0


def faults(tally: Tally | None = None, exported: Iterable[ExportedSeal] | None = None) -> Iterator[str]:
    """What is wrong with the record: chains and identities, ends of chains, traces of what was cut, seals, and then the exported
    seals, if some are given."""
    tally = tally if tally is not None else Tally()
    for sentence in _faults(tally, exported):
        tally.faults += 1
        yield sentence


def _faults(tally: Tally, exported: Iterable[ExportedSeal] | None) -> Iterator[str]:
    trees = _Trees()
    for stage in (
        _chains(tally, trees),
        _ends(RecordHead.objects.all()),
        _without_head(TrainingEvent.objects.all()),
        _cut(TrainingEvent.objects.all()),
        _seals(tally, trees),
        _exported(exported or ()),
    ):
        try:
            yield from stage
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # SQLite takes any text in any column; what no program of ours writes must not end the search
            yield f"a part of the record cannot be read: a column holds what does not belong there ({error})"


def faults_of(subject: uuid.UUID) -> Iterator[str]:
    """What is wrong with one subject's chain and its end."""
    events = TrainingEvent.objects.filter(subject=subject)
    rows = events.order_by("seq").values_list(*COLUMNS, named=True)
    yield from _chain(rows.iterator(_AT_ONCE), {}, None)
    yield from _ends(RecordHead.objects.filter(pk=subject))
    yield from _without_head(events)


def _chains(tally: Tally, trees: "_Trees") -> Iterator[str]:
    """Every chain beside the identities of its subject. On the way each event grows the tree of its seal."""
    rows = TrainingEvent.objects.order_by("subject", "seq").values_list(*COLUMNS, named=True)
    people = itertools.groupby(rows.iterator(_AT_ONCE), key=operator.attrgetter("subject"))
    snapshots = _Identities(tally)
    for subject, events in people:
        tally.subjects += 1
        yield from snapshots.before(subject)
        named: dict[str, tuple[int, str]] = {}
        yield from _chain(_counted(events, tally), named, trees)
        yield from snapshots.of(subject, named)
    yield from snapshots.before(None)


def _counted(events: Iterable[Any], tally: Tally) -> Iterator[Any]:
    for event in events:
        tally.events += 1
        yield event


def _chain(events: Iterable[Event], named: dict[str, tuple[int, str]], trees: "_Trees | None") -> Iterator[str]:
    """A subject's events in order: a gap, a changed event, a broken link. Notes in ``named`` which identities they name, with number
    and actor of the first event that does."""
    previous, expected = "", 1
    for event in events:
        if event.seq != expected:
            yield _missing(event.subject, expected, event.seq - 1)
        if event.prev != previous:
            yield f"event {event.seq} of {event.subject} does not follow the one before it"
        loose = event.schema < 2 and (event.after_hash or event.after_seq is not None or event.after_subject)
        hash, leaf = hash_and_leaf(event)
        if trees is not None:
            trees.add(event, leaf)
        if loose or event.hash != hash:
            yield f"event {event.seq} of {event.subject} was changed"
        for identity in _IDENTITY.findall(event.payload):
            named.setdefault(identity, (event.seq, event.actor))
        previous, expected = event.hash, event.seq + 1


def _missing(subject: uuid.UUID, first: int, last: int) -> str:
    return (
        f"event {first} of {subject} is missing"
        if first >= last
        else f"events {first} to {last} of {subject} are missing"
    )


class _Trees:
    """The trees of all seals, grown at once: within each seal the leaves come in the order of subject and number, and so do the events
    of all. What differs in the end is read again for itself (``_held``), so a seal that is just being made is no fault."""

    def __init__(self) -> None:
        runs = SealedRun.objects.order_by("subject", "last").values_list("subject", "first", "last", "seal_id")
        self._runs = runs.iterator(_AT_ONCE)
        self._run: tuple[uuid.UUID, int, int, int] | None = None
        self._begun = False
        self._trees: dict[int, merkle.Growing] = {}

    def add(self, event: Event, leaf: bytes) -> None:
        if not self._begun:
            self._run, self._begun = next(self._runs, None), True
        while self._run is not None and (self._run[0], self._run[2]) < (event.subject, event.seq):
            self._run = next(self._runs, None)
        if self._run is not None and self._run[0] == event.subject and self._run[1] <= event.seq:
            self._trees.setdefault(self._run[3], merkle.Growing()).add(leaf)

    def fit(self, seal: Seal) -> bool:
        tree = self._trees.get(seal.pk) or merkle.Growing()
        return tree.size == seal.size and tree.root().hex() == seal.root


class _Identities:
    """All snapshots in the order of subjects, read along with the chains."""

    def __init__(self, tally: Tally) -> None:
        rows = IdentitySnapshot.objects.order_by("subject", "pk").iterator(_AT_ONCE)
        self._people = itertools.groupby(rows, key=operator.attrgetter("subject"))
        self._next: tuple[uuid.UUID, Iterator[IdentitySnapshot]] | None = None
        self._begun = False
        self._tally = tally

    def before(self, subject: uuid.UUID | None) -> Iterator[str]:
        """The snapshots of subjects before this one (None: of all that are left), who have no chain."""
        if not self._begun:
            self._next, self._begun = next(self._people, None), True
        while self._next is not None and (subject is None or self._next[0] < subject):
            alone, rows = self._next
            if not TrainingEvent.objects.filter(subject=alone).exists():
                yield f"the record of {alone} is missing: only the identity of the person is there"
            yield from self._read(alone, rows, {})
            self._next = next(self._people, None)

    def of(self, subject: uuid.UUID, named: dict[str, tuple[int, str]]) -> Iterator[str]:
        """The snapshots of this subject, whose events name the identities ``named``."""
        left = dict(named)
        if self._next is not None and self._next[0] == subject:
            yield from self._read(subject, self._next[1], left)
            self._next = next(self._people, None)
        for identity, (seq, actor) in left.items():
            other = IdentitySnapshot.objects.filter(hash=identity).first()
            if other is None:
                yield f"the identity that event {seq} of {subject} names is missing"
            elif str(other.subject) not in {str(subject), actor}:
                yield f"the identity that event {seq} of {subject} names was given to {other.subject}"

    def _read(
        self, subject: uuid.UUID, rows: Iterator[IdentitySnapshot], left: dict[str, tuple[int, str]]
    ) -> Iterator[str]:
        erased: bool | None = None
        for row in rows:
            self._tally.snapshots += 1
            left.pop(row.hash, None)
            if row.erased_at is None and row.hash != canonical.sha256([row.salt, row.fields]):
                yield f"an identity of {subject} was changed ({row.hash[:8]})"
            if row.erased_at is not None:
                self._tally.erased += 1
                if erased is None:
                    erased = TrainingEvent.objects.filter(subject=subject, kind=EventKind.PERSON_ERASED).exists()
                if not erased or row.salt or row.fields is not None:
                    yield f"an identity of {subject} was emptied without an erasure ({row.hash[:8]})"


def _ends(heads: QuerySet[RecordHead]) -> Iterator[str]:
    """Heads that do not stand at the last event, and heads that nobody with the key has written."""
    newest = TrainingEvent.objects.filter(subject=OuterRef("subject")).order_by("-seq")
    rows = heads.annotate(last=Subquery(newest.values("seq")[:1]), last_hash=Subquery(newest.values("hash")[:1]))
    for head in rows.order_by("subject").iterator(_AT_ONCE):
        if head.seq != (head.last or 0) or head.hash != (head.last_hash or ""):
            yield f"the record of {head.subject} does not end where its head says"
        elif head.seq and head.mac != head_mac(head.subject, head.seq, head.hash):
            yield f"the head of the record of {head.subject} was not written with the key"


def _without_head(events: QuerySet[TrainingEvent]) -> Iterator[str]:
    rows = events.filter(~Exists(RecordHead.objects.filter(subject=OuterRef("subject"))))
    for subject in rows.order_by("subject").values_list("subject", flat=True).distinct().iterator(_AT_ONCE):
        yield f"the record of {subject} does not end where its head says"


def _cut(events: QuerySet[TrainingEvent]) -> Iterator[str]:
    """Events that were written after an event which is not there any more, whoever's it was."""
    same = TrainingEvent.objects.filter(subject=OuterRef("after_subject"), seq=OuterRef("after_seq"))
    rows = events.exclude(after_hash="").filter(~Exists(same.filter(hash=OuterRef("after_hash"))))
    names = ("subject", "seq", "after_subject", "after_seq")
    rows = rows.annotate(there=Exists(same)).order_by("subject", "seq")
    for subject, seq, lost, lost_seq, there in rows.values_list(*names, "there").iterator(_AT_ONCE):
        if there:
            yield f"event {lost_seq} of {lost} is not the one after which event {seq} of {subject} was written"
        else:
            yield f"event {lost_seq} of {lost} is missing, after which event {seq} of {subject} was written"


def _seals(tally: Tally, trees: _Trees) -> Iterator[str]:
    """Every seal: its number, its link, its hash, the events that it holds; of the last one also the ends of all chains; and the
    seals that the house noted and that are not there."""
    last, expected = None, 1
    for seal in Seal.objects.order_by("number").iterator(_AT_ONCE):
        tally.seals += 1
        for number in range(expected, seal.number):
            yield f"seal {number} is missing"
        if seal.prev != (last.hash if last else ""):
            yield f"{_name(seal)} does not follow the one before it"
        if seal.hash != seal_hash(seal):
            yield f"{_name(seal)} was changed"
        if not trees.fit(seal):
            yield from _held(seal)
        last, expected = seal, seal.number + 1
    if last is not None:
        yield from _held_ends(last)
    noted = TrainingEvent.objects.filter(subject=HOUSE, kind=EventKind.RECORD_SEALED).order_by("seq")
    for text in noted.values_list("payload", flat=True).iterator(_AT_ONCE):
        payload = json.loads(text)
        found = Seal.objects.filter(number=payload["seal"]).values_list("hash", flat=True).first()
        if found is None and payload["seal"] >= expected:
            yield f"seal {payload['seal']} is missing"
        elif found is not None and found != payload["hash"]:
            yield f"seal {payload['seal']} is not the one that was noted when it was made"


def _held(seal: Seal) -> Iterator[str]:
    """The events of a seal against its size and root; when they differ, which of them are missing."""
    leaves = merkle.Growing()
    for event in events_of_runs(seal.runs.order_by("subject").iterator(_AT_ONCE)):
        leaves.add(event_leaf(event))
    if leaves.root().hex() == seal.root and leaves.size == seal.size:
        return
    if leaves.size == seal.size:
        yield f"the events of {_name(seal)} are not the {seal.size} that were sealed: some were changed or swapped"
        return
    yield f"{_name(seal)} was made over {seal.size} events, and {leaves.size} of them are there"
    for run in seal.runs.order_by("subject").iterator(_AT_ONCE):
        events = TrainingEvent.objects.filter(subject=run.subject, seq__range=(run.first, run.last))
        there = set(events.values_list("seq", flat=True))
        for seq in range(run.first, run.last + 1):
            if seq not in there:
                yield f"event {seq} of {run.subject} is missing, which {_name(seal)} holds"


def _held_ends(seal: Seal) -> Iterator[str]:
    """The ends of all chains at the time of a seal, against the root over them. They follow from the events, so the last seal's do."""
    ends = merkle.Growing()
    for subject, seq, hash in sealed_ends(seal):
        ends.add(head_leaf(subject, seq, hash))
    if ends.size != seal.heads or ends.root().hex() != seal.heads_root:
        yield f"the {seal.heads} records do not end where {_name(seal)} says"


def _exported(exported: Iterable[ExportedSeal]) -> Iterator[str]:
    """Exported seals against those in the database."""
    for kept in exported:
        seal = Seal.objects.filter(number=kept.number).first()
        day = dates.long_date(kept.date)
        if seal is None:
            yield f"seal {kept.number} of {day} is in the exported file and not in the record"
        elif sealfile.exported(seal) != kept:
            yield (
                f"seal {kept.number} of {day} is not the one in the exported file: "
                "something that was recorded until then was made anew, or the file is not of this record"
            )


def _name(seal: Seal) -> str:
    return f"seal {seal.number} of {dates.long_date(seal.day)}"
