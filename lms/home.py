"""The front door, help, and the style guide."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from lms.people import roles
from lms.people.access import Action, allowed, signed_in


@allowed(Action.USE_ACCOUNT)
def home(request: HttpRequest) -> HttpResponse:
    """Sends each person to the page of their work: learners to My training, supervisors to Today, auditors to people and courses, the
    coordinator to the overview, administrators to System health."""
    user = signed_in(request)
    if user.is_coordinator:
        return redirect("people:overview")
    if roles.is_supervisor(user):
        return redirect("today")
    if roles.is_auditor(user):
        return redirect("team")
    if roles.is_administrator(user):
        return redirect("system_health")
    return redirect("my_training")


def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "help.html")


def style_guide(request: HttpRequest) -> HttpResponse:
    """Every component of the face, for whoever builds pages. Not served in production."""
    if settings.PRODUCTION:
        raise Http404
    from lms import styleguide

    return styleguide.page(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)
