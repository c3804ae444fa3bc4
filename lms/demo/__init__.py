"""The demonstration organization: three sites, about thirty people, every state that a supervisor can meet.

Made by ``manage.py demo`` through the same actions that pages use, only into an empty database, never in production. The same every
time but for the day it is made, from which all dates count.
"""


def sign_ins() -> list[tuple[str, str, str]]:
    """Who may sign in to try it: (who, email, password); empty unless this database holds the demonstration."""
    from lms.demo import cast
    from lms.people.models import Organization

    if not Organization.objects.filter(demonstration=True).exists():
        return []
    return [(role, email, cast.PASSWORD) for role, email in cast.SIGN_INS]
