"""Publishing a course version from compiled content."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from courses.authoring.compiled import CompiledCourse
from courses.enums import ChangeKind
from courses.models import Course, CourseVersion, Enrollment, Unit
from courses.queries.review import may_require
from lms.people.actions.identity import snapshot_of
from lms.record import actions as record
from lms.record.enums import EventKind

AT_ONCE = 300  # people who follow while somebody waits; beat does the rest


@dataclasses.dataclass(frozen=True)
class Published:
    version: CourseVersion
    new: bool


def publish(
    compiled: CompiledCourse, *, at: dt.datetime, store_quiz: Callable[[Unit, dict[str, Any]], None]
) -> Published:
    """Makes the compiled course the current version, in one transaction; then people who have not begun follow.

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
    follow_current([course], at=at)
    return Published(version, new)


def follow_current(
    courses: Iterable[Course] | None = None,
    *,
    at: dt.datetime,
    by: uuid.UUID | str = record.SYSTEM,
    limit: int = AT_ONCE,
) -> int:
    """Moves enrollments that are not started to the current version of their course, where that version may be required of people;
    returns how many. Each moves in a transaction of its own with its event; whoever begins meanwhile keeps what they began.

    In production a new version begins unapproved: people who have not begun keep the edition they were given until the new one is
    approved or accepted. Called after each decision that can change this, when it is committed, and by beat for those beyond
    ``limit``; without ``courses``, for every course.
    """
    rows = Course.objects.filter(current__isnull=False).select_related("current") if courses is None else courses
    behind: list[tuple[Enrollment, CourseVersion]] = []
    for course in rows:
        waiting = Enrollment.objects.filter(course=course, started_at__isnull=True, completed_at__isnull=True)
        found = waiting.exclude(version_id=course.current_id).select_related(
            "learner__site", "learner__team", "version"
        )
        first = list(found.order_by("learner__subject")[:limit])
        if course.current is not None and first and not may_require(course.current):
            behind += [(enrollment, course.current) for enrollment in first]
    return sum(_follow(enrollment, version, at=at, by=by) for enrollment, version in behind[:limit])


def _follow(enrollment: Enrollment, version: CourseVersion, *, at: dt.datetime, by: uuid.UUID | str) -> int:
    learner = enrollment.learner
    with transaction.atomic():
        record.hold(learner.subject)
        waiting = Enrollment.objects.filter(pk=enrollment.pk, started_at__isnull=True, completed_at__isnull=True)
        moved = waiting.exclude(version=version).update(version=version)
        if moved:
            payload = {
                "enrollment": str(enrollment.public_id),
                "course": version.course.slug,
                "from": enrollment.version.content_hash,
                "edition": version.content_hash,
                "identity": snapshot_of(learner, at=at).hash,
            }
            record.append(learner.subject, EventKind.EDITION_MOVED, payload, at=at, by=by)
    return moved


def change_since(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> tuple[ChangeKind, str]:
    """What the author's list of changes says that it did not say before: material if one of the new entries is, with their notes.

    An entry of the same day and kind with other words is the old one, better written.
    """
    gone = [(entry["date"], entry["kind"]) for entry in before if entry not in now]
    notes = []
    for entry in now:
        key = (entry["date"], entry["kind"])
        if entry in before:
            continue
        if key in gone:
            gone.remove(key)
        elif entry["kind"] == ChangeKind.MATERIAL:
            notes.append(entry["note"])
    return (ChangeKind.MATERIAL, " ".join(notes)) if notes else (ChangeKind.MINOR, "")


def _write(course: Course, compiled: CompiledCourse, content_hash: str, at: dt.datetime) -> CourseVersion:
    last = course.versions.order_by("-number").first()
    change, note = change_since(last.changes, compiled.changes) if last else (ChangeKind.MINOR, "")
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
        change=change,
        change_note=note,
        misconceptions=dict(compiled.misconceptions),
        sign_offs=list(compiled.sign_offs),
        published_at=at,
    )
