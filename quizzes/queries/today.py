"""What quizzes add to a supervisor's Today: people who have used all attempts at a quiz."""

import datetime as dt

from django.db.models import QuerySet
from django.urls import reverse

from courses.models import Assignment, Enrollment
from courses.queries.decisions import Act, Decision, Group
from courses.queries.status import paused
from lms.lib import dates
from lms.people.models import User
from quizzes.queries.grants import used_up_of


def attempts_used(people: QuerySet[User], viewer: User, at: dt.datetime) -> list[Decision]:
    """One row a quiz whose attempts are used, the one that has waited longest first; nobody who is exempt or on leave. Seven queries."""
    rows = Assignment.objects.open().filter(
        learner__in=people.exclude(pk=viewer.pk), enrollment__attempts_used_at__lte=at, ended_at__isnull=True
    )
    waiting = {row.enrollment_id: row for row in rows.exclude(paused(at)).order_by("-due_at", "-pk")}
    if not waiting:
        return []
    found = used_up_of(Enrollment.objects.filter(pk__in=list(waiting)))
    learners = {
        person.pk: person
        for person in User.objects.filter(pk__in=[used.enrollment.learner_id for used in found]).select_related(
            "site", "team"
        )
    }
    decisions = []
    for used in found:
        assignment = waiting[used.enrollment.pk]
        person = learners[used.enrollment.learner_id]
        last = dates.long_date(dates.local_date(used.last_at, person.zone))
        due = dates.long_date(assignment.due_on)
        decisions.append(
            Decision(
                key=f"row-{used.enrollment.public_id}-{used.unit.slug}",
                group=Group.ANSWER,
                person=person,
                course=used.enrollment.course_id,
                title=used.enrollment.course.title,
                status="attempts_used",
                word="Attempts used",
                text=(
                    f"{used.enrollment.course.title}, due {due}. All {used.allowed} attempts at the quiz of "
                    f"“{used.unit.title}” are used, the last on {last}. A talk comes first, then another attempt."
                ),
                since=used.last_at,
                acts=(
                    Act(
                        "Open another attempt",
                        reverse("open_attempt", args=[person.public_id, used.enrollment.public_id, used.unit.slug]),
                    ),
                ),
                why_url=reverse("why", args=[assignment.public_id]),
            )
        )
    return sorted(decisions, key=lambda one: one.since)
