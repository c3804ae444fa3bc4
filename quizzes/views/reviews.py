"""The coordinator's pages about questions under review."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from lms.lib import clock, dates
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import desk_page, page_of, sent
from quizzes.access import item_review_for_coordinator
from quizzes.actions import reviewing
from quizzes.enums import ReviewOutcome
from quizzes.forms import KeepForm
from quizzes.queries import reviews
from quizzes.queries.pools import item_of


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_safe
def item_reviews(request: HttpRequest) -> HttpResponse:
    """Open reviews, critical questions first; then the closed ones, the latest first."""
    context = {
        "open": list(reviews.item_reviews(is_open=True)),
        "page": page_of(request, reviews.item_reviews(is_open=False)),
        "zone": signed_in(request).zone,
    }
    return desk_page(request, "quizzes/desk/reviews.html", context)


@allowed(Action.RUN_QUESTIONS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def item_review(request: HttpRequest, review: uuid.UUID) -> HttpResponse:
    """The question as its author wrote it, with key and reasons, and what learners say about it, without their names. POST closes
    the review: the question stays as it is, and everybody who disputed it gets the answer."""
    viewer = signed_in(request)
    found = item_review_for_coordinator(viewer, review)
    form = KeepForm(sent(request))
    if request.method == "POST" and form.is_valid():
        if reviewing.close_review(
            found, outcome=ReviewOutcome.KEPT, answer=form.cleaned_data["answer"], at=clock.now(), by=viewer
        ):
            messages.success(request, "Closed. The question stays, and those who disputed it are told.")
        else:
            messages.info(request, "This review was closed in the meantime. Nobody is told twice.")
        return redirect("item_review", found.public_id)
    question = found.question
    unit = question.quiz.unit
    context = {
        "review": found,
        "question": question,
        "unit": unit,
        "version": unit.version,
        "item": item_of(question.position, question, unit.objective_texts),
        "said": [(dates.local_date(one.made_at, viewer.zone), one.reason) for one in found.disputes.all()],
        "form": form,
        "zone": viewer.zone,
    }
    return desk_page(request, "quizzes/desk/review.html", context)
