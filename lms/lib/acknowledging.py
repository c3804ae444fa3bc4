"""A worker that could not acknowledge a message goes on to the next one.

kombu counts a message as being worked on until its acknowledgement has reached the broker. When the line breaks just then, its Redis
transport keeps the count, and a worker that has lost as many acknowledgements as it may hold messages (two of them, here) stays
connected and takes nothing more until somebody restarts it. Here the count goes down in any case. The broker gives such a message
out once more after the visibility timeout, which every task bears.
"""

from typing import Any

from kombu.transport import redis, virtual


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


def install() -> None:
    """Makes every Redis channel of this process count so."""
    redis.Channel.QoS = QoS
