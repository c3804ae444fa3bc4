"""The whole pool of a unit's quiz with its answers, for the coordinator who reviews a course. Never for learners."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.access import current_version_for_coordinator
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import desk_page
from quizzes.models import Quiz
from quizzes.queries.pools import item_of


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
