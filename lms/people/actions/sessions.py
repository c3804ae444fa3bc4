"""Signed-in sessions of a person."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from lms.lib import clock
from lms.people.models import User


def end_sessions(user: User) -> int:
    """Deletes every session in which this person is signed in, on all devices, and says how many those were.

    A session's owner stands inside its signed data, so all that have not run out are read; an organization has a few hundred.
    """
    mine = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=clock.now()).iterator()
        if str(session.get_decoded().get(SESSION_KEY)) == str(user.pk)
    ]
    return Session.objects.filter(session_key__in=mine).delete()[0]
