"""A learner says that a question is wrong; the coordinator reads it and answers."""

import datetime as dt
import logging
import re
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client

from lms.lib import clock
from lms.outbox.models import Message, Occasion
from lms.people.models import User
from lms.record.models import TrainingEvent
from lms.record.queries import events_of, faults
from quizzes.actions import attempts, reviewing
from quizzes.actions.correcting import correct
from quizzes.actions.reviewing import NotHandedInError, close_review, dispute
from quizzes.enums import ReviewOutcome
from quizzes.feedback import Level, Moment
from quizzes.models import Attempt, Dispute, ItemReview, Question, Response
from quizzes.queries.effects import Draft
from tests import factories
from tests.courses.pages import client_of
from tests.faults.together import together
from tests.letters import letter
from tests.quizzes import sittings
from tests.quizzes.kinds.samples import SENTINEL

REASON = "Both of the first two answers are right, by the second section."


@pytest.fixture
def learner() -> User:
    return factories.make_user("Maya Quist", email="maya@example.org")


@pytest.fixture
def boss() -> User:
    return factories.make_coordinator(email="priya@example.org")


def handed_in(learner: User, *, pool: int = 3, **changes: Any) -> Attempt:
    """A failed attempt at a pool of three, so that everybody draws the same questions."""
    course = factories.make_course(factories.compiled_course(pool=pool, **changes))
    return sat(factories.make_enrollment(learner, course))


def sat(enrollment: Any) -> Attempt:
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())
    factories.answer_all(attempt, right=False)
    return attempts.submit(attempt, at=clock.now()).attempt


def response_of(attempt: Attempt, question: Question | None = None) -> Response:
    rows = attempt.responses.select_related("question", "attempt__enrollment__learner")
    return rows.get(question=question) if question else rows.order_by("position")[0]


def url(response: Response) -> str:
    return f"/attempts/{response.attempt.public_id}/questions/{response.position}/dispute/"


def result(client: Client, attempt: Attempt) -> str:
    response = client.get(f"/attempts/{attempt.public_id}/result/")
    assert response.status_code == 200
    return text(response)


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def sent_to(address: str, kind: str) -> list[Any]:
    for occasion in Occasion.objects.filter(kind=kind, recipient__email=address, message=None):
        letter(occasion)
    return [one for one in mail.outbox if one.to == [address]]


@pytest.mark.django_db
class TestDisputing:
    def test_it_opens_a_review_and_tells_the_coordinators_once(self, learner: User, boss: User) -> None:
        first = response_of(handed_in(learner))
        at = clock.now()
        made = dispute(first, reason=REASON, at=at)
        other = factories.make_user()
        second = response_of(sat(factories.make_enrollment(other, first.attempt.enrollment.course)), first.question)
        joined = dispute(second, reason="I see it like this too.", at=at)
        review = ItemReview.objects.get()
        assert (made.review, joined.review) == (review, review)
        assert (review.question, review.opened_by, review.closed_at) == (first.question, learner.subject, None)
        assert Occasion.objects.filter(kind="review_opened").count() == 1
        assert Occasion.objects.get(kind="review_opened").recipient == boss

    def test_the_record_tells_of_it_without_words_and_answers(self, learner: User) -> None:
        response = response_of(handed_in(learner))
        dispute(response, reason=REASON, at=clock.now())
        (event,) = [e for e in events_of(learner.subject) if e.kind == "question.disputed"]
        assert response.question.author_id in event.payload
        assert REASON not in event.payload
        assert "choice" not in event.payload
        assert learner.name not in event.payload
        assert event.actor == str(learner.subject)
        assert list(faults(learner.subject)) == []

    def test_a_second_dispute_of_the_same_answer_is_the_first(self, learner: User, boss: User) -> None:
        response = response_of(handed_in(learner))
        first = dispute(response, reason=REASON, at=clock.now())
        assert dispute(response, reason="Something else.", at=clock.now()) == first
        assert Dispute.objects.get().reason == REASON
        assert Occasion.objects.filter(kind="review_opened").count() == 1
        assert [e.kind for e in events_of(learner.subject)].count("question.disputed") == 1

    def test_nothing_changes_in_the_result(self, learner: User) -> None:
        attempt = handed_in(learner)
        before = Attempt.objects.values().get()
        dispute(response_of(attempt), reason=REASON, at=clock.now())
        assert Attempt.objects.values().get() == before

    def test_after_a_closed_review_a_new_one_opens(self, learner: User, boss: User) -> None:
        response = response_of(handed_in(learner))
        first = dispute(response, reason=REASON, at=clock.now()).review
        close_review(first, outcome=ReviewOutcome.KEPT, answer="It is right.", at=clock.now(), by=boss)
        other = sat(factories.make_enrollment(factories.make_user(), response.attempt.enrollment.course))
        second = dispute(response_of(other, response.question), reason="Still.", at=clock.now()).review
        assert second != first
        assert Occasion.objects.filter(kind="review_opened").count() == 2

    def test_an_open_attempt_is_not_disputed(self, learner: User) -> None:
        attempt = sittings.sit(learner)
        with pytest.raises(NotHandedInError):
            dispute(response_of(attempt), reason=REASON, at=clock.now())
        assert not Dispute.objects.exists()

    @pytest.mark.parametrize("reason", ["", "   \n ", "x" * 601])
    def test_a_reason_that_does_not_fit_stores_nothing(self, learner: User, boss: User, reason: str) -> None:
        response = response_of(handed_in(learner))
        with pytest.raises(ValidationError):
            dispute(response, reason=reason, at=clock.now())
        assert not ItemReview.objects.exists()
        assert not Occasion.objects.filter(kind="review_opened").exists()


@pytest.mark.django_db
class TestClosing:
    def test_everybody_who_disputed_is_told(self, learner: User, boss: User) -> None:
        response = response_of(handed_in(learner))
        review = dispute(response, reason=REASON, at=clock.now()).review
        gone = factories.make_user()
        unreachable = factories.make_user(email=None)
        for user in (gone, unreachable):
            other = sat(factories.make_enrollment(user, response.attempt.enrollment.course))
            dispute(response_of(other, response.question), reason="Me too.", at=clock.now())
        User.objects.filter(pk=gone.pk).update(is_active=False)
        at = clock.now()
        assert close_review(review, outcome=ReviewOutcome.KEPT, answer=" It is right. ", at=at, by=boss)
        review.refresh_from_db()
        assert (review.closed_at, review.closed_by, review.answer) == (at, boss.subject, "It is right.")
        assert [m.recipient for m in Occasion.objects.filter(kind="dispute_answered")] == [learner]
        (event,) = [e for e in events_of(boss.subject) if e.kind == "question.reviewed"]
        assert "It is right" not in event.payload
        assert '"outcome":"kept"' in event.payload

    def test_it_closes_once(self, learner: User, boss: User) -> None:
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        assert close_review(review, outcome=ReviewOutcome.KEPT, answer="A", at=clock.now(), by=boss)
        assert not close_review(review, outcome=ReviewOutcome.VOIDED, answer="B", at=clock.now(), by=boss)
        review.refresh_from_db()
        assert (review.outcome, review.answer) == ("kept", "A")
        assert Occasion.objects.filter(kind="dispute_answered").count() == 1

    @pytest.mark.parametrize("answer", ["", "  ", "x" * 601])
    def test_an_answer_is_needed(self, learner: User, boss: User, answer: str) -> None:
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        with pytest.raises(ValidationError):
            close_review(review, outcome=ReviewOutcome.KEPT, answer=answer, at=clock.now(), by=boss)
        review.refresh_from_db()
        assert review.closed_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("void", [True, False])
def test_a_correction_answers_those_who_disputed_the_question(learner: User, boss: User, void: bool) -> None:
    attempt = handed_in(learner)
    response = response_of(attempt)
    review = dispute(response, reason=REASON, at=clock.now()).review
    client = client_of(boss)
    page = client.get(f"/coordinator/reviews/{review.public_id}/").content.decode()
    assert f'href="/coordinator/questions/{response.question.pk}/correct/"' in page
    assert "Mend the key or void the question" in page
    draft = Draft(None if void else ["b"])
    correct(response.question, draft, reason="The source says b.", seen=0, by=boss, at=clock.now())
    review.refresh_from_db()
    assert review.outcome == (ReviewOutcome.VOIDED if void else ReviewOutcome.MENDED)
    assert [m.recipient for m in Occasion.objects.filter(kind="dispute_answered")] == [learner]
    page = result(client_of(learner), attempt)
    assert ("The question was voided." if void else "The key was mended.") in page
    assert "The source says b." in page
    assert "Mend the key" not in text(client.get(f"/coordinator/reviews/{review.public_id}/"))


@pytest.mark.django_db
class TestMail:
    def test_the_coordinator_is_told_without_name_and_reason(self, learner: User, boss: User) -> None:
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        (message,) = sent_to("priya@example.org", "review_opened")
        words = message.subject + message.body + str(message.alternatives)
        assert f"/coordinator/reviews/{review.public_id}/" in words
        assert REASON not in words
        assert "Maya" not in words
        assert "maya" not in words

    def test_it_is_not_sent_when_the_review_is_closed(self, learner: User, boss: User) -> None:
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        close_review(review, outcome=ReviewOutcome.KEPT, answer="A", at=clock.now(), by=boss)
        assert sent_to("priya@example.org", "review_opened") == []
        assert Message.objects.get(kind="review_opened").state == "suppressed"

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            (ReviewOutcome.KEPT, "It stays as it is."),
            (ReviewOutcome.MENDED, "Its key was mended."),
            (ReviewOutcome.VOIDED, "It was taken out of the quiz."),
        ],
    )
    def test_the_learner_gets_the_answer(self, learner: User, boss: User, outcome: ReviewOutcome, words: str) -> None:
        attempt = handed_in(learner)
        review = dispute(response_of(attempt), reason=REASON, at=clock.now()).review
        close_review(review, outcome=outcome, answer="The <second> section says why.", at=clock.now(), by=boss)
        (message,) = sent_to("maya@example.org", "dispute_answered")
        assert "Our answer about question 1" in message.subject
        assert words in message.body
        assert "The <second> section says why." in message.body
        html = str(message.alternatives[0][0])
        assert "The &lt;second&gt; section" in html
        assert f"/attempts/{attempt.public_id}/result/#question-1" in message.body
        assert ("Your result stays as it was" in message.body) is (outcome == ReviewOutcome.KEPT)


@pytest.mark.django_db
class TestTheLearnersPages:
    def test_each_question_has_its_door(self, learner: User) -> None:
        attempt = handed_in(learner)
        html = client_of(learner).get(f"/attempts/{attempt.public_id}/result/").content.decode()
        for position in (1, 2, 3):
            assert f'href="/attempts/{attempt.public_id}/questions/{position}/dispute/"' in html

    def test_from_the_link_to_the_answer(self, learner: User, boss: User) -> None:
        response = response_of(handed_in(learner))
        client = client_of(learner)
        page = text(client.get(url(response)))
        assert f"What is wrong with question {response.position}?" in page
        assert response.question.stored["stem"][:40] in page
        assert "Your result stays as it is until then." in page
        answer = client.post(url(response), {"reason": REASON})
        assert answer["Location"] == f"/attempts/{response.attempt.public_id}/result/#question-{response.position}"
        html = result(client, response.attempt)
        assert "Priya Raman reads it, and writes to you. Your result stays as it is until then." in html
        close_review(
            ItemReview.objects.get(), outcome=ReviewOutcome.KEPT, answer="Look at <b>.", at=clock.now(), by=boss
        )
        page = result(client, response.attempt)
        assert "The question stays as it is." in page
        assert "Look at &lt;b&gt;." in page

    def test_of_several_coordinators_none_is_promised(self, learner: User, boss: User) -> None:
        factories.make_coordinator(name="Second One")
        attempt = handed_in(learner)
        dispute(response_of(attempt), reason=REASON, at=clock.now())
        page = result(client_of(learner), attempt)
        assert "The training coordinator reads it" in page
        assert "Priya" not in page

    def test_sending_it_twice_keeps_the_first(self, learner: User) -> None:
        response = response_of(handed_in(learner))
        client = client_of(learner)
        for reason in (REASON, "Something else."):
            assert client.post(url(response), {"reason": reason}).status_code == 302
        assert Dispute.objects.get().reason == REASON
        assert client.get(url(response)).status_code == 302

    def test_no_reason_is_an_error_on_the_page(self, learner: User) -> None:
        response = response_of(handed_in(learner))
        answer = client_of(learner).post(url(response), {"reason": " "})
        assert answer.status_code == 422
        assert "Say in a sentence what is wrong" in text(answer)

    def test_line_breaks_count_as_the_browser_counts_them(self, learner: User) -> None:
        response = response_of(handed_in(learner))
        reason = "a\r\n" * 298 + "end"
        assert client_of(learner).post(url(response), {"reason": reason}).status_code == 302
        assert Dispute.objects.get().reason == reason.replace("\r\n", "\n")

    def test_what_may_tell_of_a_patient_is_asked_about_once(
        self, learner: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = response_of(handed_in(learner))
        client = client_of(learner)
        told = "A client (303) 555-0142, MRN 00482913, said the same."
        with caplog.at_level(logging.DEBUG):
            asked = client.post(url(response), {"reason": told})
            assert asked.status_code == 422
            page = text(asked)
            assert "Does this hold something about a patient?" in page
            assert "a phone number and a record number" in page
            assert told in page
            assert not Dispute.objects.exists()
            assert client.post(url(response), {"reason": told, "checked": "yes"}).status_code == 302
        assert Dispute.objects.get().reason == told
        assert "555-0142" not in caplog.text
        assert "00482913" not in caplog.text
        assert "a phone number" in caplog.text
        assert "555-0142" not in "".join(TrainingEvent.objects.values_list("payload", flat=True))

    def test_only_its_learner_reaches_it(self, learner: User, boss: User) -> None:
        team = factories.make_team()
        User.objects.filter(pk=learner.pk).update(team=team)
        response = response_of(handed_in(learner))
        for user in (factories.make_user(team=team), factories.make_supervisor(team), boss):
            client = client_of(user)
            assert client.get(url(response)).status_code == 404
            assert client.post(url(response), {"reason": REASON}).status_code == 404
        assert Client().get(url(response))["Location"].startswith("/account/login/")
        assert client_of(learner).get(url(response).replace("/1/", "/9/")).status_code == 404
        assert not Dispute.objects.exists()

    def test_while_the_attempt_runs_it_is_absent(self, learner: User) -> None:
        response = response_of(sittings.sit(learner))
        client = client_of(learner)
        assert client.get(url(response)).status_code == 404
        assert client.post(url(response), {"reason": REASON}).status_code == 404

    @pytest.mark.parametrize("level", list(Level))
    def test_no_page_of_a_dispute_shows_the_key(self, learner: User, boss: User, level: Level) -> None:
        """Sentinels stand in everything secret of every kind; the page of the dispute holds none, whatever the quiz opens."""
        attempt = sittings.sit(learner, planted=True)
        attempt.quiz.feedback = dict.fromkeys(Moment, level)
        attempt.quiz.save()
        attempts.submit(attempt, at=clock.now())
        client = client_of(learner)
        for response in attempt.responses.all():
            page = client.get(url(response)).content.decode()
            assert SENTINEL not in page.replace(f"{SENTINEL}-U1", "")
        client.post(url(response), {"reason": REASON})
        page = client.get(f"/attempts/{attempt.public_id}/result/").content.decode()
        assert "You said that this question is wrong." in page
        if level != Level.ANSWERS:
            assert SENTINEL not in page.replace(f"{SENTINEL}-U1", "")


@pytest.mark.django_db
class TestTheCoordinatorsPages:
    def test_the_review_shows_key_and_reasons_without_names(self, learner: User, boss: User) -> None:
        response = response_of(handed_in(learner))
        review = dispute(response, reason=REASON, at=clock.now()).review
        client = client_of(boss)
        assert "1 · Questions that wait for your review" in text(client.get("/coordinator/"))
        assert (
            f'href="/coordinator/reviews/{review.public_id}/"' in client.get("/coordinator/reviews/").content.decode()
        )
        page = text(client.get(f"/coordinator/reviews/{review.public_id}/"))
        for option in response.question.stored["options"]:
            assert option["text"] in page
            assert option["why_html"] in page
        assert "Best answer" in page
        assert "Your answer" not in page.replace("Your answer to those", "")
        assert REASON in page
        assert "Maya" not in page

    def test_the_question_is_kept_with_an_answer(self, learner: User, boss: User) -> None:
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        client, address = client_of(boss), f"/coordinator/reviews/{review.public_id}/"
        answer = client.post(address, {"answer": ""})
        assert answer.status_code == 422
        assert "Write what those who disputed the question are told." in text(answer)
        for _ in range(2):
            assert client.post(address, {"answer": "It is right, and here is why."}).status_code == 302
        review.refresh_from_db()
        assert (review.outcome, review.answer) == ("kept", "It is right, and here is why.")
        page = text(client.get(address))
        assert "It is right, and here is why." in page
        assert "Keep the question" not in page
        assert "Questions that wait" not in text(client.get("/coordinator/"))
        assert "1 dispute · answered" in text(client.get("/coordinator/reviews/"))

    def test_nobody_else_reaches_them(self, learner: User) -> None:
        team = factories.make_team()
        User.objects.filter(pk=learner.pk).update(team=team)
        review = dispute(response_of(handed_in(learner)), reason=REASON, at=clock.now()).review
        for address in ("/coordinator/reviews/", f"/coordinator/reviews/{review.public_id}/"):
            for user in (learner, factories.make_user(team=team), factories.make_supervisor(team)):
                assert client_of(user).get(address).status_code == 404
                assert client_of(user).post(address, {"answer": "x"}).status_code in (404, 405)
            assert Client().get(address)["Location"].startswith("/account/login/")
        review.refresh_from_db()
        assert review.closed_at is None

    def test_nothing_waits_on_an_empty_list(self, boss: User) -> None:
        assert "No question waits for you" in text(client_of(boss).get("/coordinator/reviews/"))

    @pytest.mark.parametrize("number", [1, 3])
    def test_the_queries_of_the_list(
        self, learner: User, boss: User, number: int, django_assert_num_queries: Any
    ) -> None:
        attempt = handed_in(learner)
        other = sat(factories.make_enrollment(factories.make_user(), attempt.enrollment.course))
        questions = [r.question for r in attempt.responses.select_related("question")][:number]
        for question in questions:
            closed = dispute(response_of(attempt, question), reason=REASON, at=clock.now()).review
            close_review(closed, outcome=ReviewOutcome.KEPT, answer="A", at=clock.now(), by=boss)
            dispute(response_of(other, question), reason=REASON, at=clock.now())
        client = client_of(boss)
        client.get("/coordinator/reviews/")
        with django_assert_num_queries(8):
            client.get("/coordinator/reviews/")


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_many_disputes_at_once_open_one_review(self, at: dt.datetime) -> None:
        factories.make_coordinator()
        course = factories.make_course(pool=3)
        sittings_ = [sat(factories.make_enrollment(factories.make_user(), course)) for _ in range(6)]
        question = response_of(sittings_[0]).question
        found = together(
            *[
                partial(dispute, response_of(one, question), reason=f"Reason {n}", at=at)
                for n, one in enumerate(sittings_)
            ]
        )
        assert all(isinstance(one, Dispute) for one in found), found
        assert ItemReview.objects.count() == 1
        assert Dispute.objects.count() == 6
        assert Occasion.objects.filter(kind="review_opened").count() == 1

    def test_many_clicks_are_one_dispute(self, learner: User, at: dt.datetime) -> None:
        response = response_of(handed_in(learner))
        found = together(
            *[
                partial(
                    dispute,
                    Response.objects.select_related("attempt__enrollment__learner", "question").get(pk=response.pk),
                    reason=f"R{n}",
                    at=at,
                )
                for n in range(6)
            ]
        )
        assert {one.pk for one in found} == {Dispute.objects.get().pk}, found
        assert list(faults(learner.subject)) == []
        assert [e.kind for e in events_of(learner.subject)].count("question.disputed") == 1

    def test_a_dispute_beside_the_closing_is_answered_or_opens_another(
        self, learner: User, boss: User, at: dt.datetime
    ) -> None:
        """Nobody's dispute hangs on a closed review without an answer."""
        response = response_of(handed_in(learner))
        course = response.attempt.enrollment.course
        for _ in range(4):
            opener = sat(factories.make_enrollment(factories.make_user(), course))
            review = dispute(response_of(opener, response.question), reason=REASON, at=at).review
            late = response_of(sat(factories.make_enrollment(factories.make_user(), course)), response.question)
            together(
                partial(dispute, late, reason=REASON, at=at),
                partial(close_review, review, outcome=ReviewOutcome.KEPT, answer="A", at=at, by=boss),
            )
            made = Dispute.objects.select_related("review").get(response=late)
            told = Occasion.objects.filter(kind="dispute_answered", recipient=late.attempt.enrollment.learner).count()
            assert (made.review.closed_at is not None) == (told == 1)
            if made.review.closed_at is None:
                assert made.review != review
                assert reviewing.close_review(made.review, outcome=ReviewOutcome.KEPT, answer="B", at=at, by=boss)
