"""Who may reach an attempt: its learner, nobody else. Who may reach a question with its key, figures and review: a coordinator. Who may
reach a surveyor pack: a coordinator, and whoever holds a link to it."""

import hashlib
import secrets
import uuid

from django.http import Http404

from courses.models import Enrollment
from lms.people.access import Action, demand, person_for
from lms.people.models import User
from quizzes.enums import AttemptState
from quizzes.links import read_survey_token
from quizzes.models import Attempt, ItemReview, Pack, Question, Response, SurveyLink


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


def handed_in_response_for(user: User, public_id: uuid.UUID, position: int) -> Response:
    """One question of the learner's own attempt, once it is handed in. Before that it is as good as absent: Http404."""
    rows = Response.objects.select_related(
        "question", "dispute__review", "attempt__enrollment__learner__site", "attempt__enrollment__version",
        "attempt__enrollment__course", "attempt__unit",
    )  # fmt: skip
    found = rows.filter(
        attempt__public_id=public_id,
        attempt__enrollment__learner=user,
        attempt__state=AttemptState.SUBMITTED,
        position=position,
    ).first()
    if found is None:
        raise Http404
    return found


def item_review_for_coordinator(user: User, public_id: uuid.UUID) -> ItemReview:
    """The review of a question of any edition, open or closed."""
    demand(user, Action.RUN_QUESTIONS)
    found = (
        ItemReview.objects.select_related("question__quiz__unit__version__course").filter(public_id=public_id).first()
    )
    if found is None:
        raise Http404
    return found


def helped_enrollment_for(viewer: User, person: uuid.UUID, enrollment: uuid.UUID) -> Enrollment:
    """An enrollment of a person whom the viewer may help: somebody of their own teams and below for a supervisor, everybody for the
    coordinator. Nobody helps themselves. Absent and refused are both Http404."""
    found = person_for(viewer, Action.OPEN_ATTEMPT, person)
    rows = Enrollment.objects.select_related("learner__site", "learner__team", "version", "course")
    mine = rows.filter(public_id=enrollment, learner=found).first()
    if mine is None:
        raise Http404
    return mine


def helped_person_for(viewer: User, person: uuid.UUID) -> User:
    """Somebody else, for the coordinator."""
    return person_for(viewer, Action.CHANGE_QUIZ_RULES, person)


def question_for_coordinator(user: User, pk: int) -> Question:
    """A question of any edition, for a coordinator."""
    demand(user, Action.RUN_QUESTIONS)
    question = Question.objects.select_related("quiz__unit__version__course").filter(pk=pk).first()
    if question is None:
        raise Http404
    return question


def pack_for(viewer: User, action: Action, public_id: uuid.UUID) -> Pack:
    """Any pack, for those whom the matrix lets do this."""
    demand(viewer, action)
    found = Pack.objects.defer("population").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def survey_link_for_coordinator(user: User, public_id: uuid.UUID) -> SurveyLink:
    """A link of any pack, open or ended."""
    demand(user, Action.RUN_PACKS)
    found = SurveyLink.objects.select_related("pack").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def survey_link_for_token(token: str) -> SurveyLink:
    """The link whose address this is, open or ended: whoever asks says what becomes of an ended one. Http404 for any other text."""
    read = read_survey_token(token)
    if read is None:
        raise Http404
    public_id, secret = read
    found = SurveyLink.objects.select_related("pack").filter(public_id=public_id).first()
    if found is None or not secrets.compare_digest(found.secret_hash, hashlib.sha256(secret.encode()).hexdigest()):
        raise Http404
    return found
