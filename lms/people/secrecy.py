"""Keeps the secret part of invitation and password links out of the log."""

import logging
import re

_SECRET_PATH = re.compile(r"/(invitation|account/password/reset/key)/[^/\s]+")
LOGGERS = ("django.request", "django.security.csrf", "django.server")


class HideInvitationLinks(logging.Filter):
    """Django logs the path of every request that it refuses, and the path of such a link is its secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(value) for value in record.args)
        record.msg = _hidden(record.msg)
        return True


def hide_invitation_links() -> None:
    """Puts the filter on the loggers that name paths. Doing it twice is once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, HideInvitationLinks) for known in logger.filters):
            logger.addFilter(HideInvitationLinks())


def _hidden(value: object) -> object:
    return _SECRET_PATH.sub(r"/\1/[hidden]", value) if isinstance(value, str) else value
