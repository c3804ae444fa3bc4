"""When a request reached this process. A deadline is judged by it, not by when a slow page came to look."""

import datetime as dt
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lms.lib import clock

_KEY = "lms.arrived_at"  # no header can have this name: theirs begin with HTTP_


class ArrivalIsNoted:
    """The first middleware: notes the instant before sessions, forms and the database take their time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META[_KEY] = clock.now()
        return self.get_response(request)


def arrived(request: HttpRequest) -> dt.datetime:
    """The instant that the middleware noted; now for a request that did not come through it."""
    noted: dt.datetime | None = request.META.get(_KEY)
    return noted or clock.now()
