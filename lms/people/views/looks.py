"""Who looked at whose record: for each person about themselves, and for the coordinator about everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lms.people.access import Action, allowed, signed_in
from lms.people.queries.looks import all_looks, lines_of, looks_at
from lms.people.views.base import desk_page, page_of


@allowed(Action.SEE_MY_RECORD)
@require_safe
def my_looks(request: HttpRequest) -> HttpResponse:
    viewer = signed_in(request)
    page = page_of(request, looks_at(viewer))
    context = {"page": page, "looks": lines_of(page), "zone": viewer.zone}
    return render(request, "people/looks/mine.html", context)


@allowed(Action.SEE_LOOKS)
@require_safe
def looks(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("search", "").replace("\0", "")[:80].strip()
    page = page_of(request, all_looks(search))
    return desk_page(request, "people/looks/list.html", {"page": page, "looks": lines_of(page), "search": search})
