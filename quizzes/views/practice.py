"""Practice: questions of the pool as often as one likes, with feedback at once. Nothing is graded and nothing is stored."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.access import enrollment_for, unit_for
from courses.models import Enrollment
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from quizzes import kinds
from quizzes.feedback import opened, opens_later
from quizzes.kinds.form import AnswerForm
from quizzes.models import Question, Quiz
from quizzes.practice import Ticket, next_ticket, unseal
from quizzes.queries.practice import Practice, practice_of


@allowed(Action.LEARN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def practice_quiz(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """One practice question a page. ``q`` in the address is the ticket of the page, ``after`` the one of the page before.

    GET without ``q`` draws a question and leads to its address, so that a reload shows the same. POST answers it: a button inside
    the question or an answer that is missing shows it again, everything else shows the feedback that the quiz opens now. A ticket
    that was changed or is somebody else's is 404; one whose question is not open any more leads to another. While practice is
    closed the page says why.
    """
    mine = enrollment_for(signed_in(request), enrollment)
    quiz = Quiz.objects.select_related("unit").filter(unit=unit_for(mine, unit), practice=True).first()
    if quiz is None:
        raise Http404
    here = reverse("practice_quiz", args=[mine.public_id, quiz.unit.slug])
    ticket = _ticket(request, "q", mine)
    before = _ticket(request, "after", mine)
    practice = practice_of(mine, quiz, clock.now())
    context = {
        "enrollment": mine,
        "unit": quiz.unit,
        "practice": practice,
        "here": here,
        "opens_later": opens_later(practice.level, quiz.feedback),
    }
    if practice.closed:
        return render(request, "quizzes/practice_closed.html", context)
    if ticket is None or ticket.question not in practice.questions:
        drawn = next_ticket(mine.public_id, ticket or before, list(practice.questions), practice.met)
        return redirect(f"{here}?q={drawn.seal()}")
    context |= _shown(ticket, practice) | {"ticket": request.GET["q"]}
    return _answer(request, mine, ticket, context)


def _ticket(request: HttpRequest, name: str, enrollment: Enrollment) -> Ticket | None:
    text = request.GET.get(name)
    if text is None:
        return None
    ticket = unseal(text, enrollment.public_id)
    if ticket is None:
        raise Http404
    return ticket


def _shown(ticket: Ticket, practice: Practice) -> dict[str, Any]:
    return {
        "question": practice.questions[ticket.question],
        "number": sum(pk in practice.questions for pk in ticket.shown),
        "total": len(practice.questions),
    }


def _answer(request: HttpRequest, enrollment: Enrollment, ticket: Ticket, context: dict[str, Any]) -> HttpResponse:
    question: Question = context["question"]
    kind = kinds.get(question.kind)
    order = kind.serve(question.stored, ticket.rng())
    form = kind.form(question.stored, order, data=request.POST if request.method == "POST" else None)
    if not form.is_bound or not _ready(form):
        status = 422 if form.is_bound and form.errors else 200
        return render(request, "quizzes/practice_question.html", {**context, "form": form}, status=status)
    unit = context["unit"]
    review = kind.review(question.stored, order, form.answer)
    context |= {
        "review": opened(review, context["practice"].level, enrollment.version.misconceptions),
        "template": kind.review_template,
        "objective": unit.objective_texts.get(question.objective, ""),
        "section_id": unit.section_ids.get(question.section, ""),
    }
    return render(request, "quizzes/practice_feedback.html", context)


def _ready(form: AnswerForm) -> bool:
    """Whether there is an answer to give feedback on; a button inside the question only changes what is chosen."""
    if not form.is_valid() or form.focus:
        return False
    if form.answer is None:
        form.add_error(None, "Give an answer first. It is not stored, and it counts for nothing.")
        return False
    return True
