"""Parts of the coordinator's page of a person that apps above draw, such as the person's courses."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from lms.people.models import User

Panel = Callable[[HttpRequest, User], SafeString | str]
_panels: list[Panel] = []


def register_panel(panel: Panel) -> None:
    """Registers ``panel(request, person) -> html`` in ``AppConfig.ready``. Panels stand in the order of registration; an empty text is
    left out. Text that is not a SafeString is escaped. Registering the same panel twice is once."""
    if panel not in _panels:
        _panels.append(panel)


def render_all(request: HttpRequest, person: User) -> list[SafeString | str]:
    return [html for html in (panel(request, person) for panel in _panels) if html]
