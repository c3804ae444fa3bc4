"""Certificates as facts: issue, revoke, reissue. Drawing the file is courses.certificates; fetching it is courses.actions.filing."""

import datetime as dt
import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from courses.models import Assignment, Certificate, CourseVersion, Enrollment, UnitProgress
from courses.models.certificate import CertificateCounter
from courses.queries.duties import renewal_of
from courses.requirements.dating import valid_until
from lms.lib import codes, dates, numbers
from lms.outbox import actions as outbox
from lms.outbox import work
from lms.people.actions.identity import snapshot_of
from lms.people.enums import Category
from lms.people.links import site_url
from lms.people.models import Organization, User
from lms.people.roles import is_supervisor
from lms.record import actions as record
from lms.record.enums import EventKind

DRAW = "courses.tasks.draw_certificate"


def issue(enrollment: Enrollment, *, at: dt.datetime, by: uuid.UUID | str | None = None) -> Certificate:
    """Writes the certificate of a completion, inside the completing transaction.

    What is printed is frozen here, from the identity snapshot of this moment; the expiry is decided here, once. The mail is made
    here too, waiting for the file. The drawing of the file is rung after commit. ``by``: whose act it was, if not the learner's.
    """
    learner = enrollment.learner
    version = enrollment.version
    zone = learner.zone
    completed_on = dates.local_date(at, zone)
    expires_on = expiry_of(enrollment, completed_on)
    certificate = _create(
        enrollment,
        at=at,
        snapshot=snapshot_of(learner, at=at).hash,
        name=learner.name,
        latin_name=learner.latin_name,
        course_title=version.title,
        edition=version.edition,
        language=version.language,
        hours=version.hours,
        score=_score(enrollment),
        zone=zone,
        completed_on=completed_on,
        expires_on=expires_on,
        expires_at=dates.end_of_day(expires_on, zone) if expires_on else None,
    )
    _event(certificate, EventKind.CERTIFICATE_ISSUED, {}, by=by or learner.subject, at=at)
    return certificate


def expiry_of(enrollment: Enrollment, completed_on: dt.date) -> dt.date | None:
    """The last day on which this completion counts; None when it does not run out. Decided here, once.

    The rules of the requirements whose duties share the enrollment decide, the shortest of them; without one, the course's own months
    for the audiences of the person. A renewal inside its window runs on from the old end.
    """
    learner = enrollment.learner
    duties = list(
        Assignment.objects.filter(enrollment=enrollment, withdrawn_at__isnull=True, rule__isnull=False).select_related(
            "rule"
        )
    )
    if duties:
        ends = [
            valid_until(
                renewal_of(duty.rule),
                completed_on=completed_on,
                previous=duty.renews_until_on,
                hire_date=learner.hire_date,
            )
            for duty in duties
            if duty.rule is not None
        ]
        return min((day for day in ends if day is not None), default=None)
    months = valid_months(enrollment.version, learner)
    return dates.add_months(completed_on, months) if months else None


def valid_months(version: CourseVersion, learner: User) -> int | None:
    """The shortest validity of the audiences the person belongs to; None means that it does not expire."""
    audiences = {"volunteer" if learner.category == Category.VOLUNTEER else "staff"}
    if is_supervisor(learner):
        audiences.add("supervisor")
    months = [int(n) for audience, n in version.valid_months.items() if audience in audiences and n]
    return min(months) if months else min((int(n) for n in version.valid_months.values() if n), default=None)


def revoke(certificate: Certificate, *, reason: str, by: uuid.UUID, at: dt.datetime) -> bool:
    """Takes the certificate back, at once and everywhere. False if it was revoked or superseded before. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError("Say why the certificate is revoked. The reason stays in the record.")
    with transaction.atomic():
        record.hold(certificate.enrollment.learner.subject)
        won = Certificate.objects.filter(pk=certificate.pk, revoked_at__isnull=True, superseded_at__isnull=True).update(
            revoked_at=at, revoked_reason=reason.strip()
        )
        if won:
            certificate.refresh_from_db()
            _event(certificate, EventKind.CERTIFICATE_REVOKED, {"reason": reason.strip()}, by=by, at=at)
    return bool(won)


def reissue(certificate: Certificate, *, reason: str, by: uuid.UUID, at: dt.datetime) -> Certificate:
    """Prints the person's corrected name: a new row, number and code that supersede this one; dates and score stay.

    The old code keeps answering, and says that it was replaced. Raises ValidationError without a reason, for a revoked or
    superseded certificate, for an erased person, and when the name has not changed.
    """
    if not reason.strip():
        raise ValidationError("Say why the certificate is issued again. The reason stays in the record.")
    with transaction.atomic():
        record.hold(certificate.enrollment.learner.subject)
        learner = User.objects.select_related("site", "team").get(pk=certificate.enrollment.learner_id)
        if learner.erased_at is not None:
            raise ValidationError("The identity of this person was erased, so no new certificate can be printed.")
        if (learner.name, learner.latin_name) == (certificate.name, certificate.latin_name):
            raise ValidationError(
                "The name has not changed. Correct the person's name first, then issue the certificate again."
            )
        won = Certificate.objects.filter(pk=certificate.pk, revoked_at__isnull=True, superseded_at__isnull=True).update(
            superseded_at=at
        )
        if not won:
            raise ValidationError("This certificate was revoked or replaced before, so it cannot be issued again.")
        certificate.refresh_from_db()
        new = _create(
            certificate.enrollment,
            at=at,
            supersedes=certificate,
            reissue_reason=reason.strip(),
            snapshot=snapshot_of(learner, at=at).hash,
            name=learner.name,
            latin_name=learner.latin_name,
            course_title=certificate.course_title,
            edition=certificate.edition,
            language=certificate.language,
            hours=certificate.hours,
            score=certificate.score,
            zone=certificate.zone,
            completed_on=certificate.completed_on,
            expires_on=certificate.expires_on,
            expires_at=certificate.expires_at,
        )
        _event(
            new,
            EventKind.CERTIFICATE_REISSUED,
            {"reason": reason.strip(), "supersedes": str(certificate.public_id)},
            by=by,
            at=at,
        )
    return new


def _create(enrollment: Enrollment, *, at: dt.datetime, **printed: object) -> Certificate:
    organization = Organization.objects.get()
    code = codes.public_code()
    certificate = Certificate.objects.create(
        enrollment=enrollment,
        code=code,
        number=_next_number(organization, at),
        organization=organization.name,
        signatory=organization.signatory,
        signatory_title=organization.signatory_title,
        paper=organization.paper,
        verify_url=site_url(f"/verify/{code}"),
        issued_at=at,
        next_try_at=at,
        **printed,
    )
    outbox.announce(
        "certificate_ready",
        key=f"certificate_ready:{certificate.public_id}",
        recipient=enrollment.learner,
        ref=str(certificate.public_id),
        at=at,
        waiting=True,
    )
    work.ring_after_commit(DRAW, certificate.pk)
    return certificate


def _next_number(organization: Organization, at: dt.datetime) -> str:
    """AR-2026-000123: counted per year, by an UPDATE that every other issue waits for, so without gaps or doubles."""
    year = at.year
    if not CertificateCounter.objects.filter(year=year).update(last=F("last") + 1):
        CertificateCounter.objects.bulk_create([CertificateCounter(year=year)], ignore_conflicts=True)
        CertificateCounter.objects.filter(year=year).update(last=F("last") + 1)
    last = CertificateCounter.objects.get(year=year).last
    return f"{organization.certificate_prefix}-{year}-{last:06d}"


def _score(enrollment: Enrollment) -> str:
    rows = UnitProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False)
    return f"{numbers.points(sum((row.points for row in rows), Decimal(0)))} of {sum(row.out_of for row in rows)}"


def _event(
    certificate: Certificate, kind: EventKind, payload: dict[str, str], *, by: uuid.UUID | str, at: dt.datetime
) -> None:
    base = {
        "certificate": str(certificate.public_id),
        "number": certificate.number,
        "course": certificate.enrollment.course.slug,
        "enrollment": str(certificate.enrollment.public_id),
        "completed_on": str(certificate.completed_on),
        "expires_on": str(certificate.expires_on or ""),
        "zone": certificate.zone,
        "score": certificate.score,
        "identity": certificate.snapshot,
    }
    record.append(certificate.enrollment.learner.subject, kind, {**base, **payload}, at=at, by=by)
