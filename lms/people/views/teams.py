"""Teams as a tree, and their supervisors."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.lib import clock
from lms.people.access import Action, allowed, signed_in, supervision_for_coordinator, team_for_coordinator
from lms.people.actions import organization as actions
from lms.people.forms.fields import put_errors
from lms.people.forms.organization import NewTeamForm, SupervisorForm, TeamChangeForm
from lms.people.models import Site, Team
from lms.people.queries.teams import supervisors_above, tree
from lms.people.views.base import desk_page, sent


@allowed(Action.RUN_TEAMS)
@require_safe
def teams(request: HttpRequest) -> HttpResponse:
    return desk_page(
        request,
        "people/teams/tree.html",
        {
            "branches": [branch for branch in tree() if branch.depth == 0],
            "sites": Site.objects.filter(active=True).exists(),
        },
    )


@allowed(Action.RUN_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    form = NewTeamForm(sent(request))
    if form.is_valid():
        try:
            added = actions.add_team(**form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The team {added.name} is added. Choose who supervises it.")
            return redirect("people:team", public_id=added.public_id)
    return desk_page(
        request, "people/teams/add.html", {"form": form, "sites": Site.objects.filter(active=True).exists()}
    )


@allowed(Action.RUN_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Shows a team and changes its name, place and use."""
    shown = team_for_coordinator(request.user, public_id)
    name = shown.name
    form = TeamChangeForm(sent(request), instance=shown)
    if form.is_valid():
        try:
            saved = actions.change_team(shown, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The team {saved.name} is saved.")
            return redirect("people:team", public_id=public_id)
    return _team_page(request, shown, name, form, SupervisorForm(team=shown))


@allowed(Action.RUN_TEAMS)
@require_POST
def add_supervisor(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = team_for_coordinator(request.user, public_id)
    form = SupervisorForm(request.POST, team=shown)
    if form.is_valid():
        supervisor = form.cleaned_data["supervisor"]
        try:
            actions.start_supervising(shown, supervisor, by=signed_in(request).subject, at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"{supervisor.name} supervises {shown.name} now.")
            return redirect("people:team", public_id=public_id)
    return _team_page(request, shown, shown.name, TeamChangeForm(instance=shown), form)


@allowed(Action.RUN_TEAMS)
@require_POST
def remove_supervisor(request: HttpRequest, public_id: uuid.UUID, pk: int) -> HttpResponse:
    shown = team_for_coordinator(request.user, public_id)
    row = supervision_for_coordinator(request.user, shown, pk)
    actions.stop_supervising(row, by=signed_in(request).subject, at=clock.now())
    messages.success(request, f"{row.supervisor.name} no longer supervises {shown.name}.")
    return redirect("people:team", public_id=public_id)


def _team_page(
    request: HttpRequest, shown: Team, name: str, form: TeamChangeForm, supervisor_form: SupervisorForm
) -> HttpResponse:
    supervisions = shown.supervisions.filter(ended_at=None).select_related("supervisor").order_by("supervisor__name")
    context = {
        "team": shown,
        "name": name,
        "form": form,
        "supervisor_form": supervisor_form,
        "forms": [form, supervisor_form],
        "supervisions": supervisions,
        "above": supervisors_above(shown),
        "people_count": shown.people.filter(is_active=True).count(),
    }
    return desk_page(request, "people/teams/team.html", context)
