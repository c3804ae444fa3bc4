"""One sitting of a quiz: start, save, hand in. Every rule stands here, whatever page or script asks."""

import dataclasses
import datetime as dt
import random
import secrets
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from courses.actions import learning
from courses.models import Certificate, Enrollment, Unit
from lms.lib import codes
from lms.lib.failpoints import failpoint
from lms.people.actions.identity import snapshot_of
from lms.record import actions as record
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from quizzes import kinds
from quizzes.actions.noting import attempt_facts, result_columns
from quizzes.actions.settling import settle
from quizzes.enums import AttemptState, ClosedBy
from quizzes.grading.draw import draw, practice_part
from quizzes.grading.paper import PaperResult
from quizzes.models import Attempt, Quiz, Response
from quizzes.queries.corrections import void_ids
from quizzes.queries.deadlines import in_time, time_over
from quizzes.queries.results import steps
from quizzes.queries.standing import standing
from quizzes.rules import time_is_over


class NotAllowedError(Exception):
    """The rules do not allow it now; the text says why, in words for the learner."""


class AttemptClosedError(Exception):
    """The attempt was handed in before, so no answer changes any more."""


class TimeOverError(AttemptClosedError):
    """The deadline and its grace have passed; the attempt is closed with what was stored until then."""


@dataclasses.dataclass
class StaleError(Exception):
    """Another tab or device stored a newer answer; ``stored`` is the response as it stands now."""

    stored: Response


def start(enrollment: Enrollment, unit: Unit, *, at: dt.datetime) -> Attempt:
    """Opens an attempt, or returns the one that is open.

    In one transaction: the next number, the questions drawn by objective (preferring those not seen and not open for practice,
    and another one where a critical question was missed), the order in which they and their options are served, the event. Of parallel starts one wins by
    the constraint and all get its attempt. With a time limit the deadline is decided here, once. An open attempt whose time is over
    is closed first. Raises NotAllowedError when the rules forbid a start.
    """
    for _ in range(3):
        now = standing(enrollment, unit, at)
        if now.open is not None:
            if close_if_over(now.open, at=at):
                continue
            return now.open
        if not now.enrollment_open or now.passed:
            raise NotAllowedError("You have passed this quiz. There is nothing left to do here.")
        if not now.assigned:
            raise NotAllowedError(
                "This course is no longer assigned to you, so its quizzes are closed. What you did is kept."
            )
        if now.opens_at is not None:
            raise NotAllowedError("This course is not open yet. You can read ahead.")
        if now.left == 0:
            raise NotAllowedError(
                "All attempts at this quiz are used. Please talk with your supervisor, who can help you go on."
            )
        if now.next_at is not None:
            raise NotAllowedError("The wait between two attempts is not over yet.")
        try:
            with transaction.atomic():
                return _open(enrollment, unit, now.used + 1, now.terms.deadline(at), at)
        except IntegrityError:
            continue  # another start won: read again and return its attempt
    raise NotAllowedError("The quiz could not be opened just now. Please try again.")


def _open(enrollment: Enrollment, unit: Unit, number: int, deadline_at: dt.datetime | None, at: dt.datetime) -> Attempt:
    quiz = Quiz.objects.get(unit=unit)
    pool = list(quiz.questions.all())
    seen, missed = _history(enrollment, unit)
    rng = random.Random(secrets.randbits(128))
    stored = [q.stored for q in pool]
    void = void_ids(enrollment.course_id, pool)
    open_before = practice_part(stored, quiz.lines, salt=enrollment.public_id.hex) if quiz.practice else ()
    picks = draw(stored, quiz.lines, rng, seen=seen, practiced=open_before, missed_critical=missed, void=void)
    attempt = Attempt.objects.create(
        enrollment=enrollment,
        unit=unit,
        quiz=quiz,
        number=number,
        started_at=at,
        deadline_at=deadline_at,
        pass_mark=enrollment.version.pass_mark,
        out_of=len(picks),
    )
    Response.objects.bulk_create(
        Response(
            attempt=attempt,
            position=position,
            question=pool[pick],
            order=kinds.get(pool[pick].kind).serve(pool[pick].stored, rng),
        )
        for position, pick in enumerate(picks, start=1)
    )
    if connection.vendor == "postgresql":
        # What the rows refer to is otherwise looked up at the commit, with the record in hand; a correction holds one of the questions
        # and waits for the record.
        connection.check_constraints()
    learning.mark_read(enrollment, unit, at=at)
    if not Enrollment.objects.filter(pk=enrollment.pk, version=unit.version_id).exists():
        raise NotAllowedError("A new edition of this course was published just now. Please open the course again.")
    questions = [[pool[pick].author_id, pool[pick].revision] for pick in picks]
    limit = {"deadline": deadline_at.isoformat()} if deadline_at else {}
    _event(attempt, EventKind.QUIZ_STARTED, {"questions": questions, **limit}, at=at)
    return attempt


def _history(enrollment: Enrollment, unit: Unit) -> tuple[set[str], set[str]]:
    """Question ids met in earlier attempts, and the critical ones missed in the last."""
    responses = list(
        Response.objects.filter(attempt__enrollment=enrollment, attempt__unit=unit)
        .order_by("attempt__number")
        .select_related("question", "attempt")
    )
    last = max((r.attempt.number for r in responses), default=0)
    missed = {
        r.question.author_id for r in responses if r.attempt.number == last and r.question.critical and r.right is False
    }
    return {r.question.author_id for r in responses}, missed


def save(
    attempt: Attempt,
    position: int,
    answer: dict[str, Any] | None,
    *,
    revision: int,
    at: dt.datetime,
    confidence: str | None = None,
) -> Response:
    """Stores one answer (already validated by its kind) and returns the response with its new revision and receipt.

    ``confidence`` is a word of ``Confidence`` and never changes a score; None leaves what was said before.

    Save and hand-in both take the attempt's row first, so they never interleave. ``revision`` is the one that the page was
    served with; ``at`` is when the request arrived. After the deadline and its grace the attempt is closed and TimeOverError raised;
    nothing of the answer is stored. Raises AttemptClosedError after hand-in, StaleError when another tab stored a different answer
    since; the same answer again is taken as a repeated request and acknowledged. Raises Response.DoesNotExist for a position not drawn.
    """
    if close_if_over(attempt, at=at):
        raise TimeOverError
    with transaction.atomic():
        _take(attempt, at)
        response = Response.objects.select_related("question").get(attempt=attempt, position=position)
        said = response.confidence if confidence is None else confidence
        if (response.answer, response.confidence) == (answer, said) and response.revision >= revision:
            return response
        kind = kinds.get(response.question.kind)
        won = Response.objects.filter(pk=response.pk, revision=revision).update(
            answer=answer,
            answered=answer is not None and kind.answered(response.question.stored, response.order, answer),
            revision=F("revision") + 1,
            saved_at=at,
            receipt=codes.receipt(),
            confidence=said,
            seconds=_seconds(attempt, response, at) if response.revision == 0 else response.seconds,
        )
        if not won:
            raise StaleError(response)
        response.refresh_from_db()
    failpoint("quiz.after_save_commit")
    return response


LAST_OF_ALL = dt.datetime.max.replace(tzinfo=dt.UTC)
LONGEST_THOUGHT = dt.timedelta(minutes=30)


def _seconds(attempt: Attempt, response: Response, at: dt.datetime) -> int | None:
    """About how long the first answer took: since the attempt's save before it, or its start. None when that says nothing."""
    saves = attempt.responses.exclude(pk=response.pk).filter(saved_at__isnull=False).order_by("-saved_at")
    before = saves.values_list("saved_at", flat=True).first() or attempt.started_at
    return round((at - before).total_seconds()) if dt.timedelta() <= at - before <= LONGEST_THOUGHT else None


def _take(attempt: Attempt, at: dt.datetime) -> None:
    """Takes the attempt's row for this transaction, if it is still in progress and its time is not over."""
    if not _open_rows(attempt).filter(in_time(at)).update(number=F("number")):
        raise TimeOverError if _open_rows(attempt).exists() else AttemptClosedError


def _open_rows(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt.pk, state=AttemptState.IN_PROGRESS)


def _take_to_close(attempt: Attempt, at: dt.datetime, *, only_if_over: bool) -> ClosedBy:
    """Takes the row to close it, and says on whose account. Raises AttemptClosedError when there is nothing to close."""
    rows = _open_rows(attempt)
    if not only_if_over and rows.filter(in_time(at)).update(number=F("number")):
        return ClosedBy.LEARNER
    if rows.filter(time_over(at)).update(number=F("number")):
        return ClosedBy.DEADLINE
    raise AttemptClosedError


@dataclasses.dataclass(frozen=True)
class HandedIn:
    attempt: Attempt
    certificate: Certificate | None
    first_time: bool


def close_if_over(attempt: Attempt, *, at: dt.datetime) -> bool:
    """Closes and grades an open attempt whose deadline and grace have passed, with what was stored; True if this closed it.

    The clock and the rows alone decide, so the sweep, a page and a late save all come to the same result. ``attempt`` is read anew.
    """
    if attempt.state != AttemptState.IN_PROGRESS or not time_is_over(attempt.deadline_at, at):
        return False
    return submit(attempt, at=at, only_if_over=True).first_time


def submit(attempt: Attempt, *, at: dt.datetime, only_if_over: bool = False) -> HandedIn:
    """Grades the stored answers and stores the result, once; a later hand-in returns the same result.

    In one transaction: result of the attempt and of each response, the event, and on a pass the completed unit, which may complete
    the course and issue the certificate. After the last failed attempt the enrollment says that attempts are used, and those who can
    open another are told. When the deadline and its grace have passed, the attempt is closed by the deadline, whoever asked: then all
    is dated at the deadline. ``only_if_over`` closes nothing before that.
    """
    with transaction.atomic():
        record.hold(attempt.enrollment.learner.subject)
        try:
            closed_by = _take_to_close(attempt, at, only_if_over=only_if_over)
            if closed_by == ClosedBy.DEADLINE:
                attempt.refresh_from_db(fields=["deadline_at"])
                at = attempt.deadline_at or at
        except AttemptClosedError:
            attempt.refresh_from_db()
            return HandedIn(attempt, None, first_time=False)
        responses = list(attempt.responses.select_related("question").order_by("position"))
        paper = grade(attempt, responses, at=at)
        for response, result in zip(responses, paper.results, strict=True):
            response.points = float(result.points)
            response.right = result.right
        Response.objects.bulk_update(responses, ["points", "right"])
        Attempt.objects.filter(pk=attempt.pk).update(
            state=AttemptState.SUBMITTED,
            submitted_at=at,
            closed_by=closed_by,
            **result_columns(paper),
        )
        attempt.refresh_from_db()
        _event(
            attempt,
            EventKind.QUIZ_SUBMITTED,
            {
                "right": paper.right,
                "out_of": attempt.out_of,
                "points": str(attempt.points),
                "passed": paper.passed,
                "critical_missed": bool(paper.critical_missed),
                "answered": paper.answered,
                "closed_by": closed_by.value,
            },
            at=at,
            by=SYSTEM if closed_by == ClosedBy.DEADLINE else None,
        )
        certificate = None
        if paper.passed:
            passed = learning.Passed(points=attempt.points or Decimal(0), out_of=attempt.out_of)
            certificate = learning.complete_unit(attempt.enrollment, attempt.unit, passed, at=at)
        else:
            settle([attempt.enrollment], at=at)
        failpoint("quiz.before_commit")
    failpoint("quiz.after_commit")
    return HandedIn(attempt, certificate, first_time=True)


def grade(attempt: Attempt, responses: list[Response], *, at: dt.datetime | None = None) -> PaperResult:
    """The pure result of the answers as they are stored, under the corrections of their questions; ``at`` is the hand-in (without
    it, the stored one)."""
    return steps(attempt, responses, submitted_at=at or attempt.submitted_at or LAST_OF_ALL)[-1].paper


def _event(
    attempt: Attempt, kind: EventKind, payload: dict[str, Any], *, at: dt.datetime, by: str | None = None
) -> None:
    learner = attempt.enrollment.learner
    base = attempt_facts(attempt, snapshot_of(learner, at=at).hash)
    record.append(learner.subject, kind, {**base, **payload}, at=at, by=by or learner.subject)
