"""What follows when attempts were used or given: the enrollment says so, and those who can help are told."""

import datetime as dt
from collections.abc import Iterable

from courses.actions import learning
from courses.models import Enrollment
from lms.outbox import actions as outbox
from lms.people.models import User
from lms.people.queries.teams import supervisors_of
from quizzes.queries.grants import UsedUp, used_up


def settle(enrollments: Iterable[Enrollment], *, at: dt.datetime) -> None:
    """Sets or clears ``attempts_used_at`` of one person's enrollments by what their attempts and rules are now.

    Must run in a transaction that holds the learner's record. For each quiz that is used up, its learner's supervisors and the
    coordinators are told, each once for a quiz and a number of allowed attempts; who has no address is left out.
    """
    rows = list(enrollments)
    if not rows:
        return
    learner = rows[0].learner
    found = used_up(learner)
    for enrollment in rows:
        mine = [used for used in found if used.enrollment.pk == enrollment.pk]
        if not mine:
            learning.attempts_opened(enrollment, at=at)
            continue
        learning.attempts_used(enrollment, at=at)
        for used in mine:
            for recipient in helpers_of(learner):
                outbox.note("attempts_used", key=key(used, recipient), recipient=recipient, ref=ref(used), at=at)


def key(used: UsedUp, recipient: User) -> str:
    """At most once for an enrollment, a unit, the number of allowed attempts and a recipient."""
    return f"attempts_used:{used.enrollment.public_id}:{used.unit.pk}:{used.allowed}:{recipient.public_id}"


def ref(used: UsedUp) -> str:
    return f"{used.enrollment.public_id.hex}:{used.unit.pk}:{used.allowed}"


def helpers_of(learner: User) -> list[User]:
    """Who may open another attempt for a person and can be written to: supervisors, nearest first, then coordinators."""
    people = {person.pk: person for person in supervisors_of(learner) if person.is_active and person.email}
    coordinators = User.objects.filter(is_active=True, is_coordinator=True, email__isnull=False).exclude(pk=learner.pk)
    for person in coordinators.order_by("name", "pk"):
        people.setdefault(person.pk, person)
    return list(people.values())
