"""Each person's newest cycle of each course."""

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When

from courses.models import Assignment
from lms.people.models import User


def newest(people: QuerySet[User]) -> QuerySet[Assignment]:
    """The one assignment by which a person's standing in a course is judged."""
    return newest_of_each(Assignment.objects.filter(learner__in=people))


def newest_of_each(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Of these assignments each person's newest cycle of each course. Of those that share it: one that is still asked, one that nothing from
    elsewhere fulfils, what counts for the shortest time, what is due first. The others stay in the person's record. Withdrawn ones are left out."""
    newest = (
        Assignment.objects.filter(learner=OuterRef("learner"), course=OuterRef("course"), withdrawn_at__isnull=True)
        .order_by(
            "-cycle",
            F("ended_at").asc(nulls_first=True),
            Case(When(satisfied_at__isnull=True, then=0), default=1),
            F("valid_until_at").asc(nulls_last=True),
            "due_at",
            "pk",
        )
        .values("pk")[:1]
    )
    return rows.filter(withdrawn_at__isnull=True, pk=Subquery(newest))
