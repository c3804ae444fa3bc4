"""What every page knows: the organization, whether this is a demonstration, and the navigation of the signed-in person."""

from typing import Any, TypedDict

from django.http import HttpRequest
from django.urls import reverse

from courses.queries.sign_offs import duties_of, waiting_rows
from lms.lib import clock
from lms.people import roles
from lms.people.models import Organization


class NavItem(TypedDict):
    url: str
    label: str
    icon: str
    current: bool
    desk: bool
    count: int


def everywhere(request: HttpRequest) -> dict[str, Any]:
    organization = Organization.objects.first()
    return {
        "organization": organization,
        "demonstration": bool(organization and organization.demonstration),
        "nav": _nav(request),
        "may": roles.Powers(getattr(request, "user", None)),
    }


def _nav(request: HttpRequest) -> list[NavItem]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    rows = [("my_training", "My training", "list-checks", False), ("my_record", "My record", "award", False)]
    duties = duties_of(user)
    first = []
    if duties.supervisor:
        first = [("today", "Today", "house", True), ("team", "People and courses", "table-2", True)]
    if duties.watches:
        first.append(("sign_offs", "Sign-offs", "signature", True))
    if not duties.supervisor and roles.is_auditor(user):
        first = [("team", "People and courses", "table-2", True), *first]
    rows = [*first, *rows]
    if user.is_coordinator:
        rows.append(("people:overview", "Coordinator", "settings", True))
    elif roles.is_auditor(user):
        rows.append(("people:people", "Audit", "clipboard-check", True))
    elif roles.is_administrator(user):
        rows.append(("system_health", "Administration", "settings", True))
    rows.append(("help", "Help", "life-buoy", False))
    here = request.path
    items: list[NavItem] = []
    count = sum(row.may for row in waiting_rows(user, clock.now())) if duties.watches and duties.anybody_waits else 0
    for name, label, icon, desk in rows:
        url = reverse(name)
        items.append(
            {
                "url": url,
                "label": label,
                "icon": icon,
                "current": here == url or (url != "/" and here.startswith(url)),
                "desk": desk,
                "count": count if name == "sign_offs" else 0,
            }
        )
    return items
