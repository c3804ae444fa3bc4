"""The site's own words: versioned rows."""

import datetime as dt

import pytest

from courses.actions.site_words import enter_words
from courses.models import SiteWords
from courses.queries.site_words import current_words, slots_in_use
from tests import factories

pytestmark = pytest.mark.django_db


def test_each_change_is_a_new_row(at: dt.datetime) -> None:
    by = factories.make_coordinator().subject
    first = enter_words("privacy", " Ask Ines. ", by=by, at=at)
    same = enter_words("privacy", "Ask Ines.", by=by, at=at + dt.timedelta(days=1))
    second = enter_words("privacy", "Ask Omar.", by=by, at=at + dt.timedelta(days=2))
    other = enter_words("overdose", "Call 911.", by=by, at=at)
    assert same == first
    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert (first.text, first.entered_by) == ("Ask Ines.", str(by))
    assert current_words(["privacy", "overdose", "escalation"]) == {"privacy": second, "overdose": other}
    assert SiteWords.objects.count() == 3


def test_emptied_words_are_not_shown_and_stay_as_rows(at: dt.datetime) -> None:
    by = factories.make_coordinator().subject
    enter_words("privacy", "Ask Ines.", by=by, at=at)
    enter_words("privacy", "", by=by, at=at)
    assert current_words(["privacy"]) == {}
    assert SiteWords.objects.count() == 2
    back = enter_words("privacy", "Ask Ines.", by=by, at=at)
    assert back.number == 3


def test_slots_in_use_are_those_of_current_editions(at: dt.datetime) -> None:
    assert slots_in_use() == []
    factories.make_course(units=2, at=at)
    assert slots_in_use() == ["privacy"]
