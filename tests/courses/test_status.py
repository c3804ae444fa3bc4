"""The status of an assignment: one meaning in two forms, compared over a grid of dates."""

import dataclasses
import datetime as dt
import itertools
import random
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.enums import ATTENTION, ExceptionKind, Status
from courses.models import Assignment, Certificate, DutyException, Enrollment
from courses.queries.status import EXPIRING_DAYS, Facts, Span, status_of, with_status
from courses.queries.training import facts_of
from lms.lib import dates
from lms.people.models import User
from lms.templatetags.face import STATUSES
from tests import factories

TICK = dt.timedelta(microseconds=1)
SOON = dt.timedelta(days=EXPIRING_DAYS)


def rows(at: dt.datetime) -> Any:
    return with_status(Assignment.objects.all(), at)


def grid(at: dt.datetime) -> list[Facts]:
    """Every combination of the first eight dates on this side of the instant and on the other, then a thousand draws of all of them
    with exceptions, the same each time."""
    sides = (at, at + TICK)
    maybe = (None, *sides)
    expiries = (*maybe, at + SOON, at + SOON + TICK)
    found = [Facts(*dates) for dates in itertools.product(sides, sides, maybe, maybe, maybe, maybe, expiries, maybe)]
    draw = random.Random(5)
    spans = [Span(start, end) for start in sides for end in maybe if end is None or end >= start]
    for _ in range(1000):
        first = [draw.choice(x) for x in (sides, sides, (None, at + TICK), maybe, maybe, maybe, expiries, maybe)]
        more = [draw.choice(x) for x in (maybe, expiries, maybe, (None, None, *sides))]
        exempt, leave = (tuple(draw.sample(spans, draw.choice((0, 0, 1, 2)))) for _ in range(2))
        found.append(Facts(*[*first, *more, exempt, leave, draw.choice((None, *sides))]))  # type: ignore[arg-type]
    return found


def make_exception(learner: User, kind: str, span: Span, course: object = None, evidence: str = "") -> DutyException:
    return DutyException(
        learner=learner,
        kind=kind,
        course=course,  # type: ignore[misc]
        starts_on=span.start.date(),
        ends_on=span.end.date() if span.end else None,
        starts_at=span.start,
        ends_at=span.end,
        reason="grid",
        evidence=evidence,
        approved_by="system",
        approved_at=span.start,
    )


@pytest.mark.both_db
@pytest.mark.django_db
def test_the_two_forms_agree_over_the_grid(at: dt.datetime) -> None:
    facts = grid(at)
    site, course = factories.make_site(), factories.make_course(at=at)
    day = at.date()
    users = User.objects.bulk_create(
        [User(name=f"P{n}", email=f"grid{n}@example.org", site=site, password="!") for n in range(len(facts))], 500
    )
    enrollments = Enrollment.objects.bulk_create(
        [
            Enrollment(
                learner=user,
                course=course,
                version=course.current,
                opened_at=at,
                started_at=f.started_at,
                completed_at=f.completed_at,
                attempts_used_at=f.attempts_used_at,
                awaits_sign_off_at=f.awaits_sign_off_at,
            )
            for user, f in zip(users, facts, strict=True)
        ],
        500,
    )
    other = factories.make_course(slug="other", at=at)
    accepted = make_exception(factories.make_user(), ExceptionKind.PRIOR_LEARNING, Span(at), course, evidence="Seen.")
    accepted.save()
    DutyException.objects.bulk_create(
        [
            make_exception(e.learner, kind, span, course if kind == ExceptionKind.EXEMPTION else None)
            for e, f in zip(enrollments, facts, strict=True)
            for kind, spans in ((ExceptionKind.EXEMPTION, f.exempt), (ExceptionKind.LEAVE, f.leave))
            for span in spans
        ]
        + [make_exception(e.learner, ExceptionKind.EXEMPTION, Span(at), other) for e in enrollments],
        500,
    )
    Assignment.objects.bulk_create(
        [
            Assignment(
                learner=e.learner,
                course=course,
                enrollment=e,
                reason="grid",
                assigned_by="system",
                assigned_at=at,
                opens_on=day,
                due_on=day,
                opens_at=f.opens_at,
                due_at=f.due_at,
                withdrawn_at=f.withdrawn_at,
                accepted=accepted if f.satisfied_at else None,
                satisfied_at=f.satisfied_at,
                valid_until_at=f.valid_until_at,
                renews_until_at=f.renews_until_at,
                ended_at=f.ended_at,
            )
            for e, f in zip(enrollments, facts, strict=True)
        ],
        500,
    )
    Certificate.objects.bulk_create(
        [
            Certificate(
                enrollment=e,
                number=f"G-{n}",
                snapshot="x",
                name="x",
                organization="x",
                course_title="x",
                edition="1",
                hours=1,
                score="5 of 5",
                zone="UTC",
                completed_on=day,
                expires_at=f.expires_at,
                revoked_at=f.revoked_at,
                verify_url="x",
                issued_at=at,
                next_try_at=at,
            )
            for n, (e, f) in enumerate(zip(enrollments, facts, strict=True))
        ],
        300,
    )
    told = dict(rows(at).values_list("enrollment_id", "status"))
    expected = {e.pk: status_of(f, at) for e, f in zip(enrollments, facts, strict=True)}
    assert told == expected
    assert set(expected.values()) == set(Status), "the grid meets every status"
    for status in Status:
        by_filter = set(rows(at).filter(status=status).values_list("enrollment_id", flat=True))
        assert by_filter == {pk for pk, s in expected.items() if s == status}


@pytest.mark.both_db
@pytest.mark.django_db
def test_the_two_forms_agree_without_certificate_or_enrollment(at: dt.datetime) -> None:
    factories.make_course(at=at)
    plain = factories.make_assignment(at=at)
    bare = factories.make_assignment(factories.make_user(), at=at)
    Assignment.objects.filter(pk=bare.pk).update(enrollment=None)
    for days in (-1, 0, 13, 14, 15, 400):
        then = at + dt.timedelta(days=days)
        told = dict(rows(then).values_list("pk", "status"))
        for row in Assignment.objects.filter(pk__in=(plain.pk, bare.pk)):
            assert told[row.pk] == status_of(facts_of(row, row.enrollment, None), then)


@pytest.mark.both_db
@pytest.mark.django_db
def test_a_superseded_certificate_decides_nothing(at: dt.datetime) -> None:
    enrollment = factories.make_enrollment(at=at)
    certificate = factories.pass_unit(enrollment, at=at).certificate
    assert certificate is not None
    old = Certificate.objects.get(pk=certificate.pk)
    Certificate.objects.filter(pk=old.pk).update(superseded_at=at, expires_at=at)
    old.pk, old.public_id, old.code, old.number = None, uuid.uuid4(), "OTHER", "AR-2"
    old.save(force_insert=True)
    assert rows(at).get().status == Status.COMPLETE


def test_withdrawn_comes_before_everything(at: dt.datetime) -> None:
    facts = Facts(
        at, at, withdrawn_at=at, started_at=at, completed_at=at, attempts_used_at=at, expires_at=at, revoked_at=at
    )
    assert status_of(facts, at) == Status.NOT_REQUIRED
    assert status_of(dataclasses.replace(facts, withdrawn_at=None), at) == Status.EXPIRED


def test_a_day_is_over_at_its_end_and_not_before(at: dt.datetime) -> None:
    facts = Facts(opens_at=at - SOON, due_at=at)
    assert status_of(facts, at - TICK) == Status.NOT_STARTED
    assert status_of(facts, at) == Status.OVERDUE


def test_every_status_has_a_word_a_badge_and_a_rank() -> None:
    assert set(ATTENTION) == set(Status)
    assert len(set(ATTENTION.values())) == len(Status)
    for status in Status:
        assert STATUSES[status.value].word == status.label


ZONES = ("America/Denver", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "America/New_York", "UTC")
#: around the two changes of the clocks of 2026 in the United States, a leap day, an ordinary week
DAYS = st.sampled_from([dt.date(2026, 3, 8), dt.date(2026, 11, 1), dt.date(2028, 2, 29), dt.date(2026, 6, 17)])
OFFSETS = st.integers(-45, 45)
MAYBE = st.none() | OFFSETS


@pytest.mark.both_db
@pytest.mark.django_db
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    day=DAYS,
    edge=st.sampled_from([-TICK, dt.timedelta(0), TICK, dt.timedelta(hours=7)]),
    opens=OFFSETS,
    lasts=st.integers(0, 60),
    stands=st.fixed_dictionaries(
        dict.fromkeys(("started", "completed", "used", "awaits", "ends", "revoked", "renews", "ended", "gone"), MAYBE)
    ),
    pause=st.none() | st.tuples(st.sampled_from([ExceptionKind.LEAVE, ExceptionKind.EXEMPTION]), OFFSETS, MAYBE),
)
def test_the_two_forms_agree_over_dates_and_zones(
    zone: str,
    day: dt.date,
    edge: dt.timedelta,
    opens: int,
    lasts: int,
    stands: dict[str, int | None],
    pause: tuple[ExceptionKind, int, int | None] | None,
) -> None:
    """Days are counted from one day, each ends at midnight of the zone, and the look is taken just before, at and after such an end."""

    def end(days: int | None) -> dt.datetime | None:
        return None if days is None else dates.end_of_day(day + dt.timedelta(days=days), zone)

    at = dates.end_of_day(day, zone) + edge
    row, certificate = _one_of_all()
    assert row.enrollment_id is not None
    Enrollment.objects.filter(pk=row.enrollment_id).update(
        started_at=end(stands["started"]),
        completed_at=end(stands["completed"]),
        attempts_used_at=end(stands["used"]),
        awaits_sign_off_at=end(stands["awaits"]),
    )
    Certificate.objects.filter(pk=certificate.pk).update(
        expires_at=end(stands["ends"]), revoked_at=end(stands["revoked"])
    )
    Assignment.objects.filter(pk=row.pk).update(
        opens_on=day + dt.timedelta(days=opens),
        due_on=day + dt.timedelta(days=opens + lasts),
        opens_at=end(opens - 1),
        due_at=end(opens + lasts),
        renews_until_at=end(stands["renews"]),
        ended_at=end(stands["ended"]),
        withdrawn_at=end(stands["gone"]),
    )
    DutyException.objects.filter(learner=row.learner).delete()
    if pause is not None:
        kind, first, last = pause
        span = Span(end(first) or at, end(None if last is None else first + abs(last)))
        make_exception(row.learner, kind, span).save()
    row = Assignment.objects.select_related("enrollment").get(pk=row.pk)
    facts = facts_of(
        row,
        row.enrollment,
        Certificate.objects.get(pk=certificate.pk),
        DutyException.objects.filter(learner=row.learner),
    )
    assert rows(at).get(pk=row.pk).status == status_of(facts, at)


def _one_of_all() -> tuple[Assignment, Certificate]:
    """The one assignment of the test, with its run and its certificate; made by the first example."""
    row = Assignment.objects.select_related("enrollment", "learner").first()
    if row is None:
        at = dt.datetime(2026, 1, 5, 17, 0, tzinfo=dt.UTC)
        assignment = factories.make_assignment(course=factories.make_course(at=at), at=at)
        assert assignment.enrollment is not None
        factories.pass_unit(assignment.enrollment, at=at)
        return _one_of_all()
    return row, Certificate.objects.get(enrollment=row.enrollment)
