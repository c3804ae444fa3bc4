"""A mail server that spoils one answer, at the stage and in the way that a test names."""

import asyncio
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.outbox.conftest import MailServer

STAGES = ("greeting", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "dot")
CODES = {
    "421": "421 4.3.2 closing down",
    "450": "450 4.2.1 greylisted",
    "452": "452 4.2.2 mailbox full",
    "550": "550 5.1.1 no such mailbox",
    "552": "552 5.3.4 too big",
    "554": "554 5.7.1 not from you",
}
FAULTS = (*CODES, "hang", "drop", "garbage", "crawl")


class SpoiledError(Exception):
    """The rest of this command is not said."""


class Spoiler(MailServer):
    """``spoil(stage, fault)`` spoils the next answer of that stage: a refusing code (421 also hangs up), ``hang`` (no answer),
    ``drop`` (hangs up instead), ``garbage`` (an answer that is none) or ``crawl`` (the right answer, byte by byte). At ``dot`` the
    content is kept unless it was refused, so what is dropped there did arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = self.fault = ""
        self.met = 0
        self.lines: set[Any] = set()

    def spoil(self, stage: str, fault: str) -> None:
        self.stage, self.fault, self.met = stage, fault, 0

    def take(self, stage: str) -> str:
        """The fault that is due at this stage; each is due once."""
        if stage != self.stage or not self.fault:
            return ""
        fault, self.fault = self.fault, ""
        self.met += 1
        return fault

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, lines: list[str]) -> list[str]:
        session.host_name = hostname
        return [*lines[:-1], "250-STARTTLS", lines[-1]]

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.stage == "dot" and self.fault in CODES:
            return CODES[self.take("dot")]
        return await super().handle_DATA(server, session, envelope)


class SpoiledSMTP(SMTP):
    stage = "greeting"

    def connection_made(self, transport: Any) -> None:
        self.event_handler.lines.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Any) -> None:
        self.event_handler.lines = {line for line in self.event_handler.lines if not line.is_closing()}
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        if self.stage == "DATA" and not str(status).startswith("354"):
            self.stage = "dot"
        spoiler: Spoiler = self.event_handler
        fault = spoiler.take(self.stage)
        if not fault:
            await super().push(status)
            return
        transport: Any = self.transport
        if fault == "crawl":
            for byte in f"{status}\r\n".encode():
                self._writer.write(bytes([byte]))
                await self._writer.drain()
                await asyncio.sleep(0.005)
            return
        if fault == "hang":
            await asyncio.sleep(1)
        elif fault == "garbage":
            await super().push("\x00what is this")
        elif fault in CODES:
            await super().push(CODES[fault])
        if fault in ("hang", "drop"):
            transport.abort()
        elif fault == "421":
            transport.close()
        raise SpoiledError

    async def _stage(self, stage: str, command: Any, arg: Any) -> None:
        self.stage = stage
        try:
            await command(arg)
        except SpoiledError:
            self._set_post_data_state()
        if stage == "DATA":
            self.stage = ""

    async def smtp_EHLO(self, arg: str) -> None:
        await self._stage("EHLO", super().smtp_EHLO, arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        async def promise(_: str) -> None:  # it says yes and goes on in plain words: no handshake comes of it
            await self.push("220 Ready to start TLS")

        await self._stage("STARTTLS", promise, arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._stage("MAIL", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._stage("RCPT", super().smtp_RCPT, arg)

    async def smtp_DATA(self, arg: str) -> None:
        await self._stage("DATA", super().smtp_DATA, arg)

    async def _handle_client(self) -> None:
        try:
            await super()._handle_client()
        except SpoiledError:  # the greeting was not said
            pass
        finally:
            self._writer.close()


class SpoiledServer(Controller):
    def factory(self) -> SMTP:
        return SpoiledSMTP(self.handler)
