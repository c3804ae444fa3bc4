"""All courses as the coordinator sees them."""

import dataclasses

from django.conf import settings
from django.db.models import Count, Q

from courses.models import Course, CoursePath
from courses.queries.review import Review, reviews_of


@dataclasses.dataclass(frozen=True)
class CourseRow:
    """A course with the review of its current version. ``holders``: active people who have it to do now."""

    course: Course
    review: Review
    holders: int

    @property
    def mark(self) -> str:
        """What stands behind the title where a course is chosen; nothing when it may be required."""
        return "" if not self.review.obstacles else "cannot be required yet" if settings.PRODUCTION else "not ready"


def course_rows() -> list[CourseRow]:
    """Every course that has a current version, by title. At most six queries, however many courses."""
    open_now = Q(
        assignments__withdrawn_at__isnull=True,
        assignments__enrollment__completed_at__isnull=True,
        assignments__satisfied_at__isnull=True,
        assignments__learner__is_active=True,
    )
    courses = list(
        Course.objects.filter(current__isnull=False)
        .select_related("current")
        .annotate(holders=Count("assignments__learner", filter=open_now, distinct=True))
    )
    reviews = reviews_of([course.current for course in courses if course.current is not None])
    return [CourseRow(course, review, course.holders) for course, review in zip(courses, reviews, strict=True)]


@dataclasses.dataclass(frozen=True)
class PathRow:
    """A path with its courses in order."""

    path: CoursePath
    courses: tuple[Course, ...]


def path_rows(courses: list[Course]) -> list[PathRow]:
    """The paths that are not retired, in the order of the content, over the courses given. One query."""
    by_slug = {course.slug: course for course in courses}
    return [
        PathRow(path, tuple(by_slug[slug] for slug in path.courses if slug in by_slug))
        for path in CoursePath.objects.filter(retired_at__isnull=True)
    ]
