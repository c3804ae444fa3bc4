"""The ticket of a practice page: which question it shows, in which order, and what was shown before. Pure: no ORM, no clock.

Practice stores nothing, so the page itself carries what the next request must know, signed. A signed text can be read by whoever
has it, and the order in which parts are served tells the key of some kinds; so the ticket holds a nonce, and the order is drawn
from it with the site's secret.
"""

import dataclasses
import random
import secrets
import uuid

from django.core import signing
from django.utils.crypto import salted_hmac

SALT = "quizzes.practice"
CHANCE = random.SystemRandom()
MOST_SHOWN = 60
"""How many questions a ticket remembers, so that an address never grows beyond what servers take."""


@dataclasses.dataclass(frozen=True)
class Ticket:
    """``shown`` are primary keys of questions, the oldest first; the last is the one on the page."""

    enrollment: uuid.UUID
    nonce: str
    shown: tuple[int, ...]

    @property
    def question(self) -> int:
        return self.shown[-1]

    def rng(self) -> random.Random:
        """Chance that is the same at each request with this ticket and cannot be guessed from it."""
        text = f"{self.enrollment.hex}:{self.question}:{self.nonce}"
        return random.Random(salted_hmac(SALT, text, algorithm="sha256").hexdigest())

    def seal(self) -> str:
        return signing.dumps([self.enrollment.hex, self.nonce, list(self.shown)], salt=SALT, compress=True)


def unseal(text: str, enrollment: uuid.UUID) -> Ticket | None:
    """The ticket in an address; None when it is not one of ours, or was made for another enrollment."""
    try:
        owner, nonce, shown = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return Ticket(enrollment, nonce, tuple(shown)) if owner == enrollment.hex else None


def next_ticket(enrollment: uuid.UUID, before: Ticket | None, questions: list[int], met: set[int]) -> Ticket:
    """A ticket for one of ``questions``, which must not be empty.

    Questions that were not shown yet come first, of these the ones not ``met`` in an attempt; within each group chance decides. When
    all were shown it starts over, with another one than the last.
    """
    shown = before.shown if before else ()
    fresh = [one for one in questions if one not in shown]
    if not fresh:
        fresh = [one for one in questions if one != shown[-1]] or list(questions)
        shown = ()
    chosen = CHANCE.choice([one for one in fresh if one not in met] or fresh)
    return Ticket(enrollment, secrets.token_hex(8), (*shown, chosen)[-MOST_SHOWN:])
