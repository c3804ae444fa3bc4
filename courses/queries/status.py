"""The status of an assignment at an instant, computed from dates. One meaning in two forms, held together by a test:
``status_of`` for one row in memory and ``with_status`` as a queryset twin.
"""

import dataclasses
import datetime as dt

from django.db.models import Case, CharField, OuterRef, Q, QuerySet, Subquery, Value, When

from courses.enums import Status
from courses.models import Assignment, Certificate

EXPIRING_DAYS = 60


@dataclasses.dataclass(frozen=True)
class Facts:
    """What decides a status."""

    opens_at: dt.datetime
    due_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    attempts_used_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None


def status_of(facts: Facts, at: dt.datetime) -> Status:
    """Withdrawn before all; a completion counts while its certificate is neither revoked nor expired; then lateness, then progress."""
    if facts.withdrawn_at is not None and facts.withdrawn_at <= at:
        return Status.NOT_REQUIRED
    if facts.completed_at is not None and facts.completed_at <= at:
        if facts.revoked_at is not None and facts.revoked_at <= at:
            return Status.EXPIRED
        if facts.expires_at is not None and facts.expires_at <= at:
            return Status.EXPIRED
        if facts.expires_at is not None and facts.expires_at - dt.timedelta(days=EXPIRING_DAYS) <= at:
            return Status.EXPIRING
        return Status.COMPLETE
    if facts.due_at <= at:
        return Status.OVERDUE
    if facts.attempts_used_at is not None and facts.attempts_used_at <= at:
        return Status.ATTEMPTS_USED
    if facts.started_at is not None and facts.started_at <= at:
        return Status.IN_PROGRESS
    return Status.OPENS_LATER if facts.opens_at > at else Status.NOT_STARTED


def with_status(assignments: QuerySet[Assignment], at: dt.datetime) -> QuerySet[Assignment]:
    """The assignments with ``status`` and the certificate's columns annotated. Twin of ``status_of``."""
    certificate = Certificate.objects.filter(enrollment=OuterRef("enrollment"), superseded_at__isnull=True)
    rows = assignments.annotate(
        certificate_expires_at=Subquery(certificate.values("expires_at")[:1]),
        certificate_expires_on=Subquery(certificate.values("expires_on")[:1]),
        certificate_revoked_at=Subquery(certificate.values("revoked_at")[:1]),
    )
    done = Q(enrollment__completed_at__lte=at)
    soon = at + dt.timedelta(days=EXPIRING_DAYS)
    return rows.annotate(
        status=Case(
            When(withdrawn_at__lte=at, then=Value(Status.NOT_REQUIRED.value)),
            When(done & Q(certificate_revoked_at__lte=at), then=Value(Status.EXPIRED.value)),
            When(done & Q(certificate_expires_at__lte=at), then=Value(Status.EXPIRED.value)),
            When(done & Q(certificate_expires_at__lte=soon), then=Value(Status.EXPIRING.value)),
            When(done, then=Value(Status.COMPLETE.value)),
            When(due_at__lte=at, then=Value(Status.OVERDUE.value)),
            When(enrollment__attempts_used_at__lte=at, then=Value(Status.ATTEMPTS_USED.value)),
            When(enrollment__started_at__lte=at, then=Value(Status.IN_PROGRESS.value)),
            When(opens_at__gt=at, then=Value(Status.OPENS_LATER.value)),
            default=Value(Status.NOT_STARTED.value),
            output_field=CharField(),
        )
    )
