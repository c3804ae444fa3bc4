"""Storing a compiled quiz with its unit, when a course version is published."""

from typing import Any

from courses.models import Unit
from quizzes.models import Question, Quiz


def store_quiz(unit: Unit, compiled: dict[str, Any]) -> None:
    """Writes the quiz and its pool. Handed to ``courses.actions.publishing.publish``, inside its transaction."""
    rules = compiled.get("rules", {})
    quiz = Quiz.objects.create(unit=unit, serve=compiled["serve"], lines=compiled["draw"], **rules)
    Question.objects.bulk_create(
        Question(
            quiz=quiz,
            position=position,
            author_id=stored["id"],
            revision=stored["revision"],
            kind=stored["kind"],
            objective=stored["objective"],
            critical=stored["critical"],
            section=stored["section"] or "",
            stored=stored,
        )
        for position, stored in enumerate(compiled["questions"], start=1)
    )
