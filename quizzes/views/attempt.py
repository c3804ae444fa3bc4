"""The pages of a quiz in progress: one question a page, one form. Every button of it submits, so moving saves.

An answer that another tab or device has overtaken is never stored and never dropped: the learner sees both and chooses.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lms.lib import clock, dates
from lms.people.access import signed_in
from lms.people.models import User
from quizzes import kinds
from quizzes.access import attempt_for
from quizzes.actions import attempts
from quizzes.enums import AttemptState
from quizzes.kinds.form import AnswerForm
from quizzes.models import Attempt, Response

LARGEST_REVISION = 2**31 - 1

# What a learner gives beside the answer itself, in fields that no kind has.
BESIDE = ("confidence",)


def _revision(request: HttpRequest) -> int | None:
    """The revision that the page was served with; None if it is not a plain number."""
    text = request.POST.get("revision", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return min(int(text), LARGEST_REVISION)


def _response(attempt: Attempt, position: int) -> Response:
    found = attempt.responses.select_related("question").filter(position=position).first()
    if found is None:
        raise Http404
    return found


def _form(response: Response, request: HttpRequest | None = None) -> AnswerForm:
    stored = response.question.stored
    kind = kinds.get(response.question.kind)
    return kind.form(stored, response.order, answer=response.answer, data=request.POST if request else None)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt: uuid.UUID, position: int) -> HttpResponse:
    """GET shows one question with the stored answer. POST stores the answer and goes where the pressed button says:
    ``go`` is back, next, stay, leave, check, or the number of a question.

    An answer that cannot be stored is shown again with what to do; one that another tab has overtaken gets 409, both answers in
    words, and a choice. After hand-in every page leads to the result.
    """
    mine = attempt_for(signed_in(request), attempt)
    response = _response(mine, position)
    if mine.state == AttemptState.SUBMITTED:
        if request.method == "POST":
            messages.info(request, "This quiz was handed in before, so this answer was not stored. Here is the result.")
        return redirect("result", mine.public_id)
    if request.method != "POST":
        return _page(request, mine, response, _form(response))
    form = _form(response, request)
    revision = _revision(request)
    if revision is None or not form.is_valid():
        return _page(request, mine, response, form, status=422)
    try:
        attempts.save(mine, position, form.answer, revision=revision, at=clock.now())
    except attempts.AttemptClosedError:
        messages.info(request, "This quiz was handed in before, so this answer was not stored. Here is the result.")
        return redirect("result", mine.public_id)
    except attempts.StaleError as stale:
        choice = _choice(mine, stale.stored, form, request)
        return _page(request, mine, stale.stored, _form(stale.stored), status=409, choice=choice)
    return _go(request.POST.get("go", "next"), mine, position, form)


def _go(where: str, attempt: Attempt, position: int, form: AnswerForm) -> HttpResponse:
    if form.focus:
        return redirect(reverse("question", args=[attempt.public_id, position]) + f"#{form.focus}")
    if where == "leave":
        return redirect("course", attempt.enrollment.public_id)
    if where == "check":
        return redirect("hand_in", attempt.public_id)
    if where.isascii() and where.isdecimal() and len(where) <= 4 and 1 <= int(where) <= attempt.out_of:
        return redirect("question", attempt.public_id, int(where))
    step = {"back": -1, "stay": 0}.get(where, 1)
    target = position + step
    if target > attempt.out_of:
        return redirect("hand_in", attempt.public_id)
    return redirect("question", attempt.public_id, max(1, target))


def _page(
    request: HttpRequest,
    attempt: Attempt,
    response: Response,
    form: AnswerForm,
    *,
    status: int = 200,
    choice: dict[str, Any] | None = None,
) -> HttpResponse:
    responses = list(attempt.responses.defer("question").order_by("position"))
    context = {
        "attempt": attempt,
        "response": response,
        "question": response.question.stored,
        "form": form,
        "responses": responses,
        "stored": sum(r.answered for r in responses),
        "choice": choice,
        "zone": attempt.enrollment.learner.zone,
        "login_url": reverse("account_login"),
    }
    return render(request, "quizzes/question.html", context, status=status)


def _choice(attempt: Attempt, stored: Response, form: AnswerForm, request: HttpRequest) -> dict[str, Any]:
    """What the learner chooses between: the stored answer, and the one of this page with the form data that stores it."""
    kind, question, order = form.kind, form.stored, form.order
    mine = list(kind.fill(form.answer).items()) if form.answer else []
    mine += [(name, [request.POST[name]]) for name in BESIDE if request.POST.get(name)]
    return {
        "stored": stored,
        "stored_words": kind.said(question, order, stored.answer),
        "my_words": kind.said(question, order, form.answer),
        "my_fields": [(name, value) for name, values in mine for value in values],
        "go": request.POST.get("go", "stay")[:8],
        "url": reverse("question", args=[attempt.public_id, stored.position]),
        "zone": attempt.enrollment.learner.zone,
    }


@never_cache
@require_POST
def store_answer(request: HttpRequest, attempt: uuid.UUID, position: int) -> JsonResponse:
    """Stores one answer for the script of the page and acknowledges it as JSON.

    200 stored; 401 signed out (the page asks for sign-in and sends again); 404 not the learner's; 409 another tab stored a newer
    answer, which comes with its form data and the choice as HTML; 410 handed in before; 422 the answer cannot be stored as it is.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Please sign in again. Your answer is kept on this page."}, status=401)
    mine = attempt_for(signed_in(request), attempt)
    response = _response(mine, position)
    if mine.state == AttemptState.SUBMITTED:
        return _closed(mine)
    form = _form(response, request)
    revision = _revision(request)
    if revision is None or not form.is_valid():
        sentences = [str(e) for errors in form.errors.values() for e in errors] or ["Load this page again."]
        return JsonResponse({"error": " ".join(sentences)}, status=422)
    try:
        saved = attempts.save(mine, position, form.answer, revision=revision, at=clock.now())
    except attempts.AttemptClosedError:
        return _closed(mine)
    except attempts.StaleError as stale:
        return JsonResponse(_overtaken(mine, stale.stored, form, request), status=409)
    return JsonResponse(_acknowledgement(mine, saved))


def _closed(attempt: Attempt) -> JsonResponse:
    url = reverse("result", args=[attempt.public_id])
    return JsonResponse(
        {"error": "This quiz was handed in before, so this answer was not stored.", "url": url}, status=410
    )


def _acknowledgement(attempt: Attempt, saved: Response) -> dict[str, Any]:
    return {
        "revision": saved.revision,
        "answered": saved.answered,
        "given": saved.answer is not None,
        "receipt": saved.receipt,
        "at": dates.time_of_day(saved.saved_at, attempt.enrollment.learner.zone) if saved.saved_at else "",
        "stored": attempt.responses.filter(answered=True).count(),
        "out_of": attempt.out_of,
    }


def _overtaken(attempt: Attempt, stored: Response, form: AnswerForm, request: HttpRequest) -> dict[str, Any]:
    fields = form.kind.fill(stored.answer) if stored.answer else {}
    if stored.confidence:
        fields["confidence"] = [stored.confidence]
    choice = {**_choice(attempt, stored, form, request), "script": True}
    return {
        **_acknowledgement(attempt, stored),
        "error": "A newer answer was stored from another tab or device.",
        "fields": [(name, value) for name, values in fields.items() for value in values],
        "html": render_to_string("quizzes/_choice.html", {"choice": choice}),
    }


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: HttpRequest, attempt: uuid.UUID) -> HttpResponse:
    """GET shows what is stored and what is not. POST hands in, once however often it is sent, and leads to the result."""
    mine = attempt_for(signed_in(request), attempt)
    if request.method == "POST":
        attempts.submit(mine, at=clock.now())
        return redirect("result", mine.public_id)
    if mine.state == AttemptState.SUBMITTED:
        return redirect("result", mine.public_id)
    responses = list(mine.responses.order_by("position"))
    context = {
        "attempt": mine,
        "responses": responses,
        "stored": sum(r.answered for r in responses),
        "missing": [r.position for r in responses if not r.answered],
        "zone": mine.enrollment.learner.zone,
    }
    return render(request, "quizzes/hand_in.html", context)


@never_cache
@require_GET
def form_token(request: HttpRequest) -> JsonResponse:
    """A fresh CSRF token for a page that was open while its session ended, and who is signed in, if anybody is.

    The script sends nothing that it kept for one person (``person`` of the page) once another one is signed in.
    """
    user = request.user if isinstance(request.user, User) else None
    return JsonResponse(
        {
            "token": get_token(request),
            "signed_in": user is not None,
            "name": user.name if user else "",
            "person": str(user.public_id) if user else "",
        }
    )
