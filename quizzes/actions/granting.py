"""What a person gets beyond a quiz's own rules: an accommodation, which follows them, and another attempt at one quiz."""

import datetime as dt
import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.models import Enrollment, Unit
from lms.lib import names
from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.actions.settling import settle
from quizzes.enums import AttemptState
from quizzes.models import Accommodation, Attempt, ExtraAttempt
from quizzes.queries.deadlines import in_time
from quizzes.queries.grants import accommodation_of, grant_of
from quizzes.queries.standing import standing
from quizzes.rules import terms

USUAL = (Decimal(1), 0)


def set_accommodation(
    learner: User, *, time_factor: Decimal, extra_attempts: int, at: dt.datetime, by: uuid.UUID
) -> bool:
    """Gives a person other rules in every quiz, from now on; the usual time and no extra attempts end what they had.

    In one transaction: the row that held is ended, the new one made, the deadline of open attempts moved later where the new rules
    give more time (never earlier, and not when the time is over), ``attempts_used_at`` set right, the events. Why is not asked and
    stored nowhere. False if nothing changed. Raises ValidationError outside of what the table allows.
    """
    with transaction.atomic():
        record.hold(learner.subject)
        before = accommodation_of(learner)
        had = (before.time_factor, before.extra_attempts) if before else USUAL
        if had == (time_factor, extra_attempts):
            return False
        if before is not None:
            Accommodation.objects.filter(pk=before.pk).update(ended_at=at)
        if (time_factor, extra_attempts) != USUAL:
            new = Accommodation(
                learner=learner, time_factor=time_factor, extra_attempts=extra_attempts, started_at=at, made_by=by
            )
            new.full_clean()
            new.save(force_insert=True)
        payload = {"time_factor": str(time_factor.normalize()), "extra_attempts": extra_attempts}
        record.append(
            learner.subject,
            EventKind.ACCOMMODATION_CHANGED,
            {**payload, "identity": snapshot_of(learner, at=at).hash},
            at=at,
            by=by,
        )
        extend(learner, at=at, by=by)
        settle(Enrollment.objects.filter(learner=learner, completed_at__isnull=True).select_related("learner"), at=at)
    return True


def extend(learner: User, *, at: dt.datetime, by: uuid.UUID) -> None:
    """Moves the deadline of the person's open attempts to what their rules give now, if that is later. Inside a transaction.

    Nobody else's attempt is looked at, and one whose time is over stays as it is.
    """
    accommodation = accommodation_of(learner)
    rows = Attempt.objects.filter(
        in_time(at), enrollment__learner=learner, state=AttemptState.IN_PROGRESS, deadline_at__isnull=False
    )
    for attempt in rows.select_related("enrollment__version", "enrollment__course", "unit", "quiz").order_by("pk"):
        mine = terms(
            attempts=attempt.enrollment.version.attempts,
            limit_minutes=attempt.quiz.time_limit_minutes,
            grant=grant_of(accommodation, 0),
        )
        later = mine.deadline(attempt.started_at, attempt.deadline_at)
        if later is None or later == attempt.deadline_at:
            continue
        won = Attempt.objects.filter(
            in_time(at), pk=attempt.pk, state=AttemptState.IN_PROGRESS, deadline_at__lt=later
        ).update(deadline_at=later)
        if won:
            assert attempt.deadline_at is not None
            record.append(
                learner.subject,
                EventKind.QUIZ_EXTENDED,
                {
                    "attempt": str(attempt.public_id),
                    "number": attempt.number,
                    "unit": attempt.unit.author_id,
                    "course": attempt.enrollment.course.slug,
                    "before": attempt.deadline_at.isoformat(),
                    "after": later.isoformat(),
                },
                at=at,
                by=by,
            )


def open_attempt(
    enrollment: Enrollment, unit: Unit, *, reason: str, at: dt.datetime, by: uuid.UUID
) -> ExtraAttempt | None:
    """Opens one more attempt at a quiz whose attempts are used, and tells the learner by mail.

    In one transaction: the row with its reason, the event, ``attempts_used_at`` cleared if no other quiz of the enrollment is used up,
    the occasion. Only when all attempts are used, so a second click, or a second supervisor, opens nothing and gets None. Raises
    ValidationError without a reason.
    """
    reason = names.one_line(reason)
    if not reason:
        raise ValidationError("Say why another attempt is opened.")
    learner = enrollment.learner
    with transaction.atomic():
        record.hold(learner.subject)
        enrollment.refresh_from_db(fields=["completed_at"])
        now = standing(enrollment, unit, at)
        if not (now.all_used and now.enrollment_open and now.assigned):
            return None
        extra = ExtraAttempt(enrollment=enrollment, unit=unit, reason=reason, opened_at=at, opened_by=by)
        extra.full_clean()
        extra.save(force_insert=True)
        record.append(
            learner.subject,
            EventKind.ATTEMPT_OPENED,
            {
                "extra": str(extra.public_id),
                "enrollment": str(enrollment.public_id),
                "unit": unit.author_id,
                "course": enrollment.course.slug,
                "edition": enrollment.version.content_hash,
                "reason": reason,
                "identity": snapshot_of(learner, at=at).hash,
            },
            at=at,
            by=by,
        )
        settle([enrollment], at=at)
        if learner.email:
            outbox.note(
                "attempt_opened",
                key=f"attempt_opened:{extra.public_id}",
                recipient=learner,
                ref=str(extra.public_id),
                at=at,
            )
    return extra
