"""Who may reach what in courses: one helper an object, which fetches with permission or raises Http404."""

import uuid

from django.http import Http404

from courses.models import Assignment, Certificate, Enrollment, Unit
from lms.people.models import User


def enrollment_for(user: User, public_id: uuid.UUID) -> Enrollment:
    """The learner's own enrollment."""
    rows = Enrollment.objects.select_related("learner__site", "version", "course")
    enrollment = rows.filter(public_id=public_id, learner=user).first()
    if enrollment is None:
        raise Http404
    return enrollment


def unit_for(enrollment: Enrollment, slug: str) -> Unit:
    """A unit of the enrollment's own version."""
    unit = Unit.objects.filter(version_id=enrollment.version_id, slug=slug).first()
    if unit is None:
        raise Http404
    return unit


def certificate_for(user: User, public_id: uuid.UUID) -> Certificate:
    """The learner's own certificate; a coordinator reaches everybody's."""
    rows = Certificate.objects.select_related("enrollment__learner__site", "enrollment__course", "enrollment__version")
    certificate = rows.filter(public_id=public_id).first()
    if certificate is None or not (user.is_coordinator or certificate.enrollment.learner_id == user.pk):
        raise Http404
    return certificate


def assignment_for_coordinator(user: User, public_id: uuid.UUID) -> Assignment:
    """Any person's assignment, for a coordinator."""
    rows = Assignment.objects.select_related("learner__site", "course", "enrollment__version")
    assignment = rows.filter(public_id=public_id).first()
    if assignment is None or not user.is_coordinator:
        raise Http404
    return assignment
