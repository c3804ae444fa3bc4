"""Who may reach an attempt: its learner, nobody else."""

import uuid

from django.http import Http404

from lms.people.models import User
from quizzes.models import Attempt


def attempt_for(user: User, public_id: uuid.UUID) -> Attempt:
    """The learner's own attempt, with all that a page needs. Absent and somebody else's are both Http404."""
    attempt = (
        Attempt.objects.select_related("enrollment__learner__site", "enrollment__version", "enrollment__course", "unit")
        .filter(public_id=public_id, enrollment__learner=user)
        .first()
    )
    if attempt is None:
        raise Http404
    return attempt
