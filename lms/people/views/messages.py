"""Every message that was written, and what to do with those that did not go out."""

import datetime as dt
import uuid
from collections.abc import Callable

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from lms.lib import clock
from lms.outbox import actions, kinds
from lms.outbox import queries as outbox
from lms.outbox.enums import FINAL, NEEDS_A_PERSON, MessageState
from lms.outbox.models import Message
from lms.people.access import coordinator_required, signed_in
from lms.people.forms.messages import DecisionForm, MessageFilterForm
from lms.people.queries.people import names_of_subjects
from lms.people.views.base import Sign, desk_page, page_of

MESSAGE_SIGNS = {
    MessageState.WAITING: Sign("idle", "clock", MessageState.WAITING.label),
    MessageState.HELD: Sign("soon", "pause", MessageState.HELD.label),
    MessageState.QUEUED: Sign("active", "hourglass", MessageState.QUEUED.label),
    MessageState.CLAIMED: Sign("active", "send", MessageState.CLAIMED.label),
    MessageState.HANDING_OVER: Sign("active", "send", MessageState.HANDING_OVER.label),
    MessageState.SENT: Sign("done", "mail-check", MessageState.SENT.label),
    MessageState.UNCERTAIN: Sign("soon", "mail-warning", MessageState.UNCERTAIN.label),
    MessageState.FAILED: Sign("late", "mail-x", MessageState.FAILED.label),
    MessageState.SUPPRESSED: Sign("pause", "circle-minus", MessageState.SUPPRESSED.label),
    MessageState.DEAD: Sign("late", "mail-x", MessageState.DEAD.label),
}


@coordinator_required
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    form = MessageFilterForm(request.GET)
    show, kind, person = form.filters()
    rows = outbox.messages_for_page(show)
    if kind:
        rows = rows.filter(kind=kind)
    if person is not None:
        rows = rows.filter(recipient__public_id=person)
    page = page_of(request, rows)
    for row in page.object_list:
        row.sign = MESSAGE_SIGNS[MessageState(row.state)]
        row.kind_label = kinds.label(row.kind)
    context = {
        "filters": form,
        "page": page,
        "filtered": bool(show or kind or person),
        "undecided": outbox.needs_a_person().count(),
    }
    return desk_page(request, "people/messages/list.html", context)


@coordinator_required
@require_safe
def message(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _message_page(request, _message(public_id), DecisionForm())


@coordinator_required
@require_POST
def retry(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.retry, "The message is queued again.")


@coordinator_required
@require_POST
def discard(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.discard, "The message will not be sent.")


@coordinator_required
@require_POST
def resend(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.resend, "The message is sent once more. This is the new one.")


Decision = Callable[..., bool | Message | None]


def _message(public_id: uuid.UUID) -> Message:
    rows = Message.objects.select_related("recipient").prefetch_related("occasions")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _decide(request: HttpRequest, public_id: uuid.UUID, decision: Decision, done: str) -> HttpResponse:
    """Asks the outbox to do it. It refuses what the message's state does not allow any more: then the page says so."""
    shown = _message(public_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _message_page(request, shown, form)
    at: dt.datetime = clock.now()
    try:
        result = decision(shown, at=at, by=signed_in(request).subject, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        form.add_error(None, error)
        return _message_page(request, _message(public_id), form)
    if not result:
        notices.warning(request, "Nothing was changed: the message has moved on meanwhile. This is how it stands now.")
        return redirect("people:message", public_id=public_id)
    notices.success(request, done)
    return redirect("people:message", public_id=result.public_id if isinstance(result, Message) else public_id)


def _message_page(request: HttpRequest, shown: Message, form: DecisionForm) -> HttpResponse:
    context = {
        "message": shown,
        "form": form,
        "sign": MESSAGE_SIGNS[MessageState(shown.state)],
        "kind_label": kinds.label(shown.kind),
        "may_retry": shown.state in actions.RETRY_FROM,
        "may_discard": shown.state in actions.DISCARD_FROM,
        "may_resend": shown.state in FINAL,
        "undecided": shown.state in NEEDS_A_PERSON,
        "list_url": reverse("people:messages"),
        "decided_by": names_of_subjects({str(shown.decided_by)}).get(str(shown.decided_by), "")
        if shown.decided_by
        else "",
    }
    return desk_page(request, "people/messages/message.html", context)
