"""One message on its way: prepared, connected, handed over, settled. Every step holds the lease or changes nothing.

Prepare, connect, MAIL and RCPT happen in ``claimed``: whatever goes wrong there, the message was not sent, and it is queued
again with a longer wait. ``handing_over`` is committed just before DATA: an end without an answer from there on is a doubt.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction

from lms.lib import names
from lms.lib.failpoints import failpoint
from lms.outbox import footers, kinds, rendering, sending, work
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.record import actions as record
from lms.record.enums import EventKind

log = logging.getLogger(__name__)

NO_ADDRESS = "Not reachable by mail: there is no email address."
NOT_ACTIVE = "Not reachable by mail: the account is not active."


class LeaseLostError(Exception):
    """Somebody else owns the message now."""


class NotWantedError(Exception):
    """The message must not be sent; the text says why."""


def lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)


class Delivery:
    """One try at one claimed message. ``now`` is called at each step."""

    def __init__(self, message_pk: int, token: uuid.UUID, now: Callable[[], dt.datetime]) -> None:
        self.token = token
        self.now = now
        self.message = Message.objects.select_related("recipient").get(pk=message_pk)
        self.rendered: dict[str, Any] = {}

    def run(self) -> None:
        """Ends in sent, queued (later), suppressed, failed, dead or uncertain; or changes nothing when the lease was lost."""
        if self.message.tries > work.MAX_TRIES:
            self._settle(
                MessageState.DEAD, self.message.last_reply or "Every try was cut off before the message was sent."
            )
            return
        line = sending.line()
        try:
            mail = self._prepare()
            failpoint("mail.before_connect")
            line.open()
            line.envelope(mail)
            failpoint("mail.after_rcpt")
            self._begin_handing_over()
            self._hand_over(line, mail)
        except LeaseLostError:
            log.warning(
                "message %s: the lease ended before it was handed over, somebody else has it", self.message.public_id
            )
        except NotWantedError as error:
            self._settle(MessageState.SUPPRESSED, str(error))
        except sending.RefusedError as error:
            self._settle(MessageState.FAILED, str(error))
        except sending.TryLaterError as error:
            self._later(str(error))
        except sending.InDoubtError as error:
            self._doubt(str(error))
        finally:
            line.close()

    def _prepare(self) -> Any:
        """Asks once more whether it is wanted, makes context (and secret link) under the lease, renders, composes."""
        try:
            return self._compose()
        except (LeaseLostError, NotWantedError):
            raise
        except Exception as error:
            log.exception("message %s could not be prepared", self.message.public_id)
            raise sending.TryLaterError(f"It could not be prepared ({error.__class__.__name__}).") from error

    def _compose(self) -> Any:
        message, recipient = self.message, self.message.recipient
        if not recipient.email:
            raise NotWantedError(NO_ADDRESS)
        if not recipient.is_active:
            raise NotWantedError(NOT_ACTIVE)
        at = self.now()
        contexts, reasons, told = [], [], []
        with transaction.atomic():
            # The UPDATE holds the row until the commit, so a late worker cannot replace the secret link of the one after it.
            if not work.move(self._rows(), self.token, to_email=recipient.email):
                raise LeaseLostError
            for occasion in message.occasions.select_related("recipient"):
                kind = kinds.get(occasion.kind)
                reason = kind.still_wanted(occasion, at)
                if reason is None:
                    contexts.append(kind.context(occasion, at))
                    told.append(kind)
                else:
                    reasons.append(reason)
        if not contexts:
            raise NotWantedError(" ".join(dict.fromkeys(reasons)) or "There is no reason left to send it.")
        kind = kinds.get(message.kind)
        footer = footers.footer_of(told, recipient)
        letter = rendering.render(kind, contexts, recipient, footer.values)
        self.rendered = {
            "subject": letter.subject[:200],
            "body_text": letter.stored_text,
            "body_html": letter.stored_html,
        }
        return sending.compose(
            to=recipient.email,
            letter=letter,
            message_id=message.message_id,
            attachments=kind.attachments(message),
            at=at,
            headers=footer.headers,
        )

    def _begin_handing_over(self) -> None:
        until = self.now() + lease()
        if not work.move(
            self._rows(),
            self.token,
            state=MessageState.HANDING_OVER,
            lease_until=until,
            next_try_at=until,
            **self.rendered,
        ):
            raise LeaseLostError

    def _hand_over(self, line: sending.Line, mail: Any) -> None:
        try:
            failpoint("mail.before_data")
            reply = line.data(mail)
        except (sending.RefusedError, sending.TryLaterError, sending.InDoubtError):
            raise
        except Exception as error:
            log.exception("message %s: handing over ended without an answer", self.message.public_id)
            raise sending.InDoubtError(f"Handing over ended without an answer ({error.__class__.__name__}).") from error
        failpoint("mail.after_data")
        self._sent(reply)
        failpoint("mail.after_sent")

    def _sent(self, reply: str) -> None:
        at = self.now()
        with transaction.atomic():
            if not self._move(MessageState.SENT, reply, sent_at=at, settled_at=at):
                return
            record.append(
                self.message.recipient.subject,
                EventKind.MESSAGE_SENT,
                {
                    "kind": self.message.kind,
                    "message": str(self.message.public_id),
                    "message_id": self.message.message_id,
                    "occasions": sorted(self.message.occasions.values_list("key", flat=True)),
                    "identity": kinds.identity_of(self.message.recipient, at),
                },
                at=at,
                by=record.SYSTEM,
            )

    def _settle(self, state: MessageState, reply: str) -> None:
        self._move(state, reply, settled_at=self.now())

    def _later(self, reply: str) -> None:
        if self.message.tries >= work.MAX_TRIES:
            self._settle(MessageState.DEAD, reply)
        else:
            self._move(MessageState.QUEUED, reply, next_try_at=self.now() + work.backoff(self.message.tries))

    def _doubt(self, reply: str) -> None:
        at = self.now()
        settle_doubt(self.message, self.token, reply=reply, at=at, again_at=at + work.backoff(self.message.tries))

    def _move(self, state: MessageState, reply: str, **changes: Any) -> bool:
        won = work.move(
            self._rows(), self.token, state=state, last_reply=_short(reply), lease_token=None, lease_until=None,
            **{**self.rendered, **changes},
        )  # fmt: skip
        if not won:
            log.warning("message %s: the lease was lost, so %s is not noted", self.message.public_id, state.value)
        return won

    def _rows(self) -> Any:
        return Message.objects.filter(pk=self.message.pk)


def settle_doubt(
    message: Message, token: uuid.UUID | None, *, reply: str, at: dt.datetime, again_at: dt.datetime
) -> str | None:
    """Settles a message that may or may not have arrived. Returns "again", "uncertain", or None when the token no longer holds.

    A kind with ``resend_after_doubt`` is queued for ``again_at``, once in the message's life; any other becomes uncertain.
    """
    if token is None:
        return None
    known = message.kind in {kind.slug for kind in kinds.all_kinds()}
    again = (
        known
        and kinds.get(message.kind).resend_after_doubt
        and not message.resent_after_doubt
        and message.tries < work.MAX_TRIES
    )
    changes: dict[str, Any] = (
        {"state": MessageState.QUEUED, "resent_after_doubt": True, "next_try_at": again_at}
        if again
        else {"state": MessageState.UNCERTAIN, "settled_at": at}
    )
    rows = Message.objects.filter(pk=message.pk, state=MessageState.HANDING_OVER)
    if not work.move(rows, token, last_reply=_short(reply), lease_token=None, lease_until=None, **changes):
        return None
    return "again" if again else "uncertain"


def _short(reply: str) -> str:
    return names.one_line(reply)[:500]
