"""The watch over the order of rows (tests/heads_first.py) sees what it should."""

import datetime as dt
import uuid

import pytest
from django.db import transaction
from django.db.models import F

from lms.people.models import Site, User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.models import Question
from tests import factories, heads_first

LOW, HIGH = uuid.UUID(int=1), uuid.UUID(int=2)


def write(subject: uuid.UUID, at: dt.datetime) -> None:
    record.append(subject, EventKind.ATTEMPTS_USED, {}, at=at, by=record.SYSTEM)


@pytest.fixture
def two(db: None, at: dt.datetime) -> None:
    with transaction.atomic():
        write(LOW, at)
        write(HIGH, at)


@pytest.mark.both_db
@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("hold low, touch person, write low", None),
        ("touch person, add somebody, write new", None),  # a record that begins: nobody waits for it
        ("touch person, write new", "then a head at"),
        ("hold low, hold high, touch person, write low", None),
        ("touch site, write low", None),
        ("touch person, write low", "people_user was taken at"),
        ("hold low, touch person, hold high", "then a head at"),
        ("hold high, hold low", "after one that sorts behind it"),
        ("hold low, touch site", "people_site was taken"),
    ],
)
@pytest.mark.usefixtures("two")
def test_what_is_found(steps: str, words: str | None, at: dt.datetime) -> None:
    factories.make_user()
    touch = {
        "person": lambda: User.objects.update(phone=F("phone")),
        "site": lambda: Site.objects.update(active=F("active")),
    }
    people = {"low": LOW, "high": HIGH, "new": uuid.uuid4()}
    heads_first.found()
    with transaction.atomic():
        for step in steps.split(", "):
            verb, what = step.split()
            if verb == "touch":
                touch[what]()
            elif verb == "add":
                factories.make_user(email="added@example.org")
            elif verb == "hold":
                record.hold(people[what])
            else:
                write(people[what], at)
    lines = heads_first.found()
    assert (lines == []) if words is None else (words in lines[0])
    assert all("tests/test_heads_first.py:" in line for line in lines)


@pytest.mark.both_db
@pytest.mark.usefixtures("two")
def test_a_lock_counts_like_a_change(at: dt.datetime) -> None:
    """PostgreSQL has row locks; on SQLite Django leaves them out."""
    with transaction.atomic():
        locked = list(User.objects.select_for_update(no_key=True))
        above = list(Question.objects.select_for_update())
        write(LOW, at)
    assert (locked, above) == ([], [])
    expected = transaction.get_connection().features.has_select_for_update
    assert bool(heads_first.found()) == expected
