"""What becomes of a question that somebody says is wrong: a dispute opens a review or joins the open one, and closing it answers all."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of, write
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.actions.noting import attempt_facts
from quizzes.enums import AttemptState, ReviewOutcome
from quizzes.models import Dispute, ItemReview, Question, Response

LONGEST = 600  # signs of a reason and of an answer, as the tables hold them


class NotHandedInError(Exception):
    """A question is disputed after hand-in only: before it, a dispute would be a way to ask about the key."""


def dispute(response: Response, *, reason: str, at: dt.datetime) -> Dispute:
    """A learner says that a question of a handed-in attempt is wrong. The result stays as it is.

    In one transaction: the learner's record is held; the open review of the question is joined, or one is opened and the coordinators
    are told, once for a review; the dispute with its reason; the event, which holds neither the reason nor an answer. A second
    dispute of the same response changes nothing and returns the first. Raises NotHandedInError, and ValidationError without a reason
    or for one that is too long.
    """
    attempt = response.attempt
    learner = attempt.enrollment.learner
    with transaction.atomic():
        # A correction takes the question and then the records of all who drew it; the review refers to the question.
        list(Question.objects.select_for_update(no_key=True).filter(pk=response.question_id).values_list("pk"))
        record.hold(learner.subject)
        if attempt.state != AttemptState.SUBMITTED:
            raise NotHandedInError
        made = Dispute.objects.filter(response=response).first()
        if made is not None:
            return made
        found = Dispute(
            response=response, review=_review_of(response, by=learner, at=at), reason=reason.strip(), made_at=at
        )
        found.full_clean()
        found.save(force_insert=True)
        payload = {
            **attempt_facts(attempt, snapshot_of(learner, at=at).hash),
            "question": response.question.author_id,
            "revision": response.question.revision,
            "dispute": str(found.public_id),
            "review": str(found.review.public_id),
        }
        record.append(learner.subject, EventKind.QUESTION_DISPUTED, payload, at=at, by=learner.subject)
    return found


def _review_of(response: Response, *, by: User, at: dt.datetime) -> ItemReview:
    """The open review of the question, taken for this transaction so that nobody closes it meanwhile; else a new one.

    Of two that open one at once, one wins by the constraint and the other joins it.
    """
    question = response.question
    for _ in range(3):
        rows = ItemReview.objects.filter(question=question, closed_at__isnull=True)
        if rows.update(opened_at=F("opened_at")):
            return rows.get()
        try:
            with transaction.atomic():
                review = ItemReview.objects.create(question=question, opened_at=at, opened_by=by.subject)
        except IntegrityError:
            continue
        for recipient in reviewers():
            outbox.note(
                "review_opened",
                key=f"review_opened:{review.public_id}:{recipient.public_id}",
                recipient=recipient,
                ref=str(review.public_id),
                at=at,
            )
        return review
    raise ValidationError("This could not be stored just now. Please try again.")


def reviewers() -> list[User]:
    """Who reads disputes and can be written to: every active coordinator."""
    return list(User.objects.filter(is_active=True, is_coordinator=True, email__isnull=False).order_by("name", "pk"))


def close_review(review: ItemReview, *, outcome: ReviewOutcome, answer: str, at: dt.datetime, by: User) -> bool:
    """Ends an open review with its outcome and what those who disputed are told.

    In one transaction: the record of ``by`` is held, the review closed, the event written, and everybody who disputed the question
    and can be reached told by mail. False if it was closed before; then nothing is changed and nobody is told again. Raises
    ValidationError without an answer, or for one that does not fit.
    """
    answer = answer.strip()
    if not answer:
        raise ValidationError("Write what those who disputed the question are told.")
    if len(answer) > LONGEST:
        raise ValidationError("Use 600 characters or fewer for the answer.")
    with transaction.atomic():
        record.hold(by.subject)
        won = ItemReview.objects.filter(pk=review.pk, closed_at__isnull=True).update(
            closed_at=at, closed_by=by.subject, outcome=outcome, answer=answer
        )
        if not won:
            return False
        disputes = list(review.disputes.select_related("response__attempt__enrollment__learner").order_by("pk"))
        payload = {
            "review": str(review.public_id),
            "question": review.question.author_id,
            "revision": review.question.revision,
            "outcome": outcome.value,
            "disputes": len(disputes),
        }
        write(by, EventKind.QUESTION_REVIEWED, payload, at=at, by=by.subject)
        for one in disputes:
            learner = one.response.attempt.enrollment.learner
            if learner.is_active and learner.email:
                outbox.note(
                    "dispute_answered",
                    key=f"dispute_answered:{one.public_id}",
                    recipient=learner,
                    ref=str(one.public_id),
                    at=at,
                )
    return True
