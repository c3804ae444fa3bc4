"""The pages of a quiz in progress: one question a page, one form. Every button of it submits, so moving saves.

An answer that another tab or device has overtaken is never stored and never dropped: the learner sees both and chooses.
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lms.lib import clock, dates
from lms.lib.arrival import arrived
from lms.lib.pace import Pace
from lms.people.access import Action, allowed, signed_in
from lms.people.models import User
from quizzes import kinds
from quizzes.access import attempt_for
from quizzes.actions import attempts
from quizzes.enums import AttemptState, Confidence
from quizzes.forms import ConfidenceForm
from quizzes.kinds.form import AnswerForm
from quizzes.models import Attempt, Response
from quizzes.queries.standing import allowed_attempts
from quizzes.views.clock import clock_of, refused_sentence

LARGEST_REVISION = 2**31 - 1

#: Answers of one attempt: no person reaches this, and a script that does is told when to come back. Nothing is lost by it.
PACE = Pace(burst=120, interval=dt.timedelta(milliseconds=250))
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


@dataclasses.dataclass(frozen=True)
class Sent:
    """One answer as it arrived, by the page or by its script. ``wait`` is how many seconds too early it came."""

    form: AnswerForm
    sure: ConfidenceForm
    revision: int | None
    at: dt.datetime
    wait: int

    @property
    def usable(self) -> bool:
        return self.form.is_valid() and self.sure.is_valid() and self.revision is not None

    @property
    def sentences(self) -> list[str]:
        """What to do about an answer that cannot be used."""
        found = [*self.form.errors.values(), *(self.sure.errors.values() if self.sure.is_bound else [])]
        return [str(error) for errors in found for error in errors] or ["Load this page again."]

    def store(self, attempt: Attempt, position: int) -> Response:
        """See ``attempts.save``. Only for one that is usable."""
        assert self.revision is not None
        return attempts.save(
            attempt, position, self.form.answer, revision=self.revision, at=self.at, confidence=self.sure.said
        )


def _sent(request: HttpRequest, attempt: Attempt, response: Response) -> Sent:
    """A quiz that does not ask how sure somebody is takes no word of it."""
    at = arrived(request)
    return Sent(
        form=_form(response, request),
        sure=ConfidenceForm(request.POST if attempt.quiz.confidence else {}),
        revision=_revision(request),
        at=at,
        wait=PACE.wait(str(attempt.public_id), at),
    )


@allowed(Action.LEARN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, attempt: uuid.UUID, position: int) -> HttpResponse:
    """GET shows one question with the stored answer. POST stores the answer and goes where the pressed button says:
    ``go`` is back, next, stay, leave, check, or the number of a question.

    An answer that cannot be stored is shown again with what to do; one that another tab has overtaken gets 409, both answers in
    words, and a choice. After hand-in every page leads to the result. An attempt whose time is over is closed first, whatever was
    asked. Too many answers in a short time get 429 and the page as it was filled in.
    """
    mine = attempt_for(signed_in(request), attempt)
    attempts.close_if_over(mine, at=arrived(request))
    response = _response(mine, position)
    if mine.state == AttemptState.SUBMITTED:
        if request.method == "POST":
            messages.info(request, f"{refused_sentence(mine)} Here is the result.")
        return redirect("result", mine.public_id)
    if request.method != "POST":
        return _page(request, mine, response, _form(response))
    sent = _sent(request, mine, response)
    if sent.wait:
        answer = _page(request, mine, response, sent.form, status=429, sent=sent)
        answer["Retry-After"] = str(sent.wait)
        return answer
    if not sent.usable:
        return _page(request, mine, response, sent.form, status=422, sent=sent)
    try:
        sent.store(mine, position)
    except attempts.AttemptClosedError:
        mine.refresh_from_db()
        messages.info(request, f"{refused_sentence(mine)} Here is the result.")
        return redirect("result", mine.public_id)
    except attempts.StaleError as stale:
        choice = _choice(mine, stale.stored, sent.form, request)
        return _page(request, mine, stale.stored, _form(stale.stored), status=409, choice=choice)
    return _go(request.POST.get("go", "next"), mine, position, sent.form)


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
    sent: Sent | None = None,
    choice: dict[str, Any] | None = None,
) -> HttpResponse:
    """``sent`` is an answer that was not stored and stands on the page again as it came."""
    responses = list(attempt.responses.defer("question").order_by("position"))
    said = sent.sure.data.get("confidence") if sent else None
    context = {
        "attempt": attempt,
        "response": response,
        "question": response.question.stored,
        "form": form,
        "responses": responses,
        "stored": sum(r.answered for r in responses),
        "confidence": Confidence.choices if attempt.quiz.confidence else (),
        "said": said or response.confidence,
        "hurried": sent.wait if sent else 0,
        "allowed": allowed_attempts(attempt),
        "clock": clock_of(attempt, clock.now()),
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


@allowed(Action.LEARN, answers_strangers=True)
@never_cache
@require_POST
def store_answer(request: HttpRequest, attempt: uuid.UUID, position: int) -> JsonResponse:
    """Stores one answer for the script of the page and acknowledges it as JSON.

    200 stored; 401 signed out (the page asks for sign-in and sends again); 404 not the learner's; 409 another tab stored a newer
    answer, which comes with its form data and the choice as HTML; 410 handed in before, or the time is over (``url`` is the
    result's); 422 the answer cannot be stored as it is; 429 too many in a short time (the page sends it again by itself, after
    ``Retry-After`` seconds).
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Please sign in again. Your answer is kept on this page."}, status=401)
    mine = attempt_for(signed_in(request), attempt)
    attempts.close_if_over(mine, at=arrived(request))
    response = _response(mine, position)
    if mine.state == AttemptState.SUBMITTED:
        return _closed(mine)
    sent = _sent(request, mine, response)
    if sent.wait:
        return JsonResponse(
            {"error": "Answers came very fast. This one is sent again in a moment."},
            status=429,
            headers={"Retry-After": str(sent.wait)},
        )
    if not sent.usable:
        return JsonResponse({"error": " ".join(sent.sentences)}, status=422)
    try:
        saved = sent.store(mine, position)
    except attempts.AttemptClosedError:
        mine.refresh_from_db()
        return _closed(mine)
    except attempts.StaleError as stale:
        return JsonResponse(_overtaken(mine, stale.stored, sent.form, request), status=409)
    return JsonResponse(_acknowledgement(mine, saved))


def _closed(attempt: Attempt) -> JsonResponse:
    url = reverse("result", args=[attempt.public_id])
    return JsonResponse({"error": refused_sentence(attempt), "url": url}, status=410)


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


@allowed(Action.LEARN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: HttpRequest, attempt: uuid.UUID) -> HttpResponse:
    """GET shows what is stored and what is not. POST hands in, once however often it is sent, and leads to the result."""
    mine = attempt_for(signed_in(request), attempt)
    if request.method == "POST":
        attempts.submit(mine, at=arrived(request))
        return redirect("result", mine.public_id)
    attempts.close_if_over(mine, at=arrived(request))
    if mine.state == AttemptState.SUBMITTED:
        return redirect("result", mine.public_id)
    responses = list(mine.responses.order_by("position"))
    context = {
        "attempt": mine,
        "responses": responses,
        "stored": sum(r.answered for r in responses),
        "missing": [r.position for r in responses if not r.answered],
        "allowed": allowed_attempts(mine),
        "clock": clock_of(mine, clock.now()),
        "zone": mine.enrollment.learner.zone,
    }
    return render(request, "quizzes/hand_in.html", context)


@allowed(Action.LEARN, answers_strangers=True)
@never_cache
@require_GET
def time_left(request: HttpRequest, attempt: uuid.UUID) -> JsonResponse:
    """The time of an open attempt by the server's clock, for the script that shows it: it asks after a sleep, and now and then,
    since more time may have been given. 410 with the result's address once the attempt is closed; 401 signed out."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Please sign in again."}, status=401)
    mine = attempt_for(signed_in(request), attempt)
    attempts.close_if_over(mine, at=arrived(request))
    if mine.state == AttemptState.SUBMITTED:
        return _closed(mine)
    shown = clock_of(mine, clock.now())
    return JsonResponse({"left": shown.left, "closes": shown.closes, "until": shown.until} if shown else {"left": None})


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
            "person": str(user.public_id) if user else "",
        }
    )
