"""The address by which a surveyor reads a pack without signing in."""

import uuid

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from lms.people.links import site_url

SURVEYS = Signer(salt="quizzes.survey", sep=".")


def survey_url(public_id: uuid.UUID, secret: str) -> str:
    """Absolute. Whoever knows it can read the pack, so it is shown once to the coordinator who made it."""
    return site_url(reverse("survey", args=[SURVEYS.sign(f"{public_id.hex}.{secret}")]))


def read_survey_token(token: str) -> tuple[uuid.UUID, str] | None:
    """The link's public id and its secret; None for a token that is not ours."""
    try:
        key, _, secret = SURVEYS.unsign(token).partition(".")
        return uuid.UUID(hex=key), secret
    except (BadSignature, ValueError):
        return None
