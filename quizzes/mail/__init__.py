"""Mail about quizzes: one file a kind, registered by being imported here."""

from quizzes.mail import (
    attempt_opened,
    attempt_unfinished,
    attempts_used,
    dispute_answered,
    result_raised,
    review_opened,
)

__all__ = [
    "attempt_opened",
    "attempt_unfinished",
    "attempts_used",
    "dispute_answered",
    "result_raised",
    "review_opened",
]
