"""Practices that wait for a sign-off, as rows of Today."""

import datetime as dt

from django.db.models import QuerySet
from django.urls import reverse

from courses.queries.decisions import Act, Decision, Group
from courses.queries.sign_offs import WaitingRow, waiting_rows
from lms.lib import dates
from lms.people.models import User

MOST_NAMED = 3


def sign_offs_waiting(people: QuerySet[User], viewer: User, at: dt.datetime) -> list[Decision]:
    """One row a practice, the one that has waited longest first. Who is qualified opens the checklist; others read who can watch it. None of
    people outside ``people``, whom the viewer may reach as a named assessor: they stand on the page of sign-offs. Two queries more than those
    of ``waiting_rows``' rows."""
    rows = waiting_rows(viewer, at)
    mine = set(people.filter(pk__in=[row.person.pk for row in rows]).values_list("pk", flat=True)) if rows else set()
    return [_decision(row) for row in rows if row.person.pk in mine and row.since is not None]


def _decision(row: WaitingRow) -> Decision:
    person, course = row.person, row.enrollment.course
    assert row.since is not None
    since = dates.long_date(dates.local_date(row.since, person.zone))
    who = ", ".join(one.person.name for one in row.assessors[:MOST_NAMED])
    if row.may:
        rest = "You are the assessor."
    elif who:
        rest = f"Who can watch it: {who}."
    else:
        rest = "Nobody can watch it yet. Ask the training coordinator to name an assessor."
    return Decision(
        key=f"row-{row.enrollment.public_id}-{row.practice.id}",
        group=Group.ANSWER,
        person=person,
        course=course.pk,
        title=course.title,
        status="sign_off_waiting",
        word="Sign-off waiting",
        text=f"{course.title}, due {dates.long_date(row.assignment.due_on)}: only “{row.practice.title}” is left, since {since}. {rest}",
        since=row.since,
        acts=(Act("Open checklist", row.url),) if row.may else (),
        why_url=reverse("why", args=[row.assignment.public_id]),
    )
