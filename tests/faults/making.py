"""Learners at the points of their way where things go wrong. Needs ``make_course`` once in each test."""

from courses.models import Assignment, Certificate, Course, Enrollment
from lms.lib import clock
from lms.outbox import actions as outbox
from lms.outbox.models import Message
from lms.people.models import Site
from quizzes.actions import attempts
from quizzes.models import Attempt
from tests.factories import answer_all, make_course, make_enrollment, make_site, make_user, pass_unit


def course() -> Course:
    return Course.objects.first() or make_course()


def awake_site() -> Site:
    """A site where it is eight in the morning now, so that mail goes out for the next ten hours."""
    behind = clock.now().hour - 8
    zone = f"Etc/GMT{behind - 24 if behind > 12 else behind:+d}"
    return Site.objects.filter(name=zone).first() or make_site(zone, zone)


def new_enrollment() -> Enrollment:
    return make_enrollment(make_user(site=awake_site(), working_days="1234567"), course())


def reminder() -> Message:
    """A mail that tells of a course; nothing else is on its way."""
    assignment = Assignment.objects.get(enrollment=new_enrollment())
    outbox.gather(at=clock.now())
    return Message.objects.get(occasions__ref=str(assignment.public_id))


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
