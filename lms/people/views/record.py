"""The training record: whether it is unchanged, and taking its seals elsewhere."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from lms.lib import clock, dates
from lms.outbox.kinds import zone_of_the_house
from lms.people.access import Action, allowed, signed_in
from lms.people.actions.record import export_seals
from lms.people.queries.record import record_state
from lms.people.views.base import Sign, desk_page

FITS = Sign("done", "circle-check", "Unchanged")
DOES_NOT = Sign("late", "circle-x", "Does not fit")
UNKNOWN = Sign("idle", "circle", "Not checked yet")


@allowed(Action.SEE_SEALS)
@require_safe
def record(request: HttpRequest) -> HttpResponse:
    state = record_state()
    sign = UNKNOWN if state.check is None else DOES_NOT if state.check.faults else FITS
    return desk_page(request, "people/record.html", {"state": state, "sign": sign})


@allowed(Action.KEEP_RECORD)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The file of seals, to be kept elsewhere. That it was taken stands in the record."""
    at = clock.now()
    try:
        text = export_seals(by=signed_in(request), at=at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("people:record")
    response = HttpResponse(text, content_type="application/json")
    day = dates.local_date(at, zone_of_the_house())
    response["Content-Disposition"] = f'attachment; filename="seals-{day.isoformat()}.json"'
    return response
