"""Anybody can check a certificate by the code that is printed on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.models import Certificate
from courses.queries.certificates import state_of
from lms.lib import clock, codes, dates

LONGEST = 60


@require_safe
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """A form for the code; with ``?code=`` it leads to that code's page."""
    code = codes.normalized(request.GET.get("code", "")[:200])
    if code:
        return redirect("verify", "".join(c for c in code if c.isalnum())[:LONGEST] or "unknown")
    return render(request, "courses/verify.html", {"asked": False})


@require_safe
@never_cache
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Every printed field and the state now. An unknown code gives the same template with 404. Never shows an email address."""
    stored = codes.normalized(code[:200])
    found = Certificate.objects.filter(code=stored).first() if stored.isalnum() and len(stored) <= LONGEST else None
    now = clock.now()
    if found is None:
        return render(request, "courses/verify.html", {"asked": True, "certificate": None}, status=404)
    context = {
        "asked": True,
        "certificate": found,
        "state": state_of(found, now),
        "today": dates.local_date(now, found.zone),
        "replaced_by": Certificate.objects.filter(supersedes=found).first(),
    }
    return render(request, "courses/verify.html", context)
