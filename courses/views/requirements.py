"""The coordinator's pages of requirements: list, editor, preview, switch on, end; and the answer to "Why?" for everybody it is about."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courses.access import assignment_for_reader, requirement_for, requirement_for_coordinator
from courses.actions import requiring
from courses.forms.courses import ReasonForm
from courses.forms.requirements import RequirementForm, initial_of
from courses.models import Requirement, RequirementVersion
from courses.queries.replies import own_answers
from courses.queries.requirements import Preview, first_of_each_person, list_rows, preview_of, rules_by_number, undated
from courses.queries.why import why_of
from courses.reminders.forecast import forecast_of
from courses.reminders.told import mails_about
from lms.lib import clock, csvsafe, dates
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.forms.fields import put_errors
from lms.people.roles import may
from lms.people.views.base import desk_page, sent

ways = require_http_methods(["GET", "HEAD", "POST"])
ROWS_SHOWN = 50


@allowed(Action.SEE_REQUIREMENTS)
@require_safe
def requirements(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    context = {"rows": list_rows(now), "undated": first_of_each_person(undated(now))}
    return desk_page(request, "courses/requirements/list.html", context)


@allowed(Action.WRITE_REQUIREMENTS)
@ways
def add_requirement(request: HttpRequest) -> HttpResponse:
    """Writes a draft; its preview comes next. Nobody is affected yet."""
    now = clock.now()
    today = dates.local_date(now, signed_in(request).zone)
    form = RequirementForm(sent(request), initial={"active_from": today, "renewal_month": 1})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            version = requiring.draft(
                name=data["name"],
                what=form.chosen(),
                reason=data["reason"],
                wording=form.wording(),
                by=signed_in(request).subject,
                at=now,
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            return redirect("preview_requirement", version.requirement.public_id)
    return desk_page(request, "courses/requirements/editor.html", {"form": form, "open": _open_parts(form)})


@allowed(Action.WRITE_REQUIREMENTS)
@ways
def edit_requirement(request: HttpRequest, requirement: uuid.UUID) -> HttpResponse:
    """Writes the next version; the one that holds goes on until the new one is switched on."""
    found = requirement_for_coordinator(signed_in(request), requirement)
    if found.ended_at is not None:
        messages.info(request, "This requirement has ended. Write a new one.")
        return redirect("requirement", found.public_id)
    form = RequirementForm(sent(request), requirement=found, initial=initial_of(_newest(found)))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            version = requiring.rewrite(
                found,
                name=data["name"],
                reason=data["reason"],
                wording=form.wording(),
                by=signed_in(request).subject,
                at=clock.now(),
            )
        except ValidationError as error:
            put_errors(form, error)
        else:
            if version.pk == found.current_id:
                messages.success(request, "The rule is as it was, so nobody's dates change.")
                return redirect("requirement", found.public_id)
            return redirect("preview_requirement", found.public_id)
    context = {"form": form, "requirement": found, "open": _open_parts(form)}
    return desk_page(request, "courses/requirements/editor.html", context)


def _open_parts(form: RequirementForm) -> bool:
    """Whether the part about who is left out stands open: it holds something, or an error."""
    parts = ("without_job_roles", "without_teams", "without_people", "people")
    return any(form[name].value() for name in parts) or any(name in form.errors for name in parts)


def _newest(requirement: Requirement) -> RequirementVersion:
    version = rules_by_number(requirement)[0]
    version.requirement = requirement
    return version


@allowed(Action.SEE_REQUIREMENTS)
@require_safe
def requirement(request: HttpRequest, requirement: uuid.UUID) -> HttpResponse:
    """One requirement that is or was switched on; a draft goes to its preview."""
    found = requirement_for(signed_in(request), requirement)
    version = found.current
    if version is None:
        return redirect("preview_requirement", found.public_id)
    version.requirement = found
    preview = preview_of(version, clock.now())
    versions = rules_by_number(found)
    context = {
        **_shown(request, preview),
        "requirement": found,
        "version": version,
        "versions": versions,
        "newer": versions[0] if versions[0].pk != version.pk and found.ended_at is None else None,
        "zone": signed_in(request).zone,
    }
    return desk_page(request, "courses/requirements/requirement.html", context)


@allowed(Action.WRITE_REQUIREMENTS)
@ways
def preview_requirement(request: HttpRequest, requirement: uuid.UUID) -> HttpResponse:
    """What the newest version would do to whom; its POST switches it on. What changed meanwhile is said, and nothing is done."""
    found = requirement_for_coordinator(signed_in(request), requirement)
    version = _newest(found)
    now = clock.now()
    if request.method == "POST":
        if request.POST.get("rule") != str(version.number):
            messages.warning(request, "Somebody wrote a newer version of this rule. Here is what that one would do.")
            return redirect("preview_requirement", found.public_id)
        try:
            requiring.switch_on(version, by=signed_in(request), at=now)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("preview_requirement", found.public_id)
        messages.success(request, f"“{found.name}” is switched on. Everybody it applies to is told.")
        return redirect("requirement", found.public_id)
    if found.current_id == version.pk:
        return redirect("requirement", found.public_id)
    preview = preview_of(version, now)
    context = {
        **_shown(request, preview),
        "forecast": forecast_of([one for row in preview.rows for one in row.planned], now),
        "requirement": found,
        "version": version,
        "waits": version.active_from > dates.local_date(now, signed_in(request).zone),
        "production": settings.PRODUCTION,
    }
    return desk_page(request, "courses/requirements/preview.html", context)


@allowed(Action.WRITE_REQUIREMENTS)
@require_safe
def preview_list(request: HttpRequest, requirement: uuid.UUID) -> HttpResponseBase:
    """The whole list of the newest version's preview as CSV."""
    found = requirement_for_coordinator(signed_in(request), requirement)
    preview = preview_of(_newest(found), clock.now())
    looks_at(request.user, [row.person.pk for row in preview.rows])
    rows: list[tuple[object, ...]] = [("Name", "Job role", "Team", "Site", "What happens", "Due", "What is missing")]
    for row in preview.rows:
        team = row.person.team.name if row.person.team else ""
        where = (row.person.job_role, team, row.person.site.name)
        rows.append((row.person.name, *where, row.sign[2], row.due, " ".join(row.problems)))
    response = StreamingHttpResponse(csvsafe.lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="requirement-preview.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@allowed(Action.WRITE_REQUIREMENTS)
@ways
def end_requirement(request: HttpRequest, requirement: uuid.UUID) -> HttpResponse:
    found = requirement_for_coordinator(signed_in(request), requirement)
    if not found.on or found.current is None:
        messages.info(request, "This requirement is not switched on, so there is nothing to end.")
        return redirect("requirements")
    now = clock.now()
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            requiring.end(found, reason=form.cleaned_data["reason"], by=signed_in(request), at=now)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"“{found.name}” has ended. What people completed stays in their records.")
            return redirect("requirement", found.public_id)
    version = found.current
    version.requirement = found
    context = {"form": form, "requirement": found, "preview": preview_of(version, now, ending=True)}
    return desk_page(request, "courses/requirements/end.html", context)


def _shown(request: HttpRequest, preview: Preview) -> dict[str, Any]:
    """The rows that the page shows: the first ones, or all when asked."""
    everybody = request.GET.get("show") == "all"
    rows = preview.rows if everybody else preview.rows[:ROWS_SHOWN]
    return {"preview": preview, "rows": rows, "more": len(preview.rows) - len(rows)}


@allowed(Action.SEE_WHY)
@require_safe
def why(request: HttpRequest, assignment: uuid.UUID) -> HttpResponse:
    """The derivation of one obligation, the same for the learner, the supervisor and the coordinator."""
    viewer = signed_in(request)
    found = assignment_for_reader(viewer, assignment)
    if found.learner_id == viewer.pk:
        back = ("My training", reverse("my_training"))
    elif may(viewer, Action.SEE_PERSON, found.learner):
        back = (found.learner.name, reverse("people:person", args=[found.learner.public_id]))
    else:
        back = ("People and courses", reverse("team"))
    mine, at = found.learner_id == viewer.pk, clock.now()
    context = {
        "why": why_of(found, at),
        "mails": mails_about(found, at),
        "mine": mine,
        "back": back,
        "viewer": viewer,
        **(own_answers(found) if mine else {}),
    }
    return render(request, "courses/why.html", context)
