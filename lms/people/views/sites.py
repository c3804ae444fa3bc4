"""Sites and their time zones."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from lms.lib import clock
from lms.people.access import Action, allowed, signed_in, site_for_coordinator
from lms.people.actions import organization as actions
from lms.people.forms.fields import put_errors
from lms.people.forms.organization import SiteChangeForm, SiteForm
from lms.people.models import Site
from lms.people.views.base import desk_page, sent


@allowed(Action.RUN_TEAMS)
@require_safe
def sites(request: HttpRequest) -> HttpResponse:
    rows = Site.objects.annotate(
        people_count=Count("people", filter=Q(people__is_active=True), distinct=True),
        team_count=Count("teams", filter=Q(teams__active=True), distinct=True),
    )
    return desk_page(request, "people/sites/list.html", {"sites": rows.order_by("-active", "name")})


@allowed(Action.RUN_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    form = SiteForm(sent(request))
    if form.is_valid():
        try:
            added = actions.add_site(**form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The site {added.name} is added.")
            return redirect("people:sites")
    return desk_page(request, "people/sites/add.html", {"form": form})


@allowed(Action.RUN_TEAMS)
@require_http_methods(["GET", "HEAD", "POST"])
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes a site. A new zone moves due dates of everybody there, so it is shown first and done on a second press."""
    shown = site_for_coordinator(request.user, pk)
    name, zone = shown.name, shown.zone
    people_count = shown.people.filter(is_active=True).count()
    moved = shown.people.filter(is_active=True, own_zone="").count()
    form = SiteChangeForm(sent(request), instance=shown)
    asks = False
    if form.is_valid():
        asks = bool(form.cleaned_data["zone"] != zone and moved and "confirmed" not in request.POST)
        if not asks:
            try:
                saved = actions.change_site(shown, **form.cleaned_data, by=signed_in(request).subject, at=clock.now())
            except ValidationError as error:
                put_errors(form, error)
            else:
                messages.success(request, f"The site {saved.name} is saved.")
                return redirect("people:sites")
    context = {
        "form": form,
        "name": name,
        "zone": zone,
        "new_zone": shown.zone,
        "people_count": people_count,
        "moved": moved,
        "asks": asks,
    }
    return desk_page(request, "people/sites/site.html", context)
