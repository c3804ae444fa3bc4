"""The line to the outside, in stages: open, envelope (MAIL, RCPT), data. Django's mail backends, split where a crash matters.

Every stage either succeeds or raises one of three errors whose text is what the other side said.
"""

import datetime as dt
import email.utils
import os
import re
import smtplib
import tempfile
from pathlib import Path
from typing import Any, NoReturn, Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp
from django.core.mail.message import sanitize_address

from lms.lib import names
from lms.lib.failpoints import failpoint
from lms.outbox.kinds import Attachment
from lms.outbox.rendering import Letter

TRIAL_SECONDS = 8.0  # a step; a trial must not hold a worker as long as a mail may


class TryLaterError(Exception):
    """Certainly not sent; another try may succeed."""


class RefusedError(Exception):
    """Certainly not sent; the other side says that it never will be."""


class InDoubtError(Exception):
    """It may have been sent or not."""


class Line(Protocol):
    def open(self) -> object: ...

    def check(self) -> None:
        """Asks the other side of an open line whether it would take mail. Nothing is sent."""

    def envelope(self, mail: EmailMultiAlternatives) -> None: ...

    def data(self, mail: EmailMultiAlternatives) -> str:
        """Hands the content over and returns what the other side said."""

    def close(self) -> None: ...


def line(timeout: float | None = None) -> Line:
    """The line that EMAIL_BACKEND asks for, not yet open. ``timeout`` is that of each step over the network, if not EMAIL_TIMEOUT."""
    if settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
        return SmtpLine(timeout=timeout)
    if settings.EMAIL_BACKEND == "django.core.mail.backends.filebased.EmailBackend":
        return FileLine(Path(settings.EMAIL_FILE_PATH))
    return OtherLine()


def try_out() -> str:
    """Opens the line, asks whether it would take mail, and closes it; nothing is sent. Returns "" if it would, else what was said."""
    trial = line(min(TRIAL_SECONDS, settings.EMAIL_TIMEOUT))
    try:
        trial.open()
        trial.check()
    except (TryLaterError, RefusedError, InDoubtError) as error:
        return str(error) or "The mail server did not say why."
    finally:
        trial.close()
    return ""


def compose(
    *,
    to: str,
    letter: Letter,
    message_id: str,
    attachments: list[Attachment],
    at: dt.datetime,
    headers: dict[str, str] | None = None,
) -> EmailMultiAlternatives:
    """The mail as it is sent: text, HTML, attachments, further headers. No header value can hold a line break."""
    mail = EmailMultiAlternatives(
        subject=names.one_line(letter.subject),
        body=letter.text,
        to=[to],
        headers={
            "Message-ID": message_id,
            "Date": email.utils.format_datetime(at),
            "Auto-Submitted": "auto-generated",
            **(headers or {}),
        },
    )
    mail.attach_alternative(letter.html, "text/html")
    for attachment in attachments:
        mail.attach(names.one_line(attachment.filename), attachment.content, attachment.mimetype)
    return mail


class SmtpLine(smtp.EmailBackend):
    """SMTP. A refusal while connecting (greeting, TLS, sign-in) says nothing about the message: try later. From MAIL on, 4xx is
    "try later" and 5xx is "refused". No answer before DATA is "try later", from DATA on it is a doubt."""

    connection: Any
    _partial_connection: Any
    _payload = b""
    _usable = False

    def open(self) -> bool:
        try:
            super().open()
            self.connection.ehlo_or_helo_if_needed()
        except OSError as error:  # smtplib's own errors are OSErrors too
            raise TryLaterError(_said(error)) from error
        self._usable = True
        return True

    def check(self) -> None:
        try:
            code, reply = self.connection.noop()
        except OSError as error:
            self._usable = False
            raise TryLaterError(_said(error)) from error
        if code != 250:
            _refuse(code, reply)

    def envelope(self, mail: EmailMultiAlternatives) -> None:
        encoding = mail.encoding or settings.DEFAULT_CHARSET
        try:
            sender = sanitize_address(mail.from_email, encoding)
            to = sanitize_address(mail.to[0], encoding)
        except ValueError as error:
            raise RefusedError(f"The address is not valid ({error}).") from error
        message: Any = mail.message()
        self._payload = message.as_bytes(linesep="\r\n")
        options = [f"size={len(self._payload)}"] if self.connection.has_extn("size") else []
        if self.connection.has_extn("8bitmime"):
            options.append("body=8bitmime")
        try:
            code, reply = self.connection.mail(sender, options)
            if code != 250:
                _refuse(code, reply)
            code, reply = self.connection.rcpt(to)
            if code not in (250, 251):
                _refuse(code, reply)
        except OSError as error:
            self._usable = False
            raise TryLaterError(_said(error)) from error

    def data(self, mail: EmailMultiAlternatives) -> str:
        # smtplib's data() in public steps, so that a test can stop in the middle.
        content = re.sub(rb"(?m)^\.", b"..", self._payload)
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        half = len(content) // 2
        try:
            code, reply = self.connection.docmd("data")
            if code != 354:
                _refuse(code, reply)
            self.connection.send(content[:half])
            failpoint("mail.mid_data")
            self.connection.send(content[half:] + b".\r\n")
            code, reply = self.connection.getreply()
        except OSError as error:
            self._usable = False
            raise InDoubtError(_said(error)) from error
        if 200 <= code < 300:
            return _reply(code, reply)
        if 400 <= code < 600:
            _refuse(code, reply)
        self._usable = False
        raise InDoubtError(_reply(code, reply))

    def close(self) -> None:
        """Says goodbye if the line is in order, else just hangs up. Never raises, never changes the outcome."""
        for connection in (self.connection, self._partial_connection):
            if connection is None:
                continue
            try:
                if self._usable:
                    connection.quit()
            except OSError:
                pass
            finally:
                connection.close()
        self.connection = self._partial_connection = None


class FileLine:
    """Mail as files, one each, for development: the name is the Message-ID, so the same message twice is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TryLaterError(f"The mail folder cannot be made ({error.strerror}).") from error

    def check(self) -> None:
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(b"Is there room?\n")
        except OSError as error:
            raise TryLaterError(f"The mail folder cannot be written ({error.strerror}).") from error

    def envelope(self, mail: EmailMultiAlternatives) -> None:
        """Nothing can be refused here."""

    def data(self, mail: EmailMultiAlternatives) -> str:
        name = re.sub(r"[^A-Za-z0-9.@_-]", "", mail.extra_headers["Message-ID"])
        path = self.folder / f"{name}.eml"
        temporary = self.folder / f".{name}.{os.getpid()}"
        content = mail.message().as_bytes()
        half = len(content) // 2
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content[:half])
                file.flush()
                failpoint("mail.mid_data")
                file.write(content[half:])
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:  # before the rename there is no mail, so this is no doubt
            raise TryLaterError(f"The mail file cannot be written ({error.strerror}).") from error
        finally:
            temporary.unlink(missing_ok=True)
        return f"Written to {path.name}"

    def close(self) -> None:
        """Nothing is held open."""


class OtherLine:
    """Any other Django backend (console, a test's memory). It has no stages, so every failure is a doubt."""

    def open(self) -> None:
        """The backend opens by itself."""

    def check(self) -> None:
        try:
            connection = get_connection()
            connection.open()
            connection.close()
        except Exception as error:
            raise TryLaterError(_said(error)) from error

    def envelope(self, mail: EmailMultiAlternatives) -> None:
        """The backend has no stage for it."""

    def data(self, mail: EmailMultiAlternatives) -> str:
        try:
            sent = get_connection().send_messages([mail])
        except Exception as error:
            raise InDoubtError(_said(error)) from error
        if not sent:
            raise InDoubtError("The mail backend did not say that it sent the message.")
        return "Handed to the mail backend"

    def close(self) -> None:
        """The backend closes by itself."""


def _refuse(code: int, reply: Any) -> NoReturn:
    raise (RefusedError if 500 <= code < 600 else TryLaterError)(_reply(code, reply))


def _reply(code: int, reply: Any) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return names.one_line(f"{code} {text}")[:500]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    return names.one_line(f"{error.__class__.__name__}: {error}")[:500]
