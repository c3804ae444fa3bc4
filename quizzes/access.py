"""Who may reach an attempt: its learner, nobody else."""

import uuid

from django.http import Http404

from courses.models import Enrollment
from lms.people.access import person_for_coordinator, person_for_supervisor
from lms.people.models import User
from quizzes.models import Attempt


def attempt_for(user: User, public_id: uuid.UUID) -> Attempt:
    """The learner's own attempt, with all that a page needs. Absent and somebody else's are both Http404."""
    attempt = (
        Attempt.objects.select_related(
            "enrollment__learner__site", "enrollment__version", "enrollment__course", "unit", "quiz"
        )
        .filter(public_id=public_id, enrollment__learner=user)
        .first()
    )
    if attempt is None:
        raise Http404
    return attempt


def helped_enrollment_for(viewer: User, person: uuid.UUID, enrollment: uuid.UUID) -> Enrollment:
    """An enrollment of a person whom the viewer may help: somebody of their own teams and below for a supervisor, everybody for the
    coordinator. Nobody helps themselves. Absent and refused are both Http404."""
    found = person_for_coordinator(viewer, person) if viewer.is_coordinator else person_for_supervisor(viewer, person)
    rows = Enrollment.objects.select_related("learner__site", "learner__team", "version", "course")
    mine = rows.filter(public_id=enrollment, learner=found).exclude(learner=viewer).first()
    if mine is None:
        raise Http404
    return mine


def helped_person_for(viewer: User, person: uuid.UUID) -> User:
    """Somebody else, for the coordinator."""
    found = person_for_coordinator(viewer, person)
    if found == viewer:
        raise Http404
    return found
