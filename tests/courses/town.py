"""Many people with many courses, made at once: for what must hold with 20,000."""

import datetime as dt
import uuid
from typing import Any

from django.db import connection

from courses.enums import ExceptionKind, FileState
from courses.models import Assignment, Certificate, Course, DutyException, Enrollment
from lms.lib import dates
from lms.people.models import Site, Team, User
from lms.record.actions import SYSTEM
from tests import factories

DAY = dt.timedelta(days=1)
ROLES = ("Nurse", "Case aide", "Counselor", "Front desk", "Night support worker", "Kitchen volunteer")
BATCH = 5_000


def make_town(people: int, courses: int, at: dt.datetime, *, teams: int = 40, bare: bool = False) -> list[Course]:
    """``people`` in ``teams`` teams of four sites, each with ``courses`` courses. Who is late, expiring or exempt, and who has a second
    cycle, follows from the numbers of person and course, so that every run makes the same town. ``bare``: assignments alone, without
    enrollments and certificates, which takes a third of the time."""
    taught = [
        factories.make_course(
            factories.compiled_course(f"course-{number}", units=2, title=f"Course {number:02}"), at=at - 900 * DAY
        )
        for number in range(1, courses + 1)
    ]
    sites = [factories.make_site(f"Site {number}") for number in range(1, 5)]
    houses = [_team(sites[number % 4], number) for number in range(teams)]
    users = User.objects.bulk_create(
        [
            User(
                name=f"Person {number:05} {ROLES[number % 6][:3]}",
                email=f"crowd{number}@example.org" if number % 50 else None,
                password="!",
                job_role=ROLES[number % 6],
                category="volunteer" if number % 6 == 5 else "staff",
                site=houses[number % teams].site,
                team=houses[number % teams],
                joined_at=at - 800 * DAY,
            )
            for number in range(people)
        ],
        batch_size=BATCH,
    )
    for start in range(0, people, 1_000):
        _training(users[start : start + 1_000], start, taught, at, bare)
    DutyException.objects.bulk_create(
        [_exception(user, number, at) for number, user in enumerate(users) if number % 97 == 3], batch_size=BATCH
    )
    if connection.vendor == "postgresql":  # which does so by itself, within a minute of so many new rows
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return taught


def _team(site: Site, number: int) -> Team:
    return Team.objects.create(site=site, name=f"Team {number:02}")


def _exception(user: User, number: int, at: dt.datetime) -> DutyException:
    kind = ExceptionKind.LEAVE if number % 2 else ExceptionKind.EXEMPTION
    return DutyException(
        learner=user,
        kind=kind,
        starts_on=(at - 20 * DAY).date(),
        ends_on=(at + 20 * DAY).date(),
        starts_at=at - 20 * DAY,
        ends_at=at + 21 * DAY,
        reason="x",
        approved_by=SYSTEM,
        approved_at=at - 20 * DAY,
    )


def _training(users: list[User], start: int, taught: list[Course], at: dt.datetime, bare: bool) -> None:
    enrollments, duties, certificates = [], [], []
    for number, user in enumerate(users, start):
        for place, course in enumerate(taught):
            for cycle in (1, 2) if (number + place) % 11 == 0 else (1,):
                turn = (number * 31 + place * 17 + cycle) % 100
                begun = at - (700 if cycle == 1 else 120) * DAY - turn * DAY
                if bare:
                    duties.append(_duty(user, course, cycle, None, begun, 5 if turn == 99 else 900, at))
                    continue
                done = turn < 80 or (cycle == 1 and (number + place) % 11 == 0)
                enrollment = Enrollment(
                    learner=user,
                    course=course,
                    version_id=course.current_id or 0,
                    opened_at=begun,
                    started_at=begun + DAY if turn % 3 else None,
                    completed_at=begun + 10 * DAY if done else None,
                    attempts_used_at=begun + 12 * DAY if turn == 97 else None,
                )
                enrollments.append(enrollment)
                duties.append(_duty(user, course, cycle, enrollment, begun, 5 if turn == 99 else 900, at))
                if done:
                    certificates.append((enrollment, _certificate(user, course, at, turn)))
    Enrollment.objects.bulk_create(enrollments, batch_size=BATCH)
    for duty in duties:
        duty.enrollment_id = duty.enrollment.pk if duty.enrollment else None
    Assignment.objects.bulk_create(duties, batch_size=BATCH)
    for enrollment, certificate in certificates:
        certificate.enrollment_id = enrollment.pk
    Certificate.objects.bulk_create([certificate for _, certificate in certificates], batch_size=BATCH)


def _duty(
    user: User,
    course: Course,
    cycle: int,
    enrollment: Enrollment | None,
    begun: dt.datetime,
    days: int,
    at: dt.datetime,
) -> Assignment:
    due_on = (begun + days * DAY).date()
    return Assignment(
        learner=user,
        course=course,
        cycle=cycle,
        enrollment=enrollment,
        reason="Onboarding",
        assigned_by=SYSTEM,
        assigned_at=begun,
        opens_on=begun.date(),
        opens_at=begun,
        due_on=due_on,
        due_at=dates.end_of_day(due_on, "America/Denver"),
    )


def _certificate(user: User, course: Course, at: dt.datetime, turn: int) -> Any:
    ends = at + {0: -5, 1: 20, 2: 45}.get(turn, 200 + turn) * DAY
    return Certificate(
        code=uuid.uuid4().hex,
        number=uuid.uuid4().hex[:30],
        snapshot="0" * 64,
        name=user.name,
        organization="Alderford",
        course_title=course.title,
        edition="1",
        hours=1,
        score="5 of 5",
        zone="America/Denver",
        completed_on=(at - 100 * DAY).date(),
        expires_on=ends.date(),
        expires_at=ends,
        verify_url="http://example.org/",
        issued_at=at - 100 * DAY,
        next_try_at=at,
        state=FileState.STORED,
    )
