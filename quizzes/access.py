"""Who may reach an attempt: its learner, nobody else. Who may reach a question with its key and figures: a coordinator."""

import uuid

from django.http import Http404

from lms.people.models import User
from quizzes.models import Attempt, Question


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


def question_for_coordinator(user: User, pk: int) -> Question:
    """A question of any edition, for a coordinator."""
    rows = Question.objects.select_related("quiz__unit__version__course")
    question = rows.filter(pk=pk).first() if user.is_coordinator else None
    if question is None:
        raise Http404
    return question
