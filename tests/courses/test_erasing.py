"""Certificates of somebody whose identity is erased: the row and the proof stay, name and file go."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse

from courses import tasks
from courses.actions import erasing, filing
from courses.actions.issuing import reissue
from courses.enums import FileState
from courses.models import Certificate
from lms.lib import clock
from lms.people.actions.erasing import erase_identity
from lms.people.actions.people import deactivate
from lms.record.actions import SYSTEM
from lms.record.verifying import faults
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

FACTS = ("number", "code", "snapshot", "course_title", "edition", "score", "completed_on", "expires_on", "sha256")


@pytest.fixture
def certificate(at: dt.datetime) -> Certificate:
    """Of somebody who has left, with its file."""
    factories.make_organization()
    learner = factories.make_user("Maya Quist")
    enrollment = factories.make_enrollment(learner, factories.make_course(at=at), at=at)
    factories.pass_unit(enrollment, at=at)
    made = Certificate.objects.get()
    assert filing.file_certificate(made.pk, at=at)
    deactivate(learner, "left", by=SYSTEM, at=at)
    made.refresh_from_db()
    assert path(made).exists()
    return made


def path(certificate: Certificate) -> Path:
    return Path(settings.CERTIFICATE_DIR) / f"{certificate.public_id}.pdf"


def erase(certificate: Certificate, at: dt.datetime) -> None:
    erase_identity(certificate.enrollment.learner, reason="asked", by=SYSTEM, at=at)
    certificate.refresh_from_db()


def test_the_row_stays_and_name_and_file_go(certificate: Certificate, at: dt.datetime) -> None:
    before = {name: getattr(certificate, name) for name in FACTS}
    erase(certificate, at)
    assert {name: getattr(certificate, name) for name in FACTS} == before
    assert (certificate.name, certificate.latin_name, certificate.drawn_name) == ("Erased on November 23, 2026", "", "")
    assert certificate.state == FileState.ERASED
    assert not path(certificate).exists()
    assert list(faults()) == []


def test_pages_say_so(certificate: Certificate, at: dt.datetime) -> None:
    desk = Client()
    desk.force_login(factories.make_coordinator())
    erase(certificate, at)
    page = desk.get(f"/certificates/{certificate.public_id}/").content.decode()
    assert "The PDF was removed" in page
    assert "every 3s" not in page
    assert desk.get(f"/certificates/{certificate.public_id}/file/").status_code == 404
    public = Client().get(reverse("verify", args=[certificate.printed_code])).content.decode()
    for text in (page, public):
        assert "Maya" not in text
        assert "Erased on November 23, 2026" in text
    assert "This certificate is valid" in public


def test_a_crash_before_the_file_is_gone_is_made_good_by_the_sweep(
    certificate: Certificate, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "remove_files", lambda *, at: None)
    erase(certificate, clock.now())
    monkeypatch.undo()
    assert path(certificate).exists()
    tasks.sweep()
    assert not path(certificate).exists()


def test_a_worker_that_draws_just_now_stores_nothing(
    certificate: Certificate, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure comes between drawing and storing: the file lies there for a moment, and the next sweep takes it away."""
    Certificate.objects.update(state=FileState.QUEUED, file="", sha256="", next_try_at=at, tries=0)
    path(certificate).unlink()
    store = filing._store

    def slow(folder: Path, name: str, content: bytes) -> None:
        erase(certificate, at)
        store(folder, name, content)

    monkeypatch.setattr(filing, "_store", slow)
    assert not filing.file_certificate(certificate.pk, at=at)
    assert path(certificate).exists()
    erasing.remove_files(at=at)
    assert not path(certificate).exists()
    certificate.refresh_from_db()
    assert (certificate.state, certificate.name) == (FileState.ERASED, "Erased on November 23, 2026")
    later = at + dt.timedelta(seconds=2 * settings.PDF_LEASE_SECONDS)
    erasing.remove_files(at=later)
    certificate.refresh_from_db()
    assert certificate.file == "", "no sweep looks again"


def test_what_is_rolled_back_removes_no_file(certificate: Certificate, at: dt.datetime) -> None:
    with transaction.atomic():
        erase(certificate, at)
        transaction.set_rollback(True)
    assert path(certificate).exists()
    assert Certificate.objects.get().name == "Maya Quist"


def test_it_is_not_issued_again(certificate: Certificate, at: dt.datetime) -> None:
    erase(certificate, at)
    with pytest.raises(ValidationError, match="was erased"):
        reissue(certificate, reason="x", by=factories.make_coordinator().subject, at=at)


def test_others_keep_theirs(certificate: Certificate, at: dt.datetime) -> None:
    other: Any = factories.make_enrollment(factories.make_user("Ben Other"), certificate.enrollment.course, at=at)
    factories.pass_unit(other, at=at)
    his = Certificate.objects.get(enrollment=other)
    filing.file_certificate(his.pk, at=at)
    erase(certificate, at)
    his.refresh_from_db()
    assert (his.name, his.state) == ("Ben Other", FileState.STORED)
    assert path(his).exists()
