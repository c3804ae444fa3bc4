"""From a kind's templates to one mail, and to what of it may be stored."""

import dataclasses
from typing import Any

from django.template import Context, Engine
from django.utils.html import escape

from lms.lib import names
from lms.outbox.kinds import Kind, SecretLink, letterhead_of

HIDDEN = "[personal link hidden]"


class SecretWouldBeStoredError(RuntimeError):
    """A template wrote a secret link by another way than its SecretLink value, so it cannot be hidden."""


@dataclasses.dataclass(frozen=True)
class Letter:
    """``text`` and ``html`` go to the recipient; ``stored_text`` and ``stored_html`` hold no secret link. One subject for both."""

    subject: str
    text: str
    html: str
    stored_text: str
    stored_html: str


def render(kind: Kind, contexts: list[dict[str, Any]], recipient: Any, shared: dict[str, Any] | None = None) -> Letter:
    """Renders subject, text and HTML of a mail with one or more reasons.

    Templates get the letterhead, the ``shared`` values (the footer's and those of the mail as a whole), ``name`` (how the person is
    greeted), the values of the first reason, and ``items`` with those of all. The subject is made without secrets, on one line. Raises SecretWouldBeStoredError, and ValueError when a
    secret kind made no link.
    """
    context = {
        **letterhead_of(recipient),
        **(shared or {}),
        "name": recipient.get_short_name(),
        **contexts[0],
        "items": contexts,
    }
    secrets = _secrets(context)
    if kind.secret and not _secrets(contexts):
        raise ValueError(f"{kind.slug} made no secret link")
    hidden = _hide(context)
    subject = names.one_line(_one(kind, "subject.txt", hidden))
    context["subject"] = hidden["subject"] = subject
    letter = Letter(
        subject=subject,
        text=_one(kind, "body.txt", context),
        html=_one(kind, "body.html", context),
        stored_text=_one(kind, "body.txt", hidden),
        stored_html=_one(kind, "body.html", hidden),
    )
    stored = letter.subject + letter.stored_text + letter.stored_html
    for secret in secrets:
        for part in (secret, escape(secret), max(secret.split("/"), key=len)):
            if part in stored:
                raise SecretWouldBeStoredError(kind.slug)
    return letter


def _one(kind: Kind, part: str, context: dict[str, Any]) -> str:
    template = Engine.get_default().get_template(f"emails/{kind.slug}/{part}")
    return template.render(Context(context, autoescape=part.endswith(".html"))).strip() + "\n"


def _hide(value: Any) -> Any:
    if isinstance(value, SecretLink):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _hide(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(inner) for inner in value]
    return value


def _secrets(value: Any) -> set[str]:
    if isinstance(value, SecretLink):
        return {str(value)}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {secret for inner in value for secret in _secrets(inner)}
    return set()
