"""Whose time is over. Twins of ``quizzes.rules.time_is_over`` for rows; a test compares them over a grid of instants."""

import datetime as dt

from django.db.models import Q, QuerySet

from quizzes.enums import AttemptState
from quizzes.models import Attempt
from quizzes.rules import GRACE


def in_time(at: dt.datetime) -> Q:
    return Q(deadline_at__isnull=True) | Q(deadline_at__gt=at - GRACE)


def time_over(at: dt.datetime) -> Q:
    return Q(deadline_at__lte=at - GRACE)


def overdue(at: dt.datetime) -> QuerySet[Attempt]:
    """Open attempts whose deadline and grace have passed, longest first."""
    return Attempt.objects.filter(time_over(at), state=AttemptState.IN_PROGRESS).order_by("deadline_at", "pk")
