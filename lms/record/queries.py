"""Reading the record. Whether all of it is whole is read by ``lms.record.verifying``."""

import dataclasses
import uuid
from collections.abc import Collection, Iterator

from django.db.models import Exists, OuterRef

from lms.record import merkle
from lms.record.chain import event_leaf, head_leaf
from lms.record.models import RecordCheck, Seal, SealedRun, TrainingEvent
from lms.record.runs import events_of_runs, sealed_ends
from lms.record.verifying import faults_of as faults

__all__ = ["Proof", "event_proofs", "events_of", "faults", "head_proofs", "last_check", "last_seal"]


def events_of(subject: uuid.UUID) -> list[TrainingEvent]:
    """A subject's events, oldest first."""
    return list(TrainingEvent.objects.filter(subject=subject).order_by("seq"))


@dataclasses.dataclass(frozen=True)
class Proof:
    """That a leaf stands under a root of a seal: ``merkle.verify(leaf, index, size, path, bytes.fromhex(root))``, where size and root
    are the seal's ``size`` and ``root`` for an event, its ``heads`` and ``heads_root`` for the end of a chain."""

    seal: Seal
    subject: uuid.UUID
    seq: int
    index: int
    leaf: bytes
    path: list[bytes]


def event_proofs(subjects: Collection[uuid.UUID]) -> Iterator[Proof]:
    """The proof of every sealed event of these subjects, seal by seal; in memory is one seal at a time."""
    seals = Seal.objects.filter(Exists(SealedRun.objects.filter(seal=OuterRef("pk"), subject__in=subjects)))
    for seal in seals.order_by("number"):
        leaves, places = [], []
        for index, event in enumerate(events_of_runs(seal.runs.order_by("subject").iterator())):
            leaves.append(event_leaf(event))
            if event.subject in subjects:
                places.append((index, event.subject, event.seq))
        tree = merkle.Tree(leaves)
        for index, subject, seq in places:
            yield Proof(seal, subject, seq, index, leaves[index], tree.path(index))


def head_proofs(seal: Seal, subjects: Collection[uuid.UUID]) -> Iterator[Proof]:
    """The proof of where the chains of these subjects ended when the seal was made: that nothing was left out up to then."""
    leaves, places = [], []
    for index, (subject, seq, hash) in enumerate(sealed_ends(seal)):
        leaves.append(head_leaf(subject, seq, hash))
        if subject in subjects:
            places.append((index, subject, seq))
    tree = merkle.Tree(leaves)
    for index, subject, seq in places:
        yield Proof(seal, subject, seq, index, leaves[index], tree.path(index))


def last_seal() -> Seal | None:
    return Seal.objects.last()


def last_check() -> RecordCheck | None:
    """The newest check that came to its end."""
    return RecordCheck.objects.exclude(ended_at=None).last()
