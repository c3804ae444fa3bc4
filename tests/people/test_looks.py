"""Who opened which page about whom: noted once, for everybody but the person, and never unnoted for an auditor."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.people.actions import looking
from lms.people.models import Look, User
from lms.people.permissions import Action
from tests import factories
from tests.courses.pages import finish

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya() -> User:
    return factories.make_user("Maya Okafor", team=factories.make_team())


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def record_of(person: User) -> str:
    return reverse("person_record", args=[person.public_id])


def test_a_look_is_noted_with_viewer_role_page_and_time(maya: User, at: dt.datetime) -> None:
    assert maya.team is not None
    viewers = {
        "supervisor": factories.make_supervisor(maya.team),
        "coordinator": factories.make_coordinator(),
        "auditor": factories.make_auditor(),
    }
    with time_machine.travel(at, tick=False):
        for viewer in viewers.values():
            assert client_of(viewer).get(record_of(maya)).status_code == 200
    rows = {look.role: look for look in Look.objects.all()}
    assert set(rows) == set(viewers)
    for role, look in rows.items():
        assert (look.viewer, look.person, look.action) == (viewers[role], maya, Action.SEE_RECORD)
        assert (look.path, look.at) == (record_of(maya), at)


def test_ones_own_pages_are_not_noted(maya: User) -> None:
    own = client_of(maya)
    certificate = finish(factories.make_assignment(maya, factories.make_course()))
    for where in (
        reverse("my_record"),
        reverse("my_training"),
        reverse("certificate", args=[certificate.public_id]),
        reverse("why", args=[certificate.enrollment.assignments.get().public_id]),
    ):
        assert own.get(where).status_code == 200
    auditor = factories.make_auditor()
    for where in (reverse("my_record"), reverse("my_training"), reverse("people:profile")):
        assert client_of(auditor).get(where).status_code == 200
    assert not Look.objects.exists()


def test_the_same_page_again_is_noted_after_ten_minutes(maya: User, at: dt.datetime) -> None:
    desk = client_of(factories.make_coordinator())
    for minutes, rows in ((0, 1), (0, 1), (9, 1), (10, 2), (11, 2), (20, 3)):
        with time_machine.travel(at + dt.timedelta(minutes=minutes), tick=False):
            desk.force_login(User.objects.get(is_coordinator=True))
            desk.get(record_of(maya))
        assert Look.objects.count() == rows, minutes


def test_another_person_page_or_viewer_is_a_look_of_its_own(maya: User) -> None:
    ben = factories.make_user("Ben Carter")
    desk = client_of(factories.make_coordinator())
    for person in (maya, ben):
        desk.get(record_of(person))
        desk.get(reverse("people:person", args=[person.public_id]))
    client_of(factories.make_auditor()).get(record_of(maya))
    assert Look.objects.count() == 5


def test_a_refused_page_is_not_noted(maya: User) -> None:
    stranger, elsewhere = factories.make_user(), factories.make_supervisor(factories.make_team("Garden"))
    for viewer in (stranger, elsewhere):
        assert client_of(viewer).get(record_of(maya)).status_code == 404
    assert not Look.objects.exists()


def test_a_download_is_noted_for_everybody_in_it(maya: User) -> None:
    assert maya.team is not None
    supervisor = factories.make_supervisor(maya.team)
    colleague = factories.make_user(team=maya.team)
    factories.make_user("Somebody else")
    factories.make_assignment(maya, factories.make_course())
    client_of(supervisor).get(reverse("team_export"))
    assert set(Look.objects.values_list("person", flat=True)) == {maya.pk, colleague.pk}
    client_of(supervisor).get(reverse("team"))
    assert Look.objects.count() == 2, "a list on the screen is noted for nobody"


def test_every_page_that_an_auditor_reads_is_noted(maya: User) -> None:
    auditor = client_of(factories.make_auditor())
    pages = [reverse("team"), reverse("people:people"), reverse("people:messages"), reverse("requirements")]
    for where in pages:
        assert auditor.get(where).status_code == 200
        assert auditor.get(where).status_code == 200
    assert sorted(Look.objects.filter(person=None).values_list("path", flat=True)) == sorted(pages)
    assert Look.objects.count() == len(pages)


def busy(*_: Any, **__: Any) -> Any:
    raise DatabaseError("database is locked")


def test_an_auditor_reads_nothing_unnoted(maya: User, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = client_of(factories.make_auditor())
    monkeypatch.setattr(looking, "_store", busy)
    for where in (record_of(maya), reverse("team"), reverse("team_export")):
        answer = auditor.get(where)
        assert answer.status_code == 503
        assert "Maya" not in answer.content.decode()
        assert "Nothing was read" in answer.content.decode()


def test_others_are_not_stopped_by_a_busy_database(
    maya: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(looking, "_store", busy)
    answer = client_of(factories.make_coordinator()).get(record_of(maya))
    assert answer.status_code == 200
    assert "could not be noted" in caplog.text


@pytest.mark.both_db
def test_nobody_looks_at_themselves(maya: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Look.objects.create(viewer=maya, person=maya, role="auditor", action="x", path="/", at=clock.now())


@pytest.mark.both_db
def test_many_people_are_noted_in_few_queries(django_assert_num_queries: Any) -> None:
    viewer = factories.make_coordinator()
    people = {factories.make_user().pk for _ in range(30)}
    looking.note(viewer, Action.EXPORT_TEAM, people, "/team/export.csv", at=clock.now())
    assert Look.objects.count() == 30
    with django_assert_num_queries(1):
        looking.note(viewer, Action.EXPORT_TEAM, people, "/team/export.csv", at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_a_page_waits_a_second_for_the_one_writer_of_sqlite(maya: User) -> None:
    desk = client_of(factories.make_coordinator())
    desk.get(reverse("people:people"))
    if connection.vendor == "postgresql":  # there nobody waits for one writer
        assert desk.get(record_of(maya)).status_code == 200
        assert Look.objects.count() == 1
        return
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        started = clock.now()
        answer = desk.get(record_of(maya))
        waited = (clock.now() - started).total_seconds()
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert answer.status_code == 200
    assert waited < 10
    assert not Look.objects.exists()
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20000,)
    desk.get(record_of(maya))
    assert Look.objects.count() == 1


# --- who may read it ----------------------------------------------------------------------------------------------------
def test_a_person_sees_who_looked(maya: User) -> None:
    own = client_of(maya)
    assert "Nobody yet." in own.get(reverse("my_record")).content.decode()
    assert "Nobody yet." in own.get(reverse("people:my_looks")).content.decode()
    client_of(factories.make_auditor(name="Noor Haddad")).get(record_of(maya))
    client_of(factories.make_coordinator(name="Priya Raman")).get(record_of(factories.make_user()))
    for where in (reverse("my_record"), reverse("people:my_looks")):
        text = own.get(where).content.decode()
        assert "Noor Haddad" in text
        assert "Auditor" in text
        assert "The training record" in text
        assert "Nobody yet." not in text
    assert "Priya Raman" not in own.get(reverse("people:my_looks")).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_pages_take_the_same_queries(
    maya: User, rows: int, django_assert_num_queries: Callable[..., Any], at: dt.datetime
) -> None:
    for number in range(rows):
        viewer = factories.make_auditor(name=f"Auditor {number}")
        looking.note(viewer, Action.SEE_RECORD, {maya.pk}, "/x/", at=at + dt.timedelta(hours=number))
    own, desk = client_of(maya), client_of(factories.make_coordinator())
    for client, where, queries in ((own, reverse("people:my_looks"), 7), (desk, reverse("people:looks"), 6)):
        client.get(where)
        with django_assert_num_queries(queries):
            assert client.get(where).status_code == 200


def test_the_coordinator_finds_looks_by_either_name(maya: User) -> None:
    client_of(factories.make_auditor(name="Noor Haddad")).get(record_of(maya))
    desk = client_of(factories.make_coordinator())
    for search, found in (("", True), ("noor", True), ("okafor", True), ("noor maya", True), ("zz", False)):
        text = desk.get(reverse("people:looks"), {"search": search}).content.decode()
        assert (record_of(maya) in text) is found, search
    assert "this page" not in desk.get(reverse("people:looks") + "?search=%00").content.decode()


def test_an_action_that_is_gone_keeps_its_name(maya: User) -> None:
    Look.objects.create(
        viewer=factories.make_coordinator(),
        person=maya,
        role="coordinator",
        action="old_page",
        path="/",
        at=clock.now(),
    )
    assert "old_page" in client_of(maya).get(reverse("people:my_looks")).content.decode()


def test_a_view_that_is_tied_to_no_action_notes_nothing(rf: Any) -> None:
    request: HttpRequest = rf.get("/help/")
    assert request.path == "/help/"
    assert client_of(factories.make_auditor()).get(reverse("help")).status_code == 200
    assert not Look.objects.exists()
