"""Tables of quizzes. One noun a file."""

from quizzes.models.attempt import Attempt, Response
from quizzes.models.grant import Accommodation, ExtraAttempt
from quizzes.models.pack import Pack, PackPerson, SurveyLink, SurveyView
from quizzes.models.quiz import Question, Quiz
from quizzes.models.review import Correction, Dispute, ItemReview, Rescore

__all__ = [
    "Accommodation",
    "Attempt",
    "Correction",
    "Dispute",
    "ExtraAttempt",
    "ItemReview",
    "Pack",
    "PackPerson",
    "Question",
    "Quiz",
    "Rescore",
    "Response",
    "SurveyLink",
    "SurveyView",
]
