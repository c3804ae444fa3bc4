"""A learner says, after handing in, that a question is wrong."""

import logging
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import sent, status_of
from quizzes import kinds
from quizzes.access import handed_in_response_for
from quizzes.actions import reviewing
from quizzes.feedback import Level, opened
from quizzes.forms import DisputeForm

log = logging.getLogger(__name__)


@allowed(Action.LEARN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, attempt: uuid.UUID, position: int) -> HttpResponse:
    """GET asks for the reason beside the words of the question, without its key, whatever the quiz opens. POST stores it and leads
    back to the result.

    A reason that may tell who a patient is comes back once with a question about it; ``checked`` in the POST answers it. A question
    that was disputed before leads to the result, where its state stands.
    """
    response = handed_in_response_for(signed_in(request), attempt, position)
    back = reverse("result", args=[response.attempt.public_id]) + f"#question-{position}"
    if getattr(response, "dispute", None) is not None:
        messages.info(request, f"You have told us about question {position} before. What you wrote is kept.")
        return redirect(back)
    form = DisputeForm(sent(request))
    signs: list[str] = []
    if request.method == "POST" and form.is_valid():
        signs = [] if "checked" in request.POST else form.signs
        if not signs:
            reviewing.dispute(response, reason=form.cleaned_data["reason"], at=clock.now())
            messages.success(
                request, f"Thank you. What you wrote about question {position} is stored. Your result stays as it is."
            )
            return redirect(back)
        log.info("the reason of a dispute was sent back once: it may hold %s", ", ".join(signs))
    kind = kinds.get(response.question.kind)
    review = kind.review(response.question.stored, response.order, response.answer)
    context = {
        "attempt": response.attempt,
        "response": response,
        "review": opened(review, Level.RESULT, {}),
        "form": form,
        "signs": signs,
        "back": back,
        "mailed": bool(response.attempt.enrollment.learner.email),
    }
    return render(request, "quizzes/dispute.html", context, status=422 if signs else status_of(form))
