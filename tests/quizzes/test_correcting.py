"""A wrong key found, mended, previewed and applied; nobody loses; once is once."""

import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.models import Certificate, Course, UnitProgress
from lms.outbox import kinds as mail_kinds
from lms.outbox.models import Occasion
from lms.outbox.rendering import render
from lms.people.models import User
from lms.record.models import TrainingEvent
from lms.record.queries import events_of, faults
from quizzes.actions import attempts
from quizzes.actions.correcting import correct
from quizzes.actions.reviewing import close_review
from quizzes.enums import ReviewOutcome
from quizzes.models import Attempt, Correction, ItemReview, Question, Rescore
from quizzes.queries.corrections import still_uncorrected
from quizzes.queries.effects import Draft, effects
from quizzes.queries.results import counted, steps
from quizzes.queries.statistics import quiz_rows
from tests import factories
from tests.quizzes import crowd

pytestmark = pytest.mark.django_db

LATER = dt.timedelta(days=1)


@pytest.fixture
def boss() -> User:
    return factories.make_coordinator()


@pytest.fixture
def desk(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def wrong(course: Course) -> Question:
    return Question.objects.get(quiz__unit__version=course.current, author_id="T-U1-Q01")


def mend(question: Question, boss: User, at: dt.datetime, *, key: Any = None, seen: int = 0, void: bool = False) -> Any:
    draft = Draft(None if void else key or ["b"])
    return correct(question, draft, reason="The source says b.", seen=seen, by=boss, at=at)


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_planted_wrong_key_is_flagged_mended_and_applied_through_the_pages(at: dt.datetime, desk: Client) -> None:
    course, sat = crowd.planted(at)
    question = wrong(course)
    assert "The key may be wrong" in words(desk.get("/coordinator/questions/"))
    page = words(desk.get(f"/coordinator/questions/{question.pk}/"))
    assert "The key may be wrong" in page
    assert "chose another answer more often than the key: “Give some advice on 1.”" in page
    assert not any(one.enrollment.learner.name in page for one in sat)

    url = f"/coordinator/questions/{question.pk}/correct/"
    sent = {"way": "mend", "key": "b", "reason": "The source says b.", "seen": "0"}
    preview = desk.post(url, sent)
    shown = words(preview)
    assert "24 of 41 handed-in attempts with this question; 24 of them pass by it" in shown
    assert "Under the new key alone, 1 passed attempt would not pass" in shown
    assert sat[0].enrollment.learner.name in shown
    assert sat[-1].enrollment.learner.name in shown
    assert Correction.objects.count() == Rescore.objects.count() == 0

    answer = desk.post(url, {**sent, "go": "apply"}, follow=True)
    assert "24 results were raised, 24 of them passed by it" in words(answer)
    able, lucky = sat[0], sat[-1]
    row = Rescore.objects.get(attempt=able)
    assert (row.number, row.points, row.out_of, row.right, row.passed) == (1, Decimal(3), 3, 3, True)
    certificate = Certificate.objects.get(enrollment=able.enrollment)
    assert certificate.score == "3 of 3"
    mails = Occasion.objects.filter(recipient=able.enrollment.learner)
    assert sorted(mails.values_list("kind", flat=True)) == ["certificate_ready", "result_raised"]
    assert not Rescore.objects.filter(attempt=lucky).exists()
    assert Certificate.objects.filter(enrollment=lucky.enrollment, revoked_at__isnull=True).count() == 1
    kinds = [event.kind for event in events_of(able.enrollment.learner.subject)]
    assert kinds == ["quiz.rescored", "unit.completed", "course.completed", "certificate.issued"]
    event = TrainingEvent.objects.get(kind="question.corrected")
    assert '"raised":24' in event.payload
    assert not list(faults(able.enrollment.learner.subject))

    # the flag is gone, for the answers are judged by the new key
    row_now = quiz_rows(at, course=course.slug)[0].questions[0]
    assert "likely_wrong_key" not in {flag.slug for flag in row_now.flags}

    learner = Client()
    learner.force_login(able.enrollment.learner)
    result = words(learner.get(f"/attempts/{able.public_id}/result/"))
    assert "You passed: 3 of 3" in result
    assert "Your result was raised on" in result
    assert "The source says b." in result
    record = words(learner.get("/record/"))
    assert "Quiz result raised" in record


def test_the_mail_says_what_changed(at: dt.datetime, boss: User) -> None:
    course, sat = crowd.planted(at, able=1, weak=1)
    mend(wrong(course), boss, at + LATER)
    occasion = Occasion.objects.get(kind="result_raised")
    kind = mail_kinds.get("result_raised")
    rendered = render(kind, [kind.context(occasion, at + LATER)], occasion.recipient)
    assert rendered.subject == "You passed after all: Unit 1"
    for body in (rendered.text, rendered.html):
        assert "The source says b." in body
        assert "Test course is complete" in body
        assert f"/attempts/{sat[0].public_id}/result/" in body


def test_the_same_correction_twice_is_once_and_another_one_in_between_is_refused(at: dt.datetime, boss: User) -> None:
    course, _ = crowd.planted(at, able=3, weak=2)
    other = factories.make_coordinator(name="Second Coordinator")
    question = wrong(course)
    first = mend(question, boss, at + LATER)
    again = mend(question, other, at + LATER)
    assert (first.new, again.new) == (True, False)
    assert again.correction == first.correction
    assert Rescore.objects.count() == 3
    assert Occasion.objects.filter(kind="result_raised").count() == 3
    with pytest.raises(ValidationError, match="in the meantime"):
        mend(question, other, at + LATER, void=True)
    with pytest.raises(ValidationError, match="the key already"):
        mend(question, other, at + LATER, seen=1)
    with pytest.raises(ValidationError, match="Say why"):
        correct(question, Draft(None), reason="  ", seen=1, by=boss, at=at)
    assert Correction.objects.count() == 1


def test_a_correction_on_top_of_a_correction_never_takes_back(at: dt.datetime, boss: User) -> None:
    course, sat = crowd.planted(at, able=3, weak=3)
    mend(wrong(course), boss, at + LATER)
    before = {a.pk: (a.passed, a.points) for a in counted(sat)}
    mend(wrong(course), boss, at + 2 * LATER, key=["c"], seen=1)
    mend(wrong(course), boss, at + 3 * LATER, seen=2, void=True)
    for attempt in counted(Attempt.objects.all()):
        passed, points = before[attempt.pk]
        assert attempt.passed or not passed
        assert attempt.points is not None
        assert points is not None
        assert attempt.points / attempt.out_of >= points / 3
    assert Certificate.objects.filter(revoked_at__isnull=True).count() == 4


def test_void_leaves_the_denominator_only_where_that_helps(at: dt.datetime, boss: User) -> None:
    course, sat = crowd.planted(at, able=2, weak=2)
    mend(wrong(course), boss, at + LATER, void=True)
    able, weak, lucky = counted([sat[0], sat[2], sat[-1]])
    assert (able.points, able.out_of, able.passed) == (Decimal(2), 2, True)
    assert (weak.points, weak.out_of, weak.passed) == (Decimal(1), 3, False)
    assert (lucky.points, lucky.out_of, lucky.passed) == (Decimal(3), 3, True)
    assert Certificate.objects.get(enrollment=able.enrollment).score == "2 of 2"


def test_an_open_attempt_is_graded_by_the_correction_and_grading_again_gives_the_same(
    at: dt.datetime, boss: User
) -> None:
    course = factories.make_course(serve=3, pool=3, at=at)
    enrollment = factories.make_enrollment(factories.make_user(), course, at=at)
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
    for response in attempt.responses.select_related("question"):
        pick = 1 if response.question.author_id == "T-U1-Q01" else 0
        answer = {"choice": response.order["options"].index(pick)}
        attempts.save(attempt, response.position, answer, revision=0, at=at)
    done = mend(wrong(course), boss, at + LATER)
    assert (done.effects.rows, done.effects.open) == ((), 1)
    handed = attempts.submit(attempt, at=at + 2 * LATER)
    assert handed.attempt.passed
    assert handed.attempt.points == Decimal(3)
    responses = list(attempt.responses.select_related("question").order_by("position"))
    found = steps(handed.attempt, responses, submitted_at=at + 2 * LATER)
    assert [(float(step.paper.points), step.paper.passed) for step in found] == [(3.0, True)]
    assert not Rescore.objects.exists()
    # who hands in the old key after the correction gets nothing for it
    late = factories.make_enrollment(factories.make_user(), course, at=at)
    second = attempts.start(late, late.version.units.get(), at=at + 3 * LATER)
    factories.answer_all(second, at=at + 3 * LATER)
    assert attempts.submit(second, at=at + 3 * LATER).attempt.points == Decimal(2)


def test_every_stored_result_is_recomputed_from_its_answers(at: dt.datetime, boss: User) -> None:
    course, _ = crowd.planted(at, able=4, weak=4, lucky=2)
    mend(wrong(course), boss, at + LATER)
    mend(wrong(course), boss, at + 2 * LATER, seen=1, void=True)
    for attempt in Attempt.objects.select_related("enrollment"):
        responses = list(attempt.responses.select_related("question").order_by("position"))
        assert attempt.submitted_at
        found = steps(attempt, responses, submitted_at=attempt.submitted_at)
        rows = list(attempt.rescores.order_by("number"))
        stored = [(attempt.points, attempt.out_of, attempt.passed), *((r.points, r.out_of, r.passed) for r in rows)]
        assert [(float(s.paper.points), s.paper.out_of, s.paper.passed) for s in found] == [
            (float(points or 0), out_of, passed) for points, out_of, passed in stored
        ]
        assert [step.amendment.mark for step in found[1:] if step.amendment] == [row.correction_id for row in rows]


def test_the_draw_leaves_a_void_question_out_while_the_pool_suffices(at: dt.datetime, boss: User) -> None:
    course = factories.make_course(serve=3, pool=4, at=at)
    mend(wrong(course), boss, at, void=True)
    for _ in range(8):
        enrollment = factories.make_enrollment(factories.make_user(), course, at=at)
        attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at)
        assert "T-U1-Q01" not in set(attempt.responses.values_list("question__author_id", flat=True))


def test_a_unit_that_passes_by_it_is_no_longer_stuck(at: dt.datetime, boss: User) -> None:
    course, sat = crowd.planted(at, able=1, weak=0, lucky=0, units=2, attempts=1)
    enrollment = sat[0].enrollment
    enrollment.attempts_used_at = at
    enrollment.save()
    mend(wrong(course), boss, at + LATER)
    enrollment.refresh_from_db()
    assert enrollment.attempts_used_at is None
    assert enrollment.completed_at is None
    assert UnitProgress.objects.get(enrollment=enrollment, unit=sat[0].unit).completed_at == at + LATER
    assert not Certificate.objects.exists()


def test_several_attempts_of_one_person_are_told_once(at: dt.datetime, boss: User) -> None:
    course, sat = crowd.planted(at, able=1, weak=0, lucky=0)
    crowd.sit([sat[0].enrollment], [[1, 0, 0]], at=at + dt.timedelta(hours=3), number=2)
    mend(wrong(course), boss, at + LATER)
    assert Rescore.objects.count() == 2
    assert Occasion.objects.filter(kind="result_raised").count() == 1
    assert Certificate.objects.count() == 1


def test_an_open_review_is_closed_with_the_outcome(at: dt.datetime, boss: User) -> None:
    course, _ = crowd.planted(at, able=1, weak=0)
    review = ItemReview.objects.create(question=wrong(course), opened_at=at, opened_by=boss.subject)
    mend(wrong(course), boss, at + LATER)
    review.refresh_from_db()
    assert (review.outcome, review.answer) == (ReviewOutcome.MENDED, "The source says b.")
    assert not close_review(review, outcome=ReviewOutcome.KEPT, answer="x", at=at, by=boss)


def test_a_correction_holds_in_the_next_edition_that_asks_the_same(at: dt.datetime, boss: User) -> None:
    course, _ = crowd.planted(at, able=1, weak=0)
    mend(wrong(course), boss, at + LATER)
    newer = factories.make_course(serve=3, pool=3, at=at + 2 * LATER, summary="Said in other words.")
    assert newer.current_id != wrong(course).quiz.unit.version_id or newer.versions.count() == 2
    enrollment = factories.make_enrollment(factories.make_user(), newer, at=at + 2 * LATER)
    attempt = attempts.start(enrollment, enrollment.version.units.get(), at=at + 2 * LATER)
    for response in attempt.responses.select_related("question"):
        pick = 1 if response.question.author_id == "T-U1-Q01" else 0
        answer = {"choice": response.order["options"].index(pick)}
        attempts.save(attempt, response.position, answer, revision=0, at=at + 2 * LATER)
    assert attempts.submit(attempt, at=at + 2 * LATER).attempt.points == Decimal(3)
    # and one made on the new edition reaches the people of the old one
    again = effects(wrong(newer), Draft(None), made_at=at + 3 * LATER)
    assert len(again.rows) == 3


def test_the_pages_are_the_coordinators_alone(at: dt.datetime, desk: Client) -> None:
    course, sat = crowd.planted(at, able=1, weak=0)
    question = wrong(course)
    addresses = [
        "/coordinator/questions/",
        f"/coordinator/questions/of/{course.slug}/unit-1/",
        f"/coordinator/questions/{question.pk}/",
        f"/coordinator/questions/{question.pk}/correct/",
    ]
    learner, supervisor = Client(), Client()
    learner.force_login(sat[0].enrollment.learner)
    supervisor.force_login(factories.make_supervisor(factories.make_team()))
    for address in addresses:
        assert desk.get(address).status_code == 200
        assert learner.get(address).status_code == 404
        assert supervisor.get(address).status_code == 404
        assert Client().get(address).status_code == 302
    sent = {"way": "void", "reason": "x", "seen": "0", "go": "apply"}
    assert learner.post(addresses[-1], sent).status_code == 404
    assert not Correction.objects.exists()
    assert desk.get("/coordinator/questions/999999/").status_code == 404
    assert desk.get("/coordinator/questions/of/none/unit-1/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"way": "mend", "key": "b", "reason": ""}, "Say why the question is corrected"),
        ({"way": "mend", "key": "zz", "reason": "x"}, "Select a valid choice"),
        ({"way": "mend", "reason": "x"}, "Choose which answer is right"),
        ({"way": "mend", "key": "a", "reason": "x", "go": "apply"}, "This is the key already"),
        ({"way": "", "key": "b", "reason": "x"}, "Choose whether to mend the key or to void the question"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    at: dt.datetime, desk: Client, sent: dict[str, str], sentence: str
) -> None:
    course, _ = crowd.planted(at, able=1, weak=0)
    answer = desk.post(f"/coordinator/questions/{wrong(course).pk}/correct/", {**sent, "seen": "0"})
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert not Correction.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_the_preview_asks_the_same_number_of_queries(at: dt.datetime, boss: User, number: int) -> None:
    course, _ = crowd.planted(at, able=number, weak=number)
    question = Question.objects.select_related("quiz__unit__version__course").get(pk=wrong(course).pk)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        effects(question, Draft(["b"]), made_at=at)
    assert len(captured) == 7, [q["sql"] for q in captured]


class TestTheFile:
    """A key that was mended on the page and is still wrong in the content file."""

    def quizzes(self, **changes: Any) -> list[dict[str, Any]]:
        return [{"questions": [factories.stored_question(1, **changes), factories.stored_question(2)]}]

    def test_the_old_key_is_found_until_the_file_is_mended(self, at: dt.datetime, boss: User) -> None:
        course, _ = crowd.planted(at, able=1, weak=0)
        assert still_uncorrected(course.slug, self.quizzes()) == []
        made = mend(wrong(course), boss, at + LATER).correction
        assert still_uncorrected(course.slug, self.quizzes()) == [("T-U1-Q01", made)]
        assert still_uncorrected(course.slug, self.quizzes(revision=2)) == [("T-U1-Q01", made)], (
            "raised, and still wrong"
        )
        assert still_uncorrected(course.slug, self.quizzes(retired="2026-11-23: wrong key")) == []
        options = factories.stored_question(1)["options"]
        mended = [{"id": o["id"], "text": o["text"], "why": "x"} for o in options]
        for option in mended:
            option |= {"correct": True} if option["id"] == "b" else {"misconception": "it-can-wait"}
        assert still_uncorrected(course.slug, self.quizzes(revision=2, options=mended)) == []

    def test_loading_it_again_says_so(self, boss: User, at: dt.datetime) -> None:
        call_command("load_courses", stdout=io.StringIO())
        rows = Question.objects.select_related("quiz__unit__version__course").filter(kind="single_choice")
        question = rows.order_by("pk")[0]
        key = next(option["id"] for option in question.stored["options"] if not option["correct"])
        correct(question, Draft([key]), reason="The source says so.", seen=0, by=boss, at=at)
        said = io.StringIO()
        call_command("load_courses", stderr=said, stdout=io.StringIO())
        (line,) = [line for line in said.getvalue().splitlines() if line.startswith("warning")]
        assert question.author_id in line
        assert "The file still has the old key; mend the file" in line
        assert ".quiz.yaml" in line
