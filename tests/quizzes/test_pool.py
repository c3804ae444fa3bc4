"""The page with all questions of a quiz, for the coordinator who reviews a course."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from quizzes import kinds
from quizzes.models import Question, Quiz
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(factories.make_coordinator())
    return client


def page_of(client: Client, quiz: Quiz) -> Any:
    url = reverse("desk_questions", args=[quiz.unit.version.course.slug, quiz.unit.slug])
    return client.get(url)


def test_every_question_with_its_key_and_no_word_of_an_attempt(desk: Client) -> None:
    compiled = factories.compiled_course()
    quiz_of = compiled.units[0].quiz
    assert quiz_of is not None
    quiz_of["questions"] = [factories.stored_question(1, critical=True), *MATCHING, factories.stored_question(3)]
    quiz_of["questions"][-1]["retired"] = "2026-11-01: replaced"
    quiz = Quiz.objects.get(unit__version=factories.make_course(compiled).current)
    answer = page_of(desk, quiz)
    page = answer.content.decode()
    assert page.count("<article") == 3
    assert "Each learner gets 3 of these 2," in page
    for words in ("1. One best answer", "Critical", "Best answer", "Advice belongs to others.", "Not drawn any more"):
        assert words in page, words
    for words in ("Best answer: <b>Ask the nurse</b>", "Nobody needs it here."):
        assert words in page, words
    for words in ("No answer", "Your answer", "You did not answer", "T-U1-Q01"):
        assert words not in page, words
    assert "no-store" in answer["Cache-Control"]


def test_options_stand_in_the_order_of_the_author(desk: Client) -> None:
    quiz = Quiz.objects.get(unit__version=factories.make_course().current)
    page = page_of(desk, quiz).content.decode().split("<article")[1]
    stored = Question.objects.filter(quiz=quiz).order_by("position")[0].stored
    places = [page.index(option["text"]) for option in stored["options"]]
    assert places == sorted(places)


def test_only_the_current_edition_is_shown(desk: Client) -> None:
    factories.make_course()
    newer = factories.make_course(factories.compiled_course(pool=12))
    quiz = Quiz.objects.get(unit__version=newer.current)
    assert page_of(desk, quiz).content.decode().count("<article") == 12


MATCHING = [
    kinds.get("matching").compile(
        kinds.get("matching").schema.model_validate(
            {
                "id": "T-U1-Q02",
                "kind": "matching",
                "objective": "T-1.1",
                "level": "Apply",
                "facts": ["H-055"],
                "section": "First part",
                "stem": "Match each need with a step.",
                "prompts": [
                    {"id": "1", "text": "Pain", "answer": "a", "why": "The nurse sees to it."},
                    {"id": "2", "text": "Mail", "answer": "b", "why": "The desk has it."},
                    {"id": "3", "text": "Food", "answer": "c", "why": "The kitchen is open."},
                ],
                "options": [
                    {"id": "a", "text": "Ask the nurse", "misconception": "m-1", "why": "It fits something else."},
                    {"id": "b", "text": "Ask the desk", "misconception": "m-1", "why": "It fits something else."},
                    {"id": "c", "text": "Ask the kitchen", "misconception": "m-1", "why": "It fits something else."},
                    {"id": "d", "text": "Ask nobody", "misconception": "m-1", "why": "Nobody needs it here."},
                ],
            }
        ),
        lambda text, **_: text,
    )
]
