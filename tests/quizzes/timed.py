"""Courses whose quizzes have rules of their own, for tests."""

import datetime as dt
from typing import Any

from courses.models import Course, Enrollment
from lms.people.models import User
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests import factories

SECOND, MINUTE, HOUR, DAY = (
    dt.timedelta(seconds=1),
    dt.timedelta(minutes=1),
    dt.timedelta(hours=1),
    dt.timedelta(days=1),
)


def make_course(at: dt.datetime, *, limit: int | None = 45, counts: str = "best", **changes: Any) -> Course:
    compiled = factories.compiled_course(**changes)
    for unit in compiled.units:
        assert unit.quiz is not None
        unit.quiz["rules"] = {"time_limit_minutes": limit, "counts": counts, "confidence": True, "practice": True}
    return factories.make_course(compiled, at=at)


def enroll(at: dt.datetime, learner: User | None = None, **rules: Any) -> Enrollment:
    """A learner in a course of one timed quiz; of the same course when it is there."""
    course = Course.objects.filter(slug=rules.get("slug", "test-course")).first() or make_course(at, **rules)
    return factories.make_enrollment(learner or factories.make_user(), course, at=at)


def start(enrollment: Enrollment, at: dt.datetime, position: int = 1) -> Attempt:
    return attempts.start(enrollment, enrollment.version.units.get(position=position), at=at)


def fail(enrollment: Enrollment, at: dt.datetime, position: int = 1) -> Attempt:
    attempt = start(enrollment, at, position)
    return attempts.submit(attempt, at=at).attempt


def use_up(enrollment: Enrollment, at: dt.datetime, position: int = 1, times: int = 3) -> None:
    """Fails as often, a day apart, the last time at ``at``."""
    for n in reversed(range(times)):
        fail(enrollment, at - n * DAY, position)
