"""What a surveyor sees through a link, without signing in: the pack, read from its own file, and nothing else."""

import functools
import json
import zipfile
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from lms.lib import clock
from quizzes.access import survey_link_for_token
from quizzes.actions.packwriting import top_of
from quizzes.actions.surveying import note_view
from quizzes.enums import SurveyPart
from quizzes.models import Pack, PackPerson, SurveyLink
from quizzes.queries.packs import is_open, path_of
from quizzes.views.packs import zip_response

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, SurveyLink, P], HttpResponseBase]


def by_link(page: Page[P]) -> Callable[..., HttpResponseBase]:
    """Opens the page while the link is open. An ended one gets a plain page with status 410; any other text is not found."""

    @require_safe
    @functools.wraps(page)
    def opened(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        link = survey_link_for_token(token)
        at = clock.now()
        if not is_open(link, at) or path_of(link.pack) is None:
            note_view(link, SurveyPart.REFUSED, at=at)
            response: HttpResponseBase = render(request, "quizzes/packs/ended.html", {"link": link}, status=410)
        else:
            response = page(request, link, *args, **kwargs)
        add_never_cache_headers(response)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "no-referrer"  # the address is a permission: it is told to nobody
        return response

    return opened


def _read(pack: Pack, name: str) -> Any:
    path = path_of(pack)
    if path is None:
        raise Http404
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(f"{top_of(pack)}/{name}"))


def _context(link: SurveyLink, token: str) -> dict[str, Any]:
    return {"link": link, "pack": link.pack, "token": token, "zone": link.pack.zone}


@by_link
def survey(request: HttpRequest, link: SurveyLink) -> HttpResponse:
    """Everybody in the pack."""
    note_view(link, SurveyPart.INDEX, at=clock.now())
    return render(
        request,
        "quizzes/packs/survey.html",
        {**_context(link, _token(request)), "people": _read(link.pack, "people.json")},
    )


@by_link
def survey_person(request: HttpRequest, link: SurveyLink, folder: str) -> HttpResponse:
    """One person's transcript, as it stands in the pack."""
    one = PackPerson.objects.filter(pack=link.pack, folder=folder).first()
    if one is None:
        raise Http404
    found = _read(link.pack, f"people/{one.folder}/transcript.json")
    note_view(link, SurveyPart.PERSON, at=clock.now(), person=one)
    return render(request, "quizzes/packs/survey_person.html", {**_context(link, _token(request)), "t": found})


@by_link
def survey_file(request: HttpRequest, link: SurveyLink) -> HttpResponseBase:
    response = zip_response(request, link.pack)
    if request.method == "GET":
        note_view(link, SurveyPart.FILE, at=clock.now())
    return response


def _token(request: HttpRequest) -> str:
    assert request.resolver_match is not None
    return str(request.resolver_match.kwargs["token"])
