"""What a person is in this organization. A learner is everybody."""

from django.contrib.auth.models import AnonymousUser

from lms.people.models import Supervision, User


def is_coordinator(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_active and user.is_coordinator


def is_supervisor(user: User | AnonymousUser) -> bool:
    """Whether the person supervises at least one team now. One query."""
    return (
        isinstance(user, User)
        and user.is_active
        and Supervision.objects.filter(supervisor=user, ended_at=None).exists()
    )
