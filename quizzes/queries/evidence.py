"""The rows of the record that go into a pack, and what proves them."""

import datetime as dt
import json
import uuid
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Exists, OuterRef

from lms.lib import canonical
from lms.outbox import kinds as mail_kinds
from lms.record import merkle
from lms.record.chain import COLUMNS, Event, event_leaf, head_leaf, instant
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, Seal, SealedRun, TrainingEvent
from lms.record.runs import events_of_runs, sealed_ends

#: Between a person and those who help them: how they take quizzes, what they said about a question or a reminder.
PRIVATE = {
    EventKind.ACCOMMODATION_CHANGED.value,
    EventKind.QUIZ_EXTENDED.value,
    EventKind.QUESTION_DISPUTED.value,
    EventKind.REPLY_GIVEN.value,
    EventKind.REPLY_SETTLED.value,
}
WITHHELD = "private"


def record_lines(subject: uuid.UUID, *, until: dt.datetime) -> Iterator[str]:
    """The person's events recorded up to then as lines of JSON, oldest first; stops before the first that is younger, so that there is
    no gap. A private one shows its links and the hash of its leaf, which is enough to prove its place."""
    rows = TrainingEvent.objects.filter(subject=subject).order_by("seq").values_list(*COLUMNS, named=True)
    for event in rows.iterator():
        if event.recorded_at > until:
            return
        yield canonical.dumps(_withheld(event) if is_private(event) else _columns(event))


def is_private(event: Event) -> bool:
    """Whether a surveyor sees no more of it than that it is there. A start of a quiz with its deadline tells of longer time."""
    if event.kind in PRIVATE:
        return True
    payload = json.loads(event.payload)
    if event.kind == EventKind.MESSAGE_SENT:
        return any(kind.slug == payload.get("kind") and kind.secret for kind in mail_kinds.all_kinds())
    return event.kind == EventKind.QUIZ_STARTED and "deadline" in payload


def _columns(event: Event) -> dict[str, Any]:
    return {
        "subject": str(event.subject),
        "seq": event.seq,
        "kind": event.kind,
        "schema": event.schema,
        "effective_at": instant(event.effective_at),
        "recorded_at": instant(event.recorded_at),
        "actor": event.actor,
        "payload": event.payload,
        "prev": event.prev,
        "after_subject": str(event.after_subject) if event.after_subject else None,
        "after_seq": event.after_seq,
        "after_hash": event.after_hash,
        "hash": event.hash,
    }


def _withheld(event: Event) -> dict[str, Any]:
    return {
        "subject": str(event.subject),
        "seq": event.seq,
        "prev": event.prev,
        "hash": event.hash,
        "leaf": merkle.leaf_hash(event_leaf(event)).hex(),
        "withheld": WITHHELD,
    }


def identity_lines(subject: uuid.UUID, *, until: dt.datetime) -> Iterator[str]:
    """How the person was spelled up to then, oldest first. What was erased keeps its hash."""
    for row in IdentitySnapshot.objects.filter(subject=subject, created_at__lte=until).order_by("created_at", "pk"):
        yield canonical.dumps(
            {
                "hash": row.hash,
                "salt": row.salt,
                "fields": row.fields,
                "created_at": instant(row.created_at),
                "erased_at": instant(row.erased_at) if row.erased_at else None,
            }
        )


def seals_with(subjects: Collection[uuid.UUID]) -> list[Seal]:
    """The seals that hold an event of one of these people."""
    runs = SealedRun.objects.filter(seal=OuterRef("pk"), subject__in=subjects)
    return list(Seal.objects.filter(Exists(runs)).order_by("number"))


def event_proof_lines(seal: Seal, until_seq: dict[uuid.UUID, int]) -> Iterator[str]:
    """The proof of each event of these people in one seal, up to the number given for each. The events themselves are not kept in
    memory: of every event of the seal one hash is."""
    places: list[tuple[int, uuid.UUID, int]] = []
    tree = merkle.Tree(_noting(seal, until_seq, places))
    for index, subject, seq in places:
        yield canonical.dumps(
            {
                "seal": seal.number,
                "subject": str(subject),
                "seq": seq,
                "index": index,
                "path": [step.hex() for step in tree.path(index)],
            }
        )


def _noting(seal: Seal, until_seq: dict[uuid.UUID, int], places: list[tuple[int, uuid.UUID, int]]) -> Iterator[bytes]:
    for index, event in enumerate(events_of_runs(seal.runs.order_by("subject").iterator())):
        if event.seq <= until_seq.get(event.subject, 0):
            places.append((index, event.subject, event.seq))
        yield event_leaf(event)


def end_lines(seal: Seal, subjects: Collection[uuid.UUID]) -> Iterator[str]:
    """Where the chains of these people ended when the seal was made: that nothing up to then was left out."""
    places: list[tuple[int, uuid.UUID, int, str]] = []
    tree = merkle.Tree(_noting_ends(seal, subjects, places))
    for index, subject, seq, hash in places:
        yield canonical.dumps(
            {
                "seal": seal.number,
                "subject": str(subject),
                "seq": seq,
                "hash": hash,
                "index": index,
                "path": [step.hex() for step in tree.path(index)],
            }
        )


def _noting_ends(
    seal: Seal, subjects: Collection[uuid.UUID], places: list[tuple[int, uuid.UUID, int, str]]
) -> Iterator[bytes]:
    for index, (subject, seq, hash) in enumerate(sealed_ends(seal)):
        if subject in subjects:
            places.append((index, subject, seq, hash))
        yield head_leaf(subject, seq, hash)


def seal_of_the_ends(until_seq: dict[uuid.UUID, int]) -> Seal | None:
    """The newest seal that knows nothing of these people beyond the event given for each."""
    runs = SealedRun.objects.filter(subject__in=until_seq).values_list("seal__number", "subject", "last")
    beyond = min((number for number, subject, last in runs if last > until_seq[subject]), default=None)
    seals = Seal.objects.all() if beyond is None else Seal.objects.filter(number__lt=beyond)
    return seals.order_by("number").last()
