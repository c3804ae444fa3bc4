"""Tables of quizzes. One noun a file."""

from quizzes.models.attempt import Attempt, Response
from quizzes.models.quiz import Question, Quiz

__all__ = ["Attempt", "Question", "Quiz", "Response"]
