"""Pages of a person about themselves: the profile, and the invitation that lets them in."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lms.lib import clock
from lms.outbox import kinds, preferences
from lms.people.access import Action, allowed, signed_in
from lms.people.actions.invitations import accept
from lms.people.actions.people import change_person, choose_theme
from lms.people.forms.account import SYSTEM_LOOK, DetailsForm, InvitationForm, MailKindsForm, ThemeForm, WorkingDaysForm
from lms.people.forms.fields import put_errors
from lms.people.models import User
from lms.people.queries.invitations import LinkGoneError, usable
from lms.people.queries.people import coordinators
from lms.people.views.base import sent, status_of


@allowed(Action.USE_ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, zone, mail and look, each with a form of its own; the address to read, with whom to ask. The look is saved here, the rest next door."""
    user = signed_in(request)
    form = ThemeForm(sent(request), initial={"theme": user.theme or SYSTEM_LOOK})
    if form.is_valid():
        choose_theme(user, form.chosen())
        messages.success(request, "The look of the pages is saved.")
        return redirect("people:profile")
    return _profile_page(request, look=form)


@allowed(Action.USE_ACCOUNT)
@require_POST
def details(request: HttpRequest) -> HttpResponse:
    """Saves the name as printed and the time zone, each noted in the record. Certificates that exist stay as they are."""
    user = signed_in(request)
    form = DetailsForm(request.POST)
    if form.is_valid():
        try:
            change_person(user, **form.cleaned_data, by=user.subject, at=clock.now())
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, "Your name and time zone are saved.")
            return redirect("people:profile")
    return _profile_page(request, you=form)


@allowed(Action.USE_ACCOUNT)
@require_POST
def working_days(request: HttpRequest) -> HttpResponse:
    """Saves the days on which the person gets mail that can wait."""
    user = signed_in(request)
    form = WorkingDaysForm(request.POST)
    if form.is_valid():
        change_person(user, working_days=form.cleaned_data["working_days"], by=user.subject, at=clock.now())
        messages.success(request, "The days on which you get mail are saved.")
        return redirect("people:profile")
    return _profile_page(request, days=form)


@allowed(Action.USE_ACCOUNT)
@require_POST
def mail_kinds(request: HttpRequest) -> HttpResponse:
    """Switches the optional kinds of mail on and off, as ticked. Kinds that are no choice of this person stay as they are."""
    user = signed_in(request)
    optional = preferences.optional_kinds(user)
    form = MailKindsForm(request.POST, optional=optional)
    if form.is_valid():
        at = clock.now()
        for kind in optional:
            preferences.switch(user, kind.slug, kind.slug in form.cleaned_data["kinds"], at)
        messages.success(request, "Your choice of mail is saved.")
        return redirect("people:profile")
    return _profile_page(request, mail=form)


def _profile_page(
    request: HttpRequest,
    *,
    you: DetailsForm | None = None,
    look: ThemeForm | None = None,
    days: WorkingDaysForm | None = None,
    mail: MailKindsForm | None = None,
) -> HttpResponse:
    """The profile; a form that was sent with errors is shown in its place."""
    user = signed_in(request)
    you = you or DetailsForm(initial={"name": user.name, "own_zone": user.own_zone})
    form = look or ThemeForm(initial={"theme": user.theme or SYSTEM_LOOK})
    days = days or WorkingDaysForm(initial={"working_days": user.working_days})
    if mail is None:
        optional, off = preferences.optional_kinds(user), preferences.off(user)
        wanted = [kind.slug for kind in optional if kind.slug not in off]
        mail = MailKindsForm(optional=optional, initial={"kinds": wanted})
    sender = kinds.sender_of(user)
    compulsory: dict[str, list[str]] = {}
    for kind in kinds.all_kinds():
        if kind.why_it_comes and not kind.optional and kind.concerns(user):
            compulsory.setdefault(kinds.why_in_general(kind, sender), []).append(kind.label)
    context = {
        "form": form,
        "days": days,
        "mail": mail,
        "you": you,
        "forms": [you, days, mail],
        "compulsory": list(compulsory.items()),
        "coordinators": coordinators(),
    }
    return render(request, "people/account/profile.html", context, status=status_of(form, you, days, mail))


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows whose invitation it is, and on POST sets the password, signs in and uses the link up.

    A GET changes nothing, since mail scanners open links. The address is a secret: it is kept by no cache and told to no other site.
    """
    response = _invitation(request, token)
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = (
        "same-origin"  # "no-referrer" makes browsers send "Origin: null", which CSRF refuses
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _invitation(request: HttpRequest, token: str) -> HttpResponse:
    at = clock.now()
    try:
        found = usable(token, at)
        form = InvitationForm(sent(request), user=found.user)
        if form.is_valid():
            user = accept(token, form.cleaned_data["password"], at)
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            messages.success(request, f"Welcome, {user.first_name}. Your password is saved and you are signed in.")
            return redirect("home")
    except LinkGoneError as gone:
        return render(request, "people/account/invitation_gone.html", {"why": gone.why}, status=404)
    context = {
        "form": form,
        "invitation": found,
        "person": found.user,
        "someone_else": _someone_else(request, found.user),
    }
    return render(request, "people/account/invitation.html", context, status=status_of(form))


def _someone_else(request: HttpRequest, user: User) -> bool:
    return request.user.is_authenticated and request.user.pk != user.pk
