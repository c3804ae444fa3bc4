"""Publishing a course version from compiled content."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction

from courses.authoring.compiled import CompiledCourse
from courses.models import Course, CourseVersion, Enrollment, Unit
from courses.queries.review import may_require


@dataclasses.dataclass(frozen=True)
class Published:
    version: CourseVersion
    new: bool


def publish(
    compiled: CompiledCourse, *, at: dt.datetime, store_quiz: Callable[[Unit, dict[str, Any]], None]
) -> Published:
    """Makes the compiled course the current version, in one transaction.

    The same content hash as an earlier version publishes nothing new: that version becomes current again if it was not. Otherwise a
    new version is written with its units, and ``store_quiz`` (from quizzes) writes each unit's quiz. Enrollments keep their version;
    those not started yet move to the new one as soon as it may be required (``follow_current``). Nothing is ever deleted.
    """
    with transaction.atomic():
        course, _ = Course.objects.get_or_create(
            slug=compiled.slug, defaults={"title": compiled.title, "created_at": at}
        )
        content_hash = compiled.content_hash()
        version = course.versions.filter(content_hash=content_hash).first()
        new = version is None
        if version is None:
            version = _write(course, compiled, content_hash, at)
            for position, unit in enumerate(compiled.units, start=1):
                row = Unit.objects.create(
                    version=version,
                    position=position,
                    author_id=unit.author_id,
                    slug=unit.slug,
                    title=unit.title,
                    minutes=unit.minutes,
                    objectives=unit.objectives,
                    facts=unit.facts,
                    blocks=unit.blocks,
                    sections=unit.sections,
                    glossary=unit.glossary,
                    sources=unit.sources,
                )
                store_quiz(row, unit.quiz or {})
        if course.current_id != version.pk or course.title != compiled.title:
            course.current = version
            course.title = compiled.title
            course.save(update_fields=["current", "title"])
            follow_current([course])
    return Published(version, new)


def follow_current(courses: Iterable[Course] | None = None) -> None:
    """Moves enrollments that are not started to the current version of their course, where that version may be required of people.

    In production a new version begins unapproved: people who have not begun keep the edition they were given until the new one is
    approved or accepted. Called after each decision that can change this; without ``courses``, for every course.
    """
    rows = Course.objects.filter(current__isnull=False).select_related("current") if courses is None else courses
    for course in rows:
        waiting = Enrollment.objects.filter(course=course, started_at__isnull=True, completed_at__isnull=True)
        behind = waiting.exclude(version_id=course.current_id)
        if course.current is not None and behind.exists() and not may_require(course.current):
            behind.update(version=course.current)


def _write(course: Course, compiled: CompiledCourse, content_hash: str, at: dt.datetime) -> CourseVersion:
    last = course.versions.order_by("-number").first()
    return CourseVersion.objects.create(
        course=course,
        number=(last.number if last else 0) + 1,
        content_hash=content_hash,
        title=compiled.title,
        summary=compiled.summary,
        audience=list(compiled.audience),
        language=compiled.language,
        hours=compiled.hours,
        pass_mark=compiled.pass_mark,
        attempts=compiled.attempts,
        wait_minutes=compiled.wait_minutes,
        valid_months=dict(compiled.valid_months),
        notice=compiled.notice,
        authors=list(compiled.authors),
        sources=list(compiled.sources),
        changes=list(compiled.changes),
        misconceptions=dict(compiled.misconceptions),
        published_at=at,
    )
