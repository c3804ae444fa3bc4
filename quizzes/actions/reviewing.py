"""Closing the review of a question."""

import datetime as dt

from django.db import transaction

from lms.people.actions.identity import write
from lms.people.models import User
from lms.record.enums import EventKind
from quizzes.enums import ReviewOutcome
from quizzes.models import ItemReview


def close_review(review: ItemReview, *, outcome: ReviewOutcome, answer: str, at: dt.datetime, by: User) -> bool:
    """Ends an open review with its outcome and what those who disputed are told. False if it was closed before."""
    with transaction.atomic():
        won = ItemReview.objects.filter(pk=review.pk, closed_at__isnull=True).update(
            closed_at=at, closed_by=by.subject, outcome=outcome, answer=answer
        )
        if won:
            payload = {"review": str(review.public_id), "question": review.question.author_id, "outcome": outcome.value}
            write(by, EventKind.QUESTION_REVIEWED, payload, at=at, by=by.subject)
    return bool(won)
