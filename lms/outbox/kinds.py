"""The registry of kinds of mail. A kind is one class in the app that knows its facts; outbox imports nothing above itself.

A kind's words are three templates: ``emails/<slug>/subject.txt``, ``body.txt`` and ``body.html``.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar

from lms.outbox.models import Message, Occasion


class SecretLink(str):
    """A link that only its recipient may see. It reaches the mail; the stored bodies say ``[personal link hidden]`` instead."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True)
class Attachment:
    filename: str
    content: bytes
    mimetype: str


class Kind:
    """One kind of mail. ``secret``: its context must hold a SecretLink. ``resend_after_doubt``: when it is uncertain whether a
    message arrived, it is sent once more with the same Message-ID; every other kind then waits for a person."""

    slug: ClassVar[str]
    label: ClassVar[str]
    secret: ClassVar[bool] = False
    resend_after_doubt: ClassVar[bool] = False
    optional: ClassVar[bool] = False
    #: goes after "You get this mail because"; ``{organization}`` becomes its name
    why_it_comes: ClassVar[str] = ""

    def concerns(self, recipient: Any) -> bool:
        """Whether mail of this kind can ever come to this person; their profile page lists the kinds that can."""
        return True

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        """Asked just before sending: None if the mail is still true and wanted, else the reason why not, as a sentence."""
        return None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        """What the templates of this kind need. Called only while sending, in a transaction that holds the lease; a secret link
        is made here, as a SecretLink, and nothing but its hash may be stored."""
        return {}

    def attachments(self, message: Message) -> list[Attachment]:
        return []


Letterhead = Callable[[Any], dict[str, Any]]
Identity = Callable[[Any, dt.datetime], str]

_kinds: dict[str, Kind] = {}
_letterheads: list[Letterhead] = []
_identities: list[Identity] = []


def register(kind: Kind) -> Kind:
    """Adds a kind, at import time. Raises ValueError when another class already has its slug."""
    known = _kinds.get(kind.slug)
    if known is not None and type(known) is not type(kind):
        raise ValueError(f"Two kinds of mail are called {kind.slug}: {type(known)} and {type(kind)}.")
    _kinds[kind.slug] = kind
    return kind


def get(slug: str) -> Kind:
    """The kind of this slug. Raises KeyError when there is none."""
    return _kinds[slug]


def all_kinds() -> list[Kind]:
    """Every kind, sorted by slug."""
    return [_kinds[slug] for slug in sorted(_kinds)]


def label(slug: str) -> str:
    """The kind's label; the slug itself for a kind that is no longer known."""
    return _kinds[slug].label if slug in _kinds else slug


def why_of(kind: Kind, recipient: Any) -> str:
    """Why mail of this kind comes, in words for this recipient; they go after "because"."""
    organization = letterhead_of(recipient).get("organization")
    return kind.why_it_comes.format(organization=getattr(organization, "name", "") or "your organization")


def register_letterhead(letterhead: Letterhead) -> None:
    """Adds a function of the recipient whose values every mail's templates get (the organization's name and the like)."""
    if letterhead not in _letterheads:
        _letterheads.append(letterhead)


def letterhead_of(recipient: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for letterhead in _letterheads:
        values.update(letterhead(recipient))
    return values


def register_identity(identity: Identity) -> None:
    """Names the function of recipient and instant that gives the hash of the identity snapshot for the record."""
    if identity not in _identities:
        _identities.append(identity)


def identity_of(recipient: Any, at: dt.datetime) -> str:
    """The snapshot's hash; empty when nobody registered (outbox alone knows no names)."""
    return _identities[0](recipient, at) if _identities else ""
