"""One page without a sign-in: a kind of mail is switched off."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from lms.lib import clock
from lms.outbox import preferences


@csrf_exempt  # RFC 8058: the mail program of the person posts here, without a cookie; the signed address is the permission
@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest, token: str) -> HttpResponse:
    """A POST switches the kinds of the token off, and nothing else; twice is once. A GET changes nothing, since scanners of mail open
    every link: it shows a page with a button. Whatever is no token of this purpose is not found."""
    found = preferences.read(token)
    if found is None:
        raise Http404
    recipient, kinds = found
    done = request.method == "POST"
    if done:
        at = clock.now()
        for kind in kinds:
            preferences.switch(recipient, kind.slug, False, at)
    response = render(request, "outbox/off.html", {"kinds": kinds, "done": done})
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = "same-origin"  # the address is a permission: it is told to no other site
    return response
