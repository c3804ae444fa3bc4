"""A worker's way to the broker, where kombu's own would leave it deaf or dead.

* kombu counts a message as being worked on until its acknowledgement has reached the broker. When the line breaks just then, the count
  stays, and a worker that has lost as many acknowledgements as it may hold messages (two, here) stays connected and takes nothing
  more until somebody restarts it. Here the count goes down in any case. The broker gives such a message out once more after the
  visibility timeout, which every task bears.
* What lies in the queue and is no message (another program's, a torn one) ends kombu's worker, and with it, by the launcher, everything.
  Here it is thrown away with a warning.
* A broker that takes no writes (it became a replica, its memory is full) ends kombu's worker as well. Here that is as if the line had
  broken: the worker connects again, until the broker is well.
"""

import logging
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import ResponseError

log = logging.getLogger(__name__)


class QoS(redis.QoS):
    """What a channel has taken and not yet acknowledged."""

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


class NoMessageError(ValueError):
    """What lay in the queue does not have the parts of a message."""


class Message(virtual.Message):
    def __init__(self, payload: Any, channel: Any = None, **values: Any) -> None:
        try:
            super().__init__(payload, channel=channel, **values)
            whole = {"exchange", "routing_key"} <= set(self.delivery_info) and isinstance(self.body, str | bytes)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise NoMessageError from error
        if not whole:
            raise NoMessageError


class Channel(redis.Channel):
    QoS = QoS
    Message = Message

    def _brpop_read(self, **options: Any) -> Any:
        held = set(self.qos._delivered)
        try:
            return super()._brpop_read(**options)
        except ValueError as error:
            log.warning("what lay in the queue was no message, and is thrown away: %s", error.__class__.__name__)
            for tag in set(self.qos._delivered) - held:
                self.qos.reject(tag)
            return True


def install() -> None:
    """Makes every Redis connection that this process opens through Celery behave so."""
    redis.Transport.Channel = Channel
    redis.Transport.connection_errors = (*redis.Transport.connection_errors, ResponseError)
