"""The practices that an edition asks for, and which of an enrollment are signed off."""

import dataclasses
from collections.abc import Iterable

from courses.models import CourseVersion, Enrollment, SignOff


@dataclasses.dataclass(frozen=True)
class Practice:
    """One practice of an edition. ``unit`` is the author's id of the unit that it belongs to, or empty: it never leaves the server.
    ``assessors`` are slugs of courses: supervisors who hold a certificate of one of them may observe it."""

    id: str
    title: str
    practice: str
    unit: str
    checklist: tuple[str, ...]
    assessors: tuple[str, ...]


def practices_of(version: CourseVersion) -> tuple[Practice, ...]:
    """In the author's order. No query."""
    return tuple(
        Practice(
            row["id"], row["title"], row["practice"], row["unit"], tuple(row["checklist"]), tuple(row["assessors"])
        )
        for row in version.sign_offs
    )


def practice_of(version: CourseVersion, name: str) -> Practice | None:
    return next((practice for practice in practices_of(version) if practice.id == name), None)


def missing_of(enrollment: Enrollment) -> tuple[Practice, ...]:
    """The practices of the enrollment's edition that are not signed off. No query where the edition asks for none, else one."""
    asked = practices_of(enrollment.version)
    return (
        _without(asked, SignOff.objects.passed().filter(enrollment=enrollment).values_list("practice", flat=True))
        if asked
        else ()
    )


def _without(asked: tuple[Practice, ...], done: Iterable[str]) -> tuple[Practice, ...]:
    known = set(done)
    return tuple(practice for practice in asked if practice.id not in known)
