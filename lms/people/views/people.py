"""People: list, page, add, edit, invite, deactivate, reactivate."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.lib import clock
from lms.people import panels, roles
from lms.people.access import Action, allowed, may_open, person_for, signed_in
from lms.people.actions import invitations
from lms.people.actions import people as actions
from lms.people.actions.erasing import STILL_ACTIVE, erase_identity
from lms.people.enums import PersonState
from lms.people.forms.fields import put_errors
from lms.people.forms.people import DeactivationForm, ErasureForm, NewPersonForm, PeopleFilterForm, PersonForm
from lms.people.models import Site, User
from lms.people.queries.invitations import why_not_invited
from lms.people.queries.people import EVERYBODY, people_for_page, with_state
from lms.people.queries.person import history_of, supervised_by
from lms.people.queries.teams import supervisors_of
from lms.people.views.base import PERSON_SIGNS, desk_page, page_of, sent

EVENTS_SHOWN = 20


@allowed(Action.SEE_PEOPLE)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    chosen = form.filters()
    page = page_of(request, people_for_page(clock.now(), **chosen))
    for row in page.object_list:
        row.sign = PERSON_SIGNS[PersonState(row.state)]
    filtered = any(chosen.values())
    return desk_page(
        request,
        "people/people/list.html",
        {
            "filters": form,
            "page": page,
            "filtered": filtered,
            "links": [link for link in panels.list_links() if may_open(request.user, link.view)],
            "kept": form.kept(),
            "hides_deactivated": chosen["state"] == "",
            "everybody": EVERYBODY,
            "site_missing": not page.paginator.count and not filtered and not Site.objects.exists(),
        },
    )


@allowed(Action.SEE_PERSON)
@require_safe
def person(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = person_for(request.user, Action.SEE_PERSON, public_id)
    at = clock.now()
    state = PersonState(with_state(User.objects.filter(pk=shown.pk), at).values_list("state", flat=True).get())
    rows = list(shown.invitations.all()[:5])
    trains = roles.may(request.user, Action.SEE_RECORD, shown)
    tells = roles.may(request.user, Action.CHANGE_PERSON, shown)  # every event, also that quiz rules were changed
    return desk_page(
        request,
        "people/people/person.html",
        {
            "person": shown,
            "at": at,
            "sign": PERSON_SIGNS[state],
            "may_invite": not why_not_invited(shown),
            "why_not": why_not_invited(shown),
            "was_invited": bool(rows),
            "invitations": rows,
            "supervisors": supervisors_of(shown),
            "supervises": supervised_by(shown),
            "panels": panels.render_all(request, shown) if trains else [],
            "tells": tells,
            "history": history_of(shown, EVENTS_SHOWN) if tells else [],
            "trains": trains,
        },
    )


@allowed(Action.ADD_PERSON)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Adds a person and, if asked, invites them in the same transaction."""
    form = NewPersonForm(sent(request), viewer=signed_in(request))
    if form.is_valid():
        at, by = clock.now(), signed_in(request).subject
        try:
            with transaction.atomic():
                added = actions.add_person(**form.values(), by=by, at=at)
                invited = bool(form.cleaned_data["invite_now"] and added.email)
                if invited:
                    invitations.invite(added, by=by, at=at)
        except ValidationError as error:
            put_errors(form, error)
        else:
            if invited:
                messages.success(request, f"{added.name} is added. The invitation goes to {added.email}.")
            elif added.email:
                messages.success(
                    request, f"{added.name} is added. Nothing was sent: invite them from this page when it is time."
                )
            else:
                messages.success(
                    request, f"{added.name} is added. Add an email address when you have one, then send the invitation."
                )
            return redirect("people:person", public_id=added.public_id)
    return desk_page(
        request, "people/people/add.html", {"form": form, "sites": Site.objects.filter(active=True).exists()}
    )


@allowed(Action.CHANGE_SIGN_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = person_for(request.user, Action.CHANGE_SIGN_IN, public_id)
    if shown.erased_at is not None:
        messages.error(request, actions.ERASED)
        return redirect("people:person", public_id=public_id)
    name, had_email = shown.name, shown.email  # checking a model form writes into its instance
    form = PersonForm(sent(request), instance=shown, viewer=signed_in(request))
    if form.is_valid():
        try:
            saved = actions.change_person(shown, **form.values(), by=signed_in(request).subject, at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The details of {saved.name} are saved.")
            if had_email != saved.email and saved.email and saved.joined_at is None:
                messages.info(
                    request,
                    "The address is new, so an invitation that was sent before no longer works. Send a new one.",
                )
            return redirect("people:person", public_id=saved.public_id)
    return desk_page(request, "people/people/edit.html", {"form": form, "name": name, "public_id": public_id})


@allowed(Action.CHANGE_SIGN_IN)
@require_POST
def invite(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = person_for(request.user, Action.CHANGE_SIGN_IN, public_id)
    try:
        invitations.invite(shown, by=signed_in(request).subject, at=clock.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"The invitation goes to {shown.email}. An older link no longer works.")
    return redirect("people:person", public_id=public_id)


@allowed(Action.CHANGE_SIGN_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page says what will happen; only its POST does it."""
    shown = person_for(request.user, Action.CHANGE_SIGN_IN, public_id)
    form = DeactivationForm(sent(request))
    if not shown.is_active:
        messages.info(request, f"{shown.name} is deactivated already.")
        return redirect("people:person", public_id=public_id)
    if form.is_valid():
        try:
            actions.deactivate(shown, form.cleaned_data["reason"], by=signed_in(request).subject, at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"{shown.name} is deactivated. The training record stays as it is.")
            return redirect("people:person", public_id=public_id)
    context = {"form": form, "person": shown, "supervises": supervised_by(shown)}
    return desk_page(request, "people/people/deactivate.html", context)


@allowed(Action.CHANGE_SIGN_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = person_for(request.user, Action.CHANGE_SIGN_IN, public_id)
    if shown.is_active:
        messages.info(request, f"{shown.name} is active already.")
        return redirect("people:person", public_id=public_id)
    if shown.erased_at is not None:
        messages.error(request, actions.ERASED)
        return redirect("people:person", public_id=public_id)
    if request.method == "POST":
        actions.reactivate(shown, by=signed_in(request).subject, at=clock.now())
        messages.success(request, f"{shown.name} is active again.")
        return redirect("people:person", public_id=public_id)
    return desk_page(request, "people/people/reactivate.html", {"person": shown})


@allowed(Action.ERASE_PERSON)
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page says what goes and what stays; its POST, with the name written once more, does it."""
    shown = person_for(request.user, Action.ERASE_PERSON, public_id)
    if shown.is_active or shown.erased_at is not None:
        messages.info(request, STILL_ACTIVE if shown.is_active else actions.ERASED)
        return redirect("people:person", public_id=public_id)
    form = ErasureForm(sent(request), person=shown)
    if form.is_valid():
        try:
            erase_identity(shown, reason=form.cleaned_data["reason"], by=signed_in(request).subject, at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, "The identity is erased. What was done, and when, stays in the training record.")
            return redirect("people:person", public_id=public_id)
    return desk_page(request, "people/people/erase.html", {"form": form, "person": shown})
