"""Practice: ungraded, stored nowhere, and no oracle for the graded quiz."""

import re
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.models import Enrollment
from lms.lib import clock
from lms.people.models import User
from lms.record.models import TrainingEvent
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.feedback import Level
from quizzes.models import Attempt, Correction, Question, Quiz, Response
from quizzes.practicing import SALT, turn_of
from quizzes.queries.practice import practice_of
from tests import factories
from tests.quizzes import sittings
from tests.quizzes.kinds import samples
from tests.quizzes.kinds.samples import SENTINEL

pytestmark = pytest.mark.django_db
REASON = "Right. That is the role."


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist")


@pytest.fixture
def client(learner: User) -> Client:
    client = Client()
    client.force_login(learner)
    return client


def enroll(learner: User, **changes: Any) -> Enrollment:
    return factories.make_enrollment(learner, factories.make_course(wait_minutes=0, **changes))


def failed(enrollment: Enrollment) -> Attempt:
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    factories.answer_all(attempt, right=False)
    return attempts.submit(attempt, at=clock.now()).attempt


def url(enrollment: Enrollment) -> str:
    return f"/courses/{enrollment.public_id}/units/{enrollment.version.units.get().slug}/quiz/practice/"


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def token_on(response: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"|after=([^"&]+)"', response.content.decode())
    assert found
    return found[1] or found[2]


def asked(enrollment: Enrollment, response: Any) -> tuple[Question, dict[str, Any], dict[str, Any]]:
    """The question on a page of practice, its stored form, and the order in which it is served."""
    quiz = Quiz.objects.get(unit__version=enrollment.version)
    turn = turn_of(token_on(response), enrollment.pk, quiz.pk)
    question = Question.objects.get(pk=turn.question)
    return question, question.stored, kinds.get(question.kind).serve(question.stored, turn.rng())


def able(enrollment: Enrollment) -> set[str]:
    found = practice_of(enrollment, enrollment.version.units.get(), clock.now())
    return {question.author_id for question, _ in found.questions.values()}


# ---- when it is open ------------------------------------------------------------------------------------------------


def test_it_opens_after_the_first_attempt_and_waits_while_one_is_open(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    page = text(client.get(url(enrollment)))
    assert "Practice opens after your first attempt" in page
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    assert "Practice waits while your attempt is open" in text(client.get(url(enrollment)))
    attempts.submit(attempt, at=clock.now())
    assert "Practice question 1 of" in text(client.get(url(enrollment)))


def test_an_attempt_that_starts_meanwhile_closes_the_page_that_is_open(client: Client, learner: User) -> None:
    """Nobody looks an answer up in an old tab while a graded attempt runs."""
    enrollment = enroll(learner)
    failed(enrollment)
    page = client.get(url(enrollment))
    attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    answer = client.post(url(enrollment), {"token": token_on(page), "choice": "0"})
    assert "Practice waits while your attempt is open" in text(answer)
    assert "Right" not in text(answer)
    assert REASON not in answer.content.decode()


@pytest.mark.parametrize("level", [Level.RESULT, Level.RIGHT, Level.CHOSEN])
def test_it_is_closed_while_results_show_less_than_all(client: Client, learner: User, level: Level) -> None:
    """As many tries as one likes would turn right and wrong into the key."""
    compiled = factories.compiled_course(wait_minutes=0)
    assert compiled.units[0].quiz is not None
    compiled.units[0].quiz["rules"] = {"feedback": {"after_submit": level}}
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    failed(enrollment)
    page = text(client.get(url(enrollment)))
    assert "Practice is closed It opens when you have passed." in page
    factories.pass_unit(enrollment)
    assert "Practice question 1 of 9" in text(client.get(url(enrollment)))


def test_a_quiz_that_offers_none_says_so(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    attempt = failed(enrollment)
    Quiz.objects.update(practice=False)
    assert "This quiz has no practice" in text(client.get(url(enrollment)))
    assert "Practice, ungraded" not in text(client.get(f"/attempts/{attempt.public_id}/result/"))
    assert "Practice, ungraded" not in text(client.get(url(enrollment).removesuffix("practice/")))


def test_it_is_reached_from_result_start_and_unit(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    start = url(enrollment).removesuffix("practice/")
    link = f'href="{url(enrollment)}"'
    assert link not in client.get(start).content.decode()
    attempt = failed(enrollment)
    assert link in client.get(f"/attempts/{attempt.public_id}/result/").content.decode()
    assert link in client.get(start).content.decode()
    passed = factories.pass_unit(enrollment).attempt
    assert link in client.get(f"/attempts/{passed.public_id}/result/").content.decode()
    assert link in client.get(start).content.decode()
    assert link in client.get(start.removesuffix("quiz/")).content.decode()


# ---- which questions ------------------------------------------------------------------------------------------------


def test_no_attempt_draws_what_was_open_to_practice_and_not_shown_by_a_result(learner: User) -> None:
    for slug in ("one", "two", "three"):
        course = factories.make_course(factories.compiled_course(slug, wait_minutes=0, pool=9, serve=3, attempts=4))
        enrollment = factories.make_enrollment(learner, course)
        shown = {r.question.author_id for r in failed(enrollment).responses.select_related("question")}
        for number in range(2):
            practiced = able(enrollment) - shown
            assert len(practiced) == (3, 0)[number]
            drawn = {r.question.author_id for r in failed(enrollment).responses.select_related("question")}
            assert not drawn & practiced
            shown |= drawn


def test_an_unseen_critical_question_is_kept_until_the_pass(learner: User) -> None:
    compiled = factories.compiled_course(wait_minutes=0, pool=9, serve=3)
    quiz = compiled.units[0].quiz
    assert quiz is not None
    quiz["questions"] = [factories.stored_question(n, critical=n < 5) for n in range(1, 10)]
    quiz["draw"] = [
        {"objective": "T-1.1", "take": 1, "critical": True},
        {"objective": "T-1.1", "take": 2, "critical": False},
    ]
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    seen = {r.question.author_id for r in failed(enrollment).responses.select_related("question")}
    critical = set(Question.objects.filter(critical=True).values_list("author_id", flat=True))
    assert not able(enrollment) & critical - seen
    factories.pass_unit(enrollment)
    assert able(enrollment) == set(Question.objects.values_list("author_id", flat=True))


def test_retired_and_void_questions_are_left_out_and_a_mended_key_holds(client: Client, learner: User) -> None:
    compiled = factories.compiled_course(pool=6)
    quiz = compiled.units[0].quiz
    assert quiz is not None
    quiz["questions"][5] = {**quiz["questions"][5], "retired": "2026-01-01: old"}
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    factories.pass_unit(enrollment)
    rows = list(Question.objects.order_by("position"))
    boss = factories.make_coordinator()
    common = {"reason": "It was wrong.", "made_at": clock.now(), "made_by": boss.subject}
    Correction.objects.create(question=rows[0], number=1, void=True, **common)
    options = [{**o, "correct": n == 1} for n, o in enumerate(rows[1].stored["options"])]
    Correction.objects.create(question=rows[1], number=1, stored={**rows[1].stored, "options": options}, **common)
    assert able(enrollment) == {row.author_id for row in rows[1:5]}
    found = practice_of(enrollment, enrollment.version.units.get(), clock.now())
    assert found.questions[rows[1].pk][1]["options"][1]["correct"] is True


def test_a_round_meets_every_question_and_begins_again(client: Client, learner: User) -> None:
    enrollment = enroll(learner, pool=4, serve=2)
    factories.pass_unit(enrollment)
    drawn = set(Response.objects.values_list("question_id", flat=True))
    page = client.get(url(enrollment))
    met = []
    for number in range(1, 9):
        assert f"Practice question {(number - 1) % 4 + 1} of 4" in text(page)
        met.append(asked(enrollment, page)[0].pk)
        page = client.get(url(enrollment), {"after": token_on(page)})
    assert len(set(met[:4])) == len(set(met[4:])) == 4
    assert met[3] != met[4]
    assert not drawn & set(met[:2])  # those that no attempt drew come first


# ---- a turn ---------------------------------------------------------------------------------------------------------


def passed_all_kinds(learner: User, *, planted: bool = False) -> Enrollment:
    attempt = sittings.sit(learner, planted=planted)
    for response in attempt.responses.select_related("question"):
        answer = kinds.get(response.question.kind).model_answer(response.question.stored, response.order)
        attempts.save(attempt, response.position, answer, revision=0, at=clock.now())
    assert attempts.submit(attempt, at=clock.now()).attempt.passed
    return attempt.enrollment


def page_of_kind(client: Client, enrollment: Enrollment, slug: str) -> Any:
    page = client.get(url(enrollment))
    for _ in range(len(samples.SLUGS)):
        if asked(enrollment, page)[0].kind == slug:
            return page
        page = client.get(url(enrollment), {"after": token_on(page)})
    raise AssertionError(slug)


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_each_kind_is_practiced_with_one_form(client: Client, learner: User, slug: str) -> None:
    enrollment = passed_all_kinds(learner)
    before = (list(Response.objects.values()), list(Attempt.objects.values()), TrainingEvent.objects.count())
    page = page_of_kind(client, enrollment, slug)
    _, stored, order = asked(enrollment, page)
    kind = kinds.get(slug)
    right = client.post(url(enrollment), {"token": token_on(page), **kind.fill(kind.model_answer(stored, order))})
    assert right.status_code == 200
    assert re.search(r"<h1>Right</h1>", right.content.decode())
    assert "Next question" in text(right)
    empty = client.post(url(enrollment), {"token": token_on(page)})
    assert (empty.status_code, "Give an answer first" in text(empty)) == (422, True)
    assert asked(enrollment, empty)[1:] == (stored, order)
    assert before == (list(Response.objects.values()), list(Attempt.objects.values()), TrainingEvent.objects.count())


def test_practice_writes_nothing(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    factories.pass_unit(enrollment)
    client.get("/training/")
    with CaptureQueriesContext(connection) as found:
        page = client.get(url(enrollment))
        client.post(url(enrollment), {"token": token_on(page), "choice": "0"})
    assert not [q["sql"] for q in found if not q["sql"].lstrip().upper().startswith("SELECT")]


def test_an_answer_is_explained_with_its_belief_and_the_section(client: Client, learner: User) -> None:
    compiled = factories.compiled_course(pool=3)
    compiled.misconceptions = {
        "caring-means-advising": {"belief": "Caring means advice.", "correction": "It does not."}
    }
    enrollment = factories.make_enrollment(learner, factories.make_course(compiled))
    factories.pass_unit(enrollment)
    page = client.get(url(enrollment))
    order = asked(enrollment, page)[2]
    wrong = order["options"].index(1)
    answer = client.post(url(enrollment), {"token": token_on(page), "choice": str(wrong)})
    html = answer.content.decode()
    assert "<h1>Not right</h1>" in html
    assert "“Caring means advice.”" in html
    assert "It does not." in html
    assert REASON in html
    assert f'href="/courses/{enrollment.public_id}/units/unit-1/#section-first-part"' in html
    assert client.get(url(enrollment)).content.decode().count(REASON) == 0


def test_a_step_is_moved_without_script(client: Client, learner: User) -> None:
    enrollment = passed_all_kinds(learner)
    page = page_of_kind(client, enrollment, "ordering")
    _, stored, order = asked(enrollment, page)
    kind = kinds.get("ordering")
    full = kind.fill(kind.model_answer(stored, order))
    moved = client.post(url(enrollment), {"token": token_on(page), **full, "move": "0:down"})
    assert moved.status_code == 200
    assert "See what is right" in text(moved)
    assert moved.content.decode().count("selected") == page.content.decode().count("selected") + len(order["steps"])


def test_an_answer_that_does_not_fit_is_shown_again(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    factories.pass_unit(enrollment)
    page = client.get(url(enrollment))
    answer = client.post(url(enrollment), {"token": token_on(page), "choice": "99"})
    assert answer.status_code == 422
    assert "Choose one of the answers on this page." in text(answer)


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_nothing_secret_is_on_the_page_before_the_answer(client: Client, learner: User, slug: str) -> None:
    enrollment = passed_all_kinds(learner, planted=True)
    page = page_of_kind(client, enrollment, slug)
    assert SENTINEL not in page.content.decode()
    empty = client.post(url(enrollment), {"token": token_on(page)})
    assert SENTINEL not in empty.content.decode()


def test_the_token_holds_no_order(client: Client, learner: User) -> None:
    """It can be read by who holds it; the order of stored steps would be the key of an ordering question."""
    enrollment = passed_all_kinds(learner)
    page = page_of_kind(client, enrollment, "ordering")
    row = signing.loads(token_on(page), salt=SALT)
    assert [type(one) for one in row] == [int, int, int, list, str]
    assert set(row[3]) <= set(Question.objects.values_list("pk", flat=True))
    assert len(row[4]) == 16


# ---- who ------------------------------------------------------------------------------------------------------------


def test_a_token_that_was_not_made_for_this_is_as_good_as_absent(client: Client, learner: User) -> None:
    enrollment = enroll(learner)
    factories.pass_unit(enrollment)
    other = factories.make_enrollment(factories.make_user(), enrollment.course)
    factories.pass_unit(other)
    good = token_on(client.get(url(enrollment)))
    stranger = Client()
    stranger.force_login(other.learner)
    row = signing.loads(good, salt=SALT)
    bad = [
        "", "x", good[:-1] + ("A" if good[-1] != "A" else "B"), "A" + good, token_on(stranger.get(url(other))),
        signing.dumps(row, salt="another.salt"),
    ]  # fmt: skip
    for token in bad:
        assert client.post(url(enrollment), {"token": token, "choice": "0"}).status_code == 404, token
        if token:
            assert client.get(url(enrollment), {"after": token}).status_code == 404, token
    assert client.post(url(enrollment), {"token": good, "choice": "0"}).status_code == 200


def test_only_its_learner_practices(learner: User) -> None:
    team = factories.make_team()
    User.objects.filter(pk=learner.pk).update(team=team)
    enrollment = enroll(learner)
    factories.pass_unit(enrollment)
    for user in (factories.make_user(team=team), factories.make_supervisor(team), factories.make_coordinator()):
        client = Client()
        client.force_login(user)
        assert client.get(url(enrollment)).status_code == 404
        assert client.post(url(enrollment), {"token": "x"}).status_code == 404
    assert Client().get(url(enrollment))["Location"].startswith("/account/login/")


@pytest.mark.parametrize("pool", [3, 9])
def test_the_queries_of_a_page(client: Client, learner: User, pool: int, django_assert_num_queries: Any) -> None:
    enrollment = enroll(learner, pool=pool, serve=1)
    factories.pass_unit(enrollment)
    client.get("/training/")
    address = url(enrollment)
    with django_assert_num_queries(17):
        client.get(address)
