"""Observed practice: the assessor's list and checklist, the coordinator's pages of sign-offs and assessors."""

import logging
import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import practice_for_assessor, qualification_for_coordinator, sign_off_for_coordinator
from courses.actions import assessors, observing
from courses.enums import Observed
from courses.forms.courses import ReasonForm
from courses.forms.sign_offs import AssessorForm, ChecklistForm
from courses.models import AssessorQualification, Certificate, Course, SignOff
from courses.queries.assessors import Key, assessors_of, given_to
from courses.queries.practices import practice_of
from courses.queries.sign_offs import (
    all_waiting,
    current_practices,
    lines_of,
    today_of,
    waiting_rows,
)
from lms.lib import clock, dates
from lms.people import roles
from lms.people.access import Action, allowed, person_for_coordinator, signed_in
from lms.people.forms.fields import put_errors
from lms.people.views.base import desk_page, page_of, sent, status_of

log = logging.getLogger(__name__)
ways = require_http_methods(["GET", "HEAD", "POST"])
EARLY = 100  # people whose units are not done, on one page; the rest is found by name


@allowed(Action.SEE_SIGN_OFFS)
@require_safe
def sign_offs(request: HttpRequest) -> HttpResponse:
    """Who waits for somebody to observe a practice, for supervisors and assessors; 404 for everybody else."""
    viewer, now = signed_in(request), clock.now()
    if not (roles.is_supervisor(viewer) or given_to(viewer, now)):
        raise Http404
    search = request.GET.get("search", "").replace("\0", "")[:80].strip()
    waiting = waiting_rows(viewer, now, search=search)
    early = [row for row in waiting_rows(viewer, now, early=True, search=search) if row.may]
    mine = SignOff.objects.filter(assessor=viewer).select_related("enrollment__version", "learner", "assessor")
    context = {
        "waiting": waiting,
        "yours": sum(row.may for row in waiting),
        "early": early[:EARLY],
        "more": max(0, len(early) - EARLY),
        "search": search,
        "recent": lines_of(mine[:10]),
        "zone": viewer.zone,
    }
    return render(request, "courses/sign_offs/list.html", context)


@allowed(Action.SEE_SIGN_OFFS)
@ways
def record(request: HttpRequest, enrollment: uuid.UUID, observed: str) -> HttpResponse:
    """The checklist of one practice of one person. A text that may tell who a patient is comes back once with a question about it;
    ``checked`` answers it. Who may not sign it off today sees who can."""
    viewer, now = signed_in(request), clock.now()
    found, practice = practice_for_assessor(viewer, enrollment, observed, now)
    done = SignOff.objects.passed().filter(enrollment=found, practice=practice.id).select_related("assessor").first()
    if done is not None and request.method != "POST":
        day = dates.long_date(done.observed_on)
        messages.info(
            request, f"{found.learner.name}: {practice.title} was signed off by {done.assessor.name} ({day})."
        )
        return redirect("sign_offs")
    today, zone = today_of(found, now), found.learner.zone
    form = ChecklistForm(sent(request), practice=practice, today=today, place=found.learner.site.name, zone=zone)
    signs: list[str] = []
    if request.method == "POST" and form.is_valid():
        signs = [] if "checked" in request.POST else form.signs
        if signs:
            log.info("the texts of a sign-off were sent back once: they may hold %s", ", ".join(signs))
        else:
            data = form.cleaned_data
            seen = observing.Seen(
                outcome=Observed(data["outcome"]),
                items=data["items"],
                observed_on=data["observed_on"],
                place=data["place"],
                note=data["note"],
                work_on=data["work_on"],
            )
            try:
                stored = observing.observe(found, practice, seen, by=viewer, at=now)
            except ValidationError as error:
                put_errors(form, error)
            else:
                messages.success(request, _said(stored, practice.title))
                return redirect("sign_offs")
    earlier = SignOff.objects.filter(enrollment=found, practice=practice.id).select_related(
        "enrollment__version", "assessor"
    )
    people = assessors_of([found], now).get(Key(found.pk, practice.id), ())
    context = {
        "enrollment": found,
        "person": found.learner,
        "practice": practice,
        "form": form,
        "signs": signs,
        "right": next((one for one in people if one.person.pk == viewer.pk), None),
        "lapsed": next(
            (one for one in given_to(viewer, now) if one.course_id == found.course_id and one.ends_on < today), None
        ),
        "assessors": people,
        "earlier": lines_of(earlier),
        "units_left": found.version.units.count() - found.progress.filter(completed_at__isnull=False).count(),
        "zone": zone,
    }
    return render(request, "courses/sign_offs/record.html", context, status=422 if signs else status_of(form))


def _said(stored: observing.Recorded, title: str) -> str:
    row = stored.sign_off
    name = row.learner.name
    if row.outcome == Observed.NOT_YET:
        return f"{name}: not yet. We tell them that it says what to work on on their course page."
    if stored.certificate is not None:
        return f"{name}: {title} is signed off. The course is complete, and the certificate is on its way."
    return f"{name}: {title} is signed off. The course is complete when the rest is done."


@allowed(Action.RUN_SIGN_OFFS)
@require_safe
def all_sign_offs(request: HttpRequest) -> HttpResponse:
    """Who waits, who may observe, and every sign-off, the newest first."""
    now = clock.now()
    search = request.GET.get("search", "").replace("\0", "")[:80].strip()
    rows = SignOff.objects.select_related("enrollment__version", "learner", "assessor")
    if search:
        rows = rows.filter(learner__name__icontains=search) | rows.filter(assessor__name__icontains=search)
    page = page_of(request, rows.order_by("-recorded_at", "-pk"))
    titles = dict(Course.objects.values_list("slug", "title"))
    given = AssessorQualification.objects.filter(ended_at__isnull=True, ends_on__gte=now.date())
    context = {
        "waiting": all_waiting(now),
        "page_obj": page,
        "lines": lines_of(list(page)),
        "search": search,
        "given": [(row, _practice_title(row)) for row in given.select_related("person", "course__current", "site")],
        "practices": [
            (course, practice, [f"“{titles.get(slug, slug)}”" for slug in practice.assessors])
            for course, practice in current_practices()
        ],
        "zone": signed_in(request).zone,
    }
    return desk_page(request, "courses/sign_offs/all.html", context)


def _practice_title(row: AssessorQualification) -> str:
    practice = practice_of(row.course.current, row.practice) if row.course.current else None
    return practice.title if practice else row.practice


@allowed(Action.RUN_SIGN_OFFS)
@ways
def strike_out(request: HttpRequest, sign_off: uuid.UUID) -> HttpResponse:
    """One sign-off, and striking it out. If the course was completed through it, the certificate has to be revoked apart from that."""
    found = sign_off_for_coordinator(signed_in(request), sign_off)
    form = ReasonForm(sent(request))
    certificate = None
    if found.outcome == Observed.PASSED and found.enrollment.completed_at is not None:
        certificate = Certificate.objects.filter(enrollment=found.enrollment, superseded_at__isnull=True).first()
    if request.method == "POST" and form.is_valid():
        won = observing.strike_out(found, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now())
        if not won:
            messages.info(request, "It was struck out before, so nothing was changed.")
        elif certificate is not None and certificate.revoked_at is None:
            words = f"It is struck out. Certificate {certificate.number} still counts: decide whether to revoke it."
            messages.warning(request, words)
        else:
            messages.success(request, "It is struck out. It stays in the record with your reason.")
        return redirect("strike_out", found.public_id)
    context = {
        "line": lines_of([found])[0],
        "sign_off": found,
        "person": found.learner,
        "certificate": certificate,
        "form": form,
        "zone": found.learner.zone,
    }
    return desk_page(request, "courses/sign_offs/strike_out.html", context)


@allowed(Action.RUN_SIGN_OFFS)
@ways
def name_assessor(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    found = person_for_coordinator(request.user, person)
    now, practices = clock.now(), current_practices()
    form = AssessorForm(sent(request), practices=practices, today=dates.local_date(now, found.zone))
    if request.method == "POST" and form.is_valid():
        course, practice = form.chosen
        data = form.cleaned_data
        try:
            assessors.name_assessor(
                found,
                course,
                practice.id,
                site=data["site"],
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                reason=data["reason"],
                by=signed_in(request),
                at=now,
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"{found.name} may sign off {practice.title}. They find it under Sign-offs.")
            return redirect(reverse("people:person", args=[found.public_id]) + "#practice")
    context = {"person": found, "form": form, "practices": practices}
    return desk_page(request, "courses/sign_offs/name_assessor.html", context)


@allowed(Action.RUN_SIGN_OFFS)
@ways
def end_assessor(request: HttpRequest, qualification: uuid.UUID) -> HttpResponse:
    found = qualification_for_coordinator(signed_in(request), qualification)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        if assessors.end_assessor(found, reason=form.cleaned_data["reason"], by=signed_in(request), at=clock.now()):
            messages.success(request, "It is ended. What they signed off before stays.")
        else:
            messages.info(request, "It was ended before, so nothing was changed.")
        return redirect(reverse("people:person", args=[found.person.public_id]) + "#practice")
    context = {"qualification": found, "title": _practice_title(found), "form": form}
    return desk_page(request, "courses/sign_offs/end_assessor.html", context)
