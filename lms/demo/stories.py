"""What happened to a person in one course. Each story is told with the same actions that the pages call, at instants in the past."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from django.core.exceptions import ValidationError

from courses.actions import assigning, excepting, issuing, learning, observing
from courses.enums import ExceptionKind, Observed
from courses.models import Assignment, Certificate, Course, Enrollment
from courses.queries.practices import practices_of
from lms.demo import post
from lms.lib import dates
from lms.people.actions.people import change_person
from lms.people.models import User
from quizzes import kinds
from quizzes.actions import attempts

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@dataclasses.dataclass
class Scene:
    """One person in one course, seen from the day on which the demonstration is made."""

    learner: User
    course: Course
    now: dt.datetime
    coordinator: User
    assessor: User

    def day(self, days_ago: float, hour: int = 17) -> dt.datetime:
        """An instant that many days ago, at about ten in the morning in Denver."""
        return self.now.replace(hour=hour, minute=5, second=0, microsecond=0) - days_ago * DAY

    def assign(
        self, days_ago: float, *, due_in: int, opens_in: int = 0, reason: str = "New staff onboarding"
    ) -> Enrollment:
        """Assigned that many days ago, due ``due_in`` days from today (negative: in the past)."""
        at = self.day(days_ago)
        today = dates.local_date(self.now, self.learner.zone)
        volunteer = self.learner.category == "volunteer"
        assignment = assigning.assign(
            self.learner,
            self.course,
            due_on=today + dt.timedelta(days=due_in),
            opens_on=today + dt.timedelta(days=opens_in) if opens_in else None,
            reason="Volunteer training" if volunteer and reason == "New staff onboarding" else reason,
            by=self.coordinator.subject,
            at=at,
        )
        assert assignment.enrollment is not None
        post.catch_up(self.now)
        return Enrollment.objects.select_related("learner__site", "version", "course").get(pk=assignment.enrollment.pk)

    def pass_units(self, enrollment: Enrollment, days_ago: float, *, count: int | None = None, hour: int = 18) -> None:
        """Reads and passes the first ``count`` units (all, if None), one after another."""
        at = self.day(days_ago, hour)
        for unit in list(enrollment.version.units.all())[:count]:
            learning.open_unit(enrollment, unit, at=at)
            attempt = attempts.start(enrollment, unit, at=at + unit.minutes * MINUTE)
            self._answer(attempt, at + (unit.minutes + 3) * MINUTE, right=attempt.out_of)
            attempts.submit(attempt, at=at + (unit.minutes + 6) * MINUTE)
            at += (unit.minutes + 9) * MINUTE
        post.catch_up(self.now)

    def fail_unit(self, enrollment: Enrollment, position: int, days_ago: float, *, right: int = 2) -> None:
        unit = enrollment.version.units.get(position=position)
        at = self.day(days_ago)
        learning.open_unit(enrollment, unit, at=at)
        attempt = attempts.start(enrollment, unit, at=at + 8 * MINUTE)
        self._answer(attempt, at + 10 * MINUTE, right=right)
        attempts.submit(attempt, at=at + 13 * MINUTE)

    def read(self, enrollment: Enrollment, position: int, days_ago: float, *, section: int = 1) -> None:
        unit = enrollment.version.units.get(position=position)
        place = unit.sections[min(section, len(unit.sections) - 1)]["id"]
        learning.remember_place(enrollment, unit, place, at=self.day(days_ago))

    def _answer(self, attempt: attempts.Attempt, at: dt.datetime, *, right: int) -> None:
        """Answers the first ``right`` questions rightly and leaves the others open."""
        for response in attempt.responses.select_related("question").order_by("position")[:right]:
            kind = kinds.get(response.question.kind)
            answer = kind.model_answer(response.question.stored, response.order)
            attempts.save(attempt, response.position, answer, revision=0, at=at)

    def complete(self, days_ago: float) -> Enrollment:
        enrollment = self.assign(min(days_ago + 12, self.hired_days_ago() - 0.1), due_in=-int(days_ago) + 8)
        self.pass_units(enrollment, days_ago)
        return enrollment

    def observe(self, enrollment: Enrollment, days_ago: float, *, left: int = 0, work_on: str = "") -> None:
        """The assessor watches each practice; the last ``left`` items are not seen yet."""
        at = self.day(days_ago, 20)
        for practice in practices_of(enrollment.version):
            seen = observing.Seen(
                outcome=Observed.NOT_YET if left else Observed.PASSED,
                items=range(len(practice.checklist) - left),
                observed_on=dates.local_date(at, self.learner.zone),
                place="Eastgate House, training room",
                work_on=work_on,
            )
            observing.observe(enrollment, practice, seen, by=self.assessor, at=at)
        post.catch_up(self.now)

    def certificate(self, enrollment: Enrollment) -> Certificate:
        return Certificate.objects.get(enrollment=enrollment, superseded_at__isnull=True)

    def hired_days_ago(self) -> int:
        assert self.learner.hire_date is not None
        return (dates.local_date(self.now, self.learner.zone) - self.learner.hire_date).days

    def valid_days(self) -> int:
        assert self.course.current is not None
        months = issuing.valid_months(self.course.current, self.learner) or 12
        return round(months * 30.44)


def not_started(s: Scene) -> None:
    s.assign(4, due_in=17)


def opens_later(s: Scene) -> None:
    s.assign(1, due_in=40, opens_in=10)


def due_in_three_days(s: Scene) -> None:
    s.assign(9, due_in=3)


def in_progress(s: Scene) -> None:
    enrollment = s.assign(8, due_in=12)
    s.read(enrollment, 1, 2)


def half_way(s: Scene) -> None:
    enrollment = s.assign(12, due_in=16)
    s.pass_units(enrollment, 5, count=1)
    s.fail_unit(enrollment, 2, 4, right=3)
    unit = enrollment.version.units.get(position=2)
    attempt = attempts.start(enrollment, unit, at=s.day(3))
    s._answer(attempt, s.day(3) + 2 * MINUTE, right=attempt.out_of)
    attempts.submit(attempt, at=s.day(3) + 6 * MINUTE)
    s.read(enrollment, 3, 1)


def one_left(s: Scene) -> None:
    enrollment = s.assign(30, due_in=2)
    s.pass_units(enrollment, 6, count=enrollment.version.units.count() - 1)


def overdue(s: Scene) -> None:
    s.assign(40, due_in=-7)


def overdue_by_one_day(s: Scene) -> None:
    s.assign(15, due_in=-1)


def overdue_started(s: Scene) -> None:
    enrollment = s.assign(45, due_in=-4)
    s.read(enrollment, 1, 11, section=2)


def attempts_used(s: Scene) -> None:
    enrollment = s.assign(20, due_in=9)
    for number, days_ago in enumerate((6, 5, 3), start=1):
        s.fail_unit(enrollment, 1, days_ago, right=number)


def wait_after_first_try(s: Scene) -> None:
    enrollment = s.assign(14, due_in=10)
    s.fail_unit(enrollment, 1, 1, right=3)


def complete(s: Scene) -> None:
    """Well inside the validity, and not before the person came."""
    s.complete(min(s.valid_days() * 0.45, s.hired_days_ago() * 0.55))


def expired(s: Scene) -> None:
    s.complete(s.valid_days() + 12)


def expiring(s: Scene) -> None:
    s.complete(s.valid_days() - 12)


def expiring_soon(s: Scene) -> None:
    s.complete(s.valid_days() - 40)


def renewed(s: Scene) -> None:
    """An older cycle that stays as it was, and a newer one."""
    s.complete(s.valid_days() + 60)
    enrollment = s.assign(75, due_in=-55, reason="Yearly renewal")
    s.pass_units(enrollment, 64)


def revoked(s: Scene) -> None:
    certificate = s.certificate(s.complete(90))
    issuing.revoke(certificate, reason="Completed on somebody else's account.", by=s.coordinator.subject, at=s.day(20))


def reissued(s: Scene) -> None:
    """The name was corrected after the certificate was printed."""
    enrollment = s.complete(80)
    s.learner = change_person(s.learner, by=s.coordinator.subject, at=s.day(30), name=f"{s.learner.name}-Marsh")
    issuing.reissue(
        s.certificate(enrollment), reason="Name changed by marriage.", by=s.coordinator.subject, at=s.day(29)
    )


def withdrawn(s: Scene) -> None:
    enrollment = s.assign(25, due_in=5)
    assignment = Assignment.objects.get(enrollment=enrollment)
    assigning.withdraw(assignment, reason="Assigned by mistake.", by=s.coordinator.subject, at=s.day(10))


def exempt(s: Scene) -> None:
    s.assign(30, due_in=6)
    _except(s, ExceptionKind.EXEMPTION, 5, 180, "Works in the pharmacy alone and meets nobody in treatment.", s.course)


def on_leave(s: Scene) -> None:
    enrollment = s.assign(30, due_in=4)
    s.read(enrollment, 1, 11, section=2)
    _except(s, ExceptionKind.LEAVE, 6, 40, "Family leave.", None)


def _except(s: Scene, kind: ExceptionKind, days_ago: int, days: int, reason: str, course: Course | None) -> None:
    at = s.day(days_ago)
    today = dates.local_date(at, s.learner.zone)
    excepting.grant(
        s.learner,
        kind,
        course=course,
        starts_on=today,
        ends_on=today + dt.timedelta(days=days),
        reason=reason,
        by=s.coordinator,
        at=at,
    )


def practice_waits(s: Scene) -> None:
    enrollment = s.assign(12, due_in=10)
    s.pass_units(enrollment, 3)


def practice_not_yet(s: Scene) -> None:
    enrollment = s.assign(16, due_in=6)
    s.pass_units(enrollment, 5)
    s.observe(enrollment, 2, left=2, work_on="Say aloud what not to do, and whom you tell afterward.")


def practice_passed(s: Scene) -> None:
    enrollment = s.assign(170, due_in=-150)
    s.pass_units(enrollment, 160)
    s.observe(enrollment, 158)


def by_name(name: str) -> Callable[[Scene], None]:
    story = globals().get(name)
    if not callable(story):
        raise ValidationError(f"There is no story called {name}.")
    return story
