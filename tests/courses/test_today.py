"""A supervisor's first page: which rows, in which order, what is done from them, and who may."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.actions import assigning, deciding, excepting, issuing, replying
from courses.enums import Answer, DueKind, ExceptionKind, Status
from courses.models import Assignment, Certificate, Course, DutyException, Enrollment, Nudge, Reply
from courses.queries.decisions import Decision, Group
from courses.queries.today import Today, today_of
from courses.requirements.facts import Audience, Due
from courses.views.today import heading, sentence, trend_heading
from lms.lib import clock, dates
from lms.outbox.models import Message, Occasion
from lms.people.actions.people import change_person
from lms.people.models import Team, User
from lms.people.queries.teams import people_below
from lms.record import queries as record
from lms.record.enums import EventKind
from quizzes.actions import granting
from tests import factories
from tests.courses.pages import client_of, enrollment_of
from tests.faults.together import together
from tests.letters import gather_and_deliver
from tests.quizzes import timed

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Dana Whitfield")


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at - 400 * DAY)


def look(boss: User, at: dt.datetime) -> Today:
    return today_of(boss, people_below(boss), at)


def rows(found: Today) -> list[tuple[str, str, str]]:
    return [(part.group.value, row.person.name, row.word) for part in found.parts for row in part.rows]


def labels(row: Decision) -> list[str]:
    return [act.label for act in row.acts]


def only(found: Today) -> Decision:
    ((row,),) = (part.rows for part in found.parts)
    return row


def give(name: str, team: Team, course: Course, at: dt.datetime, due_in: int, **person: Any) -> Assignment:
    """Assigned thirty days ago, due so many days from now, in days of the person."""
    learner = factories.make_user(name, team=team, **person)
    behind = (dates.local_date(at, learner.zone) - (at - 30 * DAY).date()).days
    return factories.make_assignment(learner, course, at=at - 30 * DAY, due_in=due_in + behind)


def held(name: str, team: Team, course: Course, at: dt.datetime, ends_in: int) -> Assignment:
    """Completed, and valid for so many days from now."""
    row = give(name, team, course, at, 20)
    factories.pass_unit(enrollment_of(row), at=at - 20 * DAY)
    day = dates.local_date(at, row.learner.zone) + ends_in * DAY
    Certificate.objects.filter(enrollment=row.enrollment).update(
        expires_on=day, expires_at=dates.end_of_day(day, row.learner.zone)
    )
    return row


# --- the list ---------------------------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_every_kind_of_row_the_most_urgent_first(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    give("Late Four", team, course, at, -4)
    give("Late Nine", team, course, at, -9)
    give("On Time", team, course, at, 1)
    held("Ran Out", team, course, at, -3)
    held("Lapses", team, course, at, 12)
    held("Lapses Later", team, course, at, 40)
    held("Complete", team, course, at, 300)
    answered = give("Answers", team, course, at, -2)
    replying.give(answered, Answer.BLOCKED, at=at - DAY, by=answered.learner.subject, note="The computer has no sound.")
    used = timed.enroll(at - 9 * DAY, factories.make_user("Used Up", team=team))
    timed.use_up(used, at - 2 * DAY)
    found = look(boss, at)
    assert rows(found) == [
        ("late", "Ran Out", "Expired"),
        ("late", "Late Nine", "Overdue 9 days"),
        ("late", "Late Four", "Overdue 4 days"),
        ("answer", "Used Up", "Attempts used"),
        ("answer", "Answers", "Overdue 2 days"),
        ("lapse", "Lapses", "Expires in 12 days"),
    ]
    assert found.number == 6
    acts = {row.person.name: labels(row) for part in found.parts for row in part.rows}
    assert acts["Late Nine"] == ["Nudge", "Extend", "Exempt"]
    assert acts["Used Up"] == ["Open another attempt"]
    assert acts["Answers"] == ["Move the due date"]
    texts = {row.person.name: row.text for part in found.parts for row in part.rows}
    assert texts["Late Nine"] == "Test course, due November 14, not started."
    assert "“The computer has no sound.” Reminders about it rest until you answer." in texts["Answers"]
    assert texts["Ran Out"].startswith("Test course ran out on November 20. No renewal is open;")


def test_a_revoked_certificate_and_one_begun(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = held("Revoked", team, course, at, 300)
    issuing.revoke(Certificate.objects.get(enrollment=row.enrollment), reason="x", by=boss.subject, at=at - 2 * DAY)
    begun = give("Begun", team, course, at, -1, job_role="Cook")
    Enrollment.objects.filter(pk=enrollment_of(begun).pk).update(started_at=at - 3 * DAY)
    revoked, late = look(boss, at).parts[0].rows
    assert revoked.text.startswith("Test course: the certificate was revoked on November 21.")
    assert late.text == "Test course, due November 22, 0 of 1 unit done. Cook."


@pytest.mark.both_db
def test_before_the_first_shift(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    """The rule asks for it before a shift: two days ahead it stands there, before all that is merely late."""
    today = dates.local_date(at, team.site.zone)
    give("Late", team, factories.make_course(slug="other", at=at - 40 * DAY), at, -4)
    for name, shift in (("Tonight", 1), ("Next Week", 7)):
        factories.make_user(
            name, team=team, first_shift_on=today + shift * DAY, job_role="Night worker", phone="555-0119"
        )
    factories.make_requirement(
        course, at=at, audience=Audience(job_roles=frozenset({"night worker"})), due=Due(DueKind.FIRST_SHIFT), grace=0
    )
    found = look(boss, at)
    assert [(group, name) for group, name, _ in rows(found)] == [("shift", "Tonight"), ("late", "Late")]
    row = found.parts[0].rows[0]
    assert labels(row) == ["Call 555-0119", "Nudge", "Extend", "Exempt"]
    assert row.acts[0].url == "tel:5550119"
    assert "The rule asks for it before the first shift on November 24." in row.text


@pytest.mark.parametrize("story", ["leave", "exempt", "withdrawn", "deactivated", "moved", "completed", "elsewhere"])
def test_who_is_not_asked_is_not_listed(team: Team, boss: User, course: Course, at: dt.datetime, story: str) -> None:
    row = give("Maya", team, course, at, -4)
    today = dates.local_date(at, row.learner.zone)
    if story in ("leave", "exempt"):
        kind = ExceptionKind.LEAVE if story == "leave" else ExceptionKind.EXEMPTION
        excepting.grant(row.learner, kind, starts_on=today, ends_on=None, reason="x", by=boss, at=at, course=course)
    elif story == "withdrawn":
        assigning.withdraw(row, reason="x", by=boss.subject, at=at)
    elif story == "deactivated":
        User.objects.filter(pk=row.learner.pk).update(is_active=False)
    elif story == "moved":
        assigning.move_due_date(row, today + 3 * DAY, reason="x", by=boss.subject, at=at)
    elif story == "completed":
        factories.pass_unit(enrollment_of(row), at=at)
    else:
        other = factories.make_team("Elsewhere")
        User.objects.filter(pk=row.learner.pk).update(team=other)
    assert look(boss, at).parts == ()


def test_a_moved_date_that_passed_is_late_again(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = give("Maya", team, course, at, -4)
    assert deciding.extend(row, dates.local_date(at, row.learner.zone) + 3 * DAY, reason="x", by=boss, at=at)
    assert rows(look(boss, at + 2 * DAY)) == []
    assert rows(look(boss, at + 5 * DAY)) == [("late", "Maya", "Overdue 2 days")]


def test_nobody_is_asked_to_decide_about_themselves(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    factories.make_assignment(boss, course, at=at - 30 * DAY, due_in=10)
    used = timed.enroll(at - 9 * DAY, boss, slug="quiz")
    timed.use_up(used, at - 2 * DAY)
    assert Enrollment.objects.get(pk=used.pk).attempts_used_at is not None
    found = look(boss, at)
    assert found.parts == ()
    assert found.people == 1
    assert [(row.title, row.late) for row in found.courses if row.late] == [("Test course", 1)]


def test_who_cannot_be_reached_by_mail(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    give("Phone", team, course, at, -4, email=None, phone="+1 (303) 555-0119 x12")
    give("Nothing", team, course, at, -3, email=None)
    phone, nothing = look(boss, at).parts[0].rows
    assert labels(phone) == ["Call +1 (303) 555-0119 x12", "Extend", "Exempt"]
    assert phone.acts[0].url == "tel:+13035550119"
    assert phone.note == "Not reachable by mail."
    assert labels(nothing) == ["Extend", "Exempt"]
    assert nothing.note == "Not reachable by mail, and no phone number is known."


def test_a_nudge_rests_three_days_and_one_a_day_is_enough(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    row = give("Maya", team, course, at, -4)
    other = factories.make_course(slug="other", title="Other course", at=at - 40 * DAY)
    factories.make_assignment(row.learner, other, at=at - 30 * DAY, due_in=28)
    assert deciding.nudge(row, by=boss, at=at) is not None
    found = look(boss, at)
    assert [rest.course_title for rest in found.resting] == ["Test course"]
    left = only(found)
    assert labels(left) == ["Extend", "Exempt"]
    assert left.note == "Nudged today about Test course; one a day is enough."
    assert labels(only(look(boss, at + DAY))) == ["Nudge", "Extend", "Exempt"]
    assert len(rows(look(boss, at + 3 * DAY))) == 2


def test_a_leave_that_was_answered_waits_although_nothing_is_late(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    row = give("Maya Okafor", team, course, at, 5)
    replying.give(row, Answer.ON_LEAVE, at=at, by=row.learner.subject)
    answer = only(look(boss, at))
    assert (answer.group, answer.word, labels(answer)) == (Group.ANSWER, "Answered", ["Record a leave"])
    assert answer.text.endswith("Maya says that they are on leave. All reminders to them rest until you answer.")
    assert len(answer.more) == 4


# --- the picture ------------------------------------------------------------------------------------------------------
def test_the_team_by_course(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    other = factories.make_course(slug="other", title="Another course", at=at - 400 * DAY)
    held("Complete", team, course, at, 300)
    held("Expiring", team, course, at, 30)
    held("Expired", team, course, at, -1)
    give("Late", team, course, at, -1)
    give("Due", team, other, at, 5)
    exempt = give("Exempt", team, course, at, 5)
    excepting.grant(
        exempt.learner, ExceptionKind.EXEMPTION, starts_on=at.date() - DAY, ends_on=None, reason="x", by=boss, at=at
    )
    found = look(boss, at)
    assert [(row.title, row.complete, row.due, row.expiring, row.late) for row in found.courses] == [
        ("Another course", 0, 1, 0, 0),
        ("Test course", 1, 0, 1, 2),
    ]
    now = found.trend[-1]
    assert (now.asked, now.held, now.people) == (5, 2, 7)
    assert now.whole == 4, "two hold it, one is exempt, and nothing is asked of the supervisor"


def test_the_words() -> None:
    from courses.queries.trend import Point

    at = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

    def points(now: tuple[int, int], before: int, *, asked: int = 9) -> tuple[Point, ...]:
        return (Point(at - 7 * DAY, asked, 5, now[1], before), Point(at, 9, 7, now[1], now[0]))

    assert heading(0) == "Nothing needs you today"
    assert heading(1) == "One thing needs you today"
    assert heading(6) == "Six things need you today"
    assert heading(41) == "41 things need you today"
    assert sentence(points((29, 38), 27)) == (
        "29 of your 38 people hold everything they need. That is two more than last week."
    )
    assert sentence(points((1, 38), 2)).startswith("1 of your 38 people holds everything they need. That is one fewer")
    assert sentence(points((38, 38), 38)) == (
        "All 38 of your people hold everything they need. That is as many as last week."
    )
    assert sentence(points((0, 3), 0, asked=0)) == "None of your 3 people holds everything they need."
    assert sentence(points((1, 1), 1)) == "Your one person holds everything they need."
    assert sentence((Point(at, 0, 0, 3, 3), Point(at, 0, 0, 3, 3))) == ""
    assert sentence((Point(at, 0, 0, 0, 0), Point(at, 0, 0, 0, 0))) == ""
    assert trend_heading(points((1, 1), 1), "UTC") == "Last 90 days: from 55% to 77% complete"
    assert trend_heading((Point(at - DAY, 0, 0, 1, 1), Point(at, 4, 2, 1, 0)), "UTC") == (
        "Since November 24, 2026: 50% complete"
    )


# --- nudge ------------------------------------------------------------------------------------------------------------
def test_a_nudge_is_one_mail_in_the_supervisors_name(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = give("Maya Okafor", team, course, at, -4)
    Occasion.objects.all().delete()
    nudge = deciding.nudge(row, by=boss, at=at)
    assert nudge is not None
    event = record.events_of(row.learner.subject)[-1]
    assert (event.kind, event.actor) == (EventKind.ASSIGNMENT_NUDGED, str(boss.subject))
    gather_and_deliver(at)
    message = Message.objects.get(recipient=row.learner)
    assert message.kind == "nudge"
    assert message.subject == "Dana Whitfield asks about Test course"
    assert (
        "Dana Whitfield asks you to take the time for Test course. It was due on Thursday, November 19, end of day (Denver time)."
        in message.body_text
    )
    assert "It takes about 10 minutes." in message.body_text
    assert "[personal link hidden]" in message.body_text, "the four answers stand under it"
    assert reverse("why", args=[row.public_id]) in message.body_text


def test_a_nudge_counts_among_gathered_mail(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    """With another reason it becomes one mail; on the same day no second one follows."""
    row = give("Maya Okafor", team, course, at, -4)
    deciding.nudge(row, by=boss, at=at)
    gather_and_deliver(at)
    message = Message.objects.get(recipient=row.learner)
    assert message.kind == "nudge", "the news of thirty days ago is dropped"
    other = factories.make_course(slug="other", title="Other", at=at)
    factories.make_assignment(row.learner, other, at=at + dt.timedelta(hours=1))
    gather_and_deliver(at + dt.timedelta(hours=1))
    assert Message.objects.filter(recipient=row.learner).count() == 1
    deciding.nudge(row, by=boss, at=at + DAY)
    gather_and_deliver(at + DAY)
    digest = Message.objects.filter(recipient=row.learner).latest("created_at")
    assert digest.kind == "digest"
    assert "Dana Whitfield asks you to take the time for Test course." in digest.body_text


def test_nobody_is_nudged_twice_on_a_day_by_whomever(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = give("Maya", team, course, at, -4)
    second = factories.make_supervisor(team, name="Second")
    assert deciding.nudge(row, by=boss, at=at) is not None
    assert deciding.nudge(row, by=second, at=at + dt.timedelta(hours=2)) is None
    assert Nudge.objects.count() == Occasion.objects.filter(kind="nudge").count() == 1
    assert [e.kind for e in record.events_of(row.learner.subject)].count(EventKind.ASSIGNMENT_NUDGED) == 1
    midnight = dates.end_of_day(dates.local_date(at, row.learner.zone), row.learner.zone)
    assert deciding.nudge(row, by=second, at=midnight) is not None, "the person's next day"


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_db
def test_two_supervisors_at_once_write_one_mail(at: dt.datetime) -> None:
    team = factories.make_team()
    row = give("Maya", team, factories.make_course(at=at - 40 * DAY), at, -4)
    bosses = [factories.make_supervisor(team) for _ in range(4)]
    done = together(*(lambda by=by: deciding.nudge(row, by=by, at=at) for by in bosses))
    assert sum(one is not None for one in done) == 1
    assert Nudge.objects.count() == Occasion.objects.filter(kind="nudge").count() == 1


@pytest.mark.parametrize(
    "story", ["no_address", "inactive", "complete", "withdrawn", "later", "leave", "answer", "own"]
)
def test_who_is_not_nudged(team: Team, boss: User, course: Course, at: dt.datetime, story: str) -> None:
    row = give("Maya", team, course, at, -4)
    if story == "no_address":
        row.learner.email = None
    elif story == "inactive":
        row.learner.is_active = False
    elif story == "complete":
        factories.pass_unit(enrollment_of(row), at=at)
    elif story == "withdrawn":
        assigning.withdraw(row, reason="x", by=boss.subject, at=at)
    elif story == "later":
        Assignment.objects.filter(pk=row.pk).update(opens_at=at + DAY)
    elif story == "leave":
        excepting.grant(row.learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=None, reason="x", by=boss, at=at)
    elif story == "answer":
        replying.give(row, Answer.BLOCKED, at=at, by=row.learner.subject)
    by = row.learner if story == "own" else boss
    with pytest.raises(ValidationError):
        deciding.nudge(row, by=by, at=at)
    assert not Nudge.objects.exists()


@pytest.mark.parametrize("story", ["complete", "leave", "late", "gone"])
def test_a_nudge_that_is_not_true_any_more_is_dropped(
    team: Team, boss: User, course: Course, at: dt.datetime, story: str
) -> None:
    row = give("Maya", team, course, at, -4)
    deciding.nudge(row, by=boss, at=at)
    then = at
    if story == "complete":
        factories.pass_unit(enrollment_of(row), at=at)
    elif story == "leave":
        excepting.grant(row.learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=None, reason="x", by=boss, at=at)
    elif story == "late":
        then = at + 8 * DAY
    else:
        assigning.withdraw(row, reason="x", by=boss.subject, at=at)
    gather_and_deliver(then)
    occasion = Occasion.objects.get(kind="nudge")
    assert occasion.dropped_at == then
    assert not Message.objects.filter(recipient=row.learner, kind="nudge").exists()


# --- extend, exempt ---------------------------------------------------------------------------------------------------
def test_extend_moves_the_date_with_the_supervisors_name(
    team: Team, boss: User, course: Course, at: dt.datetime
) -> None:
    row = give("Maya", team, course, at, -4)
    today = dates.local_date(at, row.learner.zone)
    assert deciding.extend(row, today + 30 * DAY, reason="Night shifts", by=boss, at=at)
    row.refresh_from_db()
    assert row.due_on == today + 30 * DAY
    event = record.events_of(row.learner.subject)[-1]
    assert (event.kind, event.actor) == (EventKind.ASSIGNMENT_MOVED, str(boss.subject))
    assert '"reason":"Night shifts"' in event.payload
    assert not deciding.extend(row, today + 30 * DAY, reason="Night shifts", by=boss, at=at), "a second press"


@pytest.mark.parametrize(("days", "says"), [(31, "You can give time until"), (-5, "Choose a later day"), (-1, "later")])
def test_extend_has_bounds(team: Team, boss: User, course: Course, at: dt.datetime, days: int, says: str) -> None:
    row = give("Maya", team, course, at, -4)
    before = len(record.events_of(row.learner.subject))
    with pytest.raises(ValidationError, match=says):
        deciding.extend(row, dates.local_date(at, row.learner.zone) + days * DAY, reason="x", by=boss, at=at)
    with pytest.raises(ValidationError, match="Nobody decides about their own"):
        deciding.extend(row, row.due_on + DAY, reason="x", by=row.learner, at=at)
    assert len(record.events_of(row.learner.subject)) == before


def test_exempt_for_a_time(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    row = give("Maya", team, course, at, -4)
    today = dates.local_date(at, row.learner.zone)
    granted = deciding.exempt(row, today + 90 * DAY, reason="Works in the kitchen alone", by=boss, at=at)
    assert granted is not None
    assert (granted.course, granted.starts_on, granted.approved_by) == (course, today, str(boss.subject))
    assert deciding.exempt(row, today + 9 * DAY, reason="x", by=boss, at=at) is None
    assert DutyException.objects.count() == 1


@pytest.mark.parametrize(
    ("days", "says"), [(91, "You can exempt until"), (-1, "This is over already|before the first")]
)
def test_exempt_has_bounds(team: Team, boss: User, course: Course, at: dt.datetime, days: int, says: str) -> None:
    row = give("Maya", team, course, at, -4)
    with pytest.raises(ValidationError, match=says):
        deciding.exempt(row, dates.local_date(at, row.learner.zone) + days * DAY, reason="x", by=boss, at=at)
    with pytest.raises(ValidationError, match="Nobody decides about their own"):
        deciding.exempt(row, at.date() + DAY, reason="x", by=row.learner, at=at)
    assert not DutyException.objects.exists()


# --- pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def now() -> dt.datetime:
    return clock.now()


@pytest.fixture
def late(team: Team, course: Course, now: dt.datetime) -> Assignment:
    return give("Maya Okafor", team, course, now, -4)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def address(way: str, row: Assignment) -> str:
    return reverse(way, args=[row.public_id])


def test_the_home_of_supervisors_and_the_first_of_their_links(boss: User, late: Assignment) -> None:
    client = client_of(boss)
    assert client.get("/")["Location"] == "/today/"
    html = client.get("/today/").content.decode()
    nav = words(html.split('class="sidenav"')[1].split("</nav>")[0])
    assert "Today People and courses My training My record Help" in nav
    assert "One thing needs you today" in html
    assert client_of(late.learner).get("/today/").status_code == 404
    assert client_of(factories.make_coordinator()).get("/today/").status_code == 404
    assert Client().get("/today/").status_code == 302


def test_a_row_on_the_page_and_what_its_buttons_are_called(boss: User, late: Assignment) -> None:
    html = client_of(boss).get("/today/").content.decode()
    row = html.split(f'id="row-{late.public_id}"')[1].split("</li>")[0]
    assert "Nudge Maya Okafor, Test course" in words(row)
    assert f'data-opens="extend-{late.public_id}"' in row
    assert f'href="{address("extend", late)}"' in row
    assert "Overdue 4 days" in row
    assert "style=" not in html.split("<main")[1]


def test_nudge_by_the_button_twice(boss: User, late: Assignment) -> None:
    client = client_of(boss)
    first = client.post(address("nudge", late), follow=True)
    assert "A mail asks Maya Okafor to take the time for Test course." in words(first.content.decode())
    assert "data-takes-focus" in first.content.decode()
    assert "Nudged in the last three days: 1" in first.content.decode()
    second = client.post(address("nudge", late), follow=True)
    assert "Maya Okafor was nudged today already. One a day is enough." in words(second.content.decode())
    assert Nudge.objects.count() == 1
    assert client.get(address("nudge", late)).status_code == 405


def test_a_nudge_that_cannot_be_says_why(boss: User, late: Assignment) -> None:
    User.objects.filter(pk=late.learner.pk).update(email=None)
    page = client_of(boss).post(address("nudge", late), follow=True)
    assert "Maya Okafor cannot be reached by mail. Call or see them instead." in words(page.content.decode())


def test_extend_by_the_form_of_the_row(boss: User, late: Assignment) -> None:
    client = client_of(boss)
    row = client.get("/today/").content.decode().split(f'id="extend-{late.public_id}"')[1]
    day = re.search(r'name="due_on" value="([\d-]+)"', row)
    assert day is not None
    sent = {"due_on": day[1], "reason": "Night shifts until then"}
    page = client.post(address("extend", late), sent, follow=True)
    due = dates.long_date(dt.date.fromisoformat(day[1]))
    assert f"Maya Okafor has until {due} for Test course." in words(page.content.decode())
    assert "Nobody is late" in words(page.content.decode())
    again = client.post(address("extend", late), sent, follow=True)
    assert "so nothing was changed" in words(again.content.decode())
    late.refresh_from_db()
    assert late.due_on == dt.date.fromisoformat(day[1])


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose the new due date."),
        ({"due_on": "soon", "reason": "x"}, "Give the date as year-month-day"),
        ({"due_on": "2026-01-01", "reason": "x"}, "Choose a later day"),
        ({"due_on": "2099-01-01", "reason": "x"}, "For more, ask the training coordinator."),
        ({"due_on": "2099-01-01"}, "Say why."),
    ],
)
def test_extend_with_errors_is_a_page_of_its_own(boss: User, late: Assignment, sent: dict[str, str], says: str) -> None:
    page = client_of(boss).post(address("extend", late), sent)
    assert page.status_code == 422
    assert says in words(page.content.decode())
    before = late.due_on
    late.refresh_from_db()
    assert late.due_on == before


def test_exempt_by_the_form(boss: User, late: Assignment, now: dt.datetime) -> None:
    client = client_of(boss)
    page = client.get(address("exempt", late))
    assert page.status_code == 200
    assert client.post(address("exempt", late), {"ends_on": "2099-01-01", "reason": "x"}).status_code == 422
    day = dates.local_date(now, late.learner.zone) + 20 * DAY
    done = client.post(address("exempt", late), {"ends_on": day, "reason": "Kitchen only"}, follow=True)
    assert f"Maya Okafor is exempt from Test course until {dates.long_date(day)}." in words(done.content.decode())
    again = client.post(address("exempt", late), {"ends_on": day, "reason": "Kitchen only"}, follow=True)
    assert "is exempt from Test course already" in words(again.content.decode())
    assert DutyException.objects.count() == 1


@pytest.mark.parametrize("way", ["nudge", "extend", "exempt"])
def test_who_reaches_it(team: Team, boss: User, course: Course, late: Assignment, now: dt.datetime, way: str) -> None:
    """A supervisor of the team or of one above, about others; for all the rest, and for nothing, the same 404."""
    sent = {"due_on": "2099-01-01", "ends_on": "2099-01-01", "reason": "x"}
    above = factories.make_team("Above", site=team.site)
    Team.objects.filter(pk=team.pk).update(parent=above)
    chief = factories.make_supervisor(above)
    assert client_of(chief).post(address(way, late), sent).status_code in (302, 422)
    foreign = factories.make_supervisor(factories.make_team("Elsewhere"))
    mine = factories.make_assignment(boss, course, at=now - 30 * DAY, due_in=20)
    gone = give("Gone", team, course, now, -3)
    User.objects.filter(pk=gone.learner.pk).update(is_active=False)
    nowhere = reverse(way, args=[uuid.uuid4()])
    for user, url in (
        (foreign, address(way, late)),
        (boss, address(way, mine)),
        (boss, address(way, gone)),
        (boss, nowhere),
        (late.learner, address(way, late)),
        (factories.make_coordinator(), address(way, late)),
    ):
        before = Nudge.objects.count(), DutyException.objects.count()
        assert client_of(user).post(url, sent).status_code == 404, (user, url)
        if way != "nudge":
            assert client_of(user).get(url).status_code == 404
        assert (Nudge.objects.count(), DutyException.objects.count()) == before
    assert Client().post(address(way, late), sent).status_code == 302


def test_an_answer_is_settled_from_the_list(boss: User, late: Assignment, now: dt.datetime) -> None:
    replying.give(late, Answer.BLOCKED, at=now, by=late.learner.subject)
    client = client_of(boss)
    html = client.get("/today/").content.decode()
    assert 'id="answer"' in html
    url = reverse("settle_reply", args=[Reply.objects.get().public_id, "remind_again"])
    assert url in html
    assert client.post(url, {"note": ""})["Location"] == "/today/#answer"


def test_nobody_in_the_team_and_nothing_late(team: Team, course: Course, now: dt.datetime) -> None:
    boss = factories.make_supervisor(team, team=None)
    page = words(client_of(boss).get("/today/").content.decode())
    assert "Nobody is in your teams yet" in page
    assert "Decisions" not in page
    learner = factories.make_user("Maya", team=team)
    page = words(client_of(boss).get("/today/").content.decode())
    assert "Nothing needs you today" in page
    assert "Nothing is asked of anybody in your team now." in page
    factories.make_assignment(learner, course, at=now, due_in=20)
    page = words(client_of(boss).get("/today/").content.decode())
    assert "Nobody is late, nobody waits for you, and nothing lapses in the next three weeks." in page
    assert "Your one person does not hold everything they need." in page


def test_twenty_rows_a_group_and_a_way_to_the_rest(boss: User, team: Team, course: Course, now: dt.datetime) -> None:
    for number in range(23):
        give(f"Person {number}", team, course, now, -1 - number)
    found = look(boss, now)
    assert (len(found.parts[0].rows), found.parts[0].number, found.number) == (20, 23, 23)
    assert found.parts[0].rows[0].person.name == "Person 22"
    html = client_of(boss).get("/today/").content.decode()
    assert "20 of 23 are shown." in html
    assert f"{reverse('team')}?status=overdue" in html


def _fill(team: Team, course: Course, at: dt.datetime, number: int) -> None:
    """A third late, a third held, a third answered, without the actions, which would take minutes."""
    site = team.site
    people = User.objects.bulk_create(
        [
            User(name=f"Person {n:03}", email=f"crowd{number}.{n}@example.org", site=site, team=team, joined_at=at)
            for n in range(number)
        ]
    )
    version = course.current
    assert version is not None
    runs = Enrollment.objects.bulk_create(
        [
            Enrollment(
                learner=person, course=course, version=version, opened_at=at - 40 * DAY, started_at=at - 30 * DAY,
                completed_at=at - 20 * DAY if n % 3 == 1 else None,
            )
            for n, person in enumerate(people)
        ]
    )  # fmt: skip
    duties = Assignment.objects.bulk_create(
        [
            Assignment(
                learner=run.learner, course=course, enrollment=run, reason="x", assigned_by="system",
                assigned_at=at - 40 * DAY, opens_on=(at - 40 * DAY).date(), opens_at=at - 40 * DAY,
                due_on=(at - 4 * DAY).date(), due_at=at - 4 * DAY,
            )
            for run in runs
        ]
    )  # fmt: skip
    Reply.objects.bulk_create(
        [
            Reply(learner=row.learner, assignment=row, answer=Answer.BLOCKED, said_at=at - DAY)
            for n, row in enumerate(duties)
            if n % 3 == 2
        ]
    )


@pytest.mark.parametrize("number", [3, 30, 300])
def test_the_number_of_queries_is_the_same_from_3_people_to_300(
    boss: User, team: Team, course: Course, now: dt.datetime, number: int, django_assert_num_queries: Any
) -> None:
    _fill(team, course, now, number)
    people = people_below(boss)
    with django_assert_num_queries(14):
        found = today_of(boss, people, now)
    assert found.number == number // 3 * 2
    assert found.courses[0].total == number
    client = client_of(boss)
    client.get("/today/")
    with CaptureQueriesContext(connection) as page:
        assert client.get("/today/").status_code == 200
    assert len(page) == 21


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_of_who_used_all_attempts(
    boss: User, team: Team, at: dt.datetime, number: int, django_assert_num_queries: Any
) -> None:
    for name in range(number):
        timed.use_up(timed.enroll(at - 9 * DAY, factories.make_user(f"P{name}", team=team)), at - DAY)
    people = people_below(boss)
    with django_assert_num_queries(19):
        found = today_of(boss, people, at)
    assert [row.word for part in found.parts for row in part.rows] == ["Attempts used"] * number


@pytest.mark.parametrize("story", ["leave", "withdrawn", "opened"])
def test_used_attempts_that_wait_for_nobody(team: Team, boss: User, at: dt.datetime, story: str) -> None:
    run = timed.enroll(at - 9 * DAY, factories.make_user("Maya", team=team))
    timed.use_up(run, at - DAY)
    if story == "leave":
        excepting.grant(run.learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=None, reason="x", by=boss, at=at)
    elif story == "withdrawn":
        assigning.withdraw(run.assignments.get(), reason="x", by=boss.subject, at=at)
    else:
        granting.open_attempt(run, run.version.units.get(), reason="x", at=at, by=boss.subject)
    assert look(boss, at).parts == ()


@pytest.mark.parametrize(("phone", "good"), [
    ("555-0119", True), ("+1 (303) 555-0119 x12", True), ("", True), ("12", False), ("ask at the desk", False),
    ("javascript:555", False), ("5" * 21, False),
])  # fmt: skip
def test_a_phone_is_a_number(phone: str, good: bool) -> None:
    user = factories.make_user()
    changed: dict[str, Any] = {"phone": phone, "by": user.subject, "at": clock.now()}
    if good:
        assert change_person(user, **changed).phone == phone
    else:
        with pytest.raises(ValidationError, match="Write a phone number"):
            change_person(user, **changed)
    if phone:
        events = record.events_of(user.subject)
        assert not [event for event in events if phone in event.payload], "the record holds no number"


def test_what_a_status_of_the_list_is_called(team: Team, boss: User, course: Course, at: dt.datetime) -> None:
    """Every word of a row is one that the face knows."""
    from lms.templatetags.face import STATUSES

    for status in Status:
        assert status.value in STATUSES
