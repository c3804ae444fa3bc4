"""Approving a course version, withdrawing an approval, and accepting a version that is not approved."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from courses.actions.publishing import follow_current
from courses.enums import Decision, ReviewRole
from courses.models import CourseAcceptance, CourseApproval, CourseVersion
from courses.queries.review import review_of
from lms.lib import names
from lms.people.actions.identity import write
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind


def approve(
    version: CourseVersion, *, reviewer: User, role: ReviewRole, note: str = "", at: dt.datetime
) -> CourseApproval:
    """Stores that the reviewer, who is the one acting, has read this version and approves it in this role; an event goes on their record.

    One approval a person: it takes two people to approve a version. Raises ValidationError, in words, when the version is no longer
    the current one, the reviewer is named as its author, or their approval stands already.
    """
    with transaction.atomic():
        record.hold(reviewer.subject)  # of two clicks at once, the second finds the row of the first
        if version.course.current_id != version.pk:
            raise ValidationError(
                "A newer edition was published in the meantime. Read that one, then approve it from the course page."
            )
        if _same_name(reviewer.name, version.authors):
            raise ValidationError("You are named as an author of this course. Somebody else has to approve it.")
        if any(row.reviewer_id == reviewer.pk for row in review_of(version).standing):
            raise ValidationError(
                "You have approved this edition already. A second approval has to be by somebody else."
            )
        row = CourseApproval.objects.create(
            version=version,
            reviewer=reviewer,
            role=role,
            decision=Decision.APPROVED,
            note=note.strip(),
            at=at,
            recorded_by=str(reviewer.subject),
        )
        payload = {**_about(version), "role": str(row.role), "note": row.note}
        write(reviewer, EventKind.CONTENT_APPROVED, payload, at=at, by=reviewer.subject)
    follow_current([version.course], at=at)
    return row


def withdraw_approval(approval: CourseApproval, *, reason: str, by: User, at: dt.datetime) -> bool:
    """Ends an approval by a later row; the earlier one stays. Whoever wrote it or any other coordinator may do so.

    False if it did not stand any more. The event goes on the reviewer's record. Raises ValidationError without a reason.
    """
    if not reason.strip():
        raise ValidationError("Say why the approval is withdrawn.")
    reviewer, version = approval.reviewer, approval.version
    with transaction.atomic():
        record.hold(reviewer.subject)
        if approval.pk not in {row.pk for row in review_of(version).standing}:
            return False
        CourseApproval.objects.create(
            version=version,
            reviewer=reviewer,
            role=approval.role,
            decision=Decision.WITHDRAWN,
            note=reason.strip(),
            at=at,
            recorded_by=str(by.subject),
        )
        payload = {**_about(version), "role": approval.role, "reason": reason.strip()}
        write(reviewer, EventKind.CONTENT_APPROVAL_WITHDRAWN, payload, at=at, by=by.subject)
    return True


def accept_unreviewed(version: CourseVersion, *, reason: str, by: User, at: dt.datetime) -> CourseAcceptance:
    """Lets a version that is not approved be required of people. The event goes on the record of who accepted it.

    It holds for this version only: the next one begins pending again. Raises ValidationError without a reason, and when there is
    nothing to accept: the version is approved, accepted already, or no longer the current one.
    """
    if not reason.strip():
        raise ValidationError("Say why this edition is accepted without approval.")
    try:
        with transaction.atomic():
            record.hold(by.subject)
            if version.course.current_id != version.pk:
                raise ValidationError("A newer edition was published in the meantime. Look at that one first.")
            if review_of(version).approved:
                raise ValidationError("This edition is approved, so there is nothing to accept.")
            acceptance = CourseAcceptance.objects.create(version=version, accepted_by=by, reason=reason.strip(), at=at)
            payload = {**_about(version), "reason": acceptance.reason}
            write(by, EventKind.CONTENT_ACCEPTED_UNREVIEWED, payload, at=at, by=by.subject)
    except IntegrityError as error:
        raise ValidationError("This edition is accepted already.") from error
    follow_current([version.course], at=at)
    return acceptance


def end_acceptance(acceptance: CourseAcceptance, *, reason: str, by: User, at: dt.datetime) -> bool:
    """The version counts as pending again; what was assigned stays. False if it was ended before; ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError("Say why the acceptance ends.")
    with transaction.atomic():
        record.hold(acceptance.accepted_by.subject)
        won = CourseAcceptance.objects.filter(pk=acceptance.pk, ended_at__isnull=True).update(
            ended_at=at, ended_by=str(by.subject), ended_reason=reason.strip()
        )
        if won:
            payload = {**_about(acceptance.version), "reason": reason.strip()}
            write(acceptance.accepted_by, EventKind.CONTENT_ACCEPTANCE_ENDED, payload, at=at, by=by.subject)
    return bool(won)


def _about(version: CourseVersion) -> dict[str, Any]:
    return {"course": version.course.slug, "edition": version.content_hash, "version": str(version.public_id)}


def _same_name(name: str, authors: list[str]) -> bool:
    return names.one_line(name).casefold() in {names.one_line(author).casefold() for author in authors}
