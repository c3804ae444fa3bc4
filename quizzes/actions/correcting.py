"""Mending the key of a published question, or voiding it. Everything it changes is a new row; nobody loses a point or a pass."""

import dataclasses
import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from courses.actions import learning
from courses.models import Enrollment
from lms.outbox import actions as outbox
from lms.people.actions.identity import snapshot_of, write
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes import kinds
from quizzes.actions.noting import attempt_facts, result_columns
from quizzes.actions.reviewing import close_review
from quizzes.actions.settling import settle
from quizzes.enums import AttemptState, ReviewOutcome
from quizzes.models import Attempt, Correction, ItemReview, Question, Rescore
from quizzes.queries.corrections import adapted, editions_of
from quizzes.queries.effects import Draft, Effect, Effects, effects


@dataclasses.dataclass(frozen=True)
class Corrected:
    """``new`` is False when the same correction had been made before, by a second click or by somebody else."""

    correction: Correction
    effects: Effects | None
    new: bool


def correct(question: Question, draft: Draft, *, reason: str, seen: int, by: User, at: dt.datetime) -> Corrected:
    """Makes the correction and gives everyone who gains the better result, in one transaction.

    First the question is locked in all its editions, so that nobody can draw it meanwhile; then the records of all who answered
    it, in a fixed order, and their attempts, so that every hand-in is wholly before or after. Then, for each attempt that gains: a
    Rescore, an event; a unit that passes now is completed, which may complete the course and issue the certificate; one mail a
    person and course. An open review of the question is closed. ``seen`` is the number of corrections that the person had in view.

    Raises ValidationError, in words, without a reason, for a key that is in force already, and when somebody else made another
    correction since. The same correction sent again changes nothing and is answered with the first.
    """
    reason = reason.strip()
    if not reason:
        raise ValidationError("Say why the question is corrected. Learners whose result changes read it.")
    with transaction.atomic():
        editions = _locked(question)
        first = editions[0]
        made = list(Correction.objects.filter(question__in=editions).select_related("question").order_by("number"))
        latest = made[-1] if made else None
        if latest is not None and latest.number != seen:
            if _same(latest, question, draft):
                return Corrected(latest, None, new=False)
            raise ValidationError("Somebody else corrected this question in the meantime. Look at it again first.")
        _must_change(question, draft, latest)
        learners = _hold_everybody(editions, by)
        at = _not_before_a_hand_in(editions, at)
        found = effects(question, draft, made_at=at)
        correction = Correction.objects.create(
            question=first,
            number=(latest.number if latest else 0) + 1,
            void=draft.key is None,
            stored=draft.stored(first),
            reason=reason,
            made_at=at,
            made_by=by.subject,
        )
        _tell_the_record(correction, question, found, by=by, at=at)
        _raise(correction, found.gaining, learners, by=by, at=at)
        outcome = ReviewOutcome.VOIDED if correction.void else ReviewOutcome.MENDED
        for review in ItemReview.objects.filter(question__in=editions, closed_at__isnull=True):
            close_review(review, outcome=outcome, answer=reason, at=at, by=by)
    return Corrected(correction, found, new=True)


def _locked(question: Question) -> list[Question]:
    """The question in every edition, locked until the transaction ends: on PostgreSQL a start that draws it waits for it."""
    pks = [row.pk for row in editions_of(question)]
    list(Question.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk"))
    return editions_of(question)


def _same(latest: Correction, question: Question, draft: Draft) -> bool:
    if latest.void or draft.key is None:
        return latest.void and draft.key is None
    kind = kinds.get(question.kind)
    return bool(kind.material(adapted(latest, question) or {}) == kind.material(draft.stored(question) or {}))


def _must_change(question: Question, draft: Draft, latest: Correction | None) -> None:
    if draft.key is None:
        if latest is not None and latest.void:
            raise ValidationError("This question is void already.")
        return
    kind = kinds.get(question.kind)
    now = question.stored if latest is None else adapted(latest, question)
    if now is not None and kind.material(now) == kind.material(draft.stored(question) or {}):
        raise ValidationError("This is the key already. Choose what is right instead, or leave the question as it is.")


def _hold_everybody(editions: list[Question], by: User) -> dict[int, User]:
    """Takes the records of all who drew the question, and of ``by``, in sorted order; then their attempts and enrollments."""
    touched = Attempt.objects.filter(responses__question__in=editions)
    learners = User.objects.filter(enrollments__attempts__in=touched).distinct()
    for subject in sorted({by.subject, *learners.values_list("subject", flat=True)}):
        record.hold(subject)
    people = {learner.pk: learner for learner in learners.select_related("site", "team")}
    for model, pks in (
        (Attempt, touched.values_list("pk", flat=True)),
        (Enrollment, touched.values_list("enrollment_id", flat=True)),
    ):
        list(
            model.objects.select_for_update(no_key=True)
            .filter(pk__in=sorted(set(pks)))
            .order_by("pk")
            .values_list("pk")
        )
    return people


def _not_before_a_hand_in(editions: list[Question], at: dt.datetime) -> dt.datetime:
    """The correction takes effect after every hand-in that it meets, so that recomputing a result later knows which came first."""
    handed_in = Attempt.objects.filter(responses__question__in=editions, state=AttemptState.SUBMITTED)
    last = handed_in.order_by("-submitted_at").values_list("submitted_at", flat=True).first()
    return at if last is None else max(at, last)


def _tell_the_record(correction: Correction, question: Question, found: Effects, *, by: User, at: dt.datetime) -> None:
    version = question.quiz.unit.version
    payload = {
        "correction": str(correction.public_id),
        "course": version.course.slug,
        "edition": version.content_hash,
        "unit": question.quiz.unit.author_id,
        "question": question.author_id,
        "revision": question.revision,
        "void": correction.void,
        "reason": correction.reason,
        "raised": len(found.gaining),
        "passed": len(found.passing),
    }
    write(by, EventKind.QUESTION_CORRECTED, payload, at=at, by=by.subject)


def _raise(
    correction: Correction, gaining: list[Effect], learners: dict[int, User], *, by: User, at: dt.datetime
) -> None:
    held = Rescore.objects.filter(attempt__in=[effect.attempt for effect in gaining]).order_by("number")
    numbers = dict(held.values_list("attempt_id", "number"))
    rows = [_rescore(effect, correction, numbers.get(effect.attempt.pk, 0) + 1, by=by, at=at) for effect in gaining]
    Rescore.objects.bulk_create(rows, batch_size=200)
    hashes: dict[int, str] = {}
    told: dict[tuple[int, int], tuple[Effect, Rescore]] = {}
    for effect, row in zip(gaining, rows, strict=True):
        attempt = effect.attempt
        learner = learners[attempt.enrollment.learner_id]
        attempt.enrollment.learner = learner
        if learner.pk not in hashes:
            hashes[learner.pk] = snapshot_of(learner, at=at).hash
        _event(row, effect, identity=hashes[learner.pk], by=by, at=at)
        if row.passed:
            passed = learning.Passed(points=Decimal(row.points), out_of=row.out_of)
            learning.complete_unit(attempt.enrollment, attempt.unit, passed, at=at)
            learning.points_raised(attempt.enrollment, attempt.unit, passed)
            if attempt.enrollment.attempts_used_at is not None:
                settle([attempt.enrollment], at=at)
        best = told.get((attempt.enrollment_id, attempt.unit_id))
        if best is None or (row.passed, attempt.number) > (best[1].passed, best[0].attempt.number):
            told[attempt.enrollment_id, attempt.unit_id] = (effect, row)
    for effect, row in told.values():
        attempt = effect.attempt
        outbox.note(
            "result_raised",
            key=f"result_raised:{correction.public_id}:{attempt.enrollment.public_id}:{attempt.unit_id}",
            recipient=attempt.enrollment.learner,
            ref=f"{attempt.public_id}:{row.number}",
            at=at,
        )


def _rescore(effect: Effect, correction: Correction, number: int, *, by: User, at: dt.datetime) -> Rescore:
    paper = effect.after.paper
    return Rescore(
        attempt=effect.attempt,
        correction=correction,
        number=number,
        **result_columns(paper),
        results={
            str(position): [str(result.points), result.right, position - 1 in paper.left_out]
            for position, result in enumerate(paper.results, start=1)
        },
        reason=correction.reason,
        made_at=at,
        made_by=by.subject,
    )


def _event(row: Rescore, effect: Effect, *, identity: str, by: User, at: dt.datetime) -> None:
    attempt = effect.attempt
    payload = {
        **attempt_facts(attempt, identity),
        "correction": str(row.correction.public_id),
        "rescore": row.number,
        "right": row.right,
        "points": str(row.points),
        "out_of": row.out_of,
        "passed": row.passed,
        "critical_missed": row.critical_missed,
        "reason": row.reason,
    }
    record.append(attempt.enrollment.learner.subject, EventKind.QUIZ_RESCORED, payload, at=at, by=by.subject)
