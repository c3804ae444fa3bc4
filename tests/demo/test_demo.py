"""The demonstration: every state a supervisor can meet, the same every time, and only where it belongs."""

import datetime as dt
import io
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from courses.enums import FileState, Status
from courses.models import Certificate
from courses.queries.matrix import Filters, Matrix
from courses.queries.matrix_rows import list_rows
from lms import demo
from lms.demo import cast, making
from lms.lib import doorbell
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.people.models import Organization, Site, User
from lms.record.models import RecordHead
from lms.record.queries import faults
from tests import factories

AT = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def made(transactional_db: None) -> None:
    call_command("load_courses", stdout=io.StringIO())
    with doorbell.silent():
        making.make(AT)


def _rows() -> list[tuple[object, ...]]:
    return list(list_rows(_matrix()))


def _matrix() -> Matrix:
    return Matrix(User.objects.filter(is_active=True), AT, Filters(sort="name"))


def test_it_holds_every_state_and_the_sign_ins_work(made: None, client: Client) -> None:
    _holds_every_state()
    _tells_nothing_from_before_people_came()
    _lets_the_six_sign_in(client)


def _holds_every_state() -> None:
    rows = list(_matrix().all_rows())
    assert {cell.status for row in rows for cell in row.cells if cell} == set(Status) - {Status.NOT_REQUIRED}
    assert Site.objects.count() == 3
    assert User.objects.count() == len(cast.CAST) == 33
    assert User.objects.filter(is_active=False).count() == 1
    assert User.objects.filter(email=None).count() == 2
    assert [row.person.name for row in rows if not row.asked] == ["Aaliyah Johnson", "Chidi Eze"]
    assert Certificate.objects.filter(revoked_at__isnull=False).count() == 1
    assert Certificate.objects.filter(superseded_at__isnull=False).count() == 1
    assert set(Certificate.objects.values_list("state", flat=True)) == {FileState.STORED}
    assert [fault for head in RecordHead.objects.all() for fault in faults(head.subject)] == []
    assert Message.objects.filter(kind="course_assigned", state=MessageState.SENT).count() > 20
    assert set(Message.objects.values_list("state", flat=True)) <= {
        MessageState.SENT,
        MessageState.SUPPRESSED,
        MessageState.QUEUED,
    }


def _tells_nothing_from_before_people_came() -> None:
    for person in User.objects.exclude(hire_date=None):
        for assignment in person.assignments.all():
            assert person.hire_date is not None
            assert assignment.assigned_at.date() >= person.hire_date, (person.name, assignment.course)


def test_it_is_the_same_every_time(made: None) -> None:
    first = _rows()
    call_command("flush", interactive=False, verbosity=0)
    call_command("load_courses", stdout=io.StringIO())
    with doorbell.silent():
        making.make(AT)
    assert _rows() == first


def _lets_the_six_sign_in(client: Client) -> None:
    signs = demo.sign_ins()
    assert [role for role, _, _ in signs] == [
        "New staff member",
        "Volunteer",
        "Supervisor",
        "Training coordinator",
        "Auditor",
        "Administrator",
    ]
    assert "Demonstration" in client.get("/account/login/").content.decode()
    for _, email, password in signs:
        answer = client.post("/account/login/", {"login": email, "password": password}, follow=True)
        assert answer.redirect_chain[-1][0] in (
            "/training/",
            "/today/",
            "/team/",
            "/coordinator/",
            "/coordinator/health/",
        )
        assert "Demonstration" in answer.content.decode()
        client.logout()


@pytest.mark.django_db
def test_it_goes_only_into_an_empty_database() -> None:
    factories.make_course()
    factories.make_user()
    with pytest.raises(CommandError, match="already holds people"):
        call_command("demo")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_it_wants_courses_first() -> None:
    with pytest.raises(CommandError, match="load_courses"):
        call_command("demo")
    assert not Organization.objects.exists()


def test_it_is_refused_in_production() -> None:
    environment: dict[str, Any] = {
        **{k: v for k, v in os.environ.items() if not k.startswith("LMS_TEST_")},
        "LMS_ENV": "production",
        "SITE_URL": "https://training.example.org",
        "SECRET_KEY": "k7-first-long-and-random-enough-0123456789-abcdefghijkl",
        "RECORD_KEY": "r9-other-long-and-random-enough-9876543210-lkjihgfedcba",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "refused in production" in done.stderr
    assert "Traceback" not in done.stderr
