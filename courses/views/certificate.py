"""A learner's certificate: what it says, a picture of it, and its file."""

import hashlib
import logging
import uuid
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.access import certificate_for
from courses.actions.filing import facts_of
from courses.certificates import drawing
from courses.enums import FileState
from courses.models import Certificate
from courses.queries.certificates import state_of
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in

log = logging.getLogger(__name__)


@allowed(Action.SEE_CERTIFICATE)
@require_safe
def certificate(request: HttpRequest, certificate: uuid.UUID) -> HttpResponse:
    """What the certificate says and its state now. While the file is being made, the page asks again by itself."""
    found = certificate_for(signed_in(request), certificate)
    enrollment = found.enrollment
    now = clock.now()
    others = Certificate.objects.filter(
        enrollment__learner=enrollment.learner, enrollment__course=enrollment.course
    ).exclude(pk=found.pk)
    context = {
        "certificate": found,
        "state": state_of(found, now),
        "stored": found.state == FileState.STORED,
        "dead": found.state == FileState.DEAD,
        "erased": found.state == FileState.ERASED,
        "counts": found.revoked_at is None and found.superseded_at is None,
        "replaced_by": Certificate.objects.filter(supersedes=found).first(),
        "others": [(other, state_of(other, now)) for other in others.order_by("-issued_at", "-pk")],
        "learner": enrollment.learner,
        "mine": enrollment.learner_id == signed_in(request).pk,
        "may_change": signed_in(request).is_coordinator,
        "zone": found.zone,
    }
    return render(request, "courses/certificate.html", context)


@allowed(Action.SEE_CERTIFICATE)
@require_safe
def file(request: HttpRequest, certificate: uuid.UUID) -> HttpResponse:
    """The stored file, if its bytes still have the stored SHA-256. A revoked or replaced certificate has no file to give."""
    found = certificate_for(signed_in(request), certificate)
    if found.state != FileState.STORED or found.revoked_at is not None or found.superseded_at is not None:
        raise Http404
    try:
        content = (Path(settings.CERTIFICATE_DIR) / found.file).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != found.sha256:
        log.error("the file of certificate %s is missing or altered", found.number)
        return render(request, "courses/certificate_file_missing.html", {"certificate": found}, status=503)
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="Certificate-{found.number}.pdf"'
    return response


@allowed(Action.SEE_CERTIFICATE)
@require_safe
def preview(request: HttpRequest, certificate: uuid.UUID) -> HttpResponse:
    """A picture of the certificate, drawn from the frozen row on request; 404 when it counts no longer, cannot be drawn, or went with
    the identity of its holder."""
    found = certificate_for(signed_in(request), certificate)
    if found.revoked_at is not None or found.superseded_at is not None or found.state == FileState.ERASED:
        raise Http404
    try:
        picture = drawing.preview(facts_of(found), found.drawn_name)
    except Exception as error:  # the page says all in words; a missing picture must not look like a missing certificate
        log.warning("certificate %s has no preview: %r", found.number, error)
        raise Http404 from error
    return HttpResponse(picture, content_type="image/png")
