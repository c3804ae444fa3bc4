"""Editions that changed what is taught, and who still holds an older one."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from courses.enums import ChangeKind
from courses.models import Assignment, Certificate, CourseVersion, Enrollment
from courses.queries.duties import duty_of, holdings_of
from courses.queries.status import with_status
from courses.requirements.facts import Duty
from lms.people.models import User


def material_edition(current: CourseVersion) -> CourseVersion | None:
    """The newest edition up to the current one that changed what is taught; None when nothing ever did. One query."""
    rows = CourseVersion.objects.filter(
        course=current.course_id, change=ChangeKind.MATERIAL, number__lte=current.number
    ).select_related("course__current", "decision__decided_by", "decision__batch")
    return rows.order_by("-number").first()


def undecided_courses() -> set[int]:
    """Courses whose newest material edition, up to the current one, was completed in an older edition and not yet decided about. One
    query."""
    newest = CourseVersion.objects.filter(
        course=OuterRef("course"), change=ChangeKind.MATERIAL, number__lte=OuterRef("course__current__number")
    ).order_by("-number")
    held = Certificate.objects.filter(
        enrollment__course=OuterRef("course"),
        enrollment__version__number__lt=OuterRef("number"),
        superseded_at__isnull=True,
        revoked_at__isnull=True,
    )
    rows = CourseVersion.objects.filter(Exists(held), pk=Subquery(newest.values("pk")[:1]), decision__isnull=True)
    return set(rows.values_list("course", flat=True))


def older_holders(edition: CourseVersion, at: dt.datetime) -> list[User]:
    """Active people whose evidence that counts now is of an older edition, by name, with site and team. Four queries."""
    certificates = Certificate.objects.filter(
        enrollment__version__course=edition.course_id,
        enrollment__version__number__lt=edition.number,
        superseded_at__isnull=True,
        revoked_at__isnull=True,
    )
    people = User.objects.filter(is_active=True, pk__in=certificates.values("enrollment__learner"))
    rows = list(people.select_related("site", "team").order_by("name", "pk"))
    older = _older(edition, [user.pk for user in rows], at)
    return [user for user in rows if user.pk in older]


def _older(edition: CourseVersion, learners: Sequence[int], at: dt.datetime) -> dict[int, int]:
    """By person, the number of the older edition whose certificate is the best evidence that counts now. Three queries."""
    found = holdings_of([edition.course], learners, at)
    runs = {learner: held.key for (learner, _), held in found.items() if not held.outside}
    numbers = dict(Enrollment.objects.filter(pk__in=list(runs.values())).values_list("pk", "version__number"))
    return {learner: numbers[run] for learner, run in runs.items() if numbers[run] < edition.number}


@dataclasses.dataclass(frozen=True)
class HeldDuty:
    """A fulfilled duty, the newest of its requirement (or by hand), with the edition whose certificate fulfils the person now."""

    assignment: Assignment
    duty: Duty
    edition: int


def held_duties(edition: CourseVersion, users: Iterable[User], at: dt.datetime) -> dict[int, list[HeldDuty]]:
    """By person, what would be opened again: one duty of each requirement that is on, else the one by hand, if the best evidence that
    counts now is of an older edition. Nobody is in it who holds nothing that counts, or holds this edition or a later one. Four queries.
    """
    people = {user.pk: user for user in users}
    older = _older(edition, list(people), at)
    rows = with_status(
        Assignment.objects.filter(learner__in=list(older), course=edition.course, withdrawn_at__isnull=True), at
    ).select_related("course", "enrollment", "rule", "requirement__current")
    newest: dict[tuple[int, int | None], Any] = {}
    for row in rows.order_by("cycle", "pk"):
        newest[row.learner_id, row.requirement_id] = row
    found: dict[int, list[HeldDuty]] = {}
    for (learner, _), row in newest.items():
        duty = duty_of(row, people[learner].zone)
        if not duty.open and not duty.ended and (row.requirement is None or row.requirement.on):
            found.setdefault(learner, []).append(HeldDuty(row, duty, older[learner]))
    return {learner: [one for one in rows if one.assignment.requirement_id] or rows for learner, rows in found.items()}


@dataclasses.dataclass(frozen=True)
class Counts:
    """How many people hold an older edition and could be asked, and how many of them because of a requirement, or by hand alone."""

    people: int
    by_requirement: int
    by_hand: int


def counts_of(edition: CourseVersion, at: dt.datetime) -> Counts:
    """Eight queries."""
    held = held_duties(edition, older_holders(edition, at), at)
    ruled = sum(any(one.assignment.requirement_id for one in rows) for rows in held.values())
    return Counts(len(held), ruled, len(held) - ruled)
