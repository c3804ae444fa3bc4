"""Erasing who somebody was, and keeping what they did."""

import datetime as dt
import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from lms.outbox.models import Message
from lms.people.actions.erasing import erase_identity
from lms.people.actions.identity import write
from lms.people.actions.people import change_person, deactivate, reactivate
from lms.people.models import Invitation, User
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import IdentitySnapshot, TrainingEvent
from lms.record.verifying import Tally, faults
from tests.people.conftest import House

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]

WORDS = ("Maya", "Okafor", "maya@example.org", "Night cook", "555-0177", "E-4711")


@pytest.fixture
def maya(house: House, at: dt.datetime) -> User:
    """Was invited, changed her job role, has left."""
    maya = house.newcomer
    change_person(maya, job_role="Night cook", phone="555-0177", employee_number="E-4711", by=SYSTEM, at=at)
    write(maya, EventKind.PERSON_JOINED, {}, at=at, by=maya.subject)
    Message.objects.filter(recipient=maya).update(
        state="sent", sent_at=at, settled_at=at, to_email=maya.email, subject="Hello Maya", body_text="Dear Maya"
    )
    EmailAddress.objects.create(user=maya, email="maya@example.org", verified=True, primary=True)
    return deactivate(maya, "left", by=house.coordinator.subject, at=at)


def rows_that_say(word: str) -> list[str]:
    """The tables in which the word stands anywhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(word.casefold() in str(value).casefold() for row in cursor.fetchall() for value in row):
                found.append(table)
    return found


def test_no_table_says_who_it_was(maya: User, house: House, at: dt.datetime) -> None:
    assert {"people_user", "record_identitysnapshot", "outbox_message"} <= set(rows_that_say("Maya"))
    erase_identity(maya, reason="asked", by=house.coordinator.subject, at=at)
    for word in WORDS:
        assert rows_that_say(word) == []


def test_the_record_stays_and_verifies(maya: User, house: House, at: dt.datetime) -> None:
    before = list(TrainingEvent.objects.filter(subject=maya.subject).values())
    snapshots = IdentitySnapshot.objects.filter(subject=maya.subject).count()
    assert snapshots > 1
    erase_identity(maya, reason="asked", by=house.coordinator.subject, at=at)
    assert list(TrainingEvent.objects.filter(subject=maya.subject).values())[: len(before)] == before
    event = TrainingEvent.objects.get(kind="person.erased")
    assert (event.subject, event.actor) == (maya.subject, str(house.coordinator.subject))
    assert json.loads(event.payload) == {"reason": "asked", "snapshots": snapshots}
    tally = Tally()
    assert list(faults(tally)) == []
    assert tally.erased == snapshots


def test_what_is_left_of_the_person(maya: User, house: House, at: dt.datetime) -> None:
    joined, site, team = maya.joined_at, maya.site, maya.team
    erase_identity(maya, reason="over", by=SYSTEM, at=at)
    fresh = User.objects.get(pk=maya.pk)
    assert (fresh.name, fresh.latin_name, fresh.email, fresh.job_role) == ("Erased on November 23, 2026", "", None, "")
    assert (maya.name, maya.erased_at) == (fresh.name, at)
    assert (fresh.erased_at, fresh.is_active) == (at, False)
    assert (fresh.joined_at, fresh.site, fresh.team) == (joined, site, team)
    assert not fresh.has_usable_password()
    assert not EmailAddress.objects.filter(user=maya).exists()
    assert set(Invitation.objects.filter(user=maya).values_list("state", "email", "token_hash")) == {
        ("ended", "", None)
    }
    message = Message.objects.get(recipient=maya)
    assert (message.state, message.sent_at, message.to_email, message.body_text) == ("sent", at, "", "")


def test_twice_is_once(maya: User, at: dt.datetime) -> None:
    erase_identity(maya, reason="asked", by=SYSTEM, at=at)
    erase_identity(maya, reason="asked", by=SYSTEM, at=at + dt.timedelta(days=1))
    assert User.objects.get(pk=maya.pk).erased_at == at
    assert TrainingEvent.objects.filter(kind="person.erased").count() == 1


def test_somebody_who_is_active_is_not_erased(house: House, at: dt.datetime) -> None:
    with pytest.raises(ValidationError, match="Deactivate this person first"):
        erase_identity(house.ordinary, reason="asked", by=SYSTEM, at=at)
    assert User.objects.get(pk=house.ordinary.pk).name == "Darnell Hughes"


@pytest.mark.parametrize("state", ["claimed", "handing_over"])
def test_while_a_mail_is_on_its_way_nothing_is_erased(maya: User, at: dt.datetime, state: str) -> None:
    Message.objects.filter(recipient=maya).update(state=state)
    with pytest.raises(ValidationError, match="is being sent just now"):
        erase_identity(maya, reason="asked", by=SYSTEM, at=at)
    assert User.objects.get(pk=maya.pk).name == "Maya Okafor"
    assert not IdentitySnapshot.objects.exclude(erased_at=None).exists()
    assert list(faults()) == []


def test_a_mail_that_waits_is_not_sent(maya: User, at: dt.datetime) -> None:
    Message.objects.filter(recipient=maya).update(state="queued")
    erase_identity(maya, reason="asked", by=SYSTEM, at=at)
    assert Message.objects.get(recipient=maya).state == "suppressed"


@pytest.mark.parametrize("action", [reactivate, lambda user, **kw: change_person(user, name="Maya Okafor", **kw)])
def test_nobody_comes_back(maya: User, at: dt.datetime, action: Any) -> None:
    erase_identity(maya, reason="asked", by=SYSTEM, at=at)
    with pytest.raises(ValidationError, match="was erased for good"):
        action(maya, by=SYSTEM, at=at)
    assert not User.objects.get(pk=maya.pk).is_active


def test_a_word_that_is_no_reason_is_refused(maya: User, at: dt.datetime) -> None:
    with pytest.raises(ValueError, match="because"):
        erase_identity(maya, reason="because Maya Okafor said so", by=SYSTEM, at=at)
    assert User.objects.get(pk=maya.pk).name == "Maya Okafor"


def test_whoever_read_the_person_before_brings_no_name_back(maya: User, at: dt.datetime) -> None:
    """A round over many people has read this one before the erasure, and writes an event after it."""
    stale = User.objects.select_related("site", "team").get(pk=maya.pk)
    erase_identity(maya, reason="asked", by=SYSTEM, at=at)
    with transaction.atomic():
        write(stale, EventKind.PERSON_JOINED, {}, at=at, by=SYSTEM)
    last = IdentitySnapshot.objects.filter(subject=maya.subject).last()
    assert last is not None
    assert (last.fields or {})["name"] == maya.name != stale.name
    assert not IdentitySnapshot.objects.filter(subject=maya.subject, fields__name=stale.name).exists()
    assert list(faults(Tally())) == []
