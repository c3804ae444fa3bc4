"""Surveyor packs: the coordinator asks for one, sees how far it is, lets a surveyor in; an auditor reads and downloads them too."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.lib import clock, dates
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.forms.fields import put_errors
from lms.people.forms.people import PeopleFilterForm
from lms.people.views.base import desk_page, page_of, sent
from quizzes.access import pack_for, survey_link_for_coordinator
from quizzes.actions import packing, surveying
from quizzes.forms import PackForm, PackReasonForm, SurveyLinkForm
from quizzes.models import Pack
from quizzes.queries.packs import (
    MOST_PEOPLE,
    SIGNS,
    Chosen,
    all_packs,
    choose,
    last_day,
    links_of,
    path_of,
    story_of,
    views_of,
)

ways = require_http_methods(["GET", "HEAD", "POST"])


@allowed(Action.SEE_PACKS)
@require_safe
def packs(request: HttpRequest) -> HttpResponse:
    page = page_of(request, all_packs())
    for row in page.object_list:
        row.sign = (*SIGNS[row.state], row.get_state_display())
    return desk_page(request, "quizzes/packs/list.html", {"page": page, "zone": signed_in(request).zone})


@allowed(Action.RUN_PACKS)
@ways
def add_pack(request: HttpRequest) -> HttpResponse:
    """Whom and what; once that is said, who is in it; its POST asks for the pack. The address holds everything but the reason."""
    user, now = signed_in(request), clock.now()
    filters = PeopleFilterForm(request.GET)
    today = dates.local_date(now, user.zone)
    bound = "as_of" in request.GET
    wanted = PackForm(request.GET if bound else None, today=today, initial={"as_of": today, "seed": packing.new_seed()})
    reason = PackReasonForm(sent(request))
    context: dict[str, Any] = {
        "filters": filters,
        "wanted": wanted,
        "form": reason,
        "forms": [wanted],
        "most": MOST_PEOPLE,
    }
    chosen = _chosen(filters, wanted) if bound and wanted.is_valid() and not filters.errors else None
    if chosen is not None and request.method == "POST" and reason.is_valid():
        data = wanted.cleaned_data
        kept = set(request.POST.getlist("keep"))
        try:
            made = packing.make(
                chosen,
                as_of=data["as_of"],
                reason=reason.cleaned_data["reason"],
                by=user,
                at=now,
                filters=filters.filters(),
                seed=data["seed"] if data["size"] else "",
                courses=[course.slug for course in data["course"]],
                with_key=data["with_key"],
                without=() if data["size"] else {p.public_id for p in chosen.people if str(p.public_id) not in kept},
                key=_key_of(request.POST.get("key", "")),
            )
        except ValidationError as error:
            put_errors(reason, error)
        else:
            return redirect("pack", made.public_id)
    if chosen is not None:
        context |= {
            "chosen": chosen,
            "kept": set(request.POST.getlist("keep")) if request.method == "POST" else None,
            "key": _key_of(request.POST.get("key", "")) or uuid.uuid4(),
        }
    return desk_page(request, "quizzes/packs/add.html", context)


def _chosen(filters: PeopleFilterForm, wanted: PackForm) -> Chosen:
    data = wanted.cleaned_data
    return choose(filters.filters(), clock.now(), sample=data["size"], seed=data["seed"])


def _key_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@allowed(Action.SEE_PACKS)
@require_safe
def pack(request: HttpRequest, pack: uuid.UUID) -> HttpResponse:
    """While it is made: how far it is; a script asks every two seconds. Then: the file, the links, who looked."""
    found = pack_for(signed_in(request), Action.SEE_PACKS, pack)
    response = _page(request, found, SurveyLinkForm())
    if request.headers.get("HX-Request") and not story_of(found).working:
        response.headers["HX-Refresh"] = "true"
    return response


def _page(request: HttpRequest, found: Pack, form: SurveyLinkForm, **more: Any) -> HttpResponse:
    now = clock.now()
    context = {
        "pack": found,
        "story": story_of(found),
        "form": form,
        "key": uuid.uuid4(),
        "has_file": path_of(found) is not None,
        "last_day": last_day(found),
        "links": links_of(found, now),
        "page": page_of(request, views_of(found)),
        "zone": signed_in(request).zone,
        **more,
    }
    return desk_page(request, "quizzes/packs/pack.html", context)


@allowed(Action.SEE_PACKS)
@require_safe
def pack_file(request: HttpRequest, pack: uuid.UUID) -> HttpResponseBase:
    """The file; it is noted of everybody in it that the viewer looked at them."""
    found = pack_for(signed_in(request), Action.SEE_PACKS, pack)
    response = zip_response(request, found)
    looks_at(signed_in(request), found.people.values_list("person", flat=True))
    return response


def zip_response(request: HttpRequest, pack: Pack) -> HttpResponseBase:
    """The stored file, streamed; nothing of it for a HEAD. Raises Http404 when there is none."""
    path = path_of(pack)
    if path is None:
        raise Http404
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type="application/zip")
    else:
        name = f"surveyor-pack-{pack.as_of.isoformat()}.zip"
        response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    add_never_cache_headers(response)
    return response


@allowed(Action.RUN_PACKS)
@require_POST
def retry_pack(request: HttpRequest, pack: uuid.UUID) -> HttpResponse:
    found = pack_for(signed_in(request), Action.RUN_PACKS, pack)
    packing.again(found, at=clock.now())
    return redirect("pack", found.public_id)


@allowed(Action.RUN_PACKS)
@require_POST
def make_survey_link(request: HttpRequest, pack: uuid.UUID) -> HttpResponse:
    """Shows the address of the new link, this once: the answer to the POST is the only page that has it."""
    found = pack_for(signed_in(request), Action.RUN_PACKS, pack)
    form = SurveyLinkForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        link, address = surveying.make_link(
            found, **form.cleaned_data, by=signed_in(request), at=clock.now(), key=_key_of(request.POST.get("key", ""))
        )
    except ValidationError as error:
        put_errors(form, error)
        return _page(request, found, form)
    if not address:
        messages.info(request, "This link was made before. Its address is shown once only. Make another if it is lost.")
        return redirect("pack", found.public_id)
    response = _page(request, found, SurveyLinkForm(), made=link, address=address)
    add_never_cache_headers(response)
    return response


@allowed(Action.RUN_PACKS)
@require_POST
def end_survey_link(request: HttpRequest, link: uuid.UUID) -> HttpResponse:
    found = survey_link_for_coordinator(signed_in(request), link)
    if surveying.end_link(found, by=signed_in(request), at=clock.now()):
        messages.success(request, f"The link for {found.made_for} has ended. Nobody gets in through it any more.")
    else:
        messages.info(request, "This link had ended before.")
    return redirect("pack", found.pack.public_id)
