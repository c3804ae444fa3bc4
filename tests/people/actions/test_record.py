"""The daily seal and check, and taking the seals elsewhere."""

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError

from lms.people import tasks
from lms.people.actions.identity import write
from lms.people.actions.record import export_seals, keep
from lms.people.models import Organization
from lms.record import sealfile
from lms.record.actions import SYSTEM
from lms.record.enums import EventKind
from lms.record.models import RecordCheck, Seal, TrainingEvent
from lms.record.verifying import faults
from tests.factories import make_coordinator, make_organization, make_user
from tests.lifting import lift

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _denver() -> None:
    make_organization()


def test_the_day_is_that_of_the_organization(at: dt.datetime) -> None:
    """17:00 UTC is 10 am in Denver. At 6:59 UTC it is still that day, at 7:00 the next one has begun."""
    keep(at=at)
    keep(at=at + 13 * HOUR + dt.timedelta(minutes=59))
    assert [seal.day for seal in Seal.objects.all()] == [dt.date(2026, 11, 23)]
    keep(at=at + 14 * HOUR)
    keep(at=at + 15 * HOUR)
    assert [seal.day for seal in Seal.objects.all()] == [dt.date(2026, 11, 23), dt.date(2026, 11, 24)]
    assert [check.day for check in RecordCheck.objects.all()] == [dt.date(2026, 11, 23), dt.date(2026, 11, 24)]


def test_a_check_keeps_what_it_found(at: dt.datetime) -> None:
    write(make_user(), EventKind.PERSON_JOINED, at=at, by=SYSTEM)
    keep(at=at)
    check = RecordCheck.objects.get()
    assert (check.faults, check.sentences, check.seals) == (0, [], 1)
    assert check.events == TrainingEvent.objects.count()
    lift()
    event = TrainingEvent.objects.order_by("pk").first()
    assert event is not None
    TrainingEvent.objects.filter(pk=event.pk).update(actor="x")
    keep(at=at + 24 * HOUR)
    check = RecordCheck.objects.get(day=dt.date(2026, 11, 24))
    assert check.faults == len(check.sentences) == 2
    assert check.sentences[0] == f"event {event.seq} of {event.subject} was changed"


def test_many_faults_are_counted_and_the_first_are_kept(at: dt.datetime) -> None:
    for number in range(60):
        write(make_user(f"Person {number}"), EventKind.PERSON_JOINED, at=at, by=SYSTEM)
    lift()
    TrainingEvent.objects.update(actor="x")
    keep(at=at)
    check = RecordCheck.objects.get()
    assert check.faults > len(check.sentences) == 50


def test_a_check_that_was_cut_off_is_taken_up_again(at: dt.datetime) -> None:
    RecordCheck.objects.create(day=dt.date(2026, 11, 23), started_at=at)
    keep(at=at + HOUR)
    assert RecordCheck.objects.get().ended_at is None, "it may still run"
    keep(at=at + 3 * HOUR)
    assert RecordCheck.objects.get().ended_at is not None


def test_without_an_organization_nothing_is_made(at: dt.datetime) -> None:
    Organization.objects.all().delete()
    keep(at=at)
    assert not Seal.objects.exists()


def test_the_task_keeps_the_record() -> None:
    tasks.keep_record()
    tasks.keep_record()
    assert (Seal.objects.count(), RecordCheck.objects.count()) == (1, 1)


def test_an_export_is_noted_with_who_took_it(at: dt.datetime) -> None:
    priya = make_coordinator()
    with pytest.raises(ValidationError, match="no seal yet"):
        export_seals(by=priya, at=at)
    keep(at=at)
    kept = sealfile.read(export_seals(by=priya, at=at))
    assert kept == [sealfile.exported(seal) for seal in Seal.objects.all()]
    event = TrainingEvent.objects.get(kind="seals.exported")
    assert (event.subject, event.actor) == (priya.subject, str(priya.subject))
    payload = json.loads(event.payload)
    assert (payload["seals"], payload["last"]) == (1, kept[0].hash)
    assert list(faults(exported=kept)) == []
