"""The status of an assignment: one meaning in two forms, compared over a grid of dates."""

import dataclasses
import datetime as dt
import itertools
import random
import uuid
from typing import Any

import pytest

from courses.enums import ATTENTION, ExceptionKind, Status
from courses.models import Assignment, Certificate, DutyException, Enrollment
from courses.queries.status import EXPIRING_DAYS, Facts, Span, status_of, with_status
from courses.queries.training import facts_of
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
