"""The page, the file and the picture of a certificate, and the public check of its code."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.actions import filing, issuing
from courses.certificates import drawing
from courses.enums import FileState
from courses.models import Certificate
from lms.lib import clock
from lms.people.actions.people import change_person
from lms.people.models import User
from tests import factories
from tests.courses.pages import client_of, finish

pytestmark = pytest.mark.django_db
HOSTILE = "<b hostile>Maya</b>"


@pytest.fixture
def certificate() -> Certificate:
    return finish(
        factories.make_assignment(factories.make_user("Maya Okafor", email="maya@example.org"), factories.make_course())
    )


@pytest.fixture
def stored(certificate: Certificate) -> Certificate:
    assert filing.file_certificate(certificate.pk, at=clock.now())
    certificate.refresh_from_db()
    return certificate


@pytest.fixture
def coordinator() -> User:
    return factories.make_coordinator()


def page_of(certificate: Certificate, name: str = "certificate", *, by: User | None = None) -> Any:
    return client_of(by or certificate.enrollment.learner).get(reverse(name, args=[certificate.public_id]))


def text(response: Any) -> str:
    return str(response.content.decode())


# --- who -------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["certificate", "certificate_file", "certificate_preview"])
def test_the_learner_and_the_coordinator_reach_it_and_nobody_else(
    name: str, stored: Certificate, coordinator: User
) -> None:
    assert page_of(stored, name).status_code == 200
    assert page_of(stored, name, by=coordinator).status_code == 200
    for other in (factories.make_user(), factories.make_supervisor(factories.make_team())):
        assert page_of(stored, name, by=other).status_code == 404
    assert Client().get(reverse(name, args=[stored.public_id])).status_code == 302


# --- page ------------------------------------------------------------------------------------------------------------------
def test_while_the_file_is_made_the_page_is_calm_and_asks_again(certificate: Certificate) -> None:
    page = text(page_of(certificate))
    assert "The PDF is being made" in page
    assert 'hx-trigger="every 3s"' in page
    assert "Look again" in page
    assert "Download PDF" not in page


def test_a_stored_file_can_be_downloaded(stored: Certificate) -> None:
    page = text(page_of(stored))
    assert "Download PDF" in page
    assert "hx-trigger" not in page
    assert stored.number in page
    assert "Revoke" not in page
    answer = page_of(stored, "certificate_file")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert stored.number in answer["Content-Disposition"]


def test_a_dead_file_is_said_plainly_and_the_coordinator_has_it_on_the_list(
    certificate: Certificate, coordinator: User
) -> None:
    Certificate.objects.update(state=FileState.DEAD)
    page = text(page_of(certificate))
    assert "The PDF could not be made" in page
    assert "training coordinator sees this" in page
    assert "hx-trigger" not in page
    client = client_of(coordinator)
    assert "Certificates whose file could not be made" in text(client.get(reverse("people:overview")))
    assert certificate.number in text(client.get(reverse("certificates") + "?show=waiting"))


def test_a_revoked_one_says_so_and_gives_neither_file_nor_picture(stored: Certificate, coordinator: User) -> None:
    issuing.revoke(stored, reason="Wrong person", by=coordinator.subject, at=clock.now())
    page = text(page_of(stored))
    assert "Revoked" in page
    assert "Wrong person" not in page
    assert "Download PDF" not in page
    assert page_of(stored, "certificate_file").status_code == 404
    assert page_of(stored, "certificate_preview").status_code == 404
    assert "Wrong person" in text(page_of(stored, by=coordinator))


def test_a_replaced_one_leads_to_the_newer(stored: Certificate, coordinator: User) -> None:
    learner = stored.enrollment.learner
    change_person(learner, by=coordinator.subject, at=clock.now(), name="Maya Lindqvist")
    stored.refresh_from_db()
    new = issuing.reissue(Certificate.objects.get(pk=stored.pk), reason="Name", by=coordinator.subject, at=clock.now())
    page = text(page_of(stored))
    assert "Replaced" in page
    assert reverse("certificate", args=[new.public_id]) in page
    assert page_of(stored, "certificate_file").status_code == 404
    assert stored.number in text(page_of(new))


def test_the_coordinator_finds_revoke_and_issue_again(stored: Certificate, coordinator: User) -> None:
    page = text(page_of(stored, by=coordinator))
    assert reverse("revoke", args=[stored.public_id]) in page
    assert reverse("reissue", args=[stored.public_id]) in page
    assert reverse("people:person", args=[stored.enrollment.learner.public_id]) in page


# --- file and picture ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("harm", ["altered", "missing"])
def test_a_file_that_is_not_the_stored_one_is_not_given(harm: str, stored: Certificate, settings: Any) -> None:
    path = Path(settings.CERTIFICATE_DIR) / stored.file
    if harm == "altered":
        path.write_bytes(path.read_bytes() + b" ")
    else:
        path.unlink()
    answer = page_of(stored, "certificate_file")
    assert answer.status_code == 503
    assert "The file of this certificate is not there" in text(answer)
    assert b"%PDF" not in answer.content


def test_a_file_that_is_not_made_yet_is_not_here(certificate: Certificate) -> None:
    assert page_of(certificate, "certificate_file").status_code == 404


def test_the_picture_is_private_and_its_failure_is_no_failing_page(
    stored: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = page_of(stored, "certificate_preview")
    assert answer["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert "no-store" in answer["Cache-Control"]

    def refuse(*args: object) -> bytes:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(drawing, "preview", refuse)
    assert page_of(stored, "certificate_preview").status_code == 404
    assert page_of(stored).status_code == 200


# --- check -----------------------------------------------------------------------------------------------------------------
def check(code: str) -> Any:
    return Client().get(reverse("verify", args=[code]))


def test_a_valid_code_shows_every_printed_field_and_no_address(stored: Certificate) -> None:
    answer = check(stored.code)
    page = text(answer)
    assert answer.status_code == 200
    assert "This certificate is valid" in page
    for printed in (
        stored.name,
        stored.course_title,
        stored.edition,
        stored.number,
        stored.score,
        stored.organization,
        stored.signatory,
    ):
        assert printed in page
    assert "@" not in page
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_the_code_may_be_typed_as_people_type(stored: Certificate) -> None:
    for typed in (
        stored.code.lower(),
        stored.printed_code,
        stored.printed_code.replace("-", " "),
        f" {stored.code} ",
        stored.printed_code.replace("-", "\u2013"),
    ):
        assert check(typed).status_code == 200, typed
    answer = Client().get(reverse("verify_ask"), {"code": stored.printed_code.lower()}, follow=True)
    assert "This certificate is valid" in text(answer)


@pytest.mark.parametrize(
    "code",
    [
        "A",
        "A" * 27,
        "A" * 1_000_000,
        "0OIL1U",
        "<script>alert(1)<script>",
        "%00",
        "..",
        "\u0410\u0412\u0421",
        "'; DROP TABLE",
        "\U0001f600",
    ],
    ids=["short", "well made", "a megabyte", "look-alikes", "markup", "null", "dots", "cyrillic", "quote", "emoji"],
)
def test_an_unknown_code_gets_the_same_page_with_404(code: str, stored: Certificate) -> None:
    answer = Client().get(f"/verify/{code}") if code == "%00" else check(code)
    page = text(answer)
    assert answer.status_code == 404
    assert "We do not know this code" in page
    assert 'id="code"' in page
    assert "<script>alert" not in page
    assert stored.name not in page


@pytest.mark.parametrize("code", ["", "   ", "-", "\u0000", "x" * 1_000_000, "../../coordinator/"])
def test_whatever_is_asked_stays_on_the_check_pages(code: str, stored: Certificate) -> None:
    answer = Client().get(reverse("verify_ask"), {"code": code}, follow=True)
    assert answer.status_code in (200, 404)
    assert answer.request["PATH_INFO"].startswith("/verify/")
    assert stored.name not in text(answer)


def test_one_changed_sign_is_another_code(stored: Certificate) -> None:
    changed = ("B" if stored.code[0] != "B" else "C") + stored.code[1:]
    assert check(changed).status_code == 404


def test_an_expired_one_is_shown_as_expired() -> None:
    then = clock.now() - dt.timedelta(days=3 * 365)
    certificate = finish(factories.make_assignment(factories.make_user(), factories.make_course(), at=then), at=then)
    page = text(check(certificate.code))
    assert "This certificate is not valid now" in page
    assert "It ran out at the end of" in page


def test_a_revoked_one_is_shown_as_revoked_without_the_reason(stored: Certificate, coordinator: User) -> None:
    issuing.revoke(stored, reason="Wrong person", by=coordinator.subject, at=clock.now())
    answer = check(stored.code)
    assert answer.status_code == 200
    assert "Revoked" in text(answer)
    assert "Wrong person" not in text(answer)


def test_a_replaced_one_says_so_and_does_not_name_the_new_code(stored: Certificate, coordinator: User) -> None:
    change_person(stored.enrollment.learner, by=coordinator.subject, at=clock.now(), name="Maya Lindqvist")
    new = issuing.reissue(Certificate.objects.get(pk=stored.pk), reason="Name", by=coordinator.subject, at=clock.now())
    page = text(check(stored.code))
    assert "Replaced" in page
    assert new.code not in page
    assert new.number not in page
    assert "Maya Lindqvist" in text(check(new.code))


def test_a_hostile_name_is_escaped(stored: Certificate, coordinator: User) -> None:
    Certificate.objects.filter(pk=stored.pk).update(name=HOSTILE, course_title=HOSTILE, organization=HOSTILE)
    stored.refresh_from_db()
    for page in (
        check(stored.code),
        page_of(stored),
        page_of(stored, by=coordinator),
        client_of(coordinator).get(reverse("certificates")),
    ):
        assert page.status_code == 200
        assert "<b hostile>" not in text(page)
        assert "&lt;b hostile&gt;" in text(page)


def test_checking_asks_twice_at_most(stored: Certificate, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        check(stored.code)
