"""The question pools of published courses."""

from typing import Any

from django.db.models import F

from quizzes.models import Question


def published_pools(course_slug: str) -> dict[str, list[dict[str, Any]]]:
    """The stored questions of a course's current version, by the unit's author id, in the order of the file."""
    pools: dict[str, list[dict[str, Any]]] = {}
    rows = Question.objects.filter(
        quiz__unit__version__course__slug=course_slug,
        quiz__unit__version__course__current_id=F("quiz__unit__version_id"),
    )
    for question in rows.select_related("quiz__unit").order_by("quiz_id", "position"):
        pools.setdefault(question.quiz.unit.author_id, []).append(question.stored)
    return pools
