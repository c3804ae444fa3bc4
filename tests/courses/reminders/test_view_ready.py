"""A link to a view that somebody keeps comes every week or month, holds no names, and ends with the view or the right to see it."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from courses.actions import viewing
from courses.enums import Rhythm
from courses.models import SavedView
from courses.reminders.planner import plan
from courses.reminders.view_ready import first_day_of
from lms.lib import doorbell
from lms.outbox import actions as outbox
from lms.outbox import kinds
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture
def boss() -> User:
    factories.make_organization()
    return factories.make_supervisor(factories.make_team(), name="Denise Whitaker")


@pytest.fixture
def view(boss: User) -> SavedView:
    kept = viewing.save_view(boss, name="Night team, late", query="status=late&sort=name")
    return viewing.change_view(kept, name=kept.name, mailed=Rhythm.WEEKLY)


def days_of_mail(at: dt.datetime, last: int) -> list[int]:
    with doorbell.silent():
        for day in range(last):
            now = at + day * DAY
            plan(at=now)
            outbox.gather(at=now)
            for pk in Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True):
                outbox.deliver(pk, at=now)
    rows = Message.objects.filter(state=MessageState.SENT, occasions__kind="view_ready").order_by("sent_at")
    return [(row.sent_at - at).days for row in rows if row.sent_at is not None]


def test_every_week_on_the_first_working_day(boss: User, view: SavedView, at: dt.datetime) -> None:
    """The instant is a Monday."""
    late = factories.make_user(name="Maya Quist", team=boss.supervisions.get().team)
    assert days_of_mail(at, 15) == [0, 7, 14]
    mail = Message.objects.filter(occasions__kind="view_ready").earliest("sent_at")
    assert mail.subject == "Your view “Night team, late”"
    assert "/team/?status=late&sort=name" in mail.body_text
    assert "/team/table.xlsx?status=late&sort=name" in mail.body_text
    assert late.name not in mail.body_text + mail.body_html


def test_every_month_on_the_first_working_day(boss: User, view: SavedView, at: dt.datetime) -> None:
    viewing.change_view(view, name=view.name, mailed=Rhythm.MONTHLY)
    User.objects.filter(pk=boss.pk).update(working_days="345")
    assert days_of_mail(at, 45) == [9, 39], "Wednesday, December 2, and Friday, January 1"
    assert first_day_of(Rhythm.MONTHLY, dt.date(2027, 5, 20), "12345") == dt.date(2027, 5, 3)


@pytest.mark.parametrize("end", ["never", "deleted", "no team"])
def test_it_ends(boss: User, view: SavedView, at: dt.datetime, end: str) -> None:
    with doorbell.silent():
        plan(at=at)
    occasion, kind = Occasion.objects.get(kind="view_ready"), kinds.get("view_ready")
    assert kind.still_wanted(occasion, at) is None
    assert kind.still_wanted(occasion, at + 7 * DAY) is not None
    if end == "never":
        viewing.change_view(view, name=view.name, mailed=Rhythm.NEVER)
    elif end == "deleted":
        viewing.delete_view(view)
    else:
        boss.supervisions.update(ended_at=at)
    assert kind.still_wanted(occasion, at) is not None
    assert days_of_mail(at + DAY, 14) == []


def test_the_page_of_a_view(boss: User, view: SavedView, client: Client) -> None:
    client.force_login(boss)
    where = reverse("saved_view", args=[view.public_id])
    assert client.post(where, {"name": "Late", "mailed": "hourly"}).status_code == 422
    assert client.post(where, {"name": "Late", "mailed": "monthly"}).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.mailed) == ("Late", Rhythm.MONTHLY)
    assert "every month" in client.get(reverse("saved_views")).content.decode()
