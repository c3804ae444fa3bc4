"""Due dates as calendar entries: in mails, and at a private address."""

import datetime as dt
import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from courses.actions import assigning, excepting
from courses.actions.feeding import make_address
from courses.calendar.due import DueDate, calendar_of
from courses.enums import Answer, ExceptionKind
from courses.links import FEEDS, answer_token, feed_url
from courses.models import Assignment, CalendarFeed, Course
from courses.queries.calendar import due_dates, due_dates_of
from lms.lib import clock
from lms.outbox import kinds
from lms.outbox.actions.making import new_message
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from lms.outbox.rendering import Letter
from lms.outbox.sending import compose
from lms.people.actions import people as people_actions
from lms.people.models import User
from tests import factories

DAY = dt.timedelta(days=1)


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


def entries(content: bytes) -> dict[str, Any]:
    """The entries of a calendar by their UID, as the library reads them back."""
    return {str(event["UID"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def path_of(feed: CalendarFeed) -> str:
    return re.sub(r"^https?://[^/]+", "", feed_url(feed))


TEXT = st.text(
    "an ,;:\\\"'é漢🙂-", min_size=1, max_size=120
)  # what is escaped, and what is long in UTF-8 (the library reads \\N as a line break)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            DueDate,
            assignment=st.uuids(version=4),
            title=TEXT,
            due_on=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)),
            zone=st.sampled_from(["America/Denver", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC"]),
            url=st.just("https://training.example/courses/1/"),
            changed_at=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),
            moves=st.integers(0, 99),
        ),
        max_size=4,
        unique_by=lambda due: due.assignment,
    )
)
def test_what_is_written_is_read_back(dues: list[DueDate]) -> None:
    content = calendar_of(dues)
    assert content == calendar_of(dues), "the same facts, the same bytes"
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    found = entries(content)
    assert list(found) == [str(due.assignment) for due in dues]
    for due in dues:
        event = found[str(due.assignment)]
        assert (event.start, event.end) == (due.due_on, due.due_on + DAY), "the whole day, in whatever zone"
        assert str(event["SUMMARY"]) == f"Due: {due.title}"
        assert event["SEQUENCE"] == due.moves
        assert event["LAST-MODIFIED"].dt == due.changed_at.replace(microsecond=0)
        (alarm,) = event.walk("VALARM")
        assert alarm["TRIGGER"].dt == dt.timedelta(hours=-15), "one alarm, in the morning of the day before"


def test_a_file_in_a_mail_is_published_and_one_at_an_address_is_asked_again() -> None:
    published, asked = (Calendar.from_ical(calendar_of([], refreshed=refreshed)) for refreshed in (False, True))
    assert published["METHOD"] == "PUBLISH"
    assert "METHOD" not in asked
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT12H\r\n" in calendar_of([], refreshed=True)
    assert b"X-PUBLISHED-TTL:PT12H\r\n" in calendar_of([], refreshed=True)


@pytest.mark.django_db
def test_a_moved_date_keeps_the_entry_and_is_newer(course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(course=course, at=at)
    (first,) = due_dates_of(row.learner, at)
    assert (first.moves, first.changed_at) == (0, at)
    assigning.move_due_date(row, row.due_on + 7 * DAY, reason="More time", by="system", at=at + DAY)
    (second,) = due_dates_of(row.learner, at)
    assert (second.assignment, second.moves, second.changed_at) == (first.assignment, 1, at + DAY)
    assert second.due_on == first.due_on + 7 * DAY
    assigning.move_due_date(row, first.due_on, reason="As before", by="system", at=at + 2 * DAY)
    (third,) = due_dates_of(row.learner, at)
    assert (third.due_on, third.moves) == (first.due_on, 2), "also back to where it was"


@pytest.mark.django_db
def test_another_zone_changes_no_day(course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(course=course, at=at)
    before = calendar_of(due_dates_of(row.learner, at))
    far = factories.make_site("Far", "Pacific/Kiritimati")
    User.objects.filter(pk=row.learner_id).update(site=far)
    learner = User.objects.get(pk=row.learner_id)
    assigning.zone_changed(learner, by="system", at=at)
    after = calendar_of(due_dates_of(learner, at))
    ((uid, old),), ((same, new),) = entries(before).items(), entries(after).items()
    assert (uid, old.start, old["SEQUENCE"]) == (same, new.start, new["SEQUENCE"])
    assert "Kiritimati time" in str(new["DESCRIPTION"])


@pytest.mark.django_db
def test_the_calendar_holds_what_is_to_do_once(course: Course, at: dt.datetime) -> None:
    coordinator = factories.make_coordinator()
    learner = factories.make_user()
    row = factories.make_assignment(learner, course, at=at)
    factories.make_requirement(course, at=at, by=coordinator)
    assert Assignment.objects.open().filter(learner=learner, enrollment=row.enrollment).count() == 2
    other = factories.make_assignment(learner, factories.make_course(slug="other", at=at), at=at, due_in=3)
    assert [due.assignment for due in due_dates_of(learner, at)] == [other.public_id, row.public_id]
    assigning.withdraw(other, reason="By mistake", by="system", at=at)
    assert [due.assignment for due in due_dates_of(learner, at)] == [row.public_id]
    excepting.grant(
        learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=None, reason="Agreed", by=coordinator, at=at
    )
    assert due_dates_of(learner, at + DAY) == [], "its date moves when the person is back"


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 3])
def test_three_due_dates_ask_as_often_as_one(number: int, at: dt.datetime, django_assert_num_queries: Any) -> None:
    learner = factories.make_user()
    for n in range(number):
        factories.make_assignment(learner, factories.make_course(slug=f"course-{n}", at=at), at=at)
    with django_assert_num_queries(2):
        assert len(due_dates_of(learner, at)) == number


# --- in mails ---


def mail(slug: str, at: dt.datetime, *, say: tuple[str, ...] = ()) -> Message:
    """One message of this kind that carries all occasions, as ``gather`` makes it; ``say``: the kinds of the occasions, in their order."""
    rows = list(Occasion.objects.order_by("pk"))
    message = new_message(slug, rows[0].recipient, at=at, state=MessageState.QUEUED)
    for row, kind in zip(rows, say or [slug] * len(rows), strict=True):
        Occasion.objects.filter(pk=row.pk).update(message=message, kind=kind)
    return message


def as_read(message: Message) -> list[tuple[str, EmailMessage]]:
    """(file name, part) of the attachments, as the mail of the message arrives."""
    files = kinds.get(message.kind).attachments(message)
    letter = Letter("Due", "text", "<p>text</p>", "", "")
    written: Any = compose(
        to="a@example.org", letter=letter, message_id="<1@x>", attachments=files, at=message.created_at
    ).message()
    parsed: Any = email.message_from_bytes(written.as_bytes(linesep="\r\n"), policy=email.policy.default)
    return [(part.get_filename(), part) for part in parsed.iter_attachments()]


@pytest.mark.django_db
def test_a_mail_carries_its_due_date(course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(course=course, at=at)
    ((name, part),) = as_read(mail("course_assigned", at))
    assert name == f"Due {row.due_on}.ics"
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "PUBLISH"
    content = part.get_content().encode()
    (event,) = entries(content).values()
    assert (str(event["UID"]), event.start) == (str(row.public_id), row.due_on)
    assert row.enrollment is not None
    assert str(event["URL"]).endswith(reverse("course", args=[row.enrollment.public_id]))
    assert row.learner.name.encode() not in content


@pytest.mark.django_db
def test_a_mail_of_several_reasons_carries_one_file(course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(course=course, at=at)
    other = factories.make_assignment(row.learner, factories.make_course(slug="other", at=at), at=at, due_in=3)
    message = mail("digest", at, say=("due_soon", "course_assigned"))
    (file,) = kinds.get("digest").attachments(message)
    assert file.filename == "Due dates.ics"
    assert list(entries(file.content)) == [str(other.public_id), str(row.public_id)]
    assigning.withdraw(other, reason="By mistake", by="system", at=at)
    (file,) = kinds.get("digest").attachments(message)
    assert list(entries(file.content)) == [str(row.public_id)]


@pytest.mark.django_db
def test_a_date_that_is_over_is_not_sent(course: Course, at: dt.datetime) -> None:
    row = factories.make_assignment(course=course, at=at)
    assert kinds.get("overdue").attachments(mail("overdue", at)) == []
    other = factories.make_assignment(row.learner, factories.make_course(slug="other", at=at), at=at, due_in=3)
    (file,) = kinds.get("digest").attachments(mail("digest", at, say=("overdue", "due_soon")))
    assert list(entries(file.content)) == [str(other.public_id)]


# --- the private address ---


@pytest.mark.django_db
def test_the_address_shows_the_open_due_dates_without_signing_in() -> None:
    learner = factories.make_user()
    row = factories.make_assignment(learner, factories.make_course())
    done = factories.make_assignment(learner, factories.make_course(slug="other"))
    assert done.enrollment is not None
    factories.pass_unit(done.enrollment)
    factories.make_assignment(factories.make_user(), row.course)
    response = Client().get(path_of(make_address(learner, at=clock.now())))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "private" in response["Cache-Control"]
    assert not response.cookies
    assert list(entries(response.content)) == [str(row.public_id)]
    assert learner.name.encode() not in response.content


@pytest.mark.django_db
def test_only_the_newest_address_of_an_active_person_works() -> None:
    learner = factories.make_user()
    old = path_of(make_address(learner, at=clock.now()))
    feed = make_address(learner, at=clock.now())
    new = path_of(feed)
    assert CalendarFeed.objects.count() == 1
    token = FEEDS.sign(feed.nonce)
    assignment = factories.make_assignment(learner, factories.make_course())
    tokens = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        Signer(salt="another", sep=".").sign(feed.nonce),
        answer_token(assignment, Answer.BLOCKED),
        feed.nonce,
    ]
    assert Client().get(new).status_code == 200
    for address in [old, *(reverse("calendar_feed", args=[each]) for each in tokens)]:
        assert Client().get(address).status_code == 404, address
    assert Client().post(new).status_code == 405
    people_actions.deactivate(learner, "left", at=clock.now(), by=factories.make_coordinator().subject)
    assert Client().get(new).status_code == 404


@pytest.mark.django_db
def test_a_person_makes_the_address_and_makes_it_anew() -> None:
    learner = factories.make_user()
    factories.make_assignment(learner, factories.make_course())
    client = Client()
    client.force_login(learner)
    assert "Make my address" in client.get("/training/").content.decode()
    assert not CalendarFeed.objects.exists(), "looking makes none"
    page = client.post(reverse("calendar_address"), follow=True).content.decode()
    first = feed_url(CalendarFeed.objects.get())
    assert first in page
    again = client.post(reverse("calendar_address"), follow=True).content.decode()
    second = feed_url(CalendarFeed.objects.get())
    assert second != first
    assert second in again
    assert first not in again
    assert client.get(reverse("calendar_address")).status_code == 405
    assert Client().post(reverse("calendar_address"))["Location"].startswith("/account/login/")


@pytest.mark.django_db
def test_the_order_is_by_due_date(at: dt.datetime) -> None:
    learner = factories.make_user()
    late = factories.make_assignment(learner, factories.make_course(slug="late", at=at), at=at, due_in=30)
    soon = factories.make_assignment(learner, factories.make_course(slug="soon", at=at), at=at, due_in=2)
    assert [due.assignment for due in due_dates(Assignment.objects.all())] == [soon.public_id, late.public_id]
