"""Mail about quizzes: one file a kind, registered by being imported here."""

from quizzes.mail import attempt_opened, attempts_used, result_raised

__all__ = ["attempt_opened", "attempts_used", "result_raised"]
