"""What a learner does with a course: start it, read a unit, complete a unit. ``finish_if_done`` is the only judge of completion."""

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.db import transaction

from courses.actions.issuing import issue
from courses.models import Certificate, Enrollment, ShownSiteWords, SignOff, SiteWords, Unit, UnitProgress
from courses.queries.practices import missing_of
from courses.queries.site_words import current_words
from lms.people.actions.identity import snapshot_of
from lms.record import actions as record
from lms.record.enums import EventKind


def start_course(
    enrollment: Enrollment, version_pk: int, *, at: dt.datetime, by: uuid.UUID | str | None = None
) -> bool:
    """Marks the course as started, once, which pins the edition. Must run inside a transaction that holds the learner's record. False, and nothing happens, when the
    enrollment is not of that edition (it has followed a new one since it was read)."""
    if enrollment.started_at is None:
        mine = Enrollment.objects.filter(pk=enrollment.pk, version=version_pk)
        if mine.filter(started_at__isnull=True).update(started_at=at):
            enrollment.started_at = at
            _event(enrollment, EventKind.COURSE_STARTED, {}, at=at, by=by)
        elif not mine.exists():
            return False
    return True


def open_unit(enrollment: Enrollment, unit: Unit, *, at: dt.datetime) -> UnitProgress:
    """Marks the unit as opened and, the first time, the course as started; notes which site words the page shows.

    Called by the POST that the reader sends when a unit is first opened, never by a GET. Starting pins the edition; a unit of
    another edition (a new one was published since the page was made) changes nothing. Holds the learner's record.
    """
    with transaction.atomic():
        record.hold(enrollment.learner.subject)
        if not start_course(enrollment, unit.version_id, at=at):
            return UnitProgress(enrollment=enrollment, unit=unit, opened_at=at)
        progress, _ = UnitProgress.objects.get_or_create(enrollment=enrollment, unit=unit, defaults={"opened_at": at})
        words = current_words(unit.slots)
        for row in words.values():
            _note_words(enrollment, row, at)
    return progress


def _note_words(enrollment: Enrollment, words: SiteWords, at: dt.datetime) -> None:
    _, new = ShownSiteWords.objects.get_or_create(enrollment=enrollment, words=words, defaults={"first_shown_at": at})
    if new:
        _event(enrollment, EventKind.SITE_WORDS_SHOWN, {"slot": words.slot, "number": words.number}, at=at)


def remember_place(enrollment: Enrollment, unit: Unit, place: str, *, at: dt.datetime) -> None:
    """Keeps the section last seen. A place that the unit does not have is ignored."""
    if place in {section["id"] for section in unit.sections}:
        open_unit(enrollment, unit, at=at)
        UnitProgress.objects.filter(enrollment=enrollment, unit=unit).update(place=place)


def mark_read(enrollment: Enrollment, unit: Unit, *, at: dt.datetime) -> None:
    """The learner went on from the unit to its quiz. The event says just that: whether they read every line nobody knows."""
    with transaction.atomic():
        open_unit(enrollment, unit, at=at)
        if UnitProgress.objects.filter(enrollment=enrollment, unit=unit, read_at__isnull=True).update(read_at=at):
            _event(enrollment, EventKind.UNIT_LEFT_FOR_QUIZ, {"unit": unit.author_id}, at=at)


@dataclasses.dataclass(frozen=True)
class Passed:
    """What quizzes tell about a passed quiz: the points, of how many questions."""

    points: Decimal
    out_of: int


def complete_unit(enrollment: Enrollment, unit: Unit, passed: Passed, *, at: dt.datetime) -> Certificate | None:
    """Called by quizzes inside the transaction that stores a pass. Completes the unit once, then asks ``finish_if_done``.

    Returns the certificate if this was the last unit, else None. A unit that was completed before changes nothing.
    """
    # Of two last units passed at once, the second must see the first, or nobody would complete.
    record.hold(enrollment.learner.subject)
    progress, _ = UnitProgress.objects.get_or_create(enrollment=enrollment, unit=unit, defaults={"opened_at": at})
    if not UnitProgress.objects.filter(pk=progress.pk, completed_at__isnull=True).update(
        completed_at=at, points=passed.points, out_of=passed.out_of
    ):
        return None
    _event(
        enrollment,
        EventKind.UNIT_COMPLETED,
        {"unit": unit.author_id, "points": str(passed.points), "out_of": passed.out_of},
        at=at,
    )
    return finish_if_done(enrollment, at=at)


def finish_if_done(enrollment: Enrollment, *, at: dt.datetime, by: uuid.UUID | str | None = None) -> Certificate | None:
    """The only judge of completion. Must run inside a transaction that holds the learner's record.

    Done means that every unit of the pinned version is completed within this enrollment, and that every practice which the version
    asks for is signed off. Where only a sign-off is missing, the first time is noted, with its event, and None is returned. One
    conditional UPDATE decides who completes; the winner writes the completion, the certificate row with its occasion and waiting
    message, and the events. Everyone else gets None. ``by``: whose act it was, if not the learner's.
    """
    completed = UnitProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).values("unit")
    units = Unit.objects.filter(version__enrollments=enrollment)
    if not units.exists() or units.exclude(pk__in=completed).exists():
        return None
    missing = missing_of(enrollment)
    if missing:
        waits = Enrollment.objects.filter(pk=enrollment.pk, completed_at__isnull=True, awaits_sign_off_at__isnull=True)
        if waits.update(awaits_sign_off_at=at):
            enrollment.awaits_sign_off_at = at
            facts = {"missing": [practice.id for practice in missing]}
            _event(enrollment, EventKind.SIGN_OFF_AWAITED, facts, at=at, by=by)
        return None
    if not Enrollment.objects.filter(pk=enrollment.pk, completed_at__isnull=True).update(completed_at=at):
        return None
    enrollment.completed_at = at
    _event(enrollment, EventKind.COURSE_COMPLETED, _observed(enrollment), at=at, by=by)
    return issue(enrollment, at=at, by=by)


def _observed(enrollment: Enrollment) -> dict[str, Any]:
    """What the record of a completion says of the practices; nothing where the edition asks for none."""
    if not enrollment.version.sign_offs:
        return {}
    rows = SignOff.objects.passed().filter(enrollment=enrollment).order_by("practice")
    return {"sign_offs": [row.facts for row in rows]}


def attempts_used(enrollment: Enrollment, *, at: dt.datetime) -> None:
    """Called by quizzes when the last attempt of a unit was failed, inside its transaction. The first time stays and has an event."""
    if Enrollment.objects.filter(pk=enrollment.pk, attempts_used_at__isnull=True).update(attempts_used_at=at):
        _event(enrollment, EventKind.ATTEMPTS_USED, {}, at=at, by=record.SYSTEM)


def attempts_opened(enrollment: Enrollment, *, at: dt.datetime) -> None:
    """Called by quizzes when every unit of the enrollment has an attempt left again, or is passed. An event only when that is news."""
    if Enrollment.objects.filter(pk=enrollment.pk, attempts_used_at__isnull=False).update(attempts_used_at=None):
        _event(enrollment, EventKind.ATTEMPTS_RESTORED, {}, at=at, by=record.SYSTEM)


def points_raised(enrollment: Enrollment, unit: Unit, passed: Passed) -> None:
    """Called by quizzes when a correction raised the result of a completed unit, so that a certificate still to come shows it.

    A lower share than the unit has changes nothing. A certificate that was issued stays as it was printed.
    """
    for progress in UnitProgress.objects.filter(enrollment=enrollment, unit=unit, completed_at__isnull=False):
        if passed.points * progress.out_of > progress.points * passed.out_of:
            UnitProgress.objects.filter(pk=progress.pk).update(points=passed.points, out_of=passed.out_of)


def _event(
    enrollment: Enrollment,
    kind: EventKind,
    payload: dict[str, Any],
    *,
    at: dt.datetime,
    by: uuid.UUID | str | None = None,
) -> None:
    learner = enrollment.learner
    base = {
        "enrollment": str(enrollment.public_id),
        "course": enrollment.course.slug,
        "edition": enrollment.version.content_hash,
        "identity": snapshot_of(learner, at=at).hash,
    }
    record.append(learner.subject, kind, {**base, **payload}, at=at, by=by or learner.subject)
