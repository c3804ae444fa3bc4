"""Settings of the organization."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from lms.people.access import Action, allowed
from lms.people.actions.organization import change_organization
from lms.people.forms.fields import put_errors
from lms.people.forms.organization import OrganizationForm
from lms.people.models import Organization
from lms.people.views.base import desk_page, sent


@allowed(Action.RUN_ORGANIZATION)
@require_http_methods(["GET", "HEAD", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    shown = Organization.objects.first()
    if shown is None:
        raise Http404
    form = OrganizationForm(sent(request), instance=shown)
    if form.is_valid():
        try:
            change_organization(shown, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error)
        else:
            messages.success(request, "The settings of the organization are saved.")
            return redirect("people:organization")
    return desk_page(request, "people/organization.html", {"form": form})
