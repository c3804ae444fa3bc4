"""How events, heads and seals are hashed, and what the leaves of a seal are.

Whatever is hashed here is canonical JSON text (``lms.lib.canonical``) of a list. Hashes of events, heads and seals are HMAC-SHA-256
under RECORD_KEY; the leaves of a seal's two hash trees (``lms.record.merkle``) need no key, so that a checker elsewhere can make them:

* an event: ``["event", subject, seq, kind, schema, effective_at, recorded_at, actor, payload, prev, after_subject, after_seq,
  after_hash, hash]``. An event of schema 1 knows no ``after_...`` and leaves these three out.
* the end of a chain: ``["head", subject, seq, hash]`` with the number and the hash of its last event.

Ids are written with hyphens, instants as ``2026-11-23T17:00:00.000000+00:00``.
"""

import datetime as dt
import hmac
import uuid
from typing import Any, Protocol

from django.conf import settings

from lms.lib import canonical
from lms.record.models import Seal

#: the subject of events about the record as a whole; nobody's
HOUSE = uuid.UUID("00000000-0000-4000-8000-000000000001")

#: what ``event_hash`` and ``event_leaf`` read; queries that check many events fetch these
COLUMNS = (
    "subject",
    "seq",
    "kind",
    "schema",
    "effective_at",
    "recorded_at",
    "actor",
    "payload",
    "prev",
    "after_subject",
    "after_seq",
    "after_hash",
    "hash",
)


class Event(Protocol):
    """A TrainingEvent, or a row of its COLUMNS."""

    @property
    def subject(self) -> uuid.UUID: ...
    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def effective_at(self) -> dt.datetime: ...
    @property
    def recorded_at(self) -> dt.datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def payload(self) -> str: ...
    @property
    def prev(self) -> str: ...
    @property
    def after_subject(self) -> uuid.UUID | None: ...
    @property
    def after_seq(self) -> int | None: ...
    @property
    def after_hash(self) -> str: ...
    @property
    def hash(self) -> str: ...


def columns(event: Event) -> list[Any]:
    """All columns of an event but its hash, as they are hashed."""
    found = [
        str(event.subject),
        event.seq,
        str(event.kind),
        event.schema,
        instant(event.effective_at),
        instant(event.recorded_at),
        event.actor,
        event.payload,
        event.prev,
    ]
    if event.schema > 1:
        found += [str(event.after_subject) if event.after_subject else None, event.after_seq, event.after_hash]
    return found


def event_hash(event: Event) -> str:
    return _mac(canonical.dumps(columns(event)))


def event_leaf(event: Event) -> bytes:
    return _leaf(canonical.dumps(columns(event)), event)


def hash_and_leaf(event: Event) -> tuple[str, bytes]:
    """Both at the price of one, for whoever reads many."""
    text = canonical.dumps(columns(event))
    return _mac(text), _leaf(text, event)


def head_leaf(subject: uuid.UUID, seq: int, hash: str) -> bytes:
    return canonical.dumps(["head", str(subject), seq, hash]).encode()


def head_mac(subject: uuid.UUID, seq: int, hash: str) -> str:
    return _keyed(["head", str(subject), seq, hash])


def seal_hash(seal: Seal) -> str:
    return _keyed(
        [
            "seal",
            seal.number,
            seal.day.isoformat(),
            instant(seal.at),
            seal.size,
            seal.root,
            seal.heads,
            seal.heads_root,
            seal.prev,
        ]
    )


def instant(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _leaf(text: str, event: Event) -> bytes:
    """The columns as JSON text between the word and the hash."""
    return f'["event",{text[1:-1]},{canonical.dumps(event.hash)}]'.encode()


def _keyed(value: list[Any]) -> str:
    return _mac(canonical.dumps(value))


def _mac(text: str) -> str:
    return hmac.digest(settings.RECORD_KEY.encode(), text.encode(), "sha256").hex()
