"""Five kinds of mail for tests, with real templates, and a scripted mail server on loopback."""

import asyncio
import copy
import datetime as dt
import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.db import transaction

from lms.lib import codes, doorbell
from lms.outbox import actions, kinds
from lms.outbox.models import Message, Occasion
from tests.factories import make_user


class Note(kinds.Kind):
    slug = "note"
    label = "Note"
    unwanted: str | None = None
    broken = False
    files: list[kinds.Attachment] = []
    what = "the meeting"

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        return self.unwanted

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        if self.broken:
            raise LookupError("the facts are gone")
        return {"what": self.what, "button_url": f"http://127.0.0.1:8000/note/{occasion.ref}/"}

    def attachments(self, message: Message) -> list[kinds.Attachment]:
        return self.files


class Paper(Note):
    slug = "paper"
    label = "Paper"
    resend_after_doubt = True


class SecretNote(Note):
    slug = "secret_note"
    label = "Secret note"
    secret = True

    def __init__(self) -> None:
        self.made: list[str] = []

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        self.made.append(f"http://127.0.0.1:8000/open/?token={codes.token()}&who=<you>")
        return {**super().context(occasion, at), "button_url": kinds.SecretLink(self.made[-1])}


class Memo(Note):
    """Can wait, and is gathered with others."""

    slug = "memo"
    label = "Memo"
    gathered = True
    unwanted_keys: set[str] = set()

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        if self.broken:
            raise LookupError("the facts are gone")
        return "It is over." if occasion.key in self.unwanted_keys else self.unwanted

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        return {**super().context(occasion, at), "what": occasion.ref}

    def line(self, occasion: Occasion, at: dt.datetime) -> str:
        return f"The line of {occasion.ref} < 3."


class Alarm(Memo):
    slug = "alarm"
    label = "Alarm"
    urgent = True


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was rung, instead of a broker."""
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr(doorbell, "ring", lambda task, row_id: heard.append((task, row_id)))
    return heard


@pytest.fixture(autouse=True)
def _kinds_with_templates(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    settings.TEMPLATES = templates
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture
def note() -> Note:
    kind = Note()
    kinds.register(kind)
    return kind


@pytest.fixture
def paper() -> Paper:
    kind = Paper()
    kinds.register(kind)
    return kind


@pytest.fixture
def secret_note() -> SecretNote:
    kind = SecretNote()
    kinds.register(kind)
    return kind


@pytest.fixture
def memo() -> Memo:
    kind = Memo()
    kinds.register(kind)
    return kind


@pytest.fixture
def alarm() -> Alarm:
    kind = Alarm()
    kinds.register(kind)
    return kind


@pytest.fixture
def announced(at: dt.datetime) -> Callable[..., Message]:
    """Announces and commits one message."""

    def announce(kind: kinds.Kind, key: str = "note:1", **changes: Any) -> Message:
        recipient = changes.pop("recipient", None) or make_user("Maya Ortiz")
        with transaction.atomic():
            message = actions.announce(kind.slug, key=key, recipient=recipient, ref="1", **{"at": at, **changes})
        assert message is not None
        return message

    return announce


class MailServer:
    """An SMTP server that keeps what it accepted. ``say`` maps a stage (MAIL, RCPT, DATA) to its next replies; "drop" accepts and
    hangs up instead of saying so, "hang" answers too late; when none is left it answers normally."""

    def __init__(self) -> None:
        self.say: dict[str, list[str]] = {}
        self.kept: list[bytes] = []
        self.stages: list[str] = []

    async def _answer(self, stage: str, server: SMTP, normal: str) -> str:
        self.stages.append(stage)
        script = self.say.get(stage) or []
        reply = script.pop(0) if script else None
        if reply == "drop":
            transport: Any = server.transport
            transport.abort()
            return "250 nobody hears this"
        if reply == "hang":
            await asyncio.sleep(3)
            return "421 too late"
        return reply or normal

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = await self._answer("MAIL", server, "250 OK")
        if reply.startswith("250"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = await self._answer("RCPT", server, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        reply = await self._answer("DATA", server, "250 kept")
        if reply.startswith("250"):
            self.kept.append(envelope.content)
        return reply

    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.kept]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    handler = MailServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 0.7
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture
def letters(settings: Any) -> Callable[[], list[EmailMessage]]:
    """The mails written to files so far."""

    def read() -> list[EmailMessage]:
        paths = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    return read


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
