"""The token of a practice page: signed, so that practice needs no row. It names the question and, through a nonce, its order.

The order itself is not in it: a token can be read by who holds it, and an order of stored positions would tell a key.
"""

import dataclasses
import random
import secrets
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

SALT = "quizzes.practice"


class BadTokenError(Exception):
    """The token was not made here, or for another quiz."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """One question of a round of practice; ``met`` are those before it, by primary key."""

    question: int
    met: tuple[int, ...]
    nonce: str

    @classmethod
    def of(cls, question: int, met: list[int]) -> "Turn":
        return cls(question, tuple(met), secrets.token_hex(8))

    def rng(self) -> random.Random:
        """The source of this turn's order, the same each time it is asked for."""
        return random.Random(salted_hmac("quizzes.practice.order", self.nonce, algorithm="sha256").hexdigest())

    def token(self, enrollment: int, quiz: int) -> str:
        return signing.dumps([enrollment, quiz, self.question, list(self.met), self.nonce], salt=SALT, compress=True)


def turn_of(token: str, enrollment: int, quiz: int) -> Turn:
    """The turn that a token of this learner's quiz stands for. Raises BadTokenError."""
    try:
        row: Any = signing.loads(token, salt=SALT)
    except signing.BadSignature as bad:
        raise BadTokenError from bad
    if row[:2] != [enrollment, quiz]:
        raise BadTokenError
    return Turn(row[2], tuple(row[3]), row[4])
