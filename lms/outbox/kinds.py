"""The registry of kinds of mail. A kind is one class in the app that knows its facts; outbox imports nothing above itself.

A kind's words are three templates: ``emails/<slug>/subject.txt``, ``body.txt`` and ``body.html``.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet

from lms.lib.hours import SendingHours
from lms.outbox.models import Message, Occasion

SWITCHED_OFF = "The person has switched this kind of mail off."


class SecretLink(str):
    """A link that only its recipient may see. It reaches the mail; the stored bodies say ``[personal link hidden]`` instead."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True)
class Attachment:
    filename: str
    content: bytes
    mimetype: str


@dataclasses.dataclass(frozen=True)
class Home:
    """Where somebody goes on who got several reasons in one mail: a path, the words on its button, and what the mail is about."""

    path: str
    label: str
    about: str


class Kind:
    """One kind of mail. ``secret``: its context must hold a SecretLink. ``resend_after_doubt``: when it is uncertain whether a
    message arrived, it is sent once more with the same Message-ID; every other kind then waits for a person.

    ``gathered``: it is not sent at once but waits for the person's sending hours and is merged with their other reasons
    (``actions.note`` and ``actions.gather``); then it says itself in one ``line`` as well. ``urgent``: it is not bound by "two mails
    in seven days". ``optional``: a person may switch it off."""

    slug: ClassVar[str]
    label: ClassVar[str]
    secret: ClassVar[bool] = False
    resend_after_doubt: ClassVar[bool] = False
    gathered: ClassVar[bool] = False
    urgent: ClassVar[bool] = False
    optional: ClassVar[bool] = False
    #: goes after "You get this mail because"; ``{organization}`` becomes its name
    why_it_comes: ClassVar[str] = ""
    #: the same where no single mail is in view, as on the profile; empty if ``why_it_comes`` fits there too
    why_in_general: ClassVar[str] = ""

    def concerns(self, recipient: Any) -> bool:
        """Whether mail of this kind can ever come to this person; their profile page lists the kinds that can."""
        return True

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        """Asked just before sending: None if the mail is still true and wanted, else the reason why not, as a sentence."""
        return None

    def rests(self, occasion: Occasion, at: dt.datetime) -> bool:
        """Whether nobody is to be written to about it for now. A reason that rests is neither written nor dropped."""
        return False

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        """What the templates of this kind need. Called only while sending, in a transaction that holds the lease; a secret link
        is made here, as a SecretLink, and nothing but its hash may be stored."""
        return {}

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        """What this reason says where several stand in one mail: a sentence or two with the course and the true date, no mark-up.
        Called like ``context``."""
        raise NotImplementedError(f"{self.slug} is not gathered")

    def reason(self, occasion: Occasion) -> str:
        """What made the occasion, as a sentence that stays true: read from the occasion alone, without a query. Raises ValueError for
        one that this kind did not make."""
        return f"{self.label}."

    def why_url(self, occasion: Occasion) -> str:
        """The path of a page that derives in plain words what the occasion is about; empty when there is none."""
        return ""

    def home(self, recipient: Any) -> Home | None:
        """Where the recipient finds all that mail of this kind is about; None for their own training."""
        return None

    def shared(self, occasions: Sequence[Occasion], at: dt.datetime) -> dict[str, Any]:
        """What a mail that says these occasions needs beyond the context of each. Called like ``context``."""
        return {}

    def answers(self, occasion: Occasion) -> list[dict[str, str]]:
        """What the recipient may answer to this reason with one tap: ``label`` and ``url`` (a SecretLink). Called like ``context``."""
        return []

    def attachments(self, message: Message) -> list[Attachment]:
        return []


Letterhead = Callable[[Any], dict[str, Any]]
Identity = Callable[[Any, dt.datetime], str]
Hours = Callable[[Any], SendingHours]
Preference = Callable[[Any, str], bool]

_kinds: dict[str, Kind] = {}
_letterheads: list[Letterhead] = []
_identities: list[Identity] = []
_hours: list[Hours] = []
_relations: list[str] = []
_preferences: list[Preference] = []
_zones: list[Callable[[], str]] = []


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


def gathered_slugs() -> list[str]:
    """The kinds whose messages count as gathered mail, the digest among them."""
    return [kind.slug for kind in all_kinds() if kind.gathered]


def label(slug: str) -> str:
    """The kind's label; the slug itself for a kind that is no longer known."""
    return _kinds[slug].label if slug in _kinds else slug


def reason_of(occasion: Occasion) -> str:
    """What made the occasion, in words; the kind's label where the kind cannot tell (any more)."""
    try:
        return get(occasion.kind).reason(occasion)
    except (KeyError, ValueError):
        return f"{label(occasion.kind)}."


def why_url_of(occasion: Occasion) -> str:
    """Where it is derived; empty when there is no such page."""
    return get(occasion.kind).why_url(occasion) if occasion.kind in _kinds else ""


def sender_of(recipient: Any) -> str:
    """The name of the organization that writes, from the letterhead."""
    return getattr(letterhead_of(recipient).get("organization"), "name", "") or "your organization"


def why_of(kind: Kind, sender: str) -> str:
    """Why mail of this kind comes, in words that go after "because"."""
    return kind.why_it_comes.format(organization=sender)


def why_in_general(kind: Kind, sender: str) -> str:
    """Why mail of this kind comes at all, in words that go after "because"."""
    return (kind.why_in_general or kind.why_it_comes).format(organization=sender)


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


def register_hours(hours: Hours, *, relations: tuple[str, ...] = ()) -> None:
    """Names the function of the recipient that gives their sending hours; ``relations`` are those of the recipient that it reads."""
    if hours not in _hours:
        _hours.append(hours)
        _relations.extend(relations)


def hours_of(recipient: Any) -> SendingHours:
    """The recipient's sending hours; those of Monday to Friday in UTC when nobody registered."""
    return _hours[0](recipient) if _hours else SendingHours("UTC", "12345")


def with_recipients(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Loads the recipients of messages or occasions with all that ``hours_of`` reads."""
    return rows.select_related("recipient", *(f"recipient__{relation}" for relation in _relations))


def register_preference(preference: Preference) -> None:
    """Adds a function of the recipient and a kind's slug that says whether the person wants this kind. Asked for optional kinds only."""
    if preference not in _preferences:
        _preferences.append(preference)


def why_not(occasion: Occasion, at: dt.datetime) -> str | None:
    """None if the person is still to be told, else the reason why not: switched off by them, or as the kind says."""
    kind = get(occasion.kind)
    return kind.still_wanted(occasion, at) if wants(occasion.recipient, kind) else SWITCHED_OFF


def wants(recipient: Any, kind: Kind) -> bool:
    """False if the person has switched this optional kind off."""
    return not kind.optional or all(preference(recipient, kind.slug) for preference in _preferences)


def register_zone(zone: Callable[[], str]) -> None:
    """Names the function that gives the time zone in which the house counts its days."""
    if zone not in _zones:
        _zones.append(zone)


def zone_of_the_house() -> str:
    return _zones[0]() if _zones else "UTC"
