"""Headers that every personal page carries, and who looked at whom."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from lms.lib import clock
from lms.people.access import action_of, looked_at
from lms.people.actions.looking import NotNotedError, note
from lms.people.models import User

log = logging.getLogger(__name__)


class PersonalPagesAreNotStored:
    """Answers to a signed-in person are kept by no cache, and no page is kept by search engines."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response


class LooksAreNoted:
    """A page that shows something of a person other than the viewer is noted before it is given out, and so is every page that an
    auditor reads. What an auditor would read and what cannot be noted is answered with 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found = request.resolver_match
        action = action_of(found.func) if found is not None else None
        viewer = request.user
        if action is None or not isinstance(viewer, User) or request.method not in ("GET", "HEAD"):
            return response
        if response.status_code != 200:
            return response
        try:
            note(viewer, action, looked_at(viewer), request.path, at=clock.now())
        except NotNotedError:
            log.exception("a page was refused to an auditor because it could not be noted")
            return render(request, "not_noted.html", status=503)
        return response
