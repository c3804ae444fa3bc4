"""Reasons to write that are not in a mail: those that wait to be gathered, and those that were dropped, with why."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from lms.lib import clock
from lms.outbox import kinds
from lms.outbox import queries as outbox
from lms.people.access import Action, allowed
from lms.people.views.base import desk_page, page_of


@allowed(Action.SEE_MAIL)
@require_safe
def reasons(request: HttpRequest) -> HttpResponse:
    """One page of them. What waits says until when at the earliest, and what keeps it back: two queries for all of the page."""
    dropped = request.GET.get("show") == outbox.DROPPED_REASONS
    page = page_of(request, outbox.reasons_for_page(outbox.DROPPED_REASONS if dropped else outbox.WAITING_REASONS))
    shown = list(page.object_list)
    waits = {} if dropped else outbox.waits([reason.recipient_id for reason in shown], clock.now())
    rows = [
        {"reason": reason, "kind_label": kinds.label(reason.kind), "waits": waits.get(reason.recipient_id)}
        for reason in shown
    ]
    return desk_page(request, "people/messages/reasons.html", {"page": page, "rows": rows, "dropped": dropped})
