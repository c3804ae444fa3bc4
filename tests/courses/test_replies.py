"""Answers to reminders: told to whom, what rests meanwhile, and how each way of dealing with one ends it."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.signing import Signer
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from courses.actions import assigning, excepting, replying
from courses.enums import Answer, ExceptionKind, Outcome
from courses.links import answer_links, answer_path, answer_token, read_answer_token
from courses.models import Assignment, Course, DutyException, Reply
from courses.queries.replies import pauses, pausing, waiting
from courses.queries.why import why_of
from courses.reminders.duties import duties
from lms.lib import clock, dates
from lms.outbox import kinds
from lms.outbox.models import Occasion
from lms.outbox.rendering import render
from lms.people.actions import people as people_actions
from lms.people.models import Team, User
from lms.people.queries.teams import answerable_for
from lms.record import queries as record
from tests import factories
from tests.faults.together import together

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def team() -> Team:
    return factories.make_team()


@pytest.fixture
def course(at: dt.datetime) -> Course:
    return factories.make_course(at=at)


@pytest.fixture
def boss(team: Team) -> User:
    return factories.make_supervisor(team, name="Dana Whitfield")


@pytest.fixture
def learner(team: Team, boss: User) -> User:
    return factories.make_user("Maya Okafor", team=team)


@pytest.fixture
def row(learner: User, course: Course, at: dt.datetime) -> Assignment:
    return factories.make_assignment(learner, course, at=at)


def say(row: Assignment, answer: Answer, at: dt.datetime, **more: Any) -> Reply:
    return replying.give(row, answer, at=at, by=row.learner.subject, **more)


def kinds_of(learner: User) -> list[str]:
    return [event.kind for event in record.events_of(learner.subject)]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- giving, taking back ---


def test_an_answer_is_kept_told_once_and_stands_in_the_record_without_its_note(
    row: Assignment, boss: User, at: dt.datetime
) -> None:
    reply = say(row, Answer.ON_LEAVE, at, note="  back on\nJanuary 4 ")
    assert (reply.note, reply.learner, reply.outcome) == ("back on January 4", row.learner, "")
    assert say(row, Answer.ON_LEAVE, at + DAY) == reply, "the same again is the same"
    assert list(Occasion.objects.filter(kind="reply_given").values_list("recipient", "ref")) == [
        (boss.pk, str(reply.public_id))
    ]
    event = record.events_of(row.learner.subject)[-1]
    assert event.kind == "reply.given"
    assert "January" not in event.payload
    assert '"answer":"on_leave"' in event.payload
    assert not list(record.faults(row.learner.subject))


def test_another_answer_takes_the_place_of_the_first(row: Assignment, at: dt.datetime) -> None:
    first = say(row, Answer.BLOCKED, at)
    second = say(row, Answer.DONE_ELSEWHERE, at + DAY)
    first.refresh_from_db()
    assert (first.outcome, first.settled_at) == (Outcome.WITHDRAWN, at + DAY)
    assert list(waiting()) == [second]


def test_one_open_answer_an_assignment(row: Assignment, at: dt.datetime) -> None:
    say(row, Answer.BLOCKED, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.create(learner=row.learner, assignment=row, answer=Answer.ON_LEAVE, said_at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.update(settled_at=at)


def spoken_of(at: dt.datetime) -> list[Assignment]:
    """What reminders may be about at the instant."""
    rows = [duty for person, duty in duties(at) if not duty.asleep(dates.local_date(at, person.zone))]
    return list(Assignment.objects.filter(public_id__in=[duty.ref for duty in rows]))


def test_taking_it_back_lets_reminders_go_on(row: Assignment, at: dt.datetime) -> None:
    reply = say(row, Answer.BLOCKED, at)
    assert not spoken_of(at)
    assert replying.take_back(reply, at=at + DAY, by=row.learner.subject)
    assert not replying.take_back(reply, at=at + DAY, by=row.learner.subject)
    assert spoken_of(at + DAY) == [row]
    assert kinds_of(row.learner)[-2:] == ["reply.given", "reply.settled"]


def test_what_is_not_to_do_any_more_needs_no_answer(row: Assignment, at: dt.datetime) -> None:
    assigning.withdraw(row, reason="By mistake", by="system", at=at)
    with pytest.raises(ValidationError, match="not yours to do any more"):
        say(row, Answer.BLOCKED, at)
    assert not Reply.objects.exists()


def test_who_is_told(team: Team, boss: User, learner: User, at: dt.datetime) -> None:
    below = factories.make_team("Night shift", parent=team)
    coordinator = factories.make_coordinator()
    assert answerable_for(factories.make_user(team=below)) == [boss], "the nearest team that has one"
    second = factories.make_supervisor(below, name="Ana Ruiz")
    assert answerable_for(factories.make_user(team=below)) == [second]
    assert answerable_for(second) == [boss], "never oneself"
    assert answerable_for(factories.make_user()) == [coordinator], "without a team"
    assert answerable_for(coordinator) == []


# --- what rests ---


def test_pausing_means_the_same_in_memory_and_in_the_database(learner: User, course: Course, at: dt.datetime) -> None:
    """Over a grid of instants, answers, and what became of the course that was answered about."""
    other = factories.make_course(slug="other", at=at)
    rows = [
        factories.make_assignment(learner, course, at=at),
        factories.make_assignment(learner, other, at=at),
        factories.make_assignment(factories.make_user(), course, at=at),
    ]
    seen = set()
    for answer in (Answer.ON_LEAVE, Answer.BLOCKED):
        for settled in (None, at + 2 * DAY):
            for change in ({}, {"withdrawn_at": at}):
                Reply.objects.all().delete()
                Assignment.objects.filter(pk=rows[0].pk).update(**{"withdrawn_at": None, **change})
                Reply.objects.create(
                    learner=learner, assignment=rows[0], answer=answer, said_at=at + DAY, settled_at=settled,
                    outcome="moved" if settled else "",
                )  # fmt: skip
                reply = Reply.objects.select_related("assignment__enrollment").get()
                for when in (at, at + DAY, at + DAY * 1.5, at + 2 * DAY, at + 3 * DAY):
                    found = set(Assignment.objects.filter(pausing(when)).values_list("pk", flat=True))
                    fresh = Assignment.objects.in_bulk([r.pk for r in rows])
                    assert found == {pk for pk, each in fresh.items() if pauses(reply, each, when)}
                    seen.add(frozenset(found))
    assert seen == {frozenset(), frozenset({rows[0].pk}), frozenset({rows[0].pk, rows[1].pk})}


def test_a_leave_rests_every_course_and_another_answer_its_own(row: Assignment, learner: User, at: dt.datetime) -> None:
    other = factories.make_assignment(learner, factories.make_course(slug="other", at=at), at=at)
    reply = say(row, Answer.BLOCKED, at)
    assert spoken_of(at) == [other]
    kind, occasion = kinds.get("course_assigned"), Occasion.objects.get(ref=str(row.public_id))
    assert kind.still_wanted(occasion, at) == "The person answered a reminder, and somebody decides first."
    say(row, Answer.ON_LEAVE, at)
    assert not spoken_of(at)
    reply = waiting().get()
    assert replying.settle(reply, Outcome.REMIND_AGAIN, by="system", at=at, note="We talked.")
    assert kind.still_wanted(occasion, at) is None


def test_a_leave_that_was_said_waits_though_its_course_is_complete(row: Assignment, at: dt.datetime) -> None:
    say(row, Answer.ON_LEAVE, at)
    Assignment.objects.update(withdrawn_at=at, withdrawn_reason="Rule")
    assert waiting().count() == 1
    Reply.objects.update(answer=Answer.BLOCKED)
    assert waiting().count() == 0


# --- dealing with it ---


@pytest.mark.parametrize(
    ("answer", "kind", "more", "outcome"),
    [
        (Answer.ON_LEAVE, ExceptionKind.LEAVE, {}, Outcome.LEAVE),
        (Answer.NOT_MY_ROLE, ExceptionKind.EXEMPTION, {"course": True}, Outcome.EXEMPTION),
        (Answer.DONE_ELSEWHERE, ExceptionKind.PRIOR_LEARNING, {"course": True, "evidence": "Seen"}, Outcome.ACCEPTED),
    ],
)
def test_an_exception_deals_with_the_answer_wherever_it_is_granted(
    row: Assignment, at: dt.datetime, answer: Answer, kind: ExceptionKind, more: dict[str, Any], outcome: Outcome
) -> None:
    coordinator = factories.make_coordinator()
    reply = say(row, answer, at)
    values = {**more, **({"course": row.course} if "course" in more else {})}
    excepting.grant(
        row.learner, kind, starts_on=at.date(), ends_on=None, reason="Agreed", by=coordinator, at=at, **values
    )
    reply.refresh_from_db()
    assert (reply.outcome, reply.settled_by) == (outcome, str(coordinator.subject))
    assert kinds_of(row.learner)[-2 if kind != ExceptionKind.PRIOR_LEARNING else -3 :][:2] == [
        "exception.granted",
        "reply.settled",
    ]


def test_an_exception_leaves_alone_what_it_does_not_answer(row: Assignment, learner: User, at: dt.datetime) -> None:
    other = factories.make_assignment(learner, factories.make_course(slug="other", at=at), at=at)
    say(row, Answer.BLOCKED, at)
    kept = say(other, Answer.ON_LEAVE, at)
    excepting.grant(
        learner, ExceptionKind.EXEMPTION, course=row.course, starts_on=at.date(), ends_on=None, reason="Agreed",
        by=factories.make_coordinator(), at=at,
    )  # fmt: skip
    assert list(waiting()) == [kept]


def test_two_who_deal_with_it_at_once_do_it_once(row: Assignment, boss: User, at: dt.datetime) -> None:
    reply = say(row, Answer.BLOCKED, at)
    stale = Reply.objects.select_related("assignment__course", "learner").get(pk=reply.pk)
    replying.settle(reply, Outcome.REMIND_AGAIN, by=boss.subject, at=at)
    due_on = row.due_on
    with pytest.raises(ValidationError, match="before you"):
        replying.settle_by_moving(stale, due_on + DAY, reason="More time", by=boss, at=at)
    with pytest.raises(ValidationError, match="before you"):
        excepting.grant(
            row.learner, ExceptionKind.LEAVE, starts_on=at.date(), ends_on=None, reason="Agreed", by=boss, at=at, answers=stale
        )  # fmt: skip
    row.refresh_from_db()
    assert (row.due_on, DutyException.objects.count()) == (due_on, 0)


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_six_taps_at_once_are_one_answer_and_it_is_dealt_with_once() -> None:
    at = clock.now()
    boss = factories.make_supervisor(factories.make_team())
    row = factories.make_assignment(factories.make_user(team=boss.team), factories.make_course())
    given = together(*[lambda: say(Assignment.objects.get(pk=row.pk), Answer.BLOCKED, at)] * 6)
    assert {type(one) for one in given} == {Reply}, given
    assert Reply.objects.count() == Occasion.objects.filter(kind="reply_given").count() == 1
    pk = given[0].pk
    dealt = together(
        *[lambda: replying.settle(Reply.objects.get(pk=pk), Outcome.REMIND_AGAIN, by=boss.subject, at=at)] * 3,
        *[lambda: replying.take_back(Reply.objects.get(pk=pk), by=row.learner.subject, at=at)] * 3,
    )
    assert sorted(dealt) == [False] * 5 + [True], dealt
    assert kinds_of(row.learner)[-2:] == ["reply.given", "reply.settled"]
    assert not list(record.faults(row.learner.subject))


# --- the page behind a link ---


@pytest.fixture
def now_row(learner: User) -> Assignment:
    return factories.make_assignment(learner, factories.make_course())


def test_a_link_that_is_followed_changes_nothing_and_the_button_tells(now_row: Assignment) -> None:
    url = answer_path(now_row, Answer.DONE_ELSEWHERE)
    client = Client()
    page = client.get(url)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    said = words(page.content.decode())
    assert "Dana Whitfield" in said
    assert "Maya Okafor says that they did this elsewhere" in said
    assert not Reply.objects.exists()
    assert page.content.decode().count('type="submit"') == 1, "one button"
    done = client.post(url, {"note": "At the county"}, follow=True)
    assert "We told Dana Whitfield" in words(done.content.decode())
    assert Reply.objects.get().note == "At the county"
    assert '"through":"mail link"' in record.events_of(now_row.learner.subject)[-1].payload
    client.post(url, {})
    assert Reply.objects.count() == 1
    back = client.post(url, {"take_back": "yes"}, follow=True)
    assert "It is taken back" in words(back.content.decode())
    assert Reply.objects.get().outcome == Outcome.WITHDRAWN


def test_words_that_may_tell_of_a_patient_are_asked_about_once(now_row: Assignment) -> None:
    url = answer_path(now_row, Answer.BLOCKED)
    asked = Client().post(url, {"note": "Call 303-555-0142"})
    assert asked.status_code == 422
    assert "a phone number" in words(asked.content.decode())
    assert not Reply.objects.exists()
    Client().post(url, {"note": "Call 303-555-0142", "checked": "yes"})
    assert Reply.objects.get().note == "Call 303-555-0142"
    assert Client().post(url, {"note": "x" * 201}).status_code == 422


@pytest.mark.parametrize("state", ["withdrawn", "complete"])
def test_a_link_of_what_is_over_says_so(now_row: Assignment, state: str) -> None:
    if state == "withdrawn":
        assigning.withdraw(now_row, reason="By mistake", by="system", at=clock.now())
    else:
        factories.pass_unit(now_row.enrollment)  # type: ignore[arg-type]
    url = answer_path(now_row, Answer.BLOCKED)
    heading = {"withdrawn": "This course is not yours to do any more", "complete": "This course is complete"}[state]
    assert heading in words(Client().get(url).content.decode())
    assert "Nobody needs to be told" in words(Client().post(url, {}, follow=True).content.decode())
    assert not Reply.objects.exists()


def test_only_our_own_tokens_open_the_page(now_row: Assignment) -> None:
    token = answer_token(now_row, Answer.BLOCKED)
    assert read_answer_token(token) == (now_row.public_id, Answer.BLOCKED)
    value = f"{now_row.public_id.hex}.blocked"
    bad = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace("blocked", "on_leave"),
        Signer(salt="another", sep=".").sign(value),
        value,
        "x",
    ]
    for each in bad:
        assert Client().get(reverse("answer", args=[each])).status_code == 404, each
    people_actions.deactivate(now_row.learner, "left", at=clock.now(), by=factories.make_coordinator().subject)
    assert Client().get(reverse("answer", args=[token])).status_code == 404


def test_a_mail_has_four_answers_that_its_stored_body_hides(row: Assignment, at: dt.datetime) -> None:
    occasion = Occasion.objects.get(ref=str(row.public_id))
    kind = kinds.get("course_assigned")
    letter = render(kind, [kind.context(occasion, at)], row.learner)
    for link in answer_links(row):
        assert link["label"] in letter.text
        assert link["url"] in letter.text
        assert link["url"] in letter.html
        assert link["url"].split("/")[-2] not in letter.stored_text + letter.stored_html
    assert letter.html.count('class="button"') == 1


def test_a_digest_has_the_answers_of_each_of_its_lines(row: Assignment, learner: User, at: dt.datetime) -> None:
    other = factories.make_assignment(learner, factories.make_course(slug="other", at=at), at=at)
    digest = kinds.get("digest")
    occasions = list(Occasion.objects.filter(kind="course_assigned"))
    contexts = [digest.context(occasion, at) for occasion in occasions]
    letter = render(digest, contexts, learner, digest.shared(occasions, at))
    for link in [*answer_links(row), *answer_links(other)]:
        assert link["url"] in letter.text
        assert link["url"] in letter.html
        assert link["url"].split("/")[-2] not in letter.stored_text + letter.stored_html
    assert letter.html.count('class="button"') == 1


# --- the supervisor's task ---


def test_today_shows_what_waits_and_people_and_courses_does_not(now_row: Assignment, boss: User) -> None:
    say(now_row, Answer.NOT_MY_ROLE, clock.now(), note="I moved to the kitchen")
    page = words(client_of(boss).get("/today/").content.decode())
    assert "Maya Okafor" in page
    assert "I moved to the kitchen" in page
    page = words(client_of(boss).get("/team/").content.decode())
    assert "Maya Okafor" in page
    assert "I moved to the kitchen" not in page


@pytest.mark.parametrize(
    ("way", "data"),
    [
        ("leave", {"starts_on": "today", "ends_on": "", "reason": "Agreed"}),
        ("exemption", {"starts_on": "today", "ends_on": "", "reason": "Agreed", "course": True}),
        ("accepted", {"starts_on": "2026-01-02", "reason": "Agreed", "course": True, "evidence": "Seen"}),
        ("moved", {"due_on": "later", "reason": "More time"}),
        ("remind_again", {"note": "We talked"}),
    ],
)
def test_a_supervisor_deals_with_it_in_place(now_row: Assignment, boss: User, way: str, data: dict[str, Any]) -> None:
    reply = say(now_row, Answer.BLOCKED, clock.now())
    url = reverse("settle_reply", args=[reply.public_id, way])
    client = client_of(boss)
    assert client.get(url).status_code == 200
    today = clock.now().date()
    fill = {"today": str(today), "later": str(today + 40 * DAY), True: now_row.course_id}
    answered = client.post(url, {name: fill.get(value, value) for name, value in data.items()})
    assert answered.status_code == 302, words(answered.content.decode())
    assert answered["Location"] == "/today/#answer"
    reply.refresh_from_db()
    assert (reply.outcome, reply.settled_by) == (way, str(boss.subject))
    assert "dealt with before" in words(client.get(url, follow=True).content.decode())


def test_who_may_deal_with_it(now_row: Assignment, boss: User, team: Team) -> None:
    reply = say(now_row, Answer.BLOCKED, clock.now())
    url = reverse("settle_reply", args=[reply.public_id, "remind_again"])
    stranger = factories.make_supervisor(factories.make_team("Elsewhere"))
    for who in (now_row.learner, factories.make_user(team=team), stranger):
        assert client_of(who).get(url).status_code == 404
        assert client_of(who).post(url, {}).status_code == 404
    assert Client().get(url).status_code == 302
    assert client_of(factories.make_coordinator()).get(url).status_code == 200
    assert client_of(boss).get(reverse("settle_reply", args=[reply.public_id, "withdrawn"])).status_code == 404
    own = factories.make_assignment(boss, now_row.course)
    mine = say(own, Answer.BLOCKED, clock.now())
    assert client_of(boss).get(reverse("settle_reply", args=[mine.public_id, "moved"])).status_code == 404
    assert "Dana Whitfield says that" not in words(client_of(boss).get("/team/").content.decode())


@pytest.mark.parametrize("number", [1, 3])
def test_the_lists_ask_as_often_for_three_answers_as_for_one(
    number: int, boss: User, team: Team, django_assert_num_queries: Any
) -> None:
    course = factories.make_course()
    for _ in range(number):
        say(factories.make_assignment(factories.make_user(team=team), course), Answer.BLOCKED, clock.now())
    supervisor, coordinator = client_of(boss), client_of(factories.make_coordinator())
    with django_assert_num_queries(14):
        supervisor.get("/team/")
    with django_assert_num_queries(6):
        page = coordinator.get(reverse("replies"))
    assert words(page.content.decode()).count("says that something blocks them") == number
    assert client_of(boss).get(reverse("replies")).status_code == 404
    overview = words(coordinator.get(reverse("people:overview")).content.decode())
    assert f"{number} · Answers to reminders that wait for a supervisor" in overview


def test_the_mail_tells_it_and_is_dropped_once_it_is_dealt_with(row: Assignment, boss: User, at: dt.datetime) -> None:
    reply = say(row, Answer.ON_LEAVE, at, note="back in May")
    kind = kinds.get("reply_given")
    occasion = Occasion.objects.get(kind="reply_given")
    assert kind.still_wanted(occasion, at) is None
    assert kind.line(occasion, at) == f"Maya Okafor says that they are on leave ({row.course.title})."
    letter = render(kind, [kind.context(occasion, at)], boss)
    assert "Maya says that they are on leave" in letter.text
    assert "May" not in letter.subject.replace("Maya", "")
    assert "back in May" not in letter.text + letter.html, "own words stay behind the sign-in"
    assert "/today/#answer" in letter.text
    replying.settle(reply, Outcome.REMIND_AGAIN, by=boss.subject, at=at)
    assert kind.still_wanted(occasion, at) == "It was dealt with since."


# --- why ---


def test_why_shows_the_answer_and_what_rests(row: Assignment, learner: User, boss: User, at: dt.datetime) -> None:
    other = factories.make_assignment(learner, factories.make_course(slug="other", title="Other", at=at), at=at)
    reply = say(row, Answer.ON_LEAVE, at)
    (sentence,) = why_of(row, at).answers
    assert "“I am on leave”" in sentence
    assert "Reminders about every course rest" in sentence
    (elsewhere,) = why_of(other, at).answers
    assert f"(about {row.course.title})" in elsewhere
    replying.settle(reply, Outcome.REMIND_AGAIN, by=boss.subject, at=at + DAY, note="We talked.")
    (settled,) = why_of(row, at + DAY).answers
    assert settled.endswith("Reminders go on on November 24, 2026: We talked.")
    assert why_of(other, at + DAY).answers == ()


def test_the_learner_answers_on_the_page_of_the_course_too(now_row: Assignment, boss: User) -> None:
    assert now_row.enrollment is not None
    pages = [reverse("course", args=[now_row.enrollment.public_id]), reverse("why", args=[now_row.public_id])]
    url = answer_path(now_row, Answer.ON_LEAVE)
    mine = client_of(now_row.learner)
    for page in pages:
        assert url in mine.get(page).content.decode()
    assert url not in client_of(boss).get(pages[1]).content.decode(), "nobody answers for somebody else"
    mine.post(url, {})
    assert '"through":"page"' in record.events_of(now_row.learner.subject)[-1].payload
    for page in pages:
        assert "You answered" in words(mine.get(page).content.decode())
