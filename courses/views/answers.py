"""The pages behind the answers under a mail. A GET shows what will be told to whom; only the button tells it, so that programs which
follow links change nothing."""

import logging

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.access import assignment_for_answer
from courses.actions import replying
from courses.enums import Answer
from courses.forms.replies import AnswerForm
from courses.links import answer_links_here
from courses.models import Assignment, Reply
from lms.lib import clock
from lms.people.models import User
from lms.people.queries.teams import answerable_for
from lms.people.views.base import sent, status_of

log = logging.getLogger(__name__)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Needs no sign-in: the token names the assignment and the answer. ``take_back`` in the POST takes an open answer back. A note that
    may tell who a patient is comes back once with a question about it; ``checked`` answers it."""
    assignment, said = assignment_for_answer(token)
    learner, now = assignment.learner, clock.now()
    reply = Reply.objects.waiting().filter(assignment=assignment).first()
    form = AnswerForm(sent(request))
    signs: list[str] = []
    if request.method == "POST" and "take_back" in request.POST:
        if reply is not None and replying.take_back(reply, at=now, by=learner.subject):
            messages.success(request, "It is taken back. Reminders go on as before.")
        return redirect(request.path)
    if request.method == "POST" and form.is_valid():
        signs = [] if "checked" in request.POST else form.signs
        if not signs:
            through = "page" if request.user == learner else "mail link"
            try:
                replying.give(
                    assignment, said, note=form.cleaned_data["note"], at=now, by=learner.subject, through=through
                )
            except ValidationError as error:
                messages.info(request, " ".join(error.messages))
            return redirect(request.path)
        log.info("the note of an answer was sent back once: it may hold %s", ", ".join(signs))
    context = {
        "assignment": assignment,
        "person": learner,
        "answer": said,
        "reply": reply,
        "open": is_open(assignment),
        "told": names_of(answerable_for(learner)),
        "others": [link for link in answer_links_here(assignment) if link["label"] != said.label],
        "form": form,
        "signs": signs,
        "mine": request.user == learner,
        "leave": said == Answer.ON_LEAVE,
    }
    return render(request, "courses/replies/answer.html", context, status=422 if signs else status_of(form))


def is_open(assignment: Assignment) -> bool:
    return Assignment.objects.open().filter(pk=assignment.pk).exists()


def names_of(people: list[User]) -> str:
    """Dana Whitfield, or: Dana Whitfield and Priya Raman"""
    names = [person.name for person in people]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "your training coordinator"
