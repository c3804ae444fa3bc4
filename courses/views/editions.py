"""The coordinator decides what a material change of a course asks of those who hold an older edition."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from courses.access import material_edition_for_coordinator
from courses.actions import batches, reopening
from courses.enums import EditionChoice
from courses.forms.batches import AgainForm, BatchReasonForm
from courses.forms.courses import ReasonForm
from courses.models import CourseVersion
from courses.queries.editions import counts_of
from courses.queries.orders import preview_of
from courses.views.batches import key_of, ways
from lms.lib import clock, dates
from lms.people.access import Action, allowed, signed_in
from lms.people.forms.fields import put_errors
from lms.people.views.base import ROWS_A_PAGE, desk_page, sent

DAYS = 30  # what the page proposes


@allowed(Action.RUN_COURSES)
@ways
def ask(request: HttpRequest, version: uuid.UUID) -> HttpResponse:
    """Until when, and exactly who; its POST makes the batch and stores the decision. What changed meanwhile is said, and nothing is done."""
    edition, now = material_edition_for_coordinator(signed_in(request), version), clock.now()
    if _decided(edition) == EditionChoice.LEAVE:
        messages.info(request, "It was decided to leave it as it is, so nobody is asked.")
        return redirect("desk_course", edition.course.slug)
    filled = request.GET if {"due_on", "days"} & set(request.GET) else {"days": str(DAYS)}
    when = AgainForm(filled, edition=edition, today=dates.local_date(now, signed_in(request).zone))
    form = BatchReasonForm(sent(request))
    context = {"edition": edition, "course": edition.course, "when": when, "form": form, "forms": [when]}
    if not when.is_valid():
        return desk_page(request, "courses/desk/ask_again.html", context)
    order = when.order()
    filters = {"holds_before": edition.number}
    if request.method == "POST" and form.is_valid():
        try:
            made = batches.make(
                order,
                filters,
                reason=form.cleaned_data["reason"],
                by=signed_in(request),
                at=now,
                seen=request.POST.get("seen", "-") or "-",
                key=key_of(request.POST.get("key", "")),
                also=lambda batch: reopening.decide_to_ask(edition, batch, by=signed_in(request), at=now),
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            return redirect("batch", made.public_id)
    preview = preview_of(order, filters, now)
    context |= {
        "preview": preview,
        "page": Paginator(preview.rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "key": key_of(request.POST.get("key", "")) or uuid.uuid4(),
        "back_url": reverse("desk_course", args=[edition.course.slug]),
    }
    return desk_page(request, "courses/desk/ask_again.html", context)


@allowed(Action.RUN_COURSES)
@ways
def leave(request: HttpRequest, version: uuid.UUID) -> HttpResponse:
    """Nobody is asked to take the course again because of this edition."""
    edition = material_edition_for_coordinator(signed_in(request), version)
    if _decided(edition):
        messages.info(request, "This was decided before, so nothing was changed.")
        return redirect("desk_course", edition.course.slug)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            reopening.leave(edition, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, "It is left as it is. Nobody is asked, and your reason is in the record.")
            return redirect("desk_course", edition.course.slug)
    context = {"edition": edition, "course": edition.course, "form": form}
    older = counts_of(edition, clock.now())
    return desk_page(request, "courses/desk/leave_edition.html", {**context, "older": older})


def _decided(edition: CourseVersion) -> str:
    decision = getattr(edition, "decision", None)
    return decision.choice if decision is not None else ""
