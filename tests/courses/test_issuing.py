"""Certificates as facts: issue, expiry, number, revoke, reissue."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from courses.actions import issuing
from courses.actions.issuing import reissue, revoke, valid_months
from courses.models import Certificate, Enrollment
from courses.models.certificate import CertificateCounter
from lms.lib import canonical, dates
from lms.outbox import kinds
from lms.outbox.models import Message, Occasion
from lms.people.enums import Category
from lms.people.models import Organization
from lms.record import queries as record
from lms.record.models import IdentitySnapshot
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def completed(at: dt.datetime, **person: Any) -> Certificate:
    learner = person.pop("learner", None) or factories.make_user(**person)
    enrollment = factories.make_enrollment(learner, factories.make_course(at=at), at=at)
    certificate = factories.pass_unit(enrollment, at=at).certificate
    assert certificate is not None
    return certificate


PRINTED = [
    "name",
    "latin_name",
    "organization",
    "course_title",
    "edition",
    "language",
    "hours",
    "score",
    "zone",
    "completed_on",
    "expires_on",
    "expires_at",
    "signatory",
    "signatory_title",
    "paper",
    "verify_url",
    "number",
    "code",
    "snapshot",
    "issued_at",
]


def printed(certificate: Certificate) -> dict[str, Any]:
    return {name: getattr(Certificate.objects.get(pk=certificate.pk), name) for name in PRINTED}


def test_a_certificate_freezes_what_it_says(at: dt.datetime) -> None:
    certificate = completed(at, name="Maya Quist")
    before = printed(certificate)
    assert before["name"] == "Maya Quist"
    assert before["score"] == "3 of 3"
    assert before["completed_on"] == dt.date(2026, 11, 23)
    assert before["expires_on"] == dt.date(2028, 11, 23), "staff: 24 months"
    assert before["expires_at"] == dates.end_of_day(before["expires_on"], "America/Denver")
    assert before["verify_url"].endswith(f"/verify/{certificate.code}")
    learner = certificate.enrollment.learner
    learner.name, learner.category = "Another Name", Category.VOLUNTEER
    learner.save()
    Organization.objects.update(name="Renamed", signatory="Somebody Else", paper="a4")
    factories.make_course(factories.compiled_course(title="Renamed course", valid_months={"staff": 1}), at=at)
    learner.site.zone = "Asia/Tokyo"
    learner.site.save()
    assert printed(certificate) == before


def test_it_is_printed_from_the_snapshot(at: dt.datetime) -> None:
    certificate = completed(at, name="Maya Quist")
    snapshot = IdentitySnapshot.objects.get(hash=certificate.snapshot)
    assert snapshot.fields is not None
    assert snapshot.fields["name"] == "Maya Quist"
    assert canonical.sha256([snapshot.salt, snapshot.fields]) == certificate.snapshot
    event = record.events_of(certificate.enrollment.learner.subject)[-1]
    assert json.loads(event.payload)["number"] == certificate.number
    assert "Maya" not in event.payload


def test_the_local_date_is_the_date_of_completion() -> None:
    """Half past eleven at night in Denver is the next day in UTC and the same day on paper."""
    night = dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.UTC)
    assert completed(night).completed_on == dt.date(2026, 11, 23)
    tokyo = factories.make_user(site=factories.make_site("East", "Asia/Tokyo"))
    assert completed(night, learner=tokyo).completed_on == dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("valid", "category", "supervises", "months"),
    [
        ({"staff": 24, "volunteer": 12}, Category.STAFF, False, 24),
        ({"staff": 24, "volunteer": 12}, Category.VOLUNTEER, False, 12),
        ({"staff": 24, "volunteer": 12}, Category.CONTRACTOR, False, 24),
        ({"staff": 24, "supervisor": 6}, Category.STAFF, True, 6),
        ({"staff": 6, "supervisor": 24}, Category.STAFF, True, 6),
        ({"staff": 24, "supervisor": 6}, Category.STAFF, False, 24),
        ({"volunteer": 12, "supervisor": 18}, Category.STAFF, False, 12),
        ({}, Category.STAFF, False, None),
        ({"staff": 0}, Category.STAFF, False, None),
    ],
)
def test_the_shortest_validity_of_the_persons_audiences(
    at: dt.datetime, valid: dict[str, int], category: str, supervises: bool, months: int | None
) -> None:
    person = factories.make_user(category=category)
    if supervises:
        person = factories.make_supervisor(factories.make_team(), category=category)
    version = factories.make_course(factories.compiled_course(valid_months=valid), at=at).current
    assert version is not None
    assert valid_months(version, person) == months


def test_without_validity_it_does_not_expire(at: dt.datetime) -> None:
    course = factories.make_course(factories.compiled_course(valid_months={}), at=at)
    certificate = factories.pass_unit(factories.make_enrollment(course=course, at=at), at=at).certificate
    assert certificate is not None
    assert (certificate.expires_on, certificate.expires_at) == (None, None)


def test_a_leap_day_expires_on_the_last_of_february() -> None:
    certificate = completed(dt.datetime(2028, 2, 29, 18, tzinfo=dt.UTC), category=Category.VOLUNTEER)
    assert certificate.completed_on == dt.date(2028, 2, 29)
    assert certificate.expires_on == dt.date(2029, 2, 28)


def test_numbers_count_per_year_without_gaps(at: dt.datetime) -> None:
    numbers = [completed(at + n * DAY).number for n in range(3)]
    assert numbers == ["AR-2026-000001", "AR-2026-000002", "AR-2026-000003"]
    with transaction.atomic():
        completed(at)
        transaction.set_rollback(True)
    assert completed(at).number == "AR-2026-000004", "what was rolled back took no number"
    assert completed(at + 60 * DAY).number == "AR-2027-000001"
    assert CertificateCounter.objects.count() == 2


def test_codes_are_long_and_differ(at: dt.datetime) -> None:
    codes = {completed(at).code for _ in range(3)}
    assert len(codes) == 3
    assert {len(code) for code in codes} == {27}


def test_the_database_allows_one_standing_certificate_an_enrollment(at: dt.datetime) -> None:
    certificate = completed(at)
    with pytest.raises(IntegrityError), transaction.atomic():
        issuing.issue(certificate.enrollment, at=at)
    assert Certificate.objects.count() == 1


class TestRevoking:
    def test_once_and_at_once(self, at: dt.datetime) -> None:
        certificate, by = completed(at), factories.make_coordinator().subject
        before = printed(certificate)
        assert revoke(certificate, reason=" Wrong person ", by=by, at=at + DAY)
        assert not revoke(certificate, reason="Again", by=by, at=at + 2 * DAY)
        certificate.refresh_from_db()
        assert (certificate.revoked_at, certificate.revoked_reason) == (at + DAY, "Wrong person")
        assert printed(certificate) == before
        events = [
            e for e in record.events_of(certificate.enrollment.learner.subject) if e.kind == "certificate.revoked"
        ]
        assert len(events) == 1
        assert events[0].actor == str(by)

    def test_not_without_a_reason(self, at: dt.datetime) -> None:
        certificate = completed(at)
        with pytest.raises(ValidationError, match="Say why"):
            revoke(certificate, reason=" ", by=factories.make_coordinator().subject, at=at)
        certificate.refresh_from_db()
        assert certificate.revoked_at is None

    def test_its_mail_is_not_wanted_any_more(self, at: dt.datetime) -> None:
        certificate = completed(at)
        occasion = Occasion.objects.get(kind="certificate_ready")
        kind = kinds.get("certificate_ready")
        assert kind.still_wanted(occasion, at) is None
        revoke(certificate, reason="x", by=factories.make_coordinator().subject, at=at)
        assert kind.still_wanted(occasion, at) == "The certificate was revoked."


class TestReissuing:
    def test_a_corrected_name_makes_a_new_one_that_supersedes(self, at: dt.datetime) -> None:
        old, by = completed(at, name="Maya Quist"), factories.make_coordinator().subject
        learner = old.enrollment.learner
        learner.name = "Maya Qvist"
        learner.save()
        new = reissue(Certificate.objects.get(pk=old.pk), reason="Misspelled", by=by, at=at + 30 * DAY)
        old.refresh_from_db()
        assert old.superseded_at == at + 30 * DAY
        assert old.name == "Maya Quist"
        assert (new.name, new.supersedes, new.reissue_reason) == ("Maya Qvist", old, "Misspelled")
        same = ("score", "completed_on", "expires_on", "expires_at", "zone", "hours", "edition", "course_title")
        assert {n: printed(new)[n] for n in same} == {n: printed(old)[n] for n in same}
        assert new.number != old.number
        assert new.code != old.code
        assert new.snapshot != old.snapshot
        assert Message.objects.filter(kind="certificate_ready").count() == 2
        assert (
            kinds.get("certificate_ready").still_wanted(Occasion.objects.get(ref=str(old.public_id)), at)
            == "The certificate was replaced."
        )
        assert list(record.faults(learner.subject)) == []

    def test_refusals(self, at: dt.datetime) -> None:
        old, by = completed(at, name="Maya Quist"), factories.make_coordinator().subject
        with pytest.raises(ValidationError, match="Say why"):
            reissue(old, reason="", by=by, at=at)
        with pytest.raises(ValidationError, match="name has not changed"):
            reissue(old, reason="x", by=by, at=at)
        learner = old.enrollment.learner
        learner.name = "Maya Qvist"
        learner.save()
        again = Certificate.objects.get(pk=old.pk)
        reissue(again, reason="x", by=by, at=at)
        with pytest.raises(ValidationError, match="revoked or replaced before"):
            reissue(again, reason="x", by=by, at=at)
        assert Certificate.objects.count() == 2

    def test_a_revoked_one_is_not_issued_again(self, at: dt.datetime) -> None:
        old, by = completed(at), factories.make_coordinator().subject
        revoke(old, reason="x", by=by, at=at)
        learner = old.enrollment.learner
        learner.name = "Maya Qvist"
        learner.save()
        with pytest.raises(ValidationError, match="revoked or replaced before"):
            reissue(Certificate.objects.get(pk=old.pk), reason="x", by=by, at=at)
        assert Certificate.objects.count() == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_six_certificates_at_once_have_six_numbers(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    enrollments = [factories.make_enrollment(factories.make_user(), course, at=at) for _ in range(6)]
    start = threading.Barrier(6)
    errors: list[BaseException] = []

    def run(pk: int) -> None:
        try:
            mine = Enrollment.objects.get(pk=pk)
            start.wait(20)
            factories.pass_unit(mine, at=at)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run, args=(e.pk,)) for e in enrollments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    numbers = sorted(Certificate.objects.values_list("number", flat=True))
    assert numbers == [f"AR-2026-{n:06d}" for n in range(1, 7)]
