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
from lms.outbox import digest, footers, kinds, rendering, sending, work
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.record import actions as record
from lms.record.enums import EventKind

log = logging.getLogger(__name__)

NO_ADDRESS = "Not reachable by mail: there is no email address."
NOT_ACTIVE = "Not reachable by mail: the account is not active."
WAITS_FOR_HOURS = "It waits for the hours in which mail is sent to this person."
NO_REASON_LEFT = "There is no reason left to send it."


class LeaseLostError(Exception):
    """Somebody else owns the message now."""


class NotNowError(Exception):
    """The recipient's sending hours are over; holds when the next begin."""

    def __init__(self, opening: dt.datetime) -> None:
        super().__init__(WAITS_FOR_HOURS)
        self.opening = opening


class NotWantedError(Exception):
    """The message must not be sent; the text says why."""


def lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings.MAIL_LEASE_SECONDS)


def unreachable(recipient: Any) -> str | None:
    """Why no mail can reach this person; None if it can."""
    if not recipient.email:
        return NO_ADDRESS
    return None if recipient.is_active else NOT_ACTIVE


class Delivery:
    """One try at one claimed message. ``now`` is called at each step."""

    def __init__(self, message_pk: int, token: uuid.UUID, now: Callable[[], dt.datetime]) -> None:
        self.token = token
        self.now = now
        self.message = kinds.with_recipients(Message.objects.all()).get(pk=message_pk)
        self.rendered: dict[str, Any] = {}
        self.told: list[str] = []
        self.left_out: dict[int, str] = {}

    def run(self) -> None:
        """Ends in sent, queued (later, or until the recipient's sending hours), suppressed, failed, dead or uncertain; or changes
        nothing when the lease was lost."""
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
        except NotNowError as error:  # no try was made, and at the next opening they begin anew
            self._move(MessageState.QUEUED, str(error), next_try_at=error.opening, tries=0)
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
        except (LeaseLostError, NotWantedError, NotNowError):
            raise
        except Exception as error:
            log.exception("message %s could not be prepared", self.message.public_id)
            raise sending.TryLaterError(f"It could not be prepared ({error.__class__.__name__}).") from error

    def _compose(self) -> Any:
        message, recipient = self.message, self.message.recipient
        why_not = unreachable(recipient)
        if why_not:
            raise NotWantedError(why_not)
        at = self.now()
        self._wait_for_hours(at)
        kind = kinds.get(message.kind)
        wanted = []
        with transaction.atomic():
            # The UPDATE holds the row until the commit, so a late worker cannot replace the secret link of the one after it.
            if not work.move(self._rows(), self.token, to_email=recipient.email):
                raise LeaseLostError
            for occasion in message.occasions.select_related("recipient"):
                why_not = kinds.why_not(occasion, at)
                if why_not is None:
                    wanted.append(occasion)
                else:
                    self.left_out[occasion.pk] = why_not
            if not wanted:
                raise NotWantedError(" ".join(dict.fromkeys(self.left_out.values())) or NO_REASON_LEFT)
            if message.kind == digest.SLUG and len(wanted) == 1:
                kind = kinds.get(wanted[0].kind)
            contexts = [kind.context(occasion, at) for occasion in wanted]
            shared = kind.shared(wanted, at)
        self.told = sorted(occasion.key for occasion in wanted)
        footer = footers.footer_of([kinds.get(occasion.kind) for occasion in wanted], recipient)
        letter = rendering.render(kind, contexts, recipient, {**footer.values, **shared})
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

    def _wait_for_hours(self, at: dt.datetime) -> None:
        """Raises NotNowError for gathered mail outside the recipient's hours, unless a person decided that it goes now."""
        if kinds.get(self.message.kind).gathered and not self.message.decision:
            hours = kinds.hours_of(self.message.recipient)
            if not hours.open(at):
                raise NotNowError(hours.next_open(at))

    def _begin_handing_over(self) -> None:
        at = self.now()
        self._wait_for_hours(at)
        until = at + lease()
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
            record.hold(self.message.recipient.subject)
            if not self._move(MessageState.SENT, reply, sent_at=at, settled_at=at):
                return
            for pk, why_not in self.left_out.items():
                Occasion.objects.filter(pk=pk).update(dropped_at=at, dropped_reason=why_not[:300])
            record.append(
                self.message.recipient.subject,
                EventKind.MESSAGE_SENT,
                {
                    "kind": self.message.kind,
                    "message": str(self.message.public_id),
                    "message_id": self.message.message_id,
                    "occasions": self.told,
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
