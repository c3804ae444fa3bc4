"""The post room: every message that was written, and what to do with those that did not go out."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable
from typing import Any

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
from lms.outbox.models import Message, Surge
from lms.people.access import Action, allowed, looks_at, signed_in
from lms.people.forms.messages import RETRY, SEND, DecisionForm, MessageFilterForm, SeveralForm, SurgeForm
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


@allowed(Action.SEE_MAIL)
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    return list_page(request)


@allowed(Action.DECIDE_MAIL)
@require_POST
def decide_messages(request: HttpRequest) -> HttpResponse:
    """One decision about each of the chosen messages, each by itself: what has moved on meanwhile stays as it is, and is counted.

    The filters of the list stand in the address; ``place`` says which of the two lists of the page was used.
    """
    place = "top" if request.POST.get("place") == "top" else "list"
    form = SeveralForm(request.POST, auto_id=f"{place}_%s")
    if not form.is_valid():
        return list_page(request, top=form) if place == "top" else list_page(request, below=form)
    again = form.cleaned_data["decision"] == RETRY
    at, by, reason = clock.now(), signed_in(request).subject, form.cleaned_data["reason"]
    done = moved_on = 0
    for row in Message.objects.filter(public_id__in=form.cleaned_data["message"]).order_by("pk"):
        decided = (actions.retry if again else actions.discard)(row, at=at, by=by, reason=reason)
        done += decided
        moved_on += not decided
    if done:
        many = "1 message" if done == 1 else f"{done} messages"
        will = f"{'is' if done == 1 else 'are'} queued again" if again else "will not be sent"
        notices.success(request, f"{many} {will}.")
    if moved_on:
        subject = "1 message has" if moved_on == 1 else f"{moved_on} messages have"
        notices.warning(request, f"{subject} moved on meanwhile, so nothing was changed there.")
    if not done and not moved_on:
        notices.warning(request, "Nothing was changed: what you chose is not here any more.")
    query = request.GET.urlencode()
    return redirect(reverse("people:messages") + (f"?{query}" if query else ""))


@allowed(Action.DECIDE_MAIL)
@require_POST
def decide_surge(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The word about all messages that are held: sent, or not."""
    found = Surge.objects.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    form = SurgeForm(request.POST, auto_id="surge_%s")
    if not form.is_valid():
        return list_page(request, surge=form)
    send = form.cleaned_data["decision"] == SEND
    by, reason = signed_in(request).subject, form.cleaned_data["reason"]
    if not actions.decide_surge(found, send=send, at=clock.now(), by=by, reason=reason):
        notices.warning(request, "Nothing was changed: this was decided already.")
    elif send:
        notices.success(
            request, "The mails go out, each in the hours of its person. Each is asked again before it goes."
        )
    else:
        notices.success(request, "The mails will not be sent. You find them under “Not sent, no longer wanted”.")
    return redirect("people:messages")


def list_page(
    request: HttpRequest,
    *,
    top: SeveralForm | None = None,
    below: SeveralForm | None = None,
    surge: SurgeForm | None = None,
) -> HttpResponse:
    """The post room. What is held and what needs a person stands above the list, unless the list was narrowed by a filter.

    A form that was sent with errors is shown in its place, with what was chosen.
    """
    filters = MessageFilterForm(request.GET)
    show, kind, person = filters.filters()
    rows = outbox.messages_for_page(show)
    if kind:
        rows = rows.filter(kind=kind)
    if person is not None:
        rows = rows.filter(recipient__public_id=person)
    filtered = bool(show or kind or person)
    page = page_of(request, rows)
    numbers = outbox.numbers_that_need_a_person()
    undecided = sum(numbers.values())
    shown_on_top = [] if filtered or not undecided else list(outbox.needs_a_person()[:ROWS_ON_TOP])
    context = {
        "filters": filters,
        "page": page,
        "filtered": filtered,
        "undecided": undecided,
        "numbers": [(MESSAGE_SIGNS[state], numbers[state], ADVICE[state]) for state in ADVICE if state in numbers],
        "top": _table(shown_on_top, top, "top"),
        "below": _table(page.object_list, below, "list", without=() if filtered else NEEDS_A_PERSON),
        "left_out": undecided - len(shown_on_top),
        "query": request.GET.urlencode(),
        "surge": _surge(surge),
        "form": next((form for form in (top, below, surge) if form is not None), None),
    }
    return desk_page(request, "people/messages/list.html", context)


def _table(
    rows: Iterable[Message], form: SeveralForm | None, place: str, *, without: Collection[str] = ()
) -> dict[str, Any]:
    """The rows of one of the two lists, with a box at those that a person may decide about; those of ``without`` have none."""
    chosen = set(form["message"].data or ()) if form is not None else set()
    shown = []
    for row in rows:
        may = row.state in actions.DISCARD_FROM and row.state not in without
        shown.append(
            {
                "message": row,
                "sign": MESSAGE_SIGNS[MessageState(row.state)],
                "kind_label": kinds.label(row.kind),
                "may_decide": may,
                "chosen": str(row.public_id) in chosen,
            }
        )
    return {
        "place": place,
        "rows": shown,
        "form": form or SeveralForm(auto_id=f"{place}_%s"),
        "may_decide": any(row["may_decide"] for row in shown),
    }


def _surge(form: SurgeForm | None) -> dict[str, Any] | None:
    found = outbox.open_surge()
    if found is None:
        return None
    held = outbox.held_by_kind(found)
    for one in held:
        one.label = kinds.label(one.kind)
    return {
        "surge": found,
        "held": held,
        "waiting": sum(one.number for one in held),
        "form": form or SurgeForm(auto_id="surge_%s"),
    }


@allowed(Action.SEE_MAIL)
@require_safe
def message(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    shown = _message(public_id)
    looks_at(request.user, [shown.recipient_id])
    return _message_page(request, shown, DecisionForm())


@allowed(Action.DECIDE_MAIL)
@require_POST
def retry(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.retry, "The message is queued again.")


@allowed(Action.DECIDE_MAIL)
@require_POST
def discard(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.discard, "The message will not be sent.")


@allowed(Action.DECIDE_MAIL)
@require_POST
def resend(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _decide(request, public_id, actions.resend, "The message is sent once more. This is the new one.")


#: what to do about a message that only a person's decision moves
ADVICE = {
    MessageState.DEAD: "See under System health whether the mail server works, then try again.",
    MessageState.FAILED: "Read what the server said, check the address of the person, then try again.",
    MessageState.UNCERTAIN: "Ask the person whether it came. Try again only if it did not, or they get it twice.",
}
ROWS_ON_TOP = 25

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
        "reasons": [
            {"occasion": one, "sentence": kinds.reason_of(one), "why_url": kinds.why_url_of(one)}
            for one in shown.occasions.all()
        ],
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
