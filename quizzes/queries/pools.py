"""The question pools of published courses."""

import random
from typing import Any, NamedTuple

from django.db.models import F

from quizzes import kinds
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


class Item(NamedTuple):
    """One question of the pool as the page prints it."""

    number: int
    label: str
    critical: bool
    retired: str
    objective: str
    review: dict[str, Any]
    template: str


def item_of(number: int, question: Question, texts: dict[str, str]) -> Item:
    """A question with its key and all its reasons, in the author's order, as nobody answered it."""
    kind = kinds.get(question.kind)
    stored = {**question.stored, "shuffle": False}
    order = kind.serve(stored, random.Random(number))
    return Item(
        number=number,
        label=kind.label,
        critical=question.critical,
        retired=str(stored.get("retired") or ""),
        objective=texts.get(question.objective, ""),
        review=_as_key(kind.review(stored, order, None)),
        template=kind.review_template,
    )


def _as_key(review: dict[str, Any]) -> dict[str, Any]:
    """The review of a question that nobody answered, without the words that tell a learner so."""
    groups = [
        {**group, "items": [{**item, "tag": "" if item["wanted"] else item["tag"]} for item in group["items"]]}
        for group in review["groups"]
    ]
    return {**review, "answered": True, "groups": groups}
