"""Mail about quizzes: one file a kind, registered by being imported here."""

from quizzes.mail import result_raised

__all__ = ["result_raised"]
