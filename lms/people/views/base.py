"""What the coordinator's pages share."""

from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from lms.people import desk
from lms.people.enums import PersonState

ROWS_A_PAGE = 50


class Sign(NamedTuple):
    """A badge: colour family, icon, word."""

    family: str
    icon: str
    word: str


PERSON_SIGNS = {
    PersonState.ACTIVE: Sign("done", "circle-check", PersonState.ACTIVE.label),
    PersonState.INVITED: Sign("active", "mail", PersonState.INVITED.label),
    PersonState.RAN_OUT: Sign("soon", "hourglass", PersonState.RAN_OUT.label),
    PersonState.NOT_INVITED: Sign("idle", "circle", PersonState.NOT_INVITED.label),
    PersonState.NO_MAIL: Sign("soon", "mail-x", PersonState.NO_MAIL.label),
    PersonState.DEACTIVATED: Sign("pause", "circle-minus", PersonState.DEACTIVATED.label),
}


def desk_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Renders a page of the coordinator, with the coordinator's navigation; status 422 if a form was sent with errors."""
    forms = [context.get("form"), *context.get("forms", ())]
    return render(request, template, {"nav": desk.nav(request), **context}, status=status_of(*forms))


def status_of(*forms: BaseForm | None) -> int:
    return 422 if any(form is not None and form.is_bound and form.errors for form in forms) else 200


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    """The page that the address asks for; the nearest one when there is no such page."""
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form gets: the data of a POST, also when it is empty; nothing on a GET."""
    return request.POST if request.method == "POST" else None
