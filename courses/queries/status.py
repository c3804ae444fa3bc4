"""The status of an assignment at an instant, computed from dates. One meaning in two forms, held together by a test:
``status_of`` for one row in memory and ``with_status`` as a queryset twin.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable

from django.db.models import Case, CharField, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When

from courses.enums import ExceptionKind, Status
from courses.models import Assignment, DutyException

EXPIRING_DAYS = 60


@dataclasses.dataclass(frozen=True)
class Span:
    """From an instant to an instant, without the second; None means without an end."""

    start: dt.datetime
    end: dt.datetime | None = None

    def holds(self, at: dt.datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What decides a status. ``expires_at`` is that of the certificate, ``valid_until_at`` that of the assignment: the earlier one
    counts. ``exempt`` and ``leave`` are the spans of the person's exceptions that touch this course."""

    opens_at: dt.datetime
    due_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    attempts_used_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    satisfied_at: dt.datetime | None = None
    valid_until_at: dt.datetime | None = None
    renews_until_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    exempt: tuple[Span, ...] = ()
    leave: tuple[Span, ...] = ()
    awaits_sign_off_at: dt.datetime | None = None


def _reached(instant: dt.datetime | None, at: dt.datetime) -> bool:
    return instant is not None and instant <= at


def status_of(facts: Facts, at: dt.datetime) -> Status:
    """Withdrawn before all; then a completion that counts and does not end soon; then what is asked no more, exemption and leave; then
    evidence that ran out or ends soon; then lateness, then progress. A renewal that is open says how the old evidence stands until
    it is begun."""
    if _reached(facts.withdrawn_at, at):
        return Status.NOT_REQUIRED
    done = _reached(facts.completed_at, at) or _reached(facts.satisfied_at, at)
    soon = at + dt.timedelta(days=EXPIRING_DAYS)
    lost = any(_reached(end, at) for end in (facts.revoked_at, facts.expires_at, facts.valid_until_at))
    ends_soon = any(_reached(end, soon) for end in (facts.expires_at, facts.valid_until_at))
    if done and not lost and not ends_soon:
        return Status.COMPLETE
    if _reached(facts.ended_at, at):
        return Status.NOT_REQUIRED
    if any(span.holds(at) for span in facts.exempt):
        return Status.EXEMPT
    if any(span.holds(at) for span in facts.leave):
        return Status.ON_LEAVE
    if done:
        return Status.EXPIRED if lost else Status.EXPIRING
    if _reached(facts.renews_until_at, at):
        return Status.EXPIRED
    if facts.due_at <= at:
        return Status.OVERDUE
    if _reached(facts.awaits_sign_off_at, at):
        return Status.SIGN_OFF_WAITING
    if _reached(facts.attempts_used_at, at):
        return Status.ATTEMPTS_USED
    if _reached(facts.started_at, at):
        return Status.IN_PROGRESS
    if facts.opens_at > at:
        return Status.OPENS_LATER
    return Status.EXPIRING if facts.renews_until_at is not None else Status.NOT_STARTED


def with_status(assignments: QuerySet[Assignment], at: dt.datetime) -> QuerySet[Assignment]:
    """The assignments with ``status`` and the certificate's columns annotated. Twin of ``status_of``."""
    standing = FilteredRelation(
        "enrollment__certificates", condition=Q(enrollment__certificates__superseded_at__isnull=True)
    )  # at most one, by constraint; joined once, where subqueries would stand in each line of the CASE again
    rows = assignments.annotate(standing=standing).annotate(
        certificate_expires_at=F("standing__expires_at"),
        certificate_expires_on=F("standing__expires_on"),
        certificate_revoked_at=F("standing__revoked_at"),
    )
    done = Q(enrollment__completed_at__lte=at) | Q(satisfied_at__lte=at)
    soon = at + dt.timedelta(days=EXPIRING_DAYS)
    lost = Q(certificate_revoked_at__lte=at) | Q(certificate_expires_at__lte=at) | Q(valid_until_at__lte=at)
    ends_soon = Q(certificate_expires_at__lte=soon) | Q(valid_until_at__lte=soon)
    # written without ~: a negated comparison of a column that may be null is not true in SQL
    return rows.annotate(
        status=Case(
            When(withdrawn_at__lte=at, then=Value(Status.NOT_REQUIRED.value)),
            When(done & (lost | ends_soon) & Q(ended_at__lte=at), then=Value(Status.NOT_REQUIRED.value)),
            When(done & (lost | ends_soon) & Q(_holds(ExceptionKind.EXEMPTION, at)), then=Value(Status.EXEMPT.value)),
            When(done & (lost | ends_soon) & Q(_holds(ExceptionKind.LEAVE, at)), then=Value(Status.ON_LEAVE.value)),
            When(done & lost, then=Value(Status.EXPIRED.value)),
            When(done & ends_soon, then=Value(Status.EXPIRING.value)),
            When(done, then=Value(Status.COMPLETE.value)),
            When(ended_at__lte=at, then=Value(Status.NOT_REQUIRED.value)),
            When(Q(_holds(ExceptionKind.EXEMPTION, at)), then=Value(Status.EXEMPT.value)),
            When(Q(_holds(ExceptionKind.LEAVE, at)), then=Value(Status.ON_LEAVE.value)),
            When(renews_until_at__lte=at, then=Value(Status.EXPIRED.value)),
            When(due_at__lte=at, then=Value(Status.OVERDUE.value)),
            When(enrollment__awaits_sign_off_at__lte=at, then=Value(Status.SIGN_OFF_WAITING.value)),
            When(enrollment__attempts_used_at__lte=at, then=Value(Status.ATTEMPTS_USED.value)),
            When(enrollment__started_at__lte=at, then=Value(Status.IN_PROGRESS.value)),
            When(opens_at__gt=at, then=Value(Status.OPENS_LATER.value)),
            When(renews_until_at__isnull=False, then=Value(Status.EXPIRING.value)),
            default=Value(Status.NOT_STARTED.value),
            output_field=CharField(),
        )
    )


def _holds(kind: ExceptionKind, at: dt.datetime) -> Exists:
    """Whether an exception of this kind holds for an assignment's learner and course at the instant."""
    return Exists(
        DutyException.objects.filter(
            Q(course__isnull=True) | Q(course=OuterRef("course")),
            Q(ends_at__isnull=True) | Q(ends_at__gt=at),
            learner=OuterRef("learner"),
            kind=kind,
            starts_at__lte=at,
        )
    )


def paused(at: dt.datetime) -> Q:
    """Assignments whose person is exempt or on leave at the instant: nobody is written to about them."""
    return Q(_holds(ExceptionKind.EXEMPTION, at)) | Q(_holds(ExceptionKind.LEAVE, at))


def spans_of(exceptions: Iterable[DutyException], course_pk: int, kind: str) -> tuple[Span, ...]:
    """The spans of one person's exceptions of a kind that touch a course."""
    return tuple(
        Span(row.starts_at, row.ends_at)
        for row in exceptions
        if row.kind == kind and (row.course_id is None or row.course_id == course_pk)
    )
