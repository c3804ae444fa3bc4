"""Saved views of people and courses: keep, rename, delete. Each person has their own."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from courses.access import saved_view_for, scope_of
from courses.actions import viewing
from courses.forms.matrix import ViewForm, ViewNameForm
from courses.models import SavedView
from lms.people import desk
from lms.people.access import Action, allowed, signed_in
from lms.people.forms.fields import put_errors
from lms.people.models import User
from lms.people.views.base import sent, status_of

ways = require_http_methods(["GET", "HEAD", "POST"])
NAMES = {
    "search", "team", "status", "sort", "course", "site", "category", "job_role", "due_from", "due_to", "ends_from", "ends_to", "size",
    "columns", "on", "known",
}  # fmt: skip
LONGEST = 2000


def _viewer(request: HttpRequest) -> User:
    """The signed-in person, if people and courses are theirs to see."""
    viewer = signed_in(request)
    scope_of(viewer)
    return viewer


def known_part(query: str) -> str:
    """Of a query string what the page of people and courses reads; the page itself judges the values when the view is opened."""
    try:
        given = QueryDict(query[: 4 * LONGEST])
    except ValueError:  # too many fields for an address
        return ""
    kept = QueryDict(mutable=True)
    for name, values in given.lists():
        if name in NAMES:
            kept.setlist(name, [value.replace("\0", "") for value in values])
    return kept.urlencode()


def _page(request: HttpRequest, viewer: User, template: str, context: dict[str, object]) -> HttpResponse:
    nav = {"nav": desk.nav(request)} if viewer.is_coordinator else {}
    form = context.get("form")
    status = status_of(form) if isinstance(form, ViewNameForm) else 200
    return render(request, template, {**nav, **context}, status=status)


@allowed(Action.KEEP_VIEWS)
@ways
def views(request: HttpRequest) -> HttpResponse:
    """The list of one's views; its POST keeps the address that was open under a name."""
    viewer = _viewer(request)
    form = ViewNameForm(sent(request))
    query = known_part(request.POST.get("query", ""))
    if form.is_valid():
        try:
            if len(query) > LONGEST:
                raise ValidationError("These filters are too many to keep. Take some away first.")
            saved = viewing.save_view(viewer, name=form.cleaned_data["name"], query=query)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The view {saved.name} is kept. It stands above the table.")
            return redirect(f"{reverse('team')}?{query}")
    context = {"form": form, "query": query, "rows": SavedView.objects.filter(owner=viewer), "sent": form.is_bound}
    return _page(request, viewer, "courses/matrix/views.html", context)


@allowed(Action.KEEP_VIEWS)
@ways
def view(request: HttpRequest, view: uuid.UUID) -> HttpResponse:
    """Renames a view, and says how often a link to it is mailed."""
    viewer = _viewer(request)
    found = saved_view_for(viewer, view)
    form = ViewForm(sent(request), initial={"name": found.name, "mailed": found.mailed})
    if form.is_valid():
        try:
            viewing.change_view(found, name=form.cleaned_data["name"], mailed=form.cleaned_data["mailed"])
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, f"The view {found.name} is changed.")
            return redirect("saved_views")
    known = SavedView.objects.get(pk=found.pk)
    return _page(request, viewer, "courses/matrix/view.html", {"form": form, "view": known})


@allowed(Action.KEEP_VIEWS)
@require_POST
def delete(request: HttpRequest, view: uuid.UUID) -> HttpResponse:
    viewer = _viewer(request)
    found = saved_view_for(viewer, view)
    viewing.delete_view(found)
    messages.success(request, f"The view {found.name} is deleted. The people and courses are as they were.")
    return redirect("saved_views")
