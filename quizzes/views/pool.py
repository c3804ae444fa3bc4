"""The whole pool of a unit's quiz with its answers, for the coordinator who reviews a course. Never for learners."""

import random
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.access import current_version_for_coordinator
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import desk_page
from quizzes import kinds
from quizzes.models import Question, Quiz


class Item(NamedTuple):
    """One question of the pool as the page prints it."""

    number: int
    label: str
    critical: bool
    retired: str
    objective: str
    review: dict[str, Any]
    template: str


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_safe
def questions(request: HttpRequest, course: str, unit: str) -> HttpResponse:
    """Every question of the current edition's quiz in the author's order, with what is right and why. Records nothing."""
    version = current_version_for_coordinator(signed_in(request), course)
    quiz = Quiz.objects.select_related("unit").filter(unit__version=version, unit__slug=unit).first()
    if quiz is None:
        raise Http404
    texts = quiz.unit.objective_texts
    items = [item_of(number, row, texts) for number, row in enumerate(quiz.questions.all(), start=1)]
    context = {"course": version.course, "version": version, "unit": quiz.unit, "quiz": quiz, "items": items}
    context["drawn_from"] = sum(not item.retired for item in items)
    return desk_page(request, "quizzes/questions.html", context)


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
