"""The unit reader, its practice questions, and the place that is remembered."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from courses.access import enrollment_for, unit_for
from courses.actions import learning
from courses.models import Enrollment, Unit, UnitProgress
from courses.queries.site_words import current_words
from courses.queries.training import UnitRow
from courses.views.reading import Tried, unit_context
from lms.lib import clock
from lms.people.access import Action, allowed, signed_in


@allowed(Action.LEARN)
@require_safe
def unit(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    mine = enrollment_for(signed_in(request), enrollment)
    return _page(request, mine, unit_for(mine, unit))


def _page(request: HttpRequest, enrollment: Enrollment, unit: Unit, tried: Tried | None = None) -> HttpResponse:
    row = UnitRow(unit, UnitProgress.objects.filter(enrollment=enrollment, unit=unit).first())
    context = {
        **unit_context(enrollment.version, unit, current_words(unit.slots), tried=tried),
        "enrollment": enrollment,
        "row": row,
        "place": row.progress.place if row.section_title and row.progress else "",
        "percent": 100 if row.read else 100 * row.minutes_read // max(1, unit.minutes),
        "zone": enrollment.learner.zone,
    }
    return render(request, "courses/unit.html", context)


@allowed(Action.LEARN)
@require_POST
def practice(request: HttpRequest, enrollment: uuid.UUID, unit: str, number: int) -> HttpResponse:
    """Shows the feedback for what was chosen. Nothing is graded and nothing is stored."""
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    block = next((b for b in reading.blocks if b["type"] == "practice" and b["number"] == number), None)
    if block is None:
        raise Http404
    names = {str(position) for position in range(len(block["options"]))}
    chosen = [int(value) for value in request.POST.getlist("choice") if value in names]
    return _page(request, mine, reading, Tried(number, frozenset(chosen if block["multiple"] else chosen[:1])))


@allowed(Action.LEARN)
@require_POST
def place(request: HttpRequest, enrollment: uuid.UUID, unit: str) -> HttpResponse:
    """Keeps the section that the learner last saw.

    An unknown place is ignored; an empty one says that the unit was opened. The script of the page gets 204; a form that was sent
    without script leads back to the place in the page.
    """
    mine = enrollment_for(signed_in(request), enrollment)
    reading = unit_for(mine, unit)
    where = request.POST.get("place", "")[:120]
    if where:
        learning.remember_place(mine, reading, where, at=clock.now())
    else:
        learning.open_unit(mine, reading, at=clock.now())
    if "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    title = next((s["title"] for s in reading.sections if s["id"] == where), "")
    if title:
        messages.success(request, f"Your place is kept: “{title}”.")
    anchor = f"#{where}" if title else ""
    return redirect(reverse("unit", args=[mine.public_id, reading.slug]) + anchor)
