"""The coordinator's pages about courses: assign, move, withdraw; certificates; the site's own words."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import assignment_for_coordinator, certificate_for
from courses.actions import assigning, issuing
from courses.actions.site_words import enter_words
from courses.enums import FileState
from courses.forms.courses import AssignForm, MoveDueDateForm, ReasonForm, SiteWordsForm
from courses.models import Certificate, SiteWords
from courses.queries.catalog import course_rows
from courses.queries.certificates import state_of
from courses.queries.site_words import slots_in_use, standing_waivers
from courses.slots import slot_words
from lms.lib import clock, dates
from lms.people.access import Action, allowed, person_for, signed_in
from lms.people.views.base import desk_page, page_of, sent

ways = require_http_methods(["GET", "HEAD", "POST"])


@allowed(Action.CHANGE_TRAINING)
@ways
def assign(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    """Assigns a course by hand. What cannot be done is said above the form, and nothing typed is lost."""
    learner = person_for(request.user, Action.CHANGE_TRAINING, person)
    now = clock.now()
    rows = course_rows()
    marks = {row.course.pk: row.mark for row in rows}
    form = AssignForm(sent(request), zone=learner.zone, today=dates.local_date(now, learner.zone), marks=marks)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            assigning.assign(
                learner,
                data["course"],
                due_on=data["due_on"],
                reason=data["reason"],
                by=signed_in(request).subject,
                at=now,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            told = "A mail tells them." if learner.email else "This person has no email address, so please tell them."
            messages.success(request, f"{data['course'].title} is assigned to {learner.name}. {told}")
            return redirect("people:person", learner.public_id)
    chosen = form.data.get("course", "")
    context = {
        "person": learner,
        "form": form,
        "marked": [row for row in rows if row.mark],
        "chosen": next((row for row in rows if row.mark and str(row.course.pk) == chosen), None),
        "production": settings.PRODUCTION,
    }
    return desk_page(request, "courses/assign.html", context)


@allowed(Action.CHANGE_TRAINING)
@ways
def change_assignment(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """Moves the due date, with a reason."""
    found = assignment_for_coordinator(signed_in(request), assignment)
    now = clock.now()
    form = MoveDueDateForm(
        sent(request), today=dates.local_date(now, found.learner.zone), initial={"due_on": found.due_on}
    )
    if request.method == "POST" and form.is_valid():
        try:
            assigning.move_due_date(
                found,
                form.cleaned_data["due_on"],
                reason=form.cleaned_data["reason"],
                by=signed_in(request).subject,
                at=now,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{found.course.title} is now due on {dates.long_date(found.due_on)}.")
            return redirect("people:person", found.learner.public_id)
    context = {"assignment": found, "form": form, "zone": found.learner.zone}
    return desk_page(request, "courses/change_assignment.html", context)


@allowed(Action.CHANGE_TRAINING)
@ways
def withdraw(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    found = assignment_for_coordinator(signed_in(request), assignment)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        if assigning.withdraw(found, reason=form.cleaned_data["reason"], by=signed_in(request).subject, at=clock.now()):
            messages.success(
                request, f"{found.course.title} is withdrawn. What {found.learner.name} did stays in the record."
            )
        else:
            messages.info(request, "This assignment was completed or withdrawn before, so nothing was changed.")
        return redirect("people:person", found.learner.public_id)
    return desk_page(request, "courses/withdraw.html", {"assignment": found, "form": form})


@allowed(Action.SEE_CERTIFICATES)
@require_safe
def certificates(request: HttpRequest) -> HttpResponse:
    """Every certificate, newest first, by name or number."""
    search = request.GET.get("search", "").replace("\0", "")[:80].strip()
    rows = Certificate.objects.select_related("enrollment__learner").order_by("-issued_at", "-pk")
    waiting = request.GET.get("show") == "waiting"
    if waiting:
        rows = rows.filter(state=FileState.DEAD)
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(number__icontains=search) | Q(course_title__icontains=search))
    page = page_of(request, rows)
    now = clock.now()
    context = {
        "page_obj": page,
        "rows": [(c, state_of(c, now)) for c in page.object_list],
        "search": search,
        "waiting": waiting,
    }
    return desk_page(request, "courses/certificates.html", context)


@allowed(Action.CHANGE_CERTIFICATE)
@ways
def revoke(request: HttpRequest, certificate: uuid.UUID) -> HttpResponse:
    found = certificate_for(signed_in(request), certificate, Action.CHANGE_CERTIFICATE)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        if issuing.revoke(found, reason=form.cleaned_data["reason"], by=signed_in(request).subject, at=clock.now()):
            messages.success(request, f"Certificate {found.number} is revoked. The check page says so from now on.")
        else:
            messages.info(request, "This certificate was revoked or replaced before, so nothing was changed.")
        return redirect("certificate", found.public_id)
    return desk_page(request, "courses/revoke.html", {"certificate": found, "form": form})


@allowed(Action.CHANGE_CERTIFICATE)
@ways
def reissue(request: HttpRequest, certificate: uuid.UUID) -> HttpResponse:
    found = certificate_for(signed_in(request), certificate, Action.CHANGE_CERTIFICATE)
    learner = found.enrollment.learner
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            new = issuing.reissue(
                found, reason=form.cleaned_data["reason"], by=signed_in(request).subject, at=clock.now()
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, f"Certificate {new.number} replaces {found.number} and is on its way to {learner.name}."
            )
            return redirect("certificate", new.public_id)
    unchanged = (learner.name, learner.latin_name) == (found.name, found.latin_name)
    context: dict[str, Any] = {"certificate": found, "learner": learner, "form": form, "unchanged": unchanged}
    return desk_page(request, "courses/reissue.html", context)


@allowed(Action.RUN_COURSES)
@require_safe
def site_words(request: HttpRequest) -> HttpResponse:
    """Every slot that a current course has, with what the site says there now; empty ones first, then waived ones."""
    slots = slots_in_use()
    latest = {row.slot: row for row in SiteWords.objects.order_by("slot", "number")}
    waivers = standing_waivers(slots)
    rows = [(slot, slot_words(slot), latest.get(slot), waivers.get(slot)) for slot in slots]
    rows.sort(key=lambda row: (bool(row[2] and row[2].text), row[3] is not None, row[0]))
    return desk_page(request, "courses/site_words.html", {"rows": rows})


@allowed(Action.RUN_COURSES)
@ways
def enter_site_words(request: HttpRequest, slot: str) -> HttpResponse:
    if slot not in slots_in_use():
        raise Http404
    now_there = SiteWords.objects.filter(slot=slot).order_by("-number").first()
    form = SiteWordsForm(sent(request), initial={"text": now_there.text if now_there else ""})
    if request.method == "POST" and form.is_valid():
        enter_words(slot, form.cleaned_data["text"], by=signed_in(request).subject, at=clock.now())
        messages.success(request, "Stored. Learners see it from now on; earlier versions are kept.")
        return redirect(reverse("site_words"))
    waiver = standing_waivers([slot]).get(slot)
    context = {"slot": slot, "slot_words": slot_words(slot), "form": form, "words": now_there, "waiver": waiver}
    return desk_page(request, "courses/enter_site_words.html", context)
