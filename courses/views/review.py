"""The coordinator's pages about courses themselves: what there is, who reviewed it, what may be required of people."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import (
    acceptance_for_coordinator,
    approval_for_coordinator,
    current_version_for_coordinator,
    version_for_coordinator,
)
from courses.actions import reviewing
from courses.actions.site_words import end_waiver, waive_slot
from courses.enums import ReviewRole, ReviewState
from courses.forms.courses import ApproveForm, ReasonForm
from courses.models import CourseVersion
from courses.queries.catalog import course_rows, path_rows
from courses.queries.editions import counts_of, material_edition, undecided_courses
from courses.queries.review import review_of
from courses.queries.site_words import current_words, slots_in_use, standing_waivers
from courses.slots import slot_words
from courses.views.reading import unit_context
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in
from lms.people.views.base import Sign, desk_page, sent

ways = require_http_methods(["GET", "HEAD", "POST"])

SIGNS = {
    ReviewState.PENDING: Sign("soon", "hourglass", ReviewState.PENDING.label),
    ReviewState.ACCEPTED: Sign("pause", "signature", ReviewState.ACCEPTED.label),
    ReviewState.APPROVED: Sign("done", "circle-check", ReviewState.APPROVED.label),
}


@allowed(Action.RUN_COURSES)
@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """Every course with the state of its current edition, and the paths."""
    rows = course_rows()
    context = {
        "rows": [(row, SIGNS[row.review.state]) for row in rows],
        "undecided": undecided_courses(),
        "paths": path_rows([row.course for row in rows]),
        "production": settings.PRODUCTION,
        "waiting": sum(bool(row.review.obstacles) for row in rows),
    }
    return desk_page(request, "courses/desk/courses.html", context)


@allowed(Action.RUN_COURSES)
@require_safe
def course(request: HttpRequest, course: str) -> HttpResponse:
    """The current edition of one course: its units, its review, its places for site words."""
    version = current_version_for_coordinator(signed_in(request), course)
    review = review_of(version)
    edition = material_edition(version)
    context = {
        "edition": edition,
        "decision": getattr(edition, "decision", None),
        "older": counts_of(edition, clock.now()) if edition is not None else None,
        "course": version.course,
        "version": version,
        "review": review,
        "sign": SIGNS[review.state],
        "mine": any(row.reviewer_id == signed_in(request).pk for row in review.standing),
        "production": settings.PRODUCTION,
        "zone": signed_in(request).zone,
    }
    return desk_page(request, "courses/desk/course.html", context)


@allowed(Action.RUN_COURSES)
@require_safe
def unit(request: HttpRequest, course: str, unit: str) -> HttpResponse:
    """One unit of the current edition as learners read it, with the answers of its practice questions. Records nothing."""
    version = current_version_for_coordinator(signed_in(request), course)
    found = version.units.filter(slug=unit).first()
    if found is None:
        raise Http404
    context = unit_context(version, found, current_words(found.slots), answers=True)
    return desk_page(request, "courses/desk/unit.html", {**context, "zone": signed_in(request).zone})


@allowed(Action.RUN_COURSES)
@ways
def approve(request: HttpRequest, version: uuid.UUID) -> HttpResponse:
    """The signed-in person approves this edition in one role."""
    found = version_for_coordinator(signed_in(request), version)
    form = ApproveForm(sent(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            reviewing.approve(
                found, reviewer=signed_in(request), role=ReviewRole(data["role"]), note=data["note"], at=clock.now()
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Your approval of {found.title} is stored.")
            return redirect("desk_course", found.course.slug)
    return _form_page(request, "courses/desk/approve.html", found, form)


@allowed(Action.RUN_COURSES)
@ways
def withdraw_approval(request: HttpRequest, approval: uuid.UUID) -> HttpResponse:
    found = approval_for_coordinator(signed_in(request), approval)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if reviewing.withdraw_approval(found, reason=reason, by=signed_in(request), at=clock.now()):
            messages.success(request, f"The approval by {found.reviewer.name} is withdrawn. Both stay in the record.")
        else:
            messages.info(request, "This approval was withdrawn before, so nothing was changed.")
        return redirect("desk_course", found.version.course.slug)
    return _form_page(request, "courses/desk/withdraw_approval.html", found.version, form, approval=found)


@allowed(Action.RUN_COURSES)
@ways
def accept(request: HttpRequest, version: uuid.UUID) -> HttpResponse:
    """Lets this edition be required of people although it is not approved."""
    found = version_for_coordinator(signed_in(request), version)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            reviewing.accept_unreviewed(
                found, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now()
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{found.title} is accepted without approval. Your reason is in the record.")
            return redirect("desk_course", found.course.slug)
    return _form_page(request, "courses/desk/accept.html", found, form)


@allowed(Action.RUN_COURSES)
@ways
def end_acceptance(request: HttpRequest, acceptance: uuid.UUID) -> HttpResponse:
    found = acceptance_for_coordinator(signed_in(request), acceptance)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if reviewing.end_acceptance(found, reason=reason, by=signed_in(request), at=clock.now()):
            messages.success(request, f"{found.version.title} is no longer accepted without approval.")
        else:
            messages.info(request, "This acceptance was ended before, so nothing was changed.")
        return redirect("desk_course", found.version.course.slug)
    return _form_page(request, "courses/desk/end_acceptance.html", found.version, form, acceptance=found)


@allowed(Action.RUN_COURSES)
@ways
def waive(request: HttpRequest, slot: str) -> HttpResponse:
    """Lets a place for site words stay empty, with a reason. A place that is waived already leads to the page that ends it."""
    if slot not in slots_in_use():
        raise Http404
    if slot in standing_waivers([slot]):
        return redirect("end_waiver", slot)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            waive_slot(slot, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"“{slot_words(slot).title}” may stay empty. Your reason is in the record.")
            return redirect("site_words")
    filled = slot in current_words([slot])
    context = {"slot": slot, "slot_words": slot_words(slot), "form": form, "filled": filled}
    return desk_page(request, "courses/desk/waive.html", context)


@allowed(Action.RUN_COURSES)
@ways
def stop_waiver(request: HttpRequest, slot: str) -> HttpResponse:
    waiver = standing_waivers([slot]).get(slot)
    if waiver is None:
        raise Http404
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        end_waiver(waiver, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now())
        messages.success(request, f"“{slot_words(slot).title}” asks for your site's words again.")
        return redirect("site_words")
    context = {"slot": slot, "slot_words": slot_words(slot), "form": form, "waiver": waiver}
    return desk_page(request, "courses/desk/end_waiver.html", {**context, "zone": signed_in(request).zone})


def _form_page(
    request: HttpRequest, template: str, version: CourseVersion, form: ApproveForm | ReasonForm, **more: object
) -> HttpResponse:
    """A page with one form about a version. It is said when that version is no longer the current one."""
    newer = version.course.current_id != version.pk
    base = {"version": version, "course": version.course, "form": form, "newer": newer, "review": review_of(version)}
    return desk_page(request, template, {**base, "zone": signed_in(request).zone, **more})
