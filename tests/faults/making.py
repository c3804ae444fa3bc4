"""Learners at the points of their way where things go wrong. Needs ``make_course`` once in each test."""

from courses.models import Certificate, Course, Enrollment
from lms.lib import clock
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests.factories import answer_all, make_course, make_enrollment, make_user, pass_unit


def course() -> Course:
    return Course.objects.first() or make_course()


def new_enrollment() -> Enrollment:
    return make_enrollment(make_user(), course())


def passed() -> Certificate:
    """The certificate of a course that was just passed: its file is to be drawn, its mail waits for it."""
    certificate = pass_unit(new_enrollment()).certificate
    assert certificate is not None
    return certificate


def answered() -> Attempt:
    """An attempt with all answers right that is not handed in; it would complete the course."""
    enrollment = new_enrollment()
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    answer_all(attempt)
    return attempt
