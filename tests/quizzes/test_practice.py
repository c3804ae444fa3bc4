"""Practice: open where it gives no key of an attempt away, feedback at once, nothing stored."""

import itertools
import re
import uuid
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from courses.models import Enrollment
from lms.lib import clock
from lms.people.models import User
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.grading.draw import practice_part
from quizzes.models import Attempt, Correction, Question
from quizzes.practice import MOST_SHOWN, SALT, Ticket, next_ticket, unseal
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.abuse.conftest import every_row
from tests.quizzes.kinds import samples
from tests.quizzes.kinds.samples import SENTINEL

pytestmark = pytest.mark.django_db

REASONS = ("Right. That is the role.", "Advice belongs", "It cannot wait")


@pytest.fixture
def learner(client: Client) -> User:
    person = factories.make_user()
    client.force_login(person)
    return person


def enroll(learner: User, *, rules: dict[str, Any] | None = None, **changes: Any) -> Enrollment:
    compiled = factories.compiled_course(wait_minutes=0, **changes)
    for unit in compiled.units:
        assert unit.quiz is not None
        unit.quiz["rules"] = rules or {}
    return factories.make_enrollment(learner, factories.make_course(compiled))


def door(enrollment: Enrollment) -> str:
    return f"/courses/{enrollment.public_id}/units/unit-1/quiz/practice/"


def pool(enrollment: Enrollment) -> list[Question]:
    return list(Question.objects.filter(quiz__unit__version=enrollment.version))


def part(enrollment: Enrollment) -> set[int]:
    """The primary keys of what may be practiced before the first attempt."""
    rows = pool(enrollment)
    names = practice_part([q.stored for q in rows], rows[0].quiz.lines, salt=enrollment.public_id.hex)
    return {q.pk for q in rows if q.author_id in names}


def sit(enrollment: Enrollment, *, right: bool | None = None) -> Attempt:
    """An attempt; handed in unless ``right`` is None."""
    attempt = attempts.start(enrollment, enrollment.version.units.get(position=1), at=clock.now())
    if right is not None:
        factories.answer_all(attempt, right=right)
        attempts.submit(attempt, at=clock.now())
    return attempt


def ticket_for(enrollment: Enrollment, question: Question) -> Ticket:
    return Ticket(enrollment.public_id, "0123456789abcdef", (question.pk,))


def page_of(enrollment: Enrollment, question: Question) -> str:
    return f"{door(enrollment)}?q={ticket_for(enrollment, question).seal()}"


def correction(question: Question, **changes: Any) -> None:
    common = {"number": 1, "reason": "Two were right", "made_at": clock.now(), "made_by": uuid.uuid4()}
    Correction.objects.create(question=question, **{**common, **changes})


def rounds(client: Client, enrollment: Enrollment, times: int) -> list[int]:
    """The questions that come, one after the other, by following the links of the pages."""
    where, found = door(enrollment), []
    for _ in range(times):
        led = client.get(where)
        assert led.status_code == 302
        ticket = unseal(led["Location"].partition("?q=")[2], enrollment.public_id)
        assert ticket is not None
        found.append(ticket.question)
        html = client.get(led["Location"]).content.decode()
        link = re.search(r'href="([^"]*\?after=[^"]*)"', html)
        assert link
        where = link[1]
    return found


class TestWhatIsOpen:
    def test_before_the_first_attempt_the_practice_part_alone_each_once_a_round(
        self, client: Client, learner: User
    ) -> None:
        enrollment = enroll(learner)
        open_now = part(enrollment)
        assert len(open_now) == 3
        came = rounds(client, enrollment, 12)
        for start in range(0, 12, 3):
            assert set(came[start : start + 3]) == open_now
        assert all(one != two for one, two in itertools.pairwise(came))

    @pytest.mark.parametrize("seed", range(8))
    def test_the_first_two_attempts_ask_nothing_that_could_be_practiced_before(self, learner: User, seed: int) -> None:
        enrollment = enroll(learner)
        Enrollment.objects.filter(pk=enrollment.pk).update(public_id=uuid.UUID(int=seed))
        enrollment.refresh_from_db()
        for _ in range(2):
            asked = set(sit(enrollment, right=False).responses.values_list("question", flat=True))
            assert not asked & part(enrollment)
        third = set(sit(enrollment).responses.values_list("question", flat=True))
        assert third == part(enrollment), "it brings other questions, as before"

    def test_without_practice_the_draw_keeps_nothing(self, learner: User) -> None:
        enrollment = enroll(learner, rules={"practice": False})
        asked = set()
        for _ in range(3):
            asked |= set(sit(enrollment, right=False).responses.values_list("question", flat=True))
        assert asked == {q.pk for q in pool(enrollment)}

    def test_what_an_attempt_asked_opens_with_its_answers_and_comes_last(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner)
        asked = set(sit(enrollment, right=False).responses.values_list("question", flat=True))
        came = rounds(client, enrollment, 6)
        assert set(came[:3]) == part(enrollment)
        assert set(came[3:]) == asked

    @pytest.mark.parametrize("level", ["right", "chosen"])
    def test_where_answers_are_still_closed_it_does_not(self, client: Client, learner: User, level: str) -> None:
        """As often as one likes, right or wrong would tell the best answer in the end."""
        enrollment = enroll(learner, rules={"feedback": {"after_submit": level, "after_attempts_used": level}})
        sit(enrollment, right=False)
        assert set(rounds(client, enrollment, 9)) == part(enrollment)

    def test_after_a_pass_the_whole_pool(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner)
        sit(enrollment, right=True)
        assert set(rounds(client, enrollment, 9)) == {q.pk for q in pool(enrollment)}

    def test_retired_and_void_questions_are_left_out(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner)
        sit(enrollment, right=True)
        retired, void, *others = pool(enrollment)
        Question.objects.filter(pk=retired.pk).update(stored={**retired.stored, "retired": "2026-11-01: unclear"})
        correction(void, void=True)
        assert set(rounds(client, enrollment, 7)) == {q.pk for q in others}
        for gone in (retired, void):
            led = client.post(page_of(enrollment, gone), {"choice": "0"})
            assert led.status_code == 302
            assert led["Location"].startswith(f"{door(enrollment)}?q=")

    def test_a_mended_question_is_practiced_with_the_key_that_holds_now(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner)
        question = Question.objects.get(pk=min(part(enrollment)))
        options = [{**o, "correct": o["id"] == "b"} for o in question.stored["options"]]
        correction(question, stored={**question.stored, "options": options})
        order = served(enrollment, question)["options"]
        for option, word in ((1, "Right"), (0, "Not right")):
            html = client.post(page_of(enrollment, question), {"choice": str(order.index(option))}).content.decode()
            assert f"<h1>{word}</h1>" in html
        question.refresh_from_db()
        assert question.stored["options"][0]["correct"], "the published row is as it was"

    def test_a_pool_that_is_all_kept_says_so(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner, pool=6)
        html = client.get(door(enrollment)).content.decode()
        assert "No practice question is open yet" in html
        sit(enrollment, right=False)
        assert len(set(rounds(client, enrollment, 3))) == 3


class TestClosed:
    def test_during_an_attempt_whatever_the_ticket(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner)
        sit(enrollment, right=False)
        sit(enrollment)
        where = [door(enrollment), *(page_of(enrollment, q) for q in pool(enrollment))]
        for answer in [*(client.get(one) for one in where), *(client.post(one, {"choice": "0"}) for one in where)]:
            html = answer.content.decode()
            assert answer.status_code == 200
            assert "Practice waits while your quiz is open" in html
            assert f'href="/courses/{enrollment.public_id}/units/unit-1/quiz/"' in html
            assert not any(reason in html for reason in REASONS)
            assert "help with matter" not in html

    def test_an_earlier_round_is_no_way_around(self, client: Client, learner: User) -> None:
        """Its quiz is passed, so its practice would open the pool that the new round draws from."""
        first = enroll(learner)
        sit(first, right=True)
        first.refresh_from_db()
        assert first.completed_at
        second = factories.make_enrollment(learner)
        assert second != first
        for where in (door(first), page_of(first, pool(first)[0])):
            html = client.get(where).content.decode()
            assert "Practice goes on in your new round" in html
            assert f'href="/courses/{second.public_id}/"' in html
            assert "help with matter" not in html
        sit(second)
        assert "Practice waits while your quiz is open" in client.get(door(first)).content.decode()

    def test_while_the_quiz_says_nothing_of_right_and_wrong(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner, rules={"feedback": {"after_submit": "result"}})
        html = client.get(page_of(enrollment, pool(enrollment)[0])).content.decode()
        assert "Practice opens later" in html
        assert "The best answers, with all reasons, open when you have passed." in html
        sit(enrollment, right=True)
        assert len(set(rounds(client, enrollment, 9))) == 9

    def test_a_quiz_without_practice_has_no_page_and_no_link(self, client: Client, learner: User) -> None:
        enrollment = enroll(learner, rules={"practice": False})
        assert client.get(door(enrollment)).status_code == 404
        assert client.post(page_of(enrollment, pool(enrollment)[0]), {"choice": "0"}).status_code == 404
        result = f"/attempts/{sit(enrollment, right=False).public_id}/result/"
        unit = f"/courses/{enrollment.public_id}/units/unit-1/"
        for where in (unit, f"{unit}quiz/", result):
            assert "quiz/practice/" not in client.get(where).content.decode()


class TestAccess:
    def test_nobody_else(self, client: Client, learner: User) -> None:
        team = factories.make_team()
        User.objects.filter(pk=learner.pk).update(team=team)
        enrollment = enroll(learner)
        where = page_of(enrollment, Question.objects.get(pk=min(part(enrollment))))
        assert client.get(where).status_code == 200
        others = (factories.make_user(team=team), factories.make_supervisor(team), factories.make_coordinator())
        for other in others:
            client.force_login(other)
            assert client.get(where).status_code == 404
            assert client.get(door(enrollment)).status_code == 404
            assert client.post(where, {"choice": "0"}).status_code == 404
        client.logout()
        assert client.get(where).status_code == 302
        assert "/account/login/" in client.get(where)["Location"]

    def test_a_ticket_that_is_not_ours(self, client: Client, learner: User) -> None:
        enrollment, other = enroll(learner), factories.make_enrollment()
        good = ticket_for(enrollment, pool(enrollment)[0]).seal()
        foreign = ticket_for(other, pool(other)[0]).seal()
        salted = signing.dumps([enrollment.public_id.hex, "0", [1]], salt="another")
        for bad in (good[:-1], f"x{good}", foreign, salted, "", "a:b:c", "\0", "é" * 50, "x" * 5000):
            for name in ("q", "after"):
                assert client.get(door(enrollment), {name: bad}).status_code == 404, (name, bad)
        assert client.post(f"{door(enrollment)}?q={good[:-1]}", {"choice": "0"}).status_code == 404

    def test_an_unknown_unit(self, client: Client, learner: User) -> None:
        assert client.get(door(enroll(learner)).replace("unit-1", "unit-9")).status_code == 404

    def test_the_ticket_tells_no_order(self, learner: User) -> None:
        enrollment = enroll(learner)
        ticket = next_ticket(enrollment.public_id, None, [7], set())
        assert signing.loads(ticket.seal(), salt=SALT) == [enrollment.public_id.hex, ticket.nonce, [7]]
        stored = samples.stored("ordering")
        orders = {
            str(kinds.get("ordering").serve(stored, next_ticket(enrollment.public_id, None, [7], set()).rng()))
            for _ in range(40)
        }
        assert len(orders) > 5, "another ticket, another order"
        assert ticket.rng().random() == ticket.rng().random()

    def test_a_ticket_stays_short(self, learner: User) -> None:
        ticket = None
        for _ in range(3 * MOST_SHOWN):
            ticket = next_ticket(learner.public_id, ticket, list(range(100_000, 100_200)), set())
        assert ticket is not None
        assert len(set(ticket.shown)) == MOST_SHOWN
        assert len(ticket.seal()) < 600


def all_kinds(learner: User, *, planted: bool = False) -> Enrollment:
    """Its quiz is handed in once, so every question is open."""
    enrollment = sittings.sit(learner, planted=planted).enrollment
    attempts.submit(enrollment.attempts.get(), at=clock.now())
    return enrollment


def served(enrollment: Enrollment, question: Question) -> Any:
    return kinds.get(question.kind).serve(question.stored, ticket_for(enrollment, question).rng())


@pytest.mark.parametrize("slug", sittings.KINDS)
class TestEveryKind:
    def test_a_right_answer_and_the_same_again(self, client: Client, learner: User, slug: str) -> None:
        enrollment = all_kinds(learner)
        question = Question.objects.get(kind=slug)
        where = page_of(enrollment, question)
        fields = kinds.get(slug).fill(samples.full_marks(slug, question.stored, served(enrollment, question)))
        first, second = (sittings.without_token(client.get(where).content) for _ in range(2))
        assert first == second, "a reload shows the same"
        for _ in range(2):
            html = client.post(where, fields).content.decode()
            assert "<h1>Right</h1>" in html
            assert '<li class="is-best">' in html
            assert f'href="/courses/{enrollment.public_id}/units/unit-1/#section-first-part"' in html

    def test_no_answer_is_asked_for_one(self, client: Client, learner: User, slug: str) -> None:
        enrollment = all_kinds(learner, planted=True)
        answer = client.post(page_of(enrollment, Question.objects.get(kind=slug)), {})
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "Give an answer first" in html
        assert "<title>Error: " in html
        assert SENTINEL not in html

    def test_the_question_holds_nothing_of_its_key(self, client: Client, learner: User, slug: str) -> None:
        enrollment = all_kinds(learner, planted=True)
        question = Question.objects.get(kind=slug)
        where = page_of(enrollment, question)
        fields = kinds.get(slug).fill(samples.full_marks(slug, question.stored, served(enrollment, question)))
        garbage = dict.fromkeys(fields, "99999999999999999999999999")
        for answer in (client.get(where), client.post(where, garbage)):
            if "Check my answer" in answer.content.decode():
                assert SENTINEL not in answer.content.decode()
        assert "Check my answer" in client.get(where).content.decode()
        assert SENTINEL in client.post(where, fields).content.decode(), "the feedback does hold it"

    def test_nothing_is_stored(self, client: Client, learner: User, slug: str) -> None:
        enrollment = all_kinds(learner)
        question = Question.objects.get(kind=slug)
        where = page_of(enrollment, question)
        client.get(where)  # the session itself
        before = every_row()
        fields = kinds.get(slug).fill(samples.full_marks(slug, question.stored, served(enrollment, question)))
        client.get(door(enrollment), follow=True)
        client.post(where, {})
        client.post(where, fields)
        client.get(where.replace("?q=", "?after="), follow=True)
        assert every_row() == before


def test_a_button_of_a_step_moves_it_and_keeps_the_focus(client: Client, learner: User) -> None:
    enrollment = all_kinds(learner)
    question = Question.objects.get(kind="ordering")
    where = page_of(enrollment, question)
    answer = client.post(where, {"move": "2:up"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Check my answer" in html
    assert html.count(" autofocus") == 1
    assert re.search(r'id="id_step_2_up" autofocus', html)
    places = [re.search(rf'name="step_{n}".*?<option value="(\d)" selected', html, re.DOTALL) for n in range(5)]
    assert [found[1] for found in places if found] == ["1", "3", "2", "4", "5"]


@pytest.mark.parametrize(
    ("level", "shown"),
    [("right", set()), ("chosen", {1}), ("answers", {0, 1, 2})],
)
def test_the_feedback_is_what_the_quiz_opens_now(client: Client, learner: User, level: str, shown: set[int]) -> None:
    enrollment = enroll(learner, rules={"feedback": {"after_submit": level}})
    question = Question.objects.get(pk=min(part(enrollment)))
    order = served(enrollment, question)["options"]
    html = client.post(page_of(enrollment, question), {"choice": str(order.index(1))}).content.decode()
    assert "<h1>Not right</h1>" in html
    assert {n for n, reason in enumerate(REASONS) if reason in html} == shown
    assert ("open when you have passed" in html) == (level != "answers")


def test_every_way_leads_to_it(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    unit = f"/courses/{enrollment.public_id}/units/unit-1/"
    link = f'href="{door(enrollment)}"'
    failed = f"/attempts/{sit(enrollment, right=False).public_id}/result/"
    for where in (unit, f"{unit}quiz/", failed):
        assert link in client.get(where).content.decode(), where
    attempt = sit(enrollment)
    assert link not in client.get(f"{unit}quiz/").content.decode()
    assert link not in client.get(failed).content.decode()
    assert link not in client.get(f"/attempts/{attempt.public_id}/questions/1/").content.decode()
    factories.answer_all(attempt)
    attempts.submit(attempt, at=clock.now())
    assert link in client.get(f"/attempts/{attempt.public_id}/result/").content.decode()


@pytest.mark.parametrize("tries", [1, 3])
def test_the_number_of_queries_does_not_grow(
    client: Client, learner: User, tries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    enrollment = enroll(learner, pool=3 * 3 * tries, attempts=9)
    for _ in range(tries):
        sit(enrollment, right=False)
    where = page_of(enrollment, Question.objects.get(pk=min(part(enrollment))))
    client.get(where)
    with django_assert_num_queries(19):
        client.get(where)
    with django_assert_num_queries(19):
        client.post(where, {"choice": "0"})
