"""A person's own time zone: their days, due dates and mail follow it; a correction of the site's does not."""

import datetime as dt
import zoneinfo

import pytest

from lms.lib import dates
from lms.people.actions import organization, people
from lms.people.mail import hours
from lms.record.actions import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db


def test_due_dates_and_mail_follow_the_own_zone(at: dt.datetime) -> None:
    course = factories.make_course(at=at)
    user, beside = factories.make_user(), factories.make_user()
    mine, theirs = (factories.make_assignment(who, course, at=at) for who in (user, beside))
    day = mine.due_on
    people.change_person(user, own_zone="Pacific/Honolulu", by=user.subject, at=at)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.due_on, mine.due_at) == (day, dates.end_of_day(day, "Pacific/Honolulu"))
    assert theirs.due_at == dates.end_of_day(day, "America/Denver")
    assert hours(user).zone == "Pacific/Honolulu"
    assert mine.due_at.astimezone(zoneinfo.ZoneInfo("Pacific/Honolulu")).hour == 0
    organization.change_site(user.site, zone="America/Chicago", by=SYSTEM, at=at)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.due_at == dates.end_of_day(day, "Pacific/Honolulu"), "the own zone stays"
    assert theirs.due_at == dates.end_of_day(day, "America/Chicago")
    user.refresh_from_db()
    people.change_person(user, own_zone="", by=user.subject, at=at)
    mine.refresh_from_db()
    assert mine.due_at == dates.end_of_day(day, "America/Chicago")


def test_a_move_does_not_touch_an_own_zone(at: dt.datetime) -> None:
    user = factories.make_user(own_zone="Pacific/Honolulu")
    mine = factories.make_assignment(user, factories.make_course(at=at), at=at)
    before = mine.due_at
    people.change_person(user, site=factories.make_site("Far", "America/New_York"), team=None, by=SYSTEM, at=at)
    mine.refresh_from_db()
    assert mine.due_at == before
