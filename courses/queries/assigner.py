"""Who assigned a course, by name."""

import uuid

from courses.models import Assignment
from lms.people.models import User


def assigner_name(assignment: Assignment | None) -> str:
    """The name of the person who assigned it; empty when the system did. At most one query."""
    if assignment is None:
        return ""
    try:
        subject = uuid.UUID(assignment.assigned_by)
    except ValueError:
        return ""
    return User.objects.filter(subject=subject).values_list("name", flat=True).first() or ""
