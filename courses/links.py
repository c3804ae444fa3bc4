"""Signed addresses that work without signing in: the answers under a mail, the private calendar.

Each kind has a salt of its own, so that no address can be turned into another. A changed or foreign token is refused.
"""

import uuid

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from courses.enums import Answer
from courses.models import Assignment, CalendarFeed
from lms.outbox.kinds import SecretLink
from lms.people.links import site_url

ANSWERS = Signer(salt="courses.answer", sep=".")
FEEDS = Signer(salt="courses.calendar", sep=".")


def answer_token(assignment: Assignment, answer: Answer) -> str:
    return ANSWERS.sign(f"{assignment.public_id.hex}.{answer.value}")


def read_answer_token(token: str) -> tuple[uuid.UUID, Answer] | None:
    """The assignment's public id and the answer; None for a token that is not ours."""
    try:
        key, _, answer = ANSWERS.unsign(token).partition(".")
        return uuid.UUID(hex=key), Answer(answer)
    except (BadSignature, ValueError):
        return None


def answer_path(assignment: Assignment, answer: Answer) -> str:
    return reverse("answer", args=[answer_token(assignment, answer)])


def answer_links(assignment: Assignment) -> list[dict[str, str]]:
    """The four answers for a mail: ``label`` and ``url``. Whoever holds such a link can give the answer, so a stored body hides it."""
    return [{"label": answer.label, "url": SecretLink(site_url(answer_path(assignment, answer)))} for answer in Answer]


def answer_links_here(assignment: Assignment) -> list[dict[str, str]]:
    """The same for a page of the learner."""
    return [{"label": answer.label, "url": answer_path(assignment, answer)} for answer in Answer]


def feed_url(feed: CalendarFeed) -> str:
    """The private calendar's absolute address. Whoever knows it can read it, so it is shown to its owner only."""
    return site_url(reverse("calendar_feed", args=[FEEDS.sign(feed.nonce)]))


def read_feed_token(token: str) -> str | None:
    """The nonce; None for a token that is not ours."""
    try:
        return FEEDS.unsign(token)
    except BadSignature:
        return None
